/*
 * alive.c - is there a coordinator that will act on what was just stored?
 */
#include "alive.h"

#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "when.h"

enum { WAIT_MS = 10000, POLL_MS = 500 };

char *
alive_sentence(struct cli *cli)
{
	struct rows *r = NULL;
	struct buf age;
	char *sentence;

	if (cli_query(
		    cli, &r,
		    "select coordinator, silent_for,"
		    " stopped_at is not null as stopped from fleet.coordinator"
		    " order by silent_for limit 1",
		    0, NULL) != EXIT_OK)
		return NULL;
	if (rows_count(r) == 0) {
		rows_free(&r);
		return x_strdup("no coordinator was ever here");
	}
	buf_init(&age, 100);
	when_span(&age, rows_seconds(r, 0, "silent_for"));
	sentence = x_asprintf("coordinator %s %s %s ago",
			      rows_str(r, 0, "coordinator"),
			      rows_bool(r, 0, "stopped")
				      ? "was stopped; its last heartbeat was"
				      : "is silent; its last heartbeat was",
			      buf_str(&age));
	buf_free(&age);
	rows_free(&r);
	return sentence;
}

/* 0 and *alive_r, or an exit code */
static int
fleet_beats(struct cli *cli, const char *fleet, bool *alive_r)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r,
			     "select exists (select from fleet.coordinator c"
			     " where $1 = any (c.fleets) and c.alive) as alive",
			     DB(fleet));

	if (code == EXIT_OK)
		*alive_r = rows_bool(r, 0, "alive");
	rows_free(&r);
	return code;
}

int
alive_of_fleet(struct cli *cli, const char *fleet)
{
	int64_t end = clock_boot_ms() + WAIT_MS;
	bool alive = false;
	char *why;
	int code;

	for (;;) {
		code = fleet_beats(cli, fleet, &alive);
		if (code != EXIT_OK || alive)
			return code;
		if (clock_boot_ms() > end)
			break;
		(void)db_wait(&cli->db, -1, POLL_MS);
	}
	why = alive_sentence(cli);
	code = cli_error(
		cli, EXIT_COORDINATOR, why,
		"systemctl start drydockd   (it is stored and is done then)",
		"it is stored, but no coordinator has fleet %s", fleet);
	x_free(&why);
	return code;
}

int
alive_of_rollout(struct cli *cli, const char *rollout)
{
	struct rows *r = NULL;
	int code = cli_query(
		cli, &r,
		"select fleet from fleet.rollout where rollout = $1::bigint",
		DB(rollout));

	if (code == EXIT_OK && rows_count(r) > 0)
		code = alive_of_fleet(cli, rows_str(r, 0, "fleet"));
	rows_free(&r);
	return code;
}
