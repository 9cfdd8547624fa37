/*
 * window_cmd.c - drydock window: when backends may be taken.
 */
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "listing.h"
#include "told.h"

/* times as people of the fleet read them, whatever the terminal's zone is */
#define AT(column, zone)                                                       \
	"to_char(" column " at time zone " zone ", 'Dy DD Mon HH24:MI')"

static const struct column list_columns[] = {
	{ .title = "WINDOW", .name = "window", .show = SHOW_RIGHT },
	{ .title = "WHEN", .name = "spec" },
	{ .title = "ZONE", .name = "zone", .drop = 1 },
	{ .title = "NOW IN", .name = "now_in", .show = SHOW_YES },
	{ .title = "NEXT FROM", .name = "next_from" },
	{ .title = "TO", .name = "next_to" },
	{ .title = "BY", .name = "added_by", .drop = 2 },
	{ .title = NULL },
};

int
run_window_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "windows",
		.empty = "no windows: backends may be taken at any time",
		.sql = "select w.*, " AT("w.opens_at", "w.zone") " as next_from,"
		       " " AT("w.closes_at", "w.zone") " as next_to"
		       " from fleet.window w where w.fleet = $1"
		       " order by w.forbid, w.\"window\"",
		.columns = list_columns,
	};
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	return code == EXIT_OK ? listing_run(cli, &l, DB(fleet)) : code;
}

static const struct column next_columns[] = {
	{ .title = "FROM", .name = "from_text" },
	{ .title = "TO", .name = "to_text" },
	{ .title = "LASTS", .name = "lasts", .show = SHOW_SPAN },
	{ .title = "ZONE", .name = "zone" },
	{ .title = "WINDOWS", .name = "spec", .drop = 1 },
	{ .title = NULL },
};

int
run_window_next(struct cli *cli)
{
	static const struct listing l = {
		.key = "windows",
		.empty = "nothing to wait for: either no window is set and "
			 "backends may be taken\nat any time, or none opens "
			 "within a year: drydock window list",
		.sql = "select w.*, w.closes_at - w.opens_at as lasts,"
		       " " AT("w.opens_at", "f.timezone") " as from_text,"
		       " " AT("w.closes_at", "f.timezone") " as to_text,"
		       " f.timezone as zone from fleet.fleet f,"
		       " fleet.window_next(f.fleet, $2::int) w"
		       " where f.fleet = $1 order by w.opens_at nulls first",
		.columns = next_columns,
	};
	const char *n = cli_word(cli, 0);
	const char *fleet;
	int code;

	if (n != NULL && (strspn(n, "0123456789") != strlen(n) ||
			  strlen(n) > 4 || n[0] == '0'))
		return cli_error(cli, EXIT_USAGE, NULL,
				 "a number from 1 on: drydock window next 5",
				 "\"%s\" is no number of windows", n);
	code = cli_fleet(cli, &fleet);
	if (code != EXIT_OK)
		return code;
	return listing_run(cli, &l, DB(fleet, n != NULL ? n : "5"));
}

int
run_window_add(struct cli *cli)
{
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	if (code != EXIT_OK)
		return code;
	return told_run(cli,
			"select fleet.window_add($1, $2, $3, $4::bool) as told",
			DB(fleet, cli_word(cli, 0),
			   args_value(&cli->args, FLAG_ZONE),
			   args_has(&cli->args, FLAG_FORBID) ? "true"
							     : "false"));
}

int
run_window_remove(struct cli *cli)
{
	const char *id = cli_word(cli, 0);
	const char *fleet;
	int code;

	if (strspn(id, "0123456789") != strlen(id) || strlen(id) > 9)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "drydock window list   (shows their numbers)",
				 "\"%s\" is no number of a window", id);
	code = cli_fleet(cli, &fleet);
	if (code != EXIT_OK)
		return code;
	return told_run(cli,
			"select fleet.window_remove($1, $2::int) as told",
			DB(fleet, id));
}
