/*
 * request.c - ask the coordinator to find something out, and wait for it.
 *
 * A request is a row; it stays when nobody takes it.  Notifications only wake
 * us earlier than the poll would.
 */
#include "request.h"

#include <string.h>

#include "alive.h"
#include "alloc.h"
#include "clock.h"
#include "json.h"
#include "listing.h"
#include "screen.h"

enum { TAKE_MS = 10000, POLL_MS = 250, SILENT_S = 20 };

/* problems first; those that several backends have together */
static const char findings_sql[] =
	"select f.severity, f.code, f.host, f.backend, f.message, f.hint"
	" from fleet.finding f where f.request = $1::bigint"
	" order by array_position(array['error', 'warning', 'notice', 'ok'],"
	" f.severity), min(f.position) over (partition by f.severity, f.code,"
	" f.message, f.hint), f.position";

static int
not_taken(struct cli *cli, const char *kind, const char *id, const char *fleet)
{
	char *what = x_asprintf("no coordinator has taken the %s (request %s) "
				"in 10 s; it stays, and is answered when one "
				"takes it",
				kind, id);
	int code = alive_error(cli, fleet, what);

	x_free(&what);
	return code;
}

/* is the coordinator that took it still alive? */
static int
still_alive(struct cli *cli, const char *id)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r,
			     "select c.coordinator, not c.alive"
			     " as silent from fleet.request q"
			     " join fleet.coordinator c using (coordinator)"
			     " where q.request = $1::bigint",
			     DB(id));

	if (code == EXIT_OK && rows_bool(r, 0, "silent"))
		code = cli_error(
			cli, EXIT_COORDINATOR,
			"its heartbeat stands "
			"still",
			"systemctl status drydockd   (on that machine)",
			"coordinator %s took request %s and fell silent",
			rows_str(r, 0, "coordinator"), id);
	rows_free(&r);
	return code;
}

static int
request_wait(struct cli *cli, const char *kind, const char *id,
	     struct rows **request_r)
{
	int64_t begun = clock_boot_ms(), beat = begun;
	int code;

	signals_catch();
	for (;;) {
		rows_free(request_r);
		code = cli_query(cli, request_r,
				 "select * from fleet.request where request = "
				 "$1::bigint",
				 DB(id));
		if (code != EXIT_OK)
			return code;
		if (rows_text(*request_r, 0, "done_at") != NULL)
			return EXIT_OK;
		if (rows_text(*request_r, 0, "taken_at") == NULL &&
		    clock_boot_ms() - begun > TAKE_MS)
			return not_taken(cli, kind, id,
					 rows_str(*request_r, 0, "fleet"));
		if (clock_boot_ms() - beat > SILENT_S * 1000) {
			beat = clock_boot_ms();
			code = still_alive(cli, id);
			if (code != EXIT_OK)
				return code;
		}
		(void)db_wait(&cli->db, -1, POLL_MS);
		if (screen_interrupted())
			return cli_error(cli, EXIT_INTERRUPTED, NULL, NULL,
					 "interrupted; request %s goes on", id);
	}
}

int
request_follow(struct cli *cli, const char *kind, const char *id,
	       struct rows **request_r, struct rows **findings_r)
{
	int code;

	*request_r = *findings_r = NULL;
	code = cli_query(cli, NULL, "listen fleet_event", 0, NULL);
	if (code == EXIT_OK)
		code = request_wait(cli, kind, id, request_r);
	if (code == EXIT_OK)
		code = cli_query(cli, findings_r, findings_sql, DB(id));
	return code;
}

int
request_run(struct cli *cli, const char *kind, const char *fleet,
	    const char *args, struct rows **request_r, struct rows **findings_r)
{
	struct rows *r = NULL;
	char *id;
	int code = cli_query(
		cli, &r, "select fleet.request($1, $2, $3::jsonb) as request",
		DB(kind, fleet, args));

	*request_r = *findings_r = NULL;
	if (code != EXIT_OK)
		return code;
	id = x_strdup(rows_str(r, 0, "request"));
	rows_free(&r);
	code = request_follow(cli, kind, id, request_r, findings_r);
	x_free(&id);
	return code;
}

char *
request_result(const struct rows *request, const char *key)
{
	const char *text = rows_str(request, 0, "result");
	const struct json_object *value;
	struct json_object *doc = NULL;
	struct json_out o;
	struct buf out;
	char *found = NULL;

	if (json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      NULL) < 0)
		return NULL;
	value = json_member(doc, key);
	if (value != NULL && json_kind(value) == JSON_STRING) {
		found = x_strdup(json_as_str(value));
	} else if (value != NULL) {
		buf_init(&out, CLI_OUT_MAX);
		json_out_init(&o, &out);
		json_out_value(&o, NULL, value);
		found = buf_take(&out);
	}
	json_free(&doc);
	return found;
}
