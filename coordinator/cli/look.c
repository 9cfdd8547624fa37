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

/* rollout NULL: only what the fleet has without one */
static int
part_fetch(struct cli *cli, const struct part *p, const char *rollout,
	   const char *fleet, struct standing *s, struct complaint *c)
{
	struct rows **to = (struct rows **)(void *)((char *)s + p->offset);

	switch (p->of) {
	case OF_ROLLOUT:
		if (rollout == NULL)
			return 0;
		return db_query(&cli->db, to, p->sql, DB(rollout), c);
	case OF_FLEET:
		return db_query(&cli->db, to, p->sql, DB(fleet), c);
	case OF_UNENDED:
		if (rows_text(s->rollout, 0, "finished_at") != NULL)
			return 0;
		return db_query(&cli->db, to, p->sql, DB(fleet, rollout), c);
	}
	return -1;
}

/* the clock that all of SQL reads */
static int
now_fetch(struct cli *cli, struct complaint *c)
{
	struct rows *r = NULL;

	if (db_query(&cli->db, &r,
		     "select extract(epoch from"
		     " (fleet.version()->>'now')::timestamptz) as now",
		     0, NULL, c) < 0)
		return (int)c->code;
	cli->face.now = rows_double(r, 0, "now");
	rows_free(&r);
	return EXIT_OK;
}

/* fleet NULL: the rollout's */
static int
parts_fetch(struct cli *cli, const char *rollout, const char *fleet,
	    enum look_parts parts, struct standing *s, struct complaint *c)
{
	size_t i;

	*s = (struct standing){ 0 };
	for (i = 0; i < sizeof(parts_table) / sizeof(parts_table[0]); i++) {
		const char *of = fleet != NULL ? fleet :
			rows_str(s->rollout, 0, "fleet");

		if (parts_table[i].from > parts)
			continue;
		if (part_fetch(cli, &parts_table[i], rollout, of, s, c) < 0) {
			standing_free(s);
			return (int)c->code;
		}
	}
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
	return now_fetch(cli, c);
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
	return now_fetch(cli, c);
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
