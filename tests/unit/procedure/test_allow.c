/*
 * test_allow.c - the allow files made from the shipped procedures, read by the
 * agent's own parser: they permit every planned command and nothing like it.
 */
#include "unit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "allow.h"
#include "inventory.h"
#include "json.h"
#include "procedure.h"
#include "read_json.h"
#include "template.h"

static const char fleet[] =
	"fleet: mail-eu\n"
	"service: {from: each director, run: doveadm -f json director status, "
	"format: json, key: mail server ip, in: state == up}\n"
	"groups: {director: {members: [{name: dir1, address: 10.0.0.1}], "
	"ready: "
	"{run: [doveadm, ring, a b], in: text == up}}}\n"
	"backends:\n"
	"- {name: mail01, address: 10.0.0.11, labels: {rack: a, "
	"shared_user: probe01, test_user: probe01}}\n"
	"- {name: mail02, address: 10.0.0.12, labels: {rack: a, "
	"shared_user: probe01, test_user: probe02}}\n";

struct fixture {
	struct diags d;
	struct ydoc *doc;
	struct buf inventory, plan_text;
	struct procedure *proc;
	struct json_object *fleet, *vars, *files, *plan;
	struct allow *allow[2]; /* backend, director */
};

static struct allow *
allow_make(struct fixture *f, const char *role)
{
	static const char users[] = "<user in /etc/drydock/probe-users>";
	struct allow *allow;
	struct buf out;
	struct err err;
	char *p;

	buf_init(&out, 1 << 20);
	assert_int_equal(procedure_allow(f->proc, buf_str(&f->inventory), role,
					 &f->d, &out),
			 0);
	/* That file is on a host, not here. */
	while ((p = strstr(out.data, users)) != NULL) {
		memset(p, ' ', strlen(users));
		memcpy(p, "<name>", 6);
	}
	assert_null(strstr(buf_str(&out), "yourself"));
	assert_null(strstr(buf_str(&out), "no line can"));
	if (allow_parse(buf_str(&out), out.len, "allow", &allow, &err) < 0)
		fail_msg("%s\n%s", err.text, buf_str(&out));
	buf_free(&out);
	return allow;
}

static void
fixture_open(struct fixture *f, const char *path, const char *vars,
	     const char *files)
{
	struct plan_input in = { .backend = "mail02", .rollout = "17" };
	char *text = x_alloc(1 << 20);
	FILE *file = fopen(path, "r");
	size_t len;

	memset(f, 0, sizeof(*f));
	assert_non_null(file);
	len = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	diags_init(&f->d, path);
	buf_init(&f->inventory, 1 << 20);
	buf_init(&f->plan_text, 1 << 20);
	assert_int_equal(inventory_parse(fleet, strlen(fleet), &f->d, &f->doc,
					 &f->inventory),
			 0);
	assert_int_equal(procedure_parse(text, len, &f->d, &f->proc), 0);
	in.inventory = f->fleet = read_json(buf_str(&f->inventory));
	in.vars = f->vars = read_json(vars);
	in.files = f->files = read_json(files);
	if (plan_expand(f->proc, &in, &f->d, &f->plan_text) < 0)
		fail_msg("%s: %s", path, f->d.item[0].message);
	f->plan = read_json(buf_str(&f->plan_text));
	f->allow[0] = allow_make(f, "backend");
	f->allow[1] = allow_make(f, "director");
	free(text);
}

static void
fixture_close(struct fixture *f)
{
	diags_free(&f->d);
	ydoc_free(&f->doc);
	procedure_free(&f->proc);
	json_free(&f->fleet);
	json_free(&f->vars);
	json_free(&f->files);
	json_free(&f->plan);
	buf_free(&f->inventory);
	buf_free(&f->plan_text);
	allow_free(&f->allow[0]);
	allow_free(&f->allow[1]);
}

static enum template_answer
remembered(void *ctx, const char *name, struct buf *value, struct err *err)
{
	(void)ctx;
	(void)err;
	assert_int_equal(strncmp(name, "steps.", 6), 0);
	(void)buf_adds(value, "100");
	return TEMPLATE_VALUE;
}

static const struct allow *
allow_of(const struct fixture *f, const struct json_object *part)
{
	const char *target = json_as_str(json_member(part, "target"));

	return f->allow[strcmp(target, "backend") != 0];
}

static void
argv_permitted(const struct allow *allow, enum allow_what what,
	       const struct json_object *list)
{
	char *word[128];
	size_t n = json_count(list);
	struct err err;

	for (size_t i = 0; i < n; i++) {
		const char *text = json_as_str(json_item(list, i));

		/* the agent puts its file there */
		if (strcmp(text, "${new_file}") == 0)
			word[i] = x_strdup(text);
		else
			assert_int_equal(template_fill_text(text, remembered,
							    NULL, &word[i],
							    &err),
					 0);
	}
	word[n] = NULL;
	if (allow_argv(allow, what, (const char *const *)word, n, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++)
		free(word[i]);
}

static void
act_permitted(const struct fixture *f, const struct json_object *act)
{
	const struct allow *allow = allow_of(f, act);
	const struct json_object *copy = json_member(act, "copy");
	const struct json_object *clean = json_member(act, "clean");
	const struct json_object *package = json_member(act, "package");
	const char *root, *unless;
	struct err err = { 0 };
	int ret = 0;

	if (json_member(act, "argv") != NULL)
		argv_permitted(allow, ALLOW_CHANGE, json_member(act, "argv"));
	if (copy != NULL) {
		ret = allow_copy(allow, json_as_str(json_member(copy, "to")),
				 NULL, &err);
		argv_permitted(allow, ALLOW_READ,
			       json_member(copy, "validate"));
	}
	if (clean != NULL)
		ret |= allow_clean(allow,
				   json_as_str(json_member(clean, "inside")),
				   &root, &unless, &err);
	if (package != NULL)
		ret |= allow_package(allow, "dovecot-core", &err);
	if (ret != 0)
		fail_msg("%s", err.text);
}

static bool
probe_permitted(void *self, const char *key, const struct json_object *probe)
{
	const struct fixture *f = self;
	const struct allow *allow = allow_of(f, probe);
	struct err err;

	(void)key;
	if (json_member(probe, "run") != NULL)
		argv_permitted(allow, ALLOW_READ, json_member(probe, "run"));
	else if (allow_tcp(allow, "10.0.0.12", "143", &err) < 0)
		fail_msg("%s", err.text);
	return true;
}

static void
plan_permitted(const char *path, const char *vars, const char *files)
{
	const struct json_object *steps;
	struct fixture f;

	fixture_open(&f, path, vars, files);
	json_each(json_member(f.plan, "probes"), probe_permitted, &f);
	steps = json_member(f.plan, "steps");
	for (size_t i = 0; i < json_count(steps); i++) {
		const struct json_object *step = json_item(steps, i);
		const struct json_object *undo = json_member(step, "undo");

		act_permitted(&f, step);
		if (json_kind(undo) == JSON_OBJECT)
			act_permitted(&f, undo);
	}
	fixture_close(&f);
}

#define PROCEDURES SOURCE_DIR "/deploy/procedures/"

static void
shipped_are_permitted(void **state)
{
	static const char conf[] =
		"{\"config\":{\"name\":\"c\",\"sha256\":\"ab\"}}";

	(void)state;
	plan_permitted(PROCEDURES "generic-service-restart.yaml",
		       "{\"service\":\"nginx\"}", NULL);
	plan_permitted(PROCEDURES "dovecot-obox-restart.yaml",
		       "{\"metacache\":\"delete\"}", NULL);
	plan_permitted(PROCEDURES "dovecot-obox-upgrade.yaml",
		       "{\"packages\":[\"dovecot-core=1:2\"],\"metacache\":"
		       "\"rescan\",\"move_users\":\"before_stop\"}",
		       conf);
	plan_permitted(PROCEDURES "dovecot-reload.yaml", NULL, conf);
}

#define REFUSED(allow, what, ...)                                              \
	assert_int_equal(                                                      \
		allow_argv(allow, what,                                        \
			   (const char *const[]){ __VA_ARGS__, NULL },         \
			   sizeof((const char *const[]){ __VA_ARGS__ }) /      \
				   sizeof(char *),                             \
			   NULL),                                              \
		-1)

static void
nothing_else_is(void **state)
{
	const char *root, *unless;
	struct fixture f;

	(void)state;
	fixture_open(&f, PROCEDURES "dovecot-obox-upgrade.yaml",
		     "{\"packages\":\"dovecot-*=1:2\"}",
		     "{\"config\":{\"name\":\"c\",\"sha256\":\"ab\"}}");
	REFUSED(f.allow[1], ALLOW_CHANGE, "doveadm", "director", "flush",
		"all");
	REFUSED(f.allow[1], ALLOW_CHANGE, "doveadm", "director", "flush", "-F",
		"all");
	REFUSED(f.allow[1], ALLOW_CHANGE, "doveadm", "director", "remove",
		"10.0.0.12");
	REFUSED(f.allow[1], ALLOW_CHANGE, "doveadm", "director", "update",
		"10.0.0.12", "1001");
	REFUSED(f.allow[1], ALLOW_CHANGE, "systemctl", "stop", "dovecot");
	REFUSED(f.allow[0], ALLOW_CHANGE, "systemctl", "stop", "ssh");
	REFUSED(f.allow[0], ALLOW_CHANGE, "doveadm", "director", "update",
		"10.0.0.12", "0");
	REFUSED(f.allow[0], ALLOW_READ, "systemctl", "stop", "dovecot");
	REFUSED(f.allow[0], ALLOW_READ, "doveadm", "fetch", "-A", "text",
		"mailbox", "INBOX");
	REFUSED(f.allow[0], ALLOW_READ, "doveadm", "fetch", "-u", "-A", "text",
		"mailbox", "INBOX");
	assert_int_equal(allow_copy(f.allow[0], "/etc/passwd", NULL, NULL), -1);
	assert_int_equal(allow_package(f.allow[0], "openssh-server", NULL), -1);
	assert_int_equal(allow_clean(f.allow[0], "/var/lib/dovecot", &root,
				     &unless, NULL),
			 -1);
	assert_int_equal(allow_clean(f.allow[0], "/var/dovecot/vmail", &root,
				     &unless, NULL), 0);
	assert_string_equal(unless, "dovecot");
	assert_int_equal(allow_clean(f.allow[0], "/var/lib/dovecot/metacache",
				     &root, &unless, NULL), 0);
	assert_string_equal(unless, "dovecot");
	fixture_close(&f);
}

static void
inventory_adds_its_reads(void **state)
{
	struct fixture f;
	struct buf out;

	(void)state;
	fixture_open(&f, PROCEDURES "generic-service-restart.yaml",
		     "{\"service\":\"nginx\"}", NULL);
	buf_init(&out, 1 << 20);
	assert_int_equal(procedure_allow(f.proc, buf_str(&f.inventory),
					 "director", &f.d, &out),
			 0);
	assert_non_null(strstr(buf_str(&out),
			       "\nread   doveadm -f json director status\n"
			       "read   doveadm ring \"a b\"\n"));
	buf_free(&out);
	buf_init(&out, 1 << 20);
	assert_int_equal(procedure_allow(f.proc, NULL, NULL, &f.d, &out), 0);
	assert_non_null(strstr(
		buf_str(&out),
		"# on every backend\n"
		"read   systemctl show -p LoadState -p ActiveState -p SubState "
		"-p Result -p MainPID <word>\n"
		"change systemctl stop <word>\n"
		"change systemctl start <word>\n"));
	buf_free(&out);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_are_permitted),
		cmocka_unit_test(nothing_else_is),
		cmocka_unit_test(inventory_adds_its_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
