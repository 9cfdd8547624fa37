/*
 * nouns.c - drydock fleet, coordinator, backend, host, procedure: list
 * and show.
 */
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "listing.h"

static const struct column fleet_columns[] = {
	{ .title = "FLEET", .name = "fleet" },
	{ .title = "BACKENDS", .name = "backends", .show = SHOW_RIGHT },
	{ .title = "IN SERVICE", .name = "in_service", .show = SHOW_RIGHT },
	{ .title = "OUT", .name = "out_backend" },
	{ .title = "EXCLUDED",
	  .name = "excluded",
	  .show = SHOW_RIGHT,
	  .drop = 2 },
	{ .title = "MUST STAY UP", .name = "min_up", .drop = 1 },
	{ .title = "ROLLOUT", .name = "active_rollout", .show = SHOW_RIGHT },
	{ .title = "COORDINATOR", .name = "coordinator" },
	{ .title = "HEARTBEAT",
	  .name = "coordinator_silent_for",
	  .show = SHOW_SPAN },
	{ .title = NULL },
};

int
run_fleet_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "fleets",
		.empty = "no fleet yet: drydock import fleet.yaml",
		.sql = "select * from fleet.fleet order by fleet",
		.columns = fleet_columns,
	};

	return listing_run(cli, &l, 0, NULL);
}

static const struct column coordinator_columns[] = {
	{ .title = "COORDINATOR", .name = "coordinator" },
	{ .title = "ALIVE", .name = "alive", .show = SHOW_YES },
	{ .title = "HEARTBEAT", .name = "silent_for", .show = SHOW_SPAN },
	{ .title = "FLEETS", .name = "fleets", .show = SHOW_LIST },
	{ .title = "HOST", .name = "host" },
	{ .title = "VERSION", .name = "version", .drop = 1 },
	{ .title = "STARTED",
	  .name = "started_at",
	  .show = SHOW_DAY,
	  .drop = 2 },
	{ .title = "STOPPED", .name = "stopped_at", .show = SHOW_DAY },
	{ .title = NULL },
};

int
run_coordinator_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "coordinators",
		.empty = "no coordinator was ever here: "
			 "systemctl start drydockd",
		.sql = "select * from fleet.coordinator order by coordinator",
		.columns = coordinator_columns,
	};

	return listing_run(cli, &l, 0, NULL);
}

static const struct column backend_columns[] = {
	{ .title = "BACKEND", .name = "backend" },
	{ .title = "STATE", .name = "state", .show = SHOW_STATE },
	{ .title = "SINCE", .name = "in_state", .show = SHOW_SPAN },
	{ .title = "ADDRESS", .name = "address", .drop = 2 },
	{ .title = "AGENT", .name = "agent_version", .drop = 4 },
	{ .title = "KEYS", .name = "host_keys", .show = SHOW_RIGHT, .drop = 3 },
	{ .title = "ROLLOUT", .name = "rollout", .show = SHOW_RIGHT },
	{ .title = "TURN", .name = "turn" },
	{ .title = "WHY", .name = "why", .drop = 1 },
	{ .title = NULL },
};

int
run_backend_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "backends",
		.empty = "this fleet has no backends",
		.sql = "select b.*, coalesce(b.excluded_reason,"
		       " case when b.in_service then null"
		       " else b.not_in_service_why end, b.host_hold,"
		       " b.agent_silent_why)"
		       " as why from fleet.backend b where fleet = $1"
		       " order by position",
		.columns = backend_columns,
	};
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	return code == EXIT_OK ? listing_run(cli, &l, DB(fleet)) : code;
}

/* one row of a view as a list of its columns */
static int
show_one(struct cli *cli, const char *key, const char *what, const char *hint,
	 const char *sql, size_t nparams, const char *const *params)
{
	struct rows *r = NULL;
	int code = listing_now(cli);

	if (code == EXIT_OK)
		code = cli_query(cli, &r, sql, nparams, params);
	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL, hint,
				 "there is no %s %s", what, cli_word(cli, 0));
	if (code == EXIT_OK)
		code = listing_print_one(cli, key, r, 0);
	rows_free(&r);
	return code;
}

int
run_fleet_show(struct cli *cli)
{
	return show_one(cli, "fleet", "fleet",
			"drydock fleet list   (shows them)",
			"select * from fleet.fleet where fleet = $1",
			DB(cli_word(cli, 0)));
}

int
run_backend_show(struct cli *cli)
{
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	if (code != EXIT_OK)
		return code;
	return show_one(cli, "backend", "backend",
			"drydock backend list   (shows them)",
			"select b.*, s.readings from fleet.backend b"
			" left join fleet.sighting s using (fleet, backend)"
			" where fleet = $1 and backend = $2",
			DB(fleet, cli_word(cli, 0)));
}

static const struct column host_columns[] = {
	{ .title = "HOST", .name = "host" },
	{ .title = "ADDRESS", .name = "address" },
	{ .title = "ROLES", .name = "roles" },
	{ .title = "FLEETS", .name = "fleets", .show = SHOW_LIST, .drop = 2 },
	{ .title = "KEYS", .name = "host_keys", .show = SHOW_RIGHT },
	{ .title = "AGENT", .name = "agent_version", .drop = 3 },
	{ .title = "SEEN", .name = "seen_at", .show = SHOW_SINCE },
	{ .title = "WHY SILENT", .name = "why_silent", .drop = 1 },
	{ .title = "HOLD", .name = "hold" },
	{ .title = "TYPE", .name = "type_next", .drop = 4 },
	{ .title = NULL },
};

int
run_host_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "hosts",
		.empty = "no hosts yet: drydock import fleet.yaml",
		.sql = "select * from fleet.host where $1::text is null"
		       " or $1 = any (fleets) order by roles, host",
		.columns = host_columns,
	};

	return listing_run(cli, &l, DB(args_value(&cli->args, FLAG_FLEET)));
}

int
run_host_show(struct cli *cli)
{
	return show_one(cli, "host", "host", "drydock host list   (shows them)",
			"select * from fleet.host where host = $1",
			DB(cli_word(cli, 0)));
}

static const struct column procedure_columns[] = {
	{ .title = "PROCEDURE", .name = "procedure" },
	{ .title = "VERSION", .name = "version" },
	{ .title = "NEWEST", .name = "newest", .show = SHOW_YES },
	{ .title = "ADDED", .name = "added_at", .show = SHOW_DAY },
	{ .title = "BY", .name = "added_by" },
	{ .title = "ROLLOUTS", .name = "rollouts", .show = SHOW_RIGHT },
	{ .title = NULL },
};

int
run_procedure_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "procedures",
		.empty = "no procedures yet: drydock procedure add FILE",
		.sql = "select procedure, version, newest, added_at, added_by,"
		       " rollouts, sha256 from fleet.procedure"
		       " order by procedure, added_at",
		.columns = procedure_columns,
	};

	return listing_run(cli, &l, 0, NULL);
}
