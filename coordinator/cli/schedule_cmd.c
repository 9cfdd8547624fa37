/*
 * schedule_cmd.c - drydock schedule: what starts by itself.
 */
#include <string.h>

#include "alive.h"
#include "cli.h"
#include "commands.h"
#include "listing.h"
#include "plan.h"
#include "told.h"

static const struct column list_columns[] = {
	{ .title = "ID", .name = "id" },
	{ .title = "STARTS", .name = "starts_text" },
	{ .title = "IN", .name = "starts_in", .show = SHOW_SPAN },
	{ .title = "AGAIN", .name = "spec" },
	{ .title = "PROCEDURE", .name = "procedure" },
	{ .title = "STATE", .name = "state" },
	{ .title = "ROLLOUT", .name = "rollout", .show = SHOW_RIGHT },
	{ .title = "MISSED", .name = "missed", .drop = 2 },
	{ .title = "LAST", .name = "last_result", .drop = 1 },
	{ .title = "BY", .name = "added_by", .drop = 3 },
	{ .title = "ZONE", .name = "zone", .drop = 4 },
	{ .title = NULL },
};

int
run_schedule_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "schedules",
		.empty = "nothing starts by itself: drydock schedule add --help",
		.sql = "select s.*, to_char(s.starts_at at time zone s.zone,"
		       " 'Dy DD Mon HH24:MI') as starts_text"
		       " from fleet.schedule s where s.fleet = $1"
		       " order by s.starts_at, s.id",
		.columns = list_columns,
	};
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	return code == EXIT_OK ? listing_run(cli, &l, DB(fleet)) : code;
}

static int
schedule_add(struct cli *cli, const char *fleet, const char *args)
{
	const struct args *a = &cli->args;

	return told_run(
		cli,
		"select fleet.schedule_add($1, $2, a->>'procedure', a->'vars',"
		" $4, coalesce($5, 'skip'),"
		" array(select jsonb_array_elements_text(a->'only')),"
		" array(select jsonb_array_elements_text(a->'except')),"
		" a->'files', $6::bool, $7::int, $8, $9::bool) as told"
		" from (select $3::jsonb as a) x",
		DB(fleet, cli_word(cli, 0), args, args_value(a, FLAG_ZONE),
		   args_value(a, FLAG_MISSED),
		   args_has(a, FLAG_IGNORE_WINDOW) ? "true" : "false",
		   args_has(a, FLAG_NO_CANARY) ? "0"
					       : args_value(a, FLAG_STOP_AFTER),
		   args_value(a, FLAG_CHANGE),
		   args_has(a, FLAG_UNATTENDED) ? "true" : "false"));
}

int
run_schedule_add(struct cli *cli)
{
	const char *fleet;
	struct buf args;
	int code = plan_stop_after(cli);

	buf_init(&args, CLI_OUT_MAX);
	if (code == EXIT_OK)
		code = cli_fleet(cli, &fleet);
	if (code == EXIT_OK)
		code = plan_args(cli, cli_word(cli, 1), &args);
	if (code == EXIT_OK)
		code = schedule_add(cli, fleet, buf_str(&args));
	buf_free(&args);
	return code == EXIT_OK ? alive_of_fleet(cli, fleet) : code;
}

int
run_schedule_cancel(struct cli *cli)
{
	const char *id = cli_word(cli, 0);
	const char *reason = args_value(&cli->args, FLAG_REASON);
	bool again = id[0] == 's';
	const char *fleet;
	int code;

	if (!plan_is_number(id + again) || id[again] == '\0' || strlen(id) > 10)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "drydock schedule list   (s3 is a schedule, "
				 "17 a rollout)",
				 "\"%s\" is not what schedule cancel takes",
				 id);
	if (!again)
		return told_run(cli,
				"select fleet.cancel($1::bigint, $2) as told",
				DB(id, reason));
	code = cli_fleet(cli, &fleet);
	if (code != EXIT_OK)
		return code;
	return told_run(cli,
			"select fleet.schedule_remove($1, $2::int, $3) as told",
			DB(fleet, id + 1, reason));
}
