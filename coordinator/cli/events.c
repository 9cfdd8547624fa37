/*
 * events.c - drydock log and drydock history.
 */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "listing.h"
#include "num.h"
#include "rows_json.h"
#include "screen.h"
#include "standing.h"

enum { FOLLOW_MS = 1000, LINES_DEFAULT = 20, LINES_MOST = 100000 };

#define EVENT_COLUMNS                                                          \
	"select e.fleet, e.seq, e.at, e.severity, e.kind,"                     \
	" e.rollout, e.backend, e.step, e.actor, e.message, e.detail,"         \
	" case when e.actor not in (select c.login from fleet.coordinator c)"  \
	" then e.actor end as person, e.happened_at, e.origin"

/* $1 fleet, $2 rollout or null, $3 backend, $4 step, $5 after seq, $6 limit */
static const char events_sql[] = EVENT_COLUMNS
	" from fleet.last_events($6::int, $2::bigint, $1, $3, $4, $5::bigint) e"
	" order by e.seq";

/* the same, $7 severity, $8 since a time, $9 for so many milliseconds */
#define SEVERITIES "array['debug', 'info', 'notice', 'warning', 'error']"
static const char some_events_sql[] = "select * from (" EVENT_COLUMNS
	" from fleet.event e"
	" where e.fleet = $1 and ($2::bigint is null or e.rollout = $2::bigint)"
	" and ($3::text is null or e.backend = $3)"
	" and ($4::text is null or e.step = $4) and e.seq > $5::bigint"
	" and ($7::text is null or array_position(" SEVERITIES ", e.severity)"
	" >= array_position(" SEVERITIES ", $7::text))"
	" and ($8::timestamptz is null or e.at >= $8::timestamptz)"
	" and ($9::bigint is null or e.at >="
	" (fleet.version()->>'now')::timestamptz"
	" - $9::bigint * interval '1 ms')"
	" order by e.seq desc limit $6::bigint) last order by seq";

struct log {
	struct cli *cli;
	const char *fleet;
	char *rollout; /* NULL: all */
	char limit[24];
	char after[24];	    /* the last event told */
	char after_at[64];  /* of the last output told; "" before it */
	const char *since;  /* a time, or NULL */
	char age[24];	    /* milliseconds, or "" */
	bool output, follow;
};

static int
log_print(struct log *l, const struct rows *r)
{
	struct json_out o;
	struct buf out;
	size_t i;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	for (i = 0; i < rows_count(r); i++) {
		if (l->cli->json) {
			/* one object a line: a log has no end */
			json_out_init(&o, &out);
			rows_json_one(&o, NULL, r, i);
			(void)buf_addc(&out, '\n');
		} else {
			standing_event(&out, &l->cli->face, r, i);
		}
		(void)snprintf(l->after, sizeof(l->after), "%s",
			       rows_str(r, i, "seq"));
	}
	code = cli_print(l->cli, &out);
	buf_free(&out);
	return code;
}

static int
log_query(struct log *l, struct rows **r)
{
	const struct args *a = &l->cli->args;
	const char *backend = args_value(a, FLAG_BACKEND);
	const char *step = args_value(a, FLAG_STEP);

	if (!args_has(a, FLAG_SINCE) && !args_has(a, FLAG_SEVERITY))
		return cli_query(l->cli, r, events_sql,
				 DB(l->fleet, l->rollout, backend, step,
				    l->after, l->limit));
	return cli_query(l->cli, r, some_events_sql,
			 DB(l->fleet, l->rollout, backend, step, l->after,
			    l->limit, args_value(a, FLAG_SEVERITY), l->since,
			    l->age[0] != '\0' ? l->age : NULL));
}

static int
log_once(struct log *l)
{
	struct rows *r = NULL;
	int code = log_query(l, &r);

	if (code == EXIT_OK)
		code = log_print(l, r);
	rows_free(&r);
	return code;
}

/*
 * $1 rollout, $2 backend, $3 step, $4 after that time, $5 since a time, $6 for
 * so many milliseconds, $7 limit.  What one advance wrote comes at once, and
 * what comes later has a later time.
 */
static const char output_sql[] =
	"select * from ("
	"select o.backend, o.step, o.attempt, o.stream, o.host, o.at, o.bytes,"
	" o.lines, o.cut, o.text, o.head, o.sha256, a.exit_code, a.argv,"
	" o.head || coalesce(o.rest, '') as shown, o.pull_why,"
	" o.bytes > octet_length(o.head || coalesce(o.rest, '')) as more"
	" from fleet.output o join fleet.attempt a using (attempt_id)"
	" where o.rollout = $1::bigint"
	" and ($2::text is null or o.backend = $2)"
	" and ($3::text is null or o.step = $3)"
	" and ($4::timestamptz is null or o.at > $4::timestamptz)"
	" and ($5::timestamptz is null or o.at >= $5::timestamptz)"
	" and ($6::bigint is null or o.at >="
	" (fleet.version()->>'now')::timestamptz"
	" - $6::bigint * interval '1 ms')"
	" order by o.at desc, o.attempt desc, o.stream"
	" limit $7::bigint) last order by at, attempt, stream desc";

static unsigned int
hex_digit(char c)
{
	return c <= '9' ? (unsigned int)(c - '0')
			: (unsigned int)(c - 'a') + 10;
}

/* PostgreSQL's \\x… of a bytea */
static void
bytes_of(struct buf *out, const char *hex)
{
	if (strncmp(hex, "\\x", 2) != 0)
		return;
	for (hex += 2; hex[0] != '\0' && hex[1] != '\0'; hex += 2)
		(void)buf_addc(out, (char)(hex_digit(hex[0]) << 4 |
					   hex_digit(hex[1])));
}

/* every line of what a host printed, made harmless, behind a margin */
static void
output_lines(struct buf *out, const struct face *f, const char *hex)
{
	struct buf bytes;
	const char *at, *end, *next;

	buf_init(&bytes, CLI_OUT_MAX);
	bytes_of(&bytes, hex);
	at = buf_str(&bytes);
	end = at + bytes.len;
	for (; at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		(void)buf_adds(out, "  | ");
		face_bytes(out, f, at, (size_t)((next ? next : end) - at));
		(void)buf_addc(out, '\n');
		next = next != NULL ? next + 1 : end;
	}
	buf_free(&bytes);
}

static void
output_write(struct buf *out, const struct face *f, const struct rows *r,
	     size_t i)
{
	static const struct column argv = { .name = "argv", .show = SHOW_LIST };

	face_text(out, f, rows_str(r, i, "backend"));
	(void)buf_adds(out, "  ");
	face_text(out, f, rows_str(r, i, "step"));
	(void)buf_addf(out, "  attempt %s  %s on ", rows_str(r, i, "attempt"),
		       rows_str(r, i, "stream"));
	face_text(out, f, rows_str(r, i, "host"));
	(void)buf_addf(out, "  %s bytes%s", rows_str(r, i, "bytes"),
		       rows_bool(r, i, "cut") ? ", cut" : "");
	if (rows_text(r, i, "exit_code") != NULL)
		(void)buf_addf(out, "  exit %s", rows_str(r, i, "exit_code"));
	(void)buf_adds(out, "\n  $ ");
	table_cell(out, f, r, i, &argv);
	(void)buf_addc(out, '\n');
	if (rows_text(r, i, "head") == NULL && rows_int(r, i, "bytes") > 0)
		(void)buf_adds(out, "  (discarded; only its sha256 is kept)\n");
	output_lines(out, f, rows_str(r, i, "shown"));
	if (rows_bool(r, i, "more")) {
		(void)buf_adds(out, "  (there was more: ");
		face_text(out, f, rows_text(r, i, "pull_why") != NULL ?
			  rows_str(r, i, "pull_why") :
			  "it is not here from its host yet");
		(void)buf_adds(out, ")\n");
	}
}

static void
outputs_write(struct log *l, struct buf *out, const struct rows *r)
{
	struct json_out o;

	if (l->cli->json && !l->follow) {
		rows_json_list(out, "output", r);
		return;
	}
	for (size_t i = 0; i < rows_count(r); i++) {
		(void)snprintf(l->after_at, sizeof(l->after_at), "%s",
			       rows_str(r, i, "at"));
		if (!l->cli->json) {
			output_write(out, &l->cli->face, r, i);
			continue;
		}
		json_out_init(&o, out);
		rows_json_one(&o, NULL, r, i);
		(void)buf_addc(out, '\n');
	}
}

static int
log_output(struct log *l)
{
	const struct args *a = &l->cli->args;
	struct rows *r = NULL;
	struct buf out;
	int code = cli_query(
		l->cli, &r, output_sql,
		DB(l->rollout, args_value(a, FLAG_BACKEND),
		   args_value(a, FLAG_STEP),
		   l->after_at[0] != '\0' ? l->after_at : NULL, l->since,
		   l->age[0] != '\0' ? l->age : NULL,
		   args_has(a, FLAG_LINES) ? l->limit : NULL));

	if (code != EXIT_OK)
		return code;
	buf_init(&out, CLI_OUT_MAX);
	outputs_write(l, &out, r);
	if (rows_count(r) == 0 && !l->follow)
		cli_note(l->cli, "nothing was printed, or nothing is kept");
	code = cli_print(l->cli, &out);
	buf_free(&out);
	rows_free(&r);
	return code;
}

static int
log_more(struct log *l)
{
	return l->output ? log_output(l) : log_once(l);
}

static int
log_follow(struct log *l)
{
	int code = cli_query(l->cli, NULL, "listen fleet_event", 0, NULL);

	signals_catch();
	(void)snprintf(l->limit, sizeof(l->limit), "%d", LINES_MOST);
	while (code == EXIT_OK) {
		(void)db_wait(&l->cli->db, -1, FOLLOW_MS);
		if (screen_interrupted())
			return EXIT_INTERRUPTED;
		code = log_more(l);
	}
	return code;
}

/* with a rollout: its fleet is the one that was meant */
static int
log_scope(struct log *l)
{
	struct rows *r = NULL;
	int code;

	if (cli_word(l->cli, 0) == NULL && !l->output)
		return cli_fleet(l->cli, &l->fleet);
	code = cli_rollout(l->cli, 0, &l->rollout);
	if (code != EXIT_OK)
		return code;
	code = cli_query(
		l->cli, &r,
		"select fleet from fleet.rollout where rollout = $1::bigint",
		DB(l->rollout));
	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(l->cli, EXIT_ERROR, NULL,
				 "drydock history   (shows them)",
				 "there is no rollout %s", l->rollout);
	if (code == EXIT_OK)
		x_strset(&l->cli->fleet, rows_str(r, 0, "fleet"));
	l->fleet = l->cli->fleet;
	rows_free(&r);
	return code;
}

/* --since 8h, or a time; --severity: one that there is */
static int
log_since(struct log *l)
{
	static const char known[] = " debug info notice warning error ";
	const struct args *a = &l->cli->args;
	const char *severity = args_value(a, FLAG_SEVERITY);
	const char *since = args_value(a, FLAG_SINCE);
	char *word = x_asprintf(" %s ", severity != NULL ? severity : "info");
	bool known_one = strstr(known, word) != NULL && word[1] != ' ';
	struct err err;
	int64_t ms;

	x_free(&word);
	if (!known_one)
		return cli_error(l->cli, EXIT_USAGE, NULL,
				 "debug, info, notice, warning or error",
				 "there is no severity \"%s\"", severity);
	if (severity != NULL && l->output)
		return cli_error(l->cli, EXIT_USAGE, NULL,
				 "leave --severity out, or --output",
				 "what a command printed has no severity");
	if (since != NULL &&
	    num_parse_duration(since, 0, NUM_DURATION_MAX, &ms, &err) == 0)
		(void)snprintf(l->age, sizeof(l->age), "%lld", (long long)ms);
	else
		l->since = since;
	return EXIT_OK;
}

int
run_log(struct cli *cli)
{
	struct log l = { .cli = cli, .after = "0" };
	long lines = LINES_DEFAULT;
	int code = cli_number(cli, FLAG_LINES, LINES_MOST, &lines);

	(void)snprintf(l.limit, sizeof(l.limit), "%ld", lines);
	l.output = args_has(&cli->args, FLAG_OUTPUT);
	l.follow = args_has(&cli->args, FLAG_FOLLOW);
	if (code == EXIT_OK)
		code = log_since(&l);
	if (code == EXIT_OK)
		code = log_scope(&l);
	if (code == EXIT_OK)
		code = log_more(&l);
	if (code == EXIT_OK && l.follow)
		code = log_follow(&l);
	x_free(&l.rollout);
	return code;
}

static const struct column history_columns[] = {
	{ .title = "ID", .name = "rollout", .show = SHOW_RIGHT },
	{ .title = "CREATED",
	  .name = "created_at",
	  .show = SHOW_DAY,
	  .drop = 3 },
	{ .title = "STARTED", .name = "started_at", .show = SHOW_DAY },
	{ .title = "STATE", .name = "state", .show = SHOW_STATE },
	{ .title = "PROCEDURE", .name = "procedure" },
	{ .title = "OF", .name = "backends", .show = SHOW_RIGHT },
	{ .title = "DONE", .name = "done", .show = SHOW_RIGHT },
	{ .title = "HELD", .name = "held", .show = SHOW_RIGHT, .drop = 2 },
	{ .title = "SKIP", .name = "skipped", .show = SHOW_RIGHT, .drop = 1 },
	{ .title = "TOOK", .name = "took", .show = SHOW_SPAN },
	{ .title = "BY", .name = "created_by" },
	{ .title = NULL },
};

int
run_history(struct cli *cli)
{
	static const struct listing l = {
		.key = "rollouts",
		.empty = "no rollout yet: drydock plan PROCEDURE",
		.sql = "select r.rollout, r.created_at, r.started_at,"
		       " r.finished_at, r.state, r.fleet, r.procedure,"
		       " r.procedure_version, r.backends, r.done, r.held,"
		       " r.skipped, p.active as took, r.created_by, r.start_by,"
		       " r.change_ref, r.note from fleet.rollout r"
		       " join fleet.progress p using (rollout)"
		       " where r.fleet = $1 and ($2::text is null or"
		       " $2 in (r.state, r.base_state))"
		       " and ($3::text is null or exists (select from "
		       "fleet.turn t"
		       " where t.rollout = r.rollout and t.backend = $3))"
		       " order by r.rollout desc limit $4::bigint",
		.columns = history_columns,
	};
	const char *fleet;
	long limit = LINES_DEFAULT;
	char text[24];
	int code = cli_number(cli, FLAG_LIMIT, LINES_MOST, &limit);

	(void)snprintf(text, sizeof(text), "%ld", limit);
	if (code == EXIT_OK)
		code = cli_fleet(cli, &fleet);
	if (code != EXIT_OK)
		return code;
	return listing_run(cli, &l,
			   DB(fleet, args_value(&cli->args, FLAG_STATE),
			      args_value(&cli->args, FLAG_BACKEND), text));
}
