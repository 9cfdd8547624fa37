/* test_plan.c - a procedure and a fleet become one backend's plan. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "expr.h"
#include "json.h"
#include "procedure.h"
#include "read_json.h"
#include "template.h"

static const char inventory[] =
	"{\"fleet\":\"mail-eu\",\"timezone\":\"UTC\",\"min_up\":\"all but 1\","
	"\"groups\":{\"director\":{\"members\":[{\"name\":\"dir1\","
	"\"address\":\"10.0.0.1\"}],\"ready\":null}},"
	"\"backends\":["
	"{\"name\":\"mail10\",\"address\":\"10.0.0.10\",\"labels\":{\"rack\":"
	"\"a\",\"test_user\":\"probe10\"}},"
	"{\"name\":\"mail2\",\"address\":\"10.0.0.2\",\"labels\":{\"rack\":"
	"\"b\",\"test_user\":\"-oops\"}},"
	"{\"name\":\"mail1\",\"address\":\"10.0.0.1\",\"labels\":{\"rack\":"
	"\"a\"}}]}";

/* A phase around one step; %s is the step's lines. */
#define HEAD                                                                   \
	"procedure: p\nformat: 1\nvars:\n"                                     \
	"  user: {type: word, default: \"${backend.labels.test_user}\"}\n"     \
	"  mode: {type: choice, of: [on, off], default: off}\n"                \
	"  text: {type: string, default: \"\"}\n"                              \
	"  wait: {type: duration, default: 15m}\n"                             \
	"  pkgs: {type: packages, default: []}\n"                              \
	"  conf: {type: file}\n"                                               \
	"  key: {type: secret}\n"                                              \
	"probes:\n"                                                            \
	"  unit: {run: systemctl show x, format: kv}\n"                        \
	"phases:\n- phase: one\n  rest: in\n  steps:\n"                        \
	"  - name: first\n    run: \"true\"\n"                                 \
	"    remember: {v: service.vhosts}\n"

struct plan {
	struct diags d;
	struct procedure *proc;
	struct buf out;
	struct json_object *inventory, *vars, *files, *doc;
	int ret;
};

static void
plan_make(struct plan *p, const char *step, const char *backend,
	  const char *vars, const char *files)
{
	char *text = x_asprintf("%s%s", HEAD, step);
	struct plan_input in = { .backend = backend };
	struct err err;

	memset(p, 0, sizeof(*p));
	in.inventory = p->inventory = read_json(inventory);
	in.vars = p->vars = read_json(vars);
	in.files = p->files = read_json(files);
	buf_init(&p->out, 1 << 20);
	diags_init(&p->d, "p.yaml");
	p->ret = procedure_parse(text, strlen(text), &p->d, &p->proc);
	if (p->ret == 0)
		p->ret = plan_expand(p->proc, &in, &p->d, &p->out);
	if (p->ret == 0 &&
	    json_parse_object(buf_str(&p->out), p->out.len, &json_limits_doc,
			      &p->doc, &err) < 0)
		fail_msg("%s: %s", err.text, buf_str(&p->out));
	free(text);
}

static void
plan_done(struct plan *p)
{
	diags_free(&p->d);
	procedure_free(&p->proc);
	buf_free(&p->out);
	json_free(&p->doc);
	json_free(&p->inventory);
	json_free(&p->vars);
	json_free(&p->files);
}

/* The second step of the plan, as text without its name and phase. */
static void
step_is(const char *step, const char *vars, const char *files, const char *want)
{
	struct plan p;
	const char *got;
	size_t len = strlen(want);

	plan_make(&p, step, "mail10", vars, files);
	if (p.ret < 0)
		fail_msg("%s: %s (%s)", step, p.d.item[0].message,
			 p.d.item[0].hint);
	got = strstr(buf_str(&p.out), "\"phase\":\"one\",\"kind\"");
	got = strstr(got + 1, "\"phase\":\"one\",\"kind\"") + 13;
	if (strncmp(got, want, len) != 0)
		fail_msg("%s\n got %s\nwant %s", step, got, want);
	plan_done(&p);
}

static void
fails(const char *step, const char *backend, const char *vars,
      const char *files, unsigned int line, const char *why)
{
	struct plan p;

	plan_make(&p, step, backend, vars, files);
	if (p.ret == 0)
		fail_msg("%s: no error, wanted %s", step, why);
	if (p.d.item[0].at.line != line ||
	    strstr(p.d.item[0].message, why) == NULL)
		fail_msg("%s: %u:%u %s", step, p.d.item[0].at.line,
			 p.d.item[0].at.col, p.d.item[0].message);
	plan_done(&p);
}

#define RUN(words) "  - {name: s, run: [" words "]}\n"

static void
commands_are_filled(void **state)
{
	(void)state;
	step_is("  - name: s\n    run: a ${backend.address} ${vars.user}\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\",\"10.0.0.10\",\"probe10\"],"
		"\"target\":\"backend\"}");
	step_is("  - name: s\n    run: a ${steps.first.v} ${rollout.id} "
		"$${x} ${fleet.name}\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\",\"${steps.first.v}\","
		"\"${rollout.id}\",\"$${x}\",\"mail-eu\"]");
	step_is("  - name: s\n    run: a 'b c' ${vars.wait}\n    target: each "
		"director\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\",\"b c\",\"15m\"],"
		"\"target\":\"each director\"}");
}

/* Blanks, quotes, operators, ${}: a value is one word and stays text. */
static void
values_stay_one_word(void **state)
{
	static const char *const values[] = {
		"a b",	     "'; rm -rf /",
		"\\\"x\\\"", "${vars.user}",
		"$${x}",     "x or unit.MainPID == 0",
		"*",	     "",
	};
	char *vars, *want;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct plan p;
		const struct json_object *steps, *step, *argv;
		const char *word, *check;
		struct expr *e;
		char *text;

		vars = x_asprintf("{\"text\":\"%s\"}", values[i]);
		plan_make(&p,
			  "  - name: s\n    run: a ${vars.text} z\n"
			  "    check: unit.Result == ${vars.text}\n",
			  "mail10", vars, NULL);
		assert_int_equal(p.ret, 0);
		steps = json_member(p.doc, "steps");
		step = json_item(steps, 1);
		argv = json_member(step, "argv");
		assert_int_equal(json_count(argv), 3);
		assert_int_equal(json_item_str(argv, 1, 1000, &word, NULL), 0);
		assert_int_equal(
			template_fill_text(word, NULL, NULL, &text, NULL), 0);
		want = x_asprintf("%s", values[i]);
		if (strchr(want, '\\') == NULL)
			assert_string_equal(text, want);
		check = json_as_str(json_member(step, "check"));
		assert_int_equal(expr_parse(check, EXPR_FIELDS, &e, NULL, NULL),
				 0);
		assert_string_not_equal(check, "");
		/* one comparison, whatever the value is */
		assert_null(strstr(check, "== 0 or"));
		expr_free(&e);
		free(want);
		free(text);
		free(vars);
		plan_done(&p);
	}
}

static void
when_is_decided(void **state)
{
	(void)state;
	step_is("  - name: s\n    run: a\n    when: ${vars.mode} == on\n", NULL,
		NULL,
		",\"kind\":\"run\",\"argv\":[\"a\"],\"target\":\"backend\","
		"\"skip\":\"${vars.mode} == on does not hold\"}");
	step_is("  - name: s\n    run: a\n    when: ${vars.mode} == on\n",
		"{\"mode\":\"on\"}", NULL,
		",\"kind\":\"run\",\"argv\":[\"a\"],\"target\":\"backend\"}");
	step_is("  - name: s\n    run: a\n    when: ${vars.mode} == off and "
		"unit.Result == x\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\"],\"target\":\"backend\","
		"\"when\":\"unit.Result == x\"}");
	step_is("  - name: s\n    run: a\n    when: ${steps.first.state} == "
		"passed\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\"],\"target\":\"backend\","
		"\"when\":\"${steps.first.state} == passed\"}");
}

static void
kinds_are_written(void **state)
{
	(void)state;
	step_is("  - name: s\n    poll: {until: out.elapsed > 5s, at_most: "
		"\"${vars.wait}\", then: continue, record: service.users}\n",
		NULL, NULL,
		",\"kind\":\"poll\",\"poll\":{\"until\":\"out.elapsed > 5s\","
		"\"every_ms\":5000,\"at_most_ms\":900000,\"then\":\"continue\","
		"\"record\":\"service.users\"},\"target\":\"backend\","
		"\"expected_ms\":900000}");
	step_is("  - {name: s, wait: 1m}\n", NULL, NULL,
		",\"kind\":\"wait\",\"wait_ms\":60000,\"target\":\"backend\","
		"\"expected_ms\":60000}");
	step_is("  - {name: s, approve: \"go on with ${backend.name}?\"}\n",
		NULL, NULL,
		",\"kind\":\"approve\",\"approve\":\"go on with mail10?\"");
	step_is("  - name: s\n    copy: {from: \"${vars.conf}\", to: /etc/x, "
		"mode: \"0644\", validate: [t, \"${new_file}\"]}\n",
		NULL, "{\"conf\":{\"name\":\"c\",\"sha256\":\"ab12\"}}",
		",\"kind\":\"copy\",\"copy\":{\"sha256\":\"ab12\",\"to\":"
		"\"/etc/x\",\"mode\":\"0644\",\"validate\":[\"t\","
		"\"${new_file}\"]},\"target\":\"backend\"}");
	step_is("  - name: s\n    copy: {from: \"${vars.conf}\", to: /etc/x}\n",
		NULL, NULL,
		",\"kind\":\"copy\",\"copy\":{\"to\":\"/etc/x\"},\"target\":"
		"\"backend\",\"skip\":\"no file was given (conf)\"");
	step_is("  - name: s\n    copy: {staged: \"${vars.key}\", to: "
		"/etc/x}\n",
		"{\"key\":\"/srv/key\"}", NULL,
		",\"kind\":\"copy\",\"copy\":{\"staged\":\"/srv/key\",\"to\":"
		"\"/etc/x\"},");
	step_is("  - name: s\n    package: {install: \"${vars.pkgs}\"}\n", NULL,
		NULL,
		",\"kind\":\"package\",\"package\":{\"packages\":[],"
		"\"services\":\"hold\"},\"target\":\"backend\",\"skip\":\"no "
		"packages were given\"");
	step_is("  - name: s\n    package: {install: \"${vars.pkgs}\", "
		"services: leave}\n    undo: none\n",
		"{\"pkgs\":[\"a1=1:2-3\",\"b1=4~5\"]}", NULL,
		",\"kind\":\"package\",\"package\":{\"packages\":[{\"name\":"
		"\"a1\",\"version\":\"1:2-3\"},{\"name\":\"b1\",\"version\":"
		"\"4~5\"}],\"services\":\"leave\"},\"target\":\"backend\","
		"\"undo\":\"none\"}");
	step_is("  - name: s\n    package: {install: \"${vars.pkgs}\"}\n",
		"{\"pkgs\":\"dovecot-*=1:2\"}", NULL,
		",\"kind\":\"package\",\"package\":{\"match\":\"dovecot-*\","
		"\"version\":\"1:2\",\"services\":\"hold\"}");
}

static void
everything_else_of_a_step(void **state)
{
	(void)state;
	step_is("  - name: s\n    run: a\n    target: director\n"
		"    remember: {w: {value: unit.x-y, where: unit.x > 0}}\n"
		"    require: unit.Result ~ \"a.b${vars.user}\"\n"
		"    check: unit.x == ${steps.s.w}\n"
		"    expect: out.exit == 0\n    keep: {until: end, repair: 2}\n"
		"    undo: {run: \"b ${steps.s.w}\", check: unit.x == 1, "
		"timeout: 10s}\n    idempotent: true\n    output: discard\n"
		"    on_failure: ignore\n    timeout: 20m\n"
		"    settle_within: 30s\n    retries: 2\n    backoff: 3s\n"
		"    expected: 7s\n",
		NULL, NULL,
		",\"kind\":\"run\",\"argv\":[\"a\"],\"target\":\"director\","
		"\"remember\":[{\"name\":\"w\",\"value\":\"unit.x_y\","
		"\"where\":\"unit.x > 0\"}],\"require\":\"unit.Result ~ "
		"a.bprobe10\",\"check\":\"unit.x == ${steps.s.w}\","
		"\"expect\":\"out.exit == 0\",\"keep\":{\"until\":\"end\","
		"\"repair\":2},\"undo\":{\"kind\":\"run\",\"argv\":[\"b\","
		"\"${steps.s.w}\"],\"target\":\"director\",\"check\":"
		"\"unit.x == 1\",\"timeout_ms\":10000},\"idempotent\":true,"
		"\"output\":\"discard\",\"on_failure\":\"ignore\","
		"\"timeout_ms\":1200000,\"settle_ms\":30000,\"retries\":2,"
		"\"backoff_ms\":3000,\"expected_ms\":7000}");
}

static void
cleans_are_purged_last(void **state)
{
	struct plan p;

	(void)state;
	plan_make(&p,
		  "  - name: s\n    clean: {inside: /var/x/y, match: \"a*\", "
		  "unless_running: dovecot}\n"
		  "  - {name: t, run: b}\n",
		  "mail10", NULL, NULL);
	assert_int_equal(p.ret, 0);
	assert_non_null(strstr(
		buf_str(&p.out),
		"\"clean\":{\"inside\":\"/var/x/y\",\"match\":\"a*\","
		"\"unless_running\":\"dovecot\"}"));
	assert_non_null(strstr(
		buf_str(&p.out),
		"{\"name\":\"purge-s\",\"phase\":\"one\",\"kind\":\"clean\","
		"\"clean\":{\"inside\":\"/var/x/y\",\"purge_of\":"
		"\"${steps.s.attempt}\"},\"target\":\"backend\",\"when\":"
		"\"${steps.s.state} == passed\",\"undo\":\"none\","
		"\"idempotent\":true,\"on_failure\":\"ignore\"}]}"));
	plan_done(&p);
}

static void
what_does_not_fit(void **state)
{
	(void)state;
	fails(RUN("\"${vars.user}\""), "mail1", NULL, NULL, 4,
	      "no label \"test_user\"");
	fails(RUN("\"${vars.user}\""), "mail2", NULL, NULL, 4,
	      "does not begin with -");
	fails(RUN("\"${vars.user}\""), "mail10", "{\"user\":\"a b\"}", NULL, 4,
	      "no blanks");
	fails(RUN("\"${vars.user}\""), "mail10", "{\"user\":\"a\\nb\"}", NULL,
	      4, "control character");
	fails(RUN("\"${vars.user}\""), "mail10", "{\"user\":{}}", NULL, 4,
	      "plain value");
	fails(RUN("a"), "mail10", "{\"mode\":\"maybe\"}", NULL, 5, "on | off");
	fails(RUN("a"), "mail10", "{\"wait\":\"15\"}", NULL, 7, "duration");
	fails(RUN("a"), "mail10", "{\"pkgs\":\"a\"}", NULL, 8, "no =VERSION");
	fails(RUN("a"), "mail10", "{\"pkgs\":\"aa=1,aa=2\"}", NULL, 8, "twice");
	fails(RUN("a"), "mail10", "{\"pkgs\":\"aa*=1,bb=2\"}", NULL, 8,
	      "stands alone");
	fails(RUN("a"), "mail10", "{\"key\":\"hunter2\"}", NULL, 10,
	      "never the secret itself");
	fails(RUN("a"), "mail10", "{\"usre\":\"x\"}", NULL, 0,
	      "no variable \"usre\"");
	fails(RUN("a"), "mail10", NULL, "{\"cnof\":{}}", 0,
	      "no variable \"cnof\"");
	fails(RUN("a"), "mail9", NULL, NULL, 0, "no backend \"mail9\"");
	fails("  - {name: s, run: a, target: proxy}\n", "mail10", NULL, NULL,
	      20, "no group \"proxy\"");
	fails("  - name: s\n    copy: {staged: /srv/x, to: \"/etc/"
	      "${steps.first.v}\"}\n",
	      "mail10", NULL, NULL, 21, "not known yet");
	fails("  - {name: s, poll: {until: unit.x == 1, at_most: "
	      "\"${vars.wait}\"}}\n",
	      "mail10", "{\"wait\":\"0s\"}", NULL, 20, "between");
}

static char *
strategy(const char *lines, const char *vars)
{
	char *text = x_asprintf(
		"procedure: p\nformat: 1\n%svars: {s: {type: duration, "
		"default: 2m}}\nphases:\n- phase: a\n  steps:\n"
		"  - {name: s, wait: \"${vars.s}\"}\n",
		lines);
	struct json_object *doc = read_json(inventory);
	struct json_object *given = read_json(vars);
	struct procedure *proc;
	struct diags d;
	struct buf out;

	diags_init(&d, "p.yaml");
	buf_init(&out, 4096);
	assert_int_equal(procedure_parse(text, strlen(text), &d, &proc), 0);
	if (plan_strategy(proc, doc, given, &d, &out) < 0) {
		buf_clear(&out);
		(void)buf_adds(&out, d.item[0].message);
	}
	json_free(&doc);
	json_free(&given);
	diags_free(&d);
	procedure_free(&proc);
	free(text);
	return buf_take(&out);
}

/* With its values it is pinned, and read again: both have one limit. */
static void
a_condition_stays_readable(void **state)
{
	static const char step[] =
		"  - name: s\n    run: x\n    undo: none\n    check: "
		"unit.A == ${vars.text} and unit.B == ${vars.text}\n";
	char text[2101], *vars;

	(void)state;
	memset(text, '+', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	vars = x_asprintf("{\"text\":\"%s\"}", text);
	fails(step, "mail10", vars, NULL, 23,
	      "with its values, it is longer than 4096 bytes");
	x_free(&vars);
	text[2000] = '\0';
	vars = x_asprintf("{\"text\":\"%s\"}", text);
	step_is(step, vars, NULL, ",\"kind\":\"run\"");
	x_free(&vars);
}

static void
order_of_backends(void **state)
{
	static const struct {
		const char *lines, *vars, *want;
	} rows[] = {
		{ "strategy: {order: [labels.rack, name], canary: 1, settle: "
		  "90s}\n",
		  NULL,
		  "{\"order\":[\"mail1\",\"mail10\",\"mail2\"],\"canary\":1,"
		  "\"settle_ms\":90000}" },
		{ "", NULL,
		  "{\"order\":[\"mail10\",\"mail2\",\"mail1\"],\"canary\":0,"
		  "\"settle_ms\":0}" },
		{ "strategy: {order: [name], settle: \"${vars.s}\"}\n", NULL,
		  "{\"order\":[\"mail1\",\"mail2\",\"mail10\"],\"canary\":0,"
		  "\"settle_ms\":120000}" },
		{ "strategy: {order: [address], settle: \"${vars.s}\"}\n",
		  "{\"s\":\"1s\"}",
		  "{\"order\":[\"mail1\",\"mail2\",\"mail10\"],\"canary\":0,"
		  "\"settle_ms\":1000}" },
		{ "strategy: {settle: \"${vars.s}\"}\n", "{\"s\":\"1\"}",
		  "settle: \"1\" is not a duration such as 1h30m, 15m, 2s or "
		  "1100ms" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = strategy(rows[i].lines, rows[i].vars);

		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_filled),
		cmocka_unit_test(values_stay_one_word),
		cmocka_unit_test(when_is_decided),
		cmocka_unit_test(kinds_are_written),
		cmocka_unit_test(everything_else_of_a_step),
		cmocka_unit_test(cleans_are_purged_last),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(a_condition_stays_readable),
		cmocka_unit_test(order_of_backends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
