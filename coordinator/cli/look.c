/*
 * look.c - where a rollout stands, fetched from the views.
 */
#include "look.h"

#include <string.h>

/* Its fleet is told, as a join with fleet.rollout would cost more than all else
 * that is asked for. */
enum part_of {
	OF_ROLLOUT, /* $1 */
	OF_FLEET,   /* $1 */
	OF_UNENDED, /* $1 the fleet, $2 the rollout; nothing once it ended */
	OF_OTHERS,  /* $1 the fleet, $2 the rollout or null */
};

static const struct part {
	size_t offset;
	enum look_parts from; /* LOOK_STATUS: also for watch */
	enum part_of of;
	const char *sql;
} parts_table[] = {
#define PART(member, least, about, text)                                       \
	{                                                                      \
		.offset = offsetof(struct standing, member), .from = least,    \
		.of = about, .sql = text                                       \
	}
	PART(rollout, LOOK_STATUS, OF_ROLLOUT,
	     "select r.*, p.percent, p.active, p.remaining, p.eta,"
	     " p.remaining_low, p.remaining_high,"
	     " p.backends_total, p.backends_done, p.backends_skipped,"
	     " p.steps_total, p.steps_done, p.paused_for"
	     " from fleet.rollout r join fleet.progress p using (rollout)"
	     " where r.rollout = $1::bigint"),
	PART(turns, LOOK_STATUS, OF_ROLLOUT,
	     "select rollout, fleet, backend, state, phase, message,"
	     " state_since, in_state, steps_done, steps_total, expected,"
	     " taken_at, ended_at, elapsed, out_since, back_at,"
	     " taken_over_by, no_return_begun, proved, asked, mouths,"
	     " remembered, position from fleet.turn"
	     " where rollout = $1::bigint"
	     " order by position"),
	PART(steps, LOOK_STATUS, OF_ROLLOUT,
	     "select * from fleet.current_step where rollout = $1::bigint"
	     " order by step_id"),
	PART(holds, LOOK_STATUS, OF_UNENDED,
	     "select h.* from fleet.hold h where h.fleet = $1"
	     " and (h.rollout = $2::bigint or h.rollout is null)"
	     " order by h.critical desc, h.since"),
	PART(choices, LOOK_STATUS, OF_ROLLOUT,
	     "select * from fleet.choice where rollout = $1::bigint"
	     " order by position, backend"),
	PART(fleet, LOOK_STATUS, OF_FLEET,
	     "select * from fleet.fleet where fleet = $1"),
	PART(coordinator, LOOK_STATUS, OF_FLEET,
	     "select * from fleet.coordinator where $1 = any (fleets)"),
	PART(nobody, LOOK_STATUS, OF_FLEET,
	     "select why, type_next from fleet.no_coordinator"
	     " where fleet = $1"),
	PART(left_out, LOOK_STATUS, OF_OTHERS,
	     "select backend, rollout, since, include_asked, why, type_next"
	     " from fleet.left_out where fleet = $1 and (include_asked"
	     " or rollout is distinct from $2::bigint) order by backend"),
	PART(silent, LOOK_STATUS, OF_FLEET,
	     "select host, why_silent, silent_since, type_next"
	     " from fleet.host where $1 = any (fleets)"
	     " and why_silent is not null"
	     " and not coalesce(excluded, false) order by host"),
	PART(phases, LOOK_WATCH, OF_ROLLOUT,
	     "select * from fleet.timeline where rollout = $1::bigint"
	     " order by backend_position, phase_position"),
	PART(drain, LOOK_WATCH, OF_ROLLOUT,
	     "select d.at, d.users from fleet.drain d"
	     " join fleet.current_step s using (rollout, backend)"
	     " where d.rollout = $1::bigint and d.metric = 'users'"
	     " order by d.at"),
	PART(events, LOOK_WATCH, OF_ROLLOUT,
	     "select * from (select e.*, case when e.actor not in"
	     " (select c.login from fleet.coordinator c)"
	     " then e.actor end as person from fleet.event e"
	     " where e.rollout = $1::bigint and e.severity <> 'debug'"
	     " order by e.seq desc limit 6) last order by seq"),
#undef PART
};

/* A round of questions that do not depend on each other. */
struct round {
	struct db_ask ask[sizeof(parts_table) / sizeof(parts_table[0]) + 1];
	size_t n;
};

static void
round_add(struct round *r, struct rows **to, const char *sql, size_t nparams,
	  const char *first, const char *second)
{
	r->ask[r->n++] = (struct db_ask){
		.rows_r = to,
		.sql = sql,
		.nparams = nparams,
		.params = { first, second },
	};
}

static void
round_part(struct round *r, const struct part *p, const char *rollout,
	   const char *fleet, struct standing *s)
{
	struct rows **to = (struct rows **)(void *)((char *)s + p->offset);

	switch (p->of) {
	case OF_ROLLOUT:
		round_add(r, to, p->sql, 1, rollout, NULL);
		return;
	case OF_FLEET:
		round_add(r, to, p->sql, 1, fleet, NULL);
		return;
	case OF_UNENDED:
		if (rows_text(s->rollout, 0, "finished_at") == NULL)
			round_add(r, to, p->sql, 2, fleet, rollout);
		return;
	case OF_OTHERS:
		round_add(r, to, p->sql, 2, fleet, rollout);
		return;
	}
}

/* those of the rollout, or those of the fleet */
static void
round_parts(struct round *r, bool of_rollout, enum look_parts parts,
	    const char *rollout, const char *fleet, struct standing *s)
{
	const struct part *end =
		parts_table + sizeof(parts_table) / sizeof(parts_table[0]);

	for (const struct part *p = parts_table; p < end; p++)
		if (p->from <= parts && (p->of == OF_ROLLOUT) == of_rollout)
			round_part(r, p, rollout, fleet, s);
}

/* the clock that all of SQL reads */
static const char now_sql[] = "select extract(epoch from"
			      " (fleet.version()->>'now')::timestamptz) as now";

/* fleet NULL: the rollout's; rollout NULL: only what a fleet has without one */
static int
parts_fetch(struct cli *cli, const char *rollout, const char *fleet,
	    enum look_parts parts, struct standing *s, struct complaint *c)
{
	struct round first = { .n = 0 }, second = { .n = 0 };
	struct rows *now = NULL;
	int ret = 0;

	*s = (struct standing){ 0 };
	if (rollout != NULL) {
		round_parts(&first, true, parts, rollout, NULL, s);
		ret = db_query_all(&cli->db, first.ask, first.n, c);
	}
	if (fleet == NULL)
		fleet = rows_str(s->rollout, 0, "fleet");
	round_parts(&second, false, parts, rollout, fleet, s);
	round_add(&second, &now, now_sql, 0, NULL, NULL);
	if (ret == 0)
		ret = db_query_all(&cli->db, second.ask, second.n, c);
	if (ret < 0) {
		standing_free(s);
		return (int)c->code;
	}
	cli->face.now = rows_double(now, 0, "now");
	rows_free(&now);
	return EXIT_OK;
}

int
look_idle(struct cli *cli, const char *fleet, struct standing *s,
	  struct complaint *c)
{
	int code = parts_fetch(cli, NULL, fleet, LOOK_STATUS, s, c);

	if (code != EXIT_OK)
		return code;
	if (rows_count(s->fleet) == 0) {
		standing_free(s);
		return cli_error(cli, EXIT_ERROR, NULL,
				 "drydock fleet list   (shows them)",
				 "there is no fleet %s", fleet);
	}
	return EXIT_OK;
}

int
look_fetch(struct cli *cli, const char *rollout, enum look_parts parts,
	   struct standing *s, struct complaint *c)
{
	int code = parts_fetch(cli, rollout, NULL, parts, s, c);

	if (code != EXIT_OK)
		return code;
	if (rows_count(s->rollout) == 0) {
		standing_free(s);
		return cli_error(cli, EXIT_ERROR, NULL,
				 "drydock history   (shows them)",
				 "there is no rollout %s", rollout);
	}
	return EXIT_OK;
}

int
look_exit(const struct standing *s)
{
	switch (standing_end(s)) {
	case STANDING_GOES_ON:
	case STANDING_SUCCEEDED:
		return EXIT_OK;
	case STANDING_ENDED_BADLY:
		return EXIT_ENDED;
	case STANDING_NEEDS_PERSON:
		return EXIT_HELD;
	}
	return EXIT_ERROR;
}
