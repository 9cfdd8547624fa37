/*
 * start.c - drydock start: the plan as it was saved, after its check.
 *
 * The start itself files the check; no backend is taken before it finds
 * nothing.  We wait for it, so that whoever starts sees what is wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "alive.h"
#include "alloc.h"
#include "commands.h"
#include "findings.h"
#include "json.h"
#include "listing.h"
#include "look.h"
#include "plan.h"
#include "request.h"
#include "rows_json.h"
#include "told.h"

struct start {
	struct cli *cli;
	const char *id;
	struct rows *told;	       /* what the database said of it */
	struct rows *filed;	       /* number of its check; later? */
	struct rows *check, *findings; /* that check's answer */
};

/* "tomorrow 01:00" without a zone is the fleet's, not this terminal's */
static int
start_zone(struct start *s)
{
	struct rows *r = NULL;
	int code = cli_query(s->cli, &r,
			     "select set_config('TimeZone', f.timezone, false)"
			     " from fleet.fleet f join fleet.rollout r"
			     " using (fleet) where r.rollout = $1::bigint",
			     DB(s->id));

	rows_free(&r);
	return code;
}

static int
start_told(struct start *s)
{
	const struct args *a = &s->cli->args;
	int code = start_zone(s);

	if (code == EXIT_OK)
		code = cli_query(
			s->cli, &s->told,
			"select fleet.start($1::bigint, $2::timestamptz,"
			" $3::bool, $4::int, $5, $6::bool,"
			" coalesce($7, 'start')) as told",
			DB(s->id, args_value(a, FLAG_AT),
			   args_has(a, FLAG_IGNORE_WINDOW) ? "true" : "false",
			   args_has(a, FLAG_NO_CANARY)
				   ? "0"
				   : args_value(a, FLAG_STOP_AFTER),
			   args_value(a, FLAG_CHANGE),
			   args_has(a, FLAG_UNATTENDED) ? "true" : "false",
			   args_value(a, FLAG_MISSED)));
	if (code == EXIT_OK)
		code = cli_query(s->cli, &s->filed,
				 "select check_request,"
				 " state = 'scheduled' as later"
				 " from fleet.rollout where rollout ="
				 " $1::bigint",
				 DB(s->id));
	return code;
}

/* the sentence at once, for people; JSON is one object at the end */
static int
start_print(struct start *s)
{
	struct cli *cli = s->cli;
	struct json_out o;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json) {
		doc_begin(&o, &out);
		json_out_raw(&o, "rollout", s->id);
		json_out_str(&o, "told", rows_str(s->told, 0, "told"));
		if (s->findings != NULL)
			rows_json_all(&o, "findings", s->findings);
		doc_end(&o, &out);
	} else {
		told_write(&out, &cli->face, rows_str(s->told, 0, "told"));
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

static int
start_checked(struct start *s)
{
	struct cli *cli = s->cli;
	size_t errors = findings_count(s->findings, "error");
	bool later = rows_bool(s->filed, 0, "later");
	char *hint;
	int code = EXIT_OK;

	if (errors == 0 && rows_bool(s->check, 0, "ok"))
		return EXIT_OK;
	if (!cli->json)
		code = findings_summary(cli, s->findings);
	if (code != EXIT_OK)
		return code;
	hint = later ? x_asprintf("repair it; it is checked again when it "
				  "starts; or: drydock cancel %s",
				  s->id)
		     : x_asprintf("repair it, then: drydock check %s; or: "
				  "drydock abort %s",
				  s->id, s->id);
	code = cli_error(cli, EXIT_FINDINGS,
			 later ? "it would take nobody as things are now"
			       : "it goes on by itself as soon as a check "
				 "finds nothing",
			 hint, "rollout %s takes no backend: %s", s->id,
			 rows_str(s->check, 0, "message"));
	x_free(&hint);
	return code;
}

static int
start_now(struct cli *cli, const char *id)
{
	struct start s = { .cli = cli, .id = id };
	int code = start_told(&s);

	if (code == EXIT_OK && !cli->json)
		code = start_print(&s);
	if (code == EXIT_OK)
		code = alive_of_rollout(cli, id);
	if (code == EXIT_OK)
		cli_note(cli, "Every host is asked first, as drydock check "
			      "does…");
	if (code == EXIT_OK)
		code = request_follow(cli, "check",
				      rows_str(s.filed, 0, "check_request"),
				      &s.check, &s.findings);
	if (s.told != NULL && cli->json && start_print(&s) != EXIT_OK)
		code = EXIT_ERROR;
	if (code == EXIT_OK)
		code = start_checked(&s);
	rows_free(&s.told);
	rows_free(&s.filed);
	rows_free(&s.check);
	rows_free(&s.findings);
	return code;
}

/* one at a time: what cannot start now is not planned */
static int
start_alone(struct cli *cli)
{
	struct rows *r = NULL;
	const char *fleet;
	char *hint;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = cli_query(cli, &r,
				 "select rollout from fleet.rollout"
				 " where fleet = $1 and started_at is not null"
				 " and finished_at is null",
				 DB(fleet));
	if (code == EXIT_OK && rows_count(r) > 0) {
		hint = x_asprintf("drydock watch %s", rows_str(r, 0, "rollout"));
		code = cli_error(cli, EXIT_ERROR,
				 "one at a time; nothing was planned", hint,
				 "rollout %s runs in fleet %s",
				 rows_str(r, 0, "rollout"), fleet);
		x_free(&hint);
	}
	rows_free(&r);
	return code;
}

/* a plan's number, or a procedure that is planned and shown now */
static int
start_plan(struct cli *cli, char **id_r)
{
	const char *word = cli_word(cli, 0);
	int code = plan_flags(cli, word);

	if (code != EXIT_OK)
		return code;
	if (plan_is_number(word)) {
		*id_r = x_strdup(word);
		return EXIT_OK;
	}
	if (!args_has(&cli->args, FLAG_AT))
		code = start_alone(cli);
	/* nor is what nobody can say yes to */
	if (code == EXIT_OK && !cli->may_ask)
		code = cli_ask_yes(cli, "Start what is planned now?");
	if (code == EXIT_OK)
		code = plan_make(cli, word, id_r);
	if (code == EXIT_OK && !cli->json)
		code = plan_show(cli, *id_r);
	return code;
}

int
run_start(struct cli *cli)
{
	char *id = NULL, *question;
	int code = plan_stop_after(cli);

	if (code == EXIT_OK)
		code = start_plan(cli, &id);
	if (code == EXIT_OK) {
		question = x_asprintf("Start rollout %s?", id);
		code = cli_ask_yes(cli, question);
		x_free(&question);
	}
	if (code == EXIT_OK)
		code = start_now(cli, id);
	if (code == EXIT_OK && args_has(&cli->args, FLAG_WATCH))
		code = watch_rollout(cli, id);
	else if (code == EXIT_OK)
		cli_note(cli, "Next:  drydock watch %s", id);
	x_free(&id);
	return code;
}
