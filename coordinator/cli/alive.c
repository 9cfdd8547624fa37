/*
 * alive.c - is there a coordinator that will act on what was just stored?
 */
#include "alive.h"

#include "alloc.h"
#include "clock.h"

enum { WAIT_MS = 10000, POLL_MS = 500 };

int
alive_error(struct cli *cli, const char *fleet, const char *what)
{
	struct rows *r = NULL;
	int code = cli_query(
		cli, &r,
		"select why, type_next from fleet.no_coordinator"
		" where fleet = $1 union all"
		" select format('coordinator %s has it and is alive',"
		" c.coordinator), format('journalctl -u drydockd -n 50   "
		"(on %s: it says why)', coalesce(c.host, c.coordinator))"
		" from fleet.coordinator c where $1 = any (c.fleets)"
		" and c.alive",
		DB(fleet));

	if (code == EXIT_OK)
		code = cli_error(cli, EXIT_COORDINATOR, rows_text(r, 0, "why"),
				 rows_text(r, 0, "type_next"), "%s", what);
	rows_free(&r);
	return code;
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
	char *what;
	int code;

	for (;;) {
		code = fleet_beats(cli, fleet, &alive);
		if (code != EXIT_OK || alive)
			return code;
		if (clock_boot_ms() > end)
			break;
		(void)db_wait(&cli->db, -1, POLL_MS);
	}
	what = x_asprintf("it is stored, but no coordinator has fleet %s: it "
			  "is done when one has",
			  fleet);
	code = alive_error(cli, fleet, what);
	x_free(&what);
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
