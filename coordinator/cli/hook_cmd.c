/*
 * hook_cmd.c - drydock hook: which programs would be told, and do they run.
 */
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "listing.h"

enum { TAKE_MS = 15000, POLL_MS = 200 };

static const struct column hook_columns[] = {
	{ .title = "HOOK", .name = "hook" },
	{ .title = "COORDINATOR", .name = "coordinator" },
	{ .title = "PROGRAM", .name = "program" },
	{ .title = "EVENTS", .name = "events", .show = SHOW_LIST, .drop = 2 },
	{ .title = "FLEETS", .name = "fleets", .show = SHOW_LIST, .drop = 3 },
	{ .title = "WAITING", .name = "waiting", .show = SHOW_RIGHT },
	{ .title = "TESTED", .name = "tested_at", .show = SHOW_SINCE },
	{ .title = "RESULT", .name = "test_result", .drop = 1 },
	{ .title = "ALARM", .name = "alarm", .show = SHOW_YES },
	{ .title = NULL },
};

int
run_hook_list(struct cli *cli)
{
	static const struct listing l = {
		.key = "hooks",
		.empty = "no coordinator offers a hook: hook.NAME = PROGRAM "
			 "in drydockd.conf",
		.sql = "select * from fleet.hook order by hook, coordinator",
		.columns = hook_columns,
	};

	return listing_run(cli, &l, 0, NULL);
}

static const struct column run_columns[] = {
	{ .title = "RUN", .name = "run", .show = SHOW_RIGHT },
	{ .title = "COORDINATOR", .name = "coordinator" },
	{ .title = "STATE", .name = "state", .show = SHOW_STATE },
	{ .title = "RESULT", .name = "result" },
	{ .title = "OUTPUT", .name = "output" },
	{ .title = NULL },
};

/* How many of them are in one of these states. */
static size_t
runs_count(const struct rows *runs, const char *a, const char *b)
{
	size_t n = 0;

	for (size_t i = 0; i < rows_count(runs); i++)
		n += strcmp(rows_str(runs, i, "state"), a) == 0 ||
		     strcmp(rows_str(runs, i, "state"), b) == 0;
	return n;
}

/* Until each has ended; a coordinator that takes none is not waited for. */
static int
runs_wait(struct cli *cli, const char *ids, struct rows **runs_r)
{
	static const struct timespec poll = { 0, POLL_MS * 1000000L };
	int64_t begun = clock_boot_ms();
	int code;

	for (;;) {
		rows_free(runs_r);
		code = cli_query(cli, runs_r,
				 "select * from fleet.hook_run"
				 " where run = any ($1::bigint[]) order by run",
				 DB(ids));
		if (code != EXIT_OK ||
		    runs_count(*runs_r, "waiting", "running") == 0)
			return code;
		if (clock_boot_ms() - begun > TAKE_MS &&
		    runs_count(*runs_r, "waiting", "") > 0)
			return cli_error(cli, EXIT_COORDINATOR, NULL,
					 "drydock coordinator list",
					 "the hook was not begun in 15 s");
		(void)nanosleep(&poll, NULL);
	}
}

int
run_hook_test(struct cli *cli)
{
	static const struct listing l = { .key = "runs",
					  .empty = "",
					  .columns = run_columns };
	struct rows *asked = NULL, *runs = NULL;
	int code = listing_now(cli);

	if (code == EXIT_OK)
		code = cli_query(cli, &asked,
				 "select fleet.hook_test($1)::text as runs",
				 DB(cli_word(cli, 0)));
	if (code == EXIT_OK)
		code = runs_wait(cli, rows_str(asked, 0, "runs"), &runs);
	if (code == EXIT_OK)
		code = listing_print(cli, &l, runs);
	if (code == EXIT_OK &&
	    runs_count(runs, "done", "") != rows_count(runs))
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "run the program by hand, with an event on "
				 "its standard input",
				 "hook %s does not work", cli_word(cli, 0));
	rows_free(&asked);
	rows_free(&runs);
	return code;
}
