/* plan_shell.c - a plan as a script: its head, hosts, probes and turns. */
#include "plan_shell.h"

#include <string.h>

#include "alloc.h"
#include "embedded.h"
#include "shell_private.h"

extern const struct embedded shell_head[];

static void
address_print(struct shell *s, const struct json_object *hosts)
{
	for (size_t i = 0; hosts != NULL && i < json_count(hosts); i++) {
		const struct json_object *host = json_item(hosts, i);

		(void)buf_adds(s->out, "ADDR[");
		shell_word(s, shell_str(host, "name", ""));
		(void)buf_adds(s->out, "]=");
		shell_word(s, shell_str(host, "address", ""));
		(void)buf_addc(s->out, '\n');
	}
}

static bool
group_print(void *self, const char *name, const struct json_object *group)
{
	(void)name;
	address_print(self, shell_in(group, "members"));
	return true;
}

/* --- probes --- */

static bool
row_print(void *self, const char *column, const struct json_object *value)
{
	struct shell *s = self;
	char *text = x_asprintf("%s=%s", column, json_as_str(value));

	(void)buf_adds(s->out, " echo ");
	shell_word(s, text);
	(void)buf_addc(s->out, ';');
	free(text);
	return true;
}

/* The way a probe is asked of the host $1. */
static void
ask_print(struct shell *s, const char *name, const struct json_object *probe)
{
	const char *tcp = shell_str(probe, "tcp", NULL);
	const char *colon = tcp == NULL ? NULL : strrchr(tcp, ':');

	(void)buf_addf(s->out, "ask_%s() { ", name);
	if (colon != NULL) {
		char *address = x_strndup(tcp, (size_t)(colon - tcp));

		(void)buf_adds(s->out, "tcp \"$1\" ");
		shell_word(s, address);
		(void)buf_addc(s->out, ' ');
		shell_word(s, colon + 1);
		free(address);
	} else {
		(void)buf_adds(s->out, "on \"$1\"");
		shell_words(s, shell_in(probe, "run"));
		/* it is no business of this machine's disk */
		if (strcmp(shell_str(probe, "format", "text"), "counts") == 0)
			(void)buf_adds(s->out, " | wc -lc");
	}
	(void)buf_adds(s->out, "; }\n");
}

static void
rows_print(struct shell *s, const char *name, const struct json_object *rows)
{
	(void)buf_addf(s->out, "rows_%s() {", name);
	if (json_kind(rows) == JSON_OBJECT)
		json_each(rows, row_print, s);
	(void)buf_adds(s->out, " :; }\n");
}

static bool
probe_print(void *self, const char *name, const struct json_object *probe)
{
	struct shell *s = self;
	const struct json_object *rows = shell_in(probe, "row");

	ask_print(s, name, probe);
	rows_print(s, name, rows != NULL ? rows : shell_in(probe, "rows"));
	(void)buf_addf(s->out, "HOSTS[%s]='", name);
	shell_hosts(s, shell_str(probe, "target", "backend"), false);
	(void)buf_addf(s->out, "' FORMAT[%s]=%s\n", name,
		       shell_str(probe, "format", "text"));
	return true;
}

/* The service's row of $address; asked of all, or of the backend itself. */
static void
service_print(struct shell *s)
{
	const struct json_object *service = shell_in(s->inventory, "service");
	const char *key = shell_str(service, "key", NULL);
	const char *from = shell_str(service, "from", "backend");

	ask_print(s, "service", service);
	(void)buf_adds(s->out, "rows_service() { ");
	if (key != NULL) {
		shell_word(s, "echo");
		(void)buf_addc(s->out, ' ');
		shell_word(s, key);
		(void)buf_adds(s->out, "=\"$address\"; }\n");
	} else {
		(void)buf_adds(s->out, ":; }\n");
	}
	(void)buf_adds(s->out, "HOSTS[service]='");
	shell_hosts(s, from, true);
	(void)buf_addf(s->out, "' FORMAT[service]=%s\n",
		       shell_str(service, "format", "text"));
	shell_columns(s, "in_service", shell_str(service, "in", "false"));
}

/* --- what must hold first --- */

static void
same_print(struct shell *s, const struct json_object *plan, const char *field)
{
	int n = (int)strcspn(field, ".");
	char *name = x_strndup(field, (size_t)n);
	const struct json_object *backends = shell_in(s->inventory, "backends");
	const struct json_object *probe =
		shell_in(shell_in(plan, "probes"), name);
	const char *target = shell_str(probe, "target", "backend");

	if (probe == NULL)
		target = shell_str(shell_in(s->inventory, "service"), "from",
				   "backend");
	(void)buf_addf(s->out, "cond() { same %s %s", name, field + n + 1);
	if (shell_group(s, target) != NULL) {
		(void)buf_addc(s->out, ' ');
		shell_hosts(s, target, true);
	}
	for (size_t i = 0; shell_group(s, target) == NULL && backends != NULL &&
	     i < json_count(backends); i++) {
		(void)buf_addc(s->out, ' ');
		shell_word(s, shell_str(json_item(backends, i), "name", ""));
	}
	(void)buf_adds(s->out, "; }\n");
	free(name);
}

static void
preflight_print(struct shell *s, const struct json_object *plan)
{
	const struct json_object *rows = shell_in(plan, "preflight");

	for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
		const struct json_object *row = json_item(rows, i);
		const struct json_object *same = shell_in(row, "same");
		const char *expect = shell_str(row, "expect", "false");
		size_t n = same != NULL	? json_count(same) :
			strcmp(expect, "true") != 0; /* of ${vars} alone */
		char *why = x_asprintf("%s: %s", shell_str(row, "code", ""),
				       shell_str(row, "hint", ""));

		for (size_t k = 0; k < n; k++) {
			if (same != NULL)
				same_print(s, plan,
					   json_as_str(json_item(same, k)));
			else
				shell_cond(s, expect);
			(void)buf_adds(s->out, "must ");
			shell_word(s, why);
			(void)buf_addc(s->out, '\n');
		}
		free(why);
	}
}

/* The others, for peer() and peers(). */
static void
peers_print(struct shell *s)
{
	const struct json_object *backends = shell_in(s->inventory, "backends");

	(void)buf_adds(s->out, "PEERS=(");
	for (size_t i = 0; backends != NULL && i < json_count(backends); i++) {
		const struct json_object *peer = json_item(backends, i);
		const char *name = shell_str(peer, "name", "");

		if (strcmp(name, s->backend) == 0)
			continue;
		(void)buf_addc(s->out, ' ');
		shell_word(s, name);
		(void)buf_addc(s->out, ' ');
		shell_word(s, shell_str(peer, "address", ""));
	}
	(void)buf_adds(s->out, " )\npeers_serve\n");
}

static void
turn_print(struct shell *s, const struct json_object *plan)
{
	const struct json_object *steps = shell_in(plan, "steps");

	(void)buf_adds(s->out, "\n# ---------------------------------------- ");
	(void)buf_adds(s->out, s->backend);
	(void)buf_adds(s->out, "\nbackend=");
	shell_word(s, s->backend);
	(void)buf_adds(s->out, " S=() UNDO=()\n\n");
	shell_comment(s, "", "What is asked, and where.");
	service_print(s);
	json_each(shell_in(plan, "probes"), probe_print, s);
	(void)buf_adds(s->out, "\n");
	shell_comment(s, "", "All others serve, and nothing speaks against it.");
	(void)buf_adds(s->out, "address=");
	shell_word(s, s->address);
	(void)buf_addc(s->out, '\n');
	peers_print(s);
	preflight_print(s, plan);
	for (size_t i = 0; steps != NULL && i < json_count(steps); i++)
		shell_step(s, json_item(steps, i));
	(void)buf_adds(s->out, "\nin_service || die \"it is not back in "
			       "service\"\nsay \"$backend is back in "
			       "service\"\n");
}

static const char *
backend_address(const struct shell *s)
{
	const struct json_object *backends = shell_in(s->inventory, "backends");

	for (size_t i = 0; backends != NULL && i < json_count(backends); i++)
		if (strcmp(shell_str(json_item(backends, i), "name", ""),
			   s->backend) == 0)
			return shell_str(json_item(backends, i), "address", "");
	return "";
}

static void
script_print(struct shell *s, const struct json_object *turns)
{
	(void)buf_addf(s->out, "#!/bin/bash\n# Plan %s, to be run by hand when "
		       "drydock cannot: one backend after the other,\n# and it "
		       "stops at the first thing that is not as it should be.\n"
		       "#\n%s\n# --- the fleet ---\n\n",
		       s->rollout, shell_head[0].text);
	address_print(s, shell_in(s->inventory, "backends"));
	if (shell_in(s->inventory, "groups") != NULL)
		json_each(shell_in(s->inventory, "groups"), group_print, s);
	for (size_t i = 0; i < json_count(turns); i++) {
		const struct json_object *turn = json_item(turns, i);

		s->backend = shell_str(turn, "backend", "");
		s->address = backend_address(s);
		turn_print(s, shell_in(turn, "plan"));
	}
	(void)buf_adds(s->out, "say \"all of it is done\"\n");
}

int
plan_shell(const char *inventory, const char *turns, const char *rollout,
	   struct buf *out, struct err *err)
{
	struct json_object *doc = NULL, *list = NULL;
	struct shell s = { .out = out, .rollout = rollout };
	int ret = json_parse_object(inventory, strlen(inventory),
				    &json_limits_doc, &doc, err);

	if (ret == 0)
		ret = json_parse(turns, strlen(turns), &json_limits_doc, &list,
				 err);
	if (ret == 0 && json_kind(list) != JSON_ARRAY)
		ret = err_set(err, ERR_PROTO, "the plan is no list");
	s.inventory = doc;
	if (ret == 0)
		script_print(&s, list);
	json_free(&doc);
	json_free(&list);
	return ret;
}
