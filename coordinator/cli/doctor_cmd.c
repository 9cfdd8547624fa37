/*
 * doctor_cmd.c - drydock doctor: what is left over or out of order.
 *
 * Three sources, one list: what this session itself sees, what the database
 * knows (fleet.diagnosis), and what every agent answers when its fleet's
 * coordinator asks it.
 */
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "init.h"
#include "json.h"
#include "findings.h"
#include "request.h"
#include "rows_json.h"

enum { ECHO_MS = 5000, ECHO_SLOW_MS = 1000 };

/* $1: our own findings, $2: the requests that were answered */
static const char all_sql[] =
	"select * from ("
	"select x->>'severity' as severity, x->>'code' as code,"
	" null::text as host, null::text as backend, x->>'message' as message,"
	" x->>'hint' as hint from jsonb_array_elements($1::jsonb) x"
	" union all select severity, code, host, backend, message, hint"
	" from fleet.diagnosis d where $3::text is null or d.fleet is null"
	" or d.fleet = $3"
	" union all select severity, code, host, backend, message, hint"
	" from fleet.finding where request = any ($2::bigint[])) f"
	" order by array_position(array['error', 'warning', 'notice', 'ok'],"
	" severity), code, message, hint, host, backend";

struct doctor {
	struct cli *cli;
	struct buf own;	 /* JSON array of findings */
	struct json_out o;
	struct buf asked; /* {1,2,…}: requests */
};

static void
doctor_find(struct doctor *d, const char *severity, const char *code,
	    const char *message, const char *hint)
{
	json_out_object(&d->o, NULL);
	json_out_str(&d->o, "severity", severity);
	json_out_str(&d->o, "code", code);
	json_out_str(&d->o, "message", message);
	json_out_str(&d->o, "hint", hint);
	json_out_end(&d->o);
}

/* Behind a pooler of transactions nothing would ever wake anybody. */
static void
doctor_echo(struct doctor *d)
{
	int64_t begun = clock_boot_ms(), ms;
	bool heard = db_echo(&d->cli->db, ECHO_MS);
	char *text;

	ms = clock_boot_ms() - begun;
	text = heard ? x_asprintf("a notification came back after %lld ms",
				  (long long)ms)
		     : x_asprintf("a notification did not come back in %d s",
				  ECHO_MS / 1000);
	doctor_find(d, !heard		   ? "error"
		       : ms > ECHO_SLOW_MS ? "warning"
					   : "ok",
		    "LISTEN", text,
		    heard ? NULL
			  : "connect to PostgreSQL itself, not to a pooler of "
			    "transactions");
	x_free(&text);
}

/* A schema of another release would be told by what fails, long afterwards. */
static int
doctor_schema(struct doctor *d)
{
	struct rows *r = NULL;
	int code = cli_query(d->cli, &r,
			     "select (fleet.version()->>'schema')::int as"
			     " schema",
			     0, NULL);
	long there, ours = init_schema();
	char *text;

	if (code != EXIT_OK)
		return code;
	there = (long)rows_int(r, 0, "schema");
	text = there == ours ? x_asprintf("the database has schema %ld", there)
			     : x_asprintf("the database has schema %ld, this "
					  "drydock was made for %ld",
					  there, ours);
	doctor_find(d, there == ours ? "ok" : "error", "SCHEMA", text,
		    there == ours  ? NULL
		    : there < ours ? "drydock init   (upgrades it)"
				   : "use the drydock that made it, or a later "
				     "release");
	x_free(&text);
	rows_free(&r);
	return EXIT_OK;
}

static int
doctor_ask(struct doctor *d, const char *fleet)
{
	struct rows *request = NULL, *findings = NULL;
	int code = request_run(d->cli, "doctor", fleet,
			       args_has(&d->cli->args, FLAG_FIX)
				       ? "{\"fix\":true}"
				       : "{}",
			       &request, &findings);

	if (code == EXIT_OK)
		(void)buf_addf(&d->asked, "%s%s", d->asked.len > 1 ? "," : "",
			       rows_str(request, 0, "request"));
	rows_free(&request);
	rows_free(&findings);
	return code;
}

/*
 * Fleets that nobody drives are in the diagnosis; nobody would answer.  While a
 * role is missing every request is refused, and that would be all one saw.
 */
static int
doctor_fleets(struct doctor *d)
{
	struct rows *fleets = NULL;
	int code = cli_query(d->cli, &fleets,
			     "select f.fleet from fleet.fleet f"
			     " join fleet.coordinator c"
			     " on c.coordinator = f.coordinator and c.alive"
			     " where ($1::text is null or f.fleet = $1)"
			     " and not exists (select from fleet.diagnosis"
			     " where code = 'ROLE_MISSING')"
			     " order by f.fleet",
			     DB(args_value(&d->cli->args, FLAG_FLEET)));

	for (size_t i = 0; code == EXIT_OK && i < rows_count(fleets); i++)
		code = doctor_ask(d, rows_str(fleets, i, "fleet"));
	rows_free(&fleets);
	return code;
}

static int
doctor_print(struct doctor *d, const struct rows *all)
{
	size_t bad = findings_count(all, "error") +
		     findings_count(all, "warning");
	struct buf out;
	int code;

	if (d->cli->json) {
		buf_init(&out, CLI_OUT_MAX);
		rows_json_list(&out, "findings", all);
		code = cli_print(d->cli, &out);
		buf_free(&out);
	} else {
		code = findings_summary(d->cli, all);
	}
	if (code != EXIT_OK)
		return code;
	cli_note(d->cli, bad == 0 ? "nothing is left over"
				  : "%zu need a look", bad);
	return bad == 0 ? EXIT_OK : EXIT_FINDINGS;
}

int
run_doctor(struct cli *cli)
{
	struct doctor d = { .cli = cli };
	struct rows *all = NULL;
	int code = cli_open(cli);

	if (code != EXIT_OK)
		return code;
	buf_init(&d.own, CLI_OUT_MAX);
	buf_init(&d.asked, CLI_OUT_MAX);
	json_out_init(&d.o, &d.own);
	json_out_array(&d.o, NULL);
	(void)buf_addc(&d.asked, '{');
	doctor_echo(&d);
	code = doctor_schema(&d);
	if (code == EXIT_OK)
		code = doctor_fleets(&d);
	json_out_end(&d.o);
	(void)buf_addc(&d.asked, '}');
	if (code == EXIT_OK)
		code = cli_query(cli, &all, all_sql,
				 DB(buf_str(&d.own), buf_str(&d.asked),
				    args_value(&cli->args, FLAG_FLEET)));
	if (code == EXIT_OK)
		code = doctor_print(&d, all);
	rows_free(&all);
	buf_free(&d.own);
	buf_free(&d.asked);
	return code;
}
