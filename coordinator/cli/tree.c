/*
 * tree.c - the commands of `drydock`; help and dispatch are walks over it.
 */
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "cli.h"
#include "command.h"
#include "commands.h"
#include "help.h"
#include "help_schema.h"
#include "man.h"

#define END                                                                    \
	{                                                                      \
		.name = NULL                                                   \
	}

static const struct command fleet_commands[] = {
	{ .name = "list",
	  .run = run_fleet_list,
	  .rows = true,
	  .help = "every fleet: how many in service, who drives it" },
	{ .name = "show",
	  .args = "FLEET",
	  .run = run_fleet_show,
	  .help = "all that is known about one" },
	END,
};

static const struct command coordinator_commands[] = {
	{ .name = "list",
	  .run = run_coordinator_list,
	  .rows = true,
	  .help = "who is alive, and what does it drive" },
	END,
};

static const struct command backend_commands[] = {
	{ .name = "list",
	  .run = run_backend_list,
	  .rows = true,
	  .help = "every backend of the fleet and what it is now" },
	{ .name = "show",
	  .args = "BACKEND",
	  .run = run_backend_show,
	  .help = "all that is known about one" },
	END,
};

static const struct command host_commands[] = {
	{ .name = "list",
	  .run = run_host_list,
	  .rows = true,
	  .help = "every machine with an agent, its keys, when it answered" },
	{ .name = "show",
	  .args = "HOST",
	  .run = run_host_show,
	  .help = "all that is known about one" },
	{ .name = "pin",
	  .args = "HOST",
	  .run = run_host_pin,
	  .flags = FLAG(FROM_FILE) | FLAG(SCAN),
	  .help = "pin the keys by which the host is known",
	  .examples = "drydock host pin mail01 --from-file mail01.pub\n"
		      "drydock host pin mail01 --scan\n" },
	END,
};

static const struct command procedure_commands[] = {
	{ .name = "lint",
	  .args = "FILE…",
	  .run = run_procedure_lint,
	  .help = "check procedure files; needs no database" },
	{ .name = "add",
	  .args = "FILE",
	  .run = run_procedure_add,
	  .help = "store a procedure; plans pin its text" },
	{ .name = "list",
	  .run = run_procedure_list,
	  .rows = true,
	  .help = "what is stored" },
	{ .name = "show",
	  .args = "NAME[@SHA256]",
	  .run = run_procedure_show,
	  .help = "print the text" },
	{ .name = "diff",
	  .args = "PROCEDURE|FILE PROCEDURE|FILE",
	  .run = run_procedure_diff,
	  .help = "diff -u of two texts; exit 0: the same, 1: different",
	  .examples = "drydock procedure diff restart@3f9a restart\n"
		      "drydock procedure diff restart ./mine.yaml\n" },
	{ .name = "allow",
	  .args = "PROCEDURE|FILE [ROLE]",
	  .run = run_procedure_allow,
	  .help = "print what the agents must permit for it",
	  .examples = "drydock procedure allow dovecot-obox-restart\n"
		      "drydock procedure allow ./mine.yaml backend > allow\n" },
	END,
};

static const struct command hook_commands[] = {
	{ .name = "list",
	  .run = run_hook_list,
	  .rows = true,
	  .help = "programs that are run for events; who would be told" },
	{ .name = "test",
	  .args = "HOOK",
	  .run = run_hook_test,
	  .help = "run it once on each coordinator that offers it",
	  .examples = "drydock hook test mail\n" },
	END,
};

static const struct command window_commands[] = {
	{ .name = "list",
	  .run = run_window_list,
	  .rows = true,
	  .help = "every window and forbidden span, and when it is next" },
	{ .name = "add",
	  .args = "SPEC",
	  .run = run_window_add,
	  .flags = FLAG(ZONE) | FLAG(FORBID),
	  .help = "add a window, or a span in which none is taken",
	  .examples = "drydock window add \"Tue-Thu 01:00-05:00\" "
		      "--zone Europe/Helsinki\n"
		      "drydock window add \"last Sun 23:00-05:00\"\n"
		      "drydock window add --forbid \"24 Dec - 2 Jan\"\n" },
	{ .name = "remove",
	  .args = "WINDOW",
	  .run = run_window_remove,
	  .help = "remove it by its number in the list" },
	{ .name = "next",
	  .args = "[N]",
	  .run = run_window_next,
	  .help = "when backends may be taken, forbidden spans cut out" },
	END,
};

#define PLAN_FLAGS (FLAG(VAR) | FLAG(ONLY) | FLAG(EXCEPT) | FLAG(NOTE))

static const struct command schedule_commands[] = {
	{ .name = "list",
	  .run = run_schedule_list,
	  .help = "what will start by itself, and when" },
	{ .name = "add",
	  .args = "WHEN PROCEDURE",
	  .run = run_schedule_add,
	  .flags = FLAG(VAR) | FLAG(ONLY) | FLAG(EXCEPT) | FLAG(ZONE) |
		   FLAG(MISSED) | FLAG(IGNORE_WINDOW) | FLAG(STOP_AFTER) |
		   FLAG(NO_CANARY) | FLAG(CHANGE) | FLAG(UNATTENDED),
	  .help = "plan and start a procedure again and again",
	  .examples = "drydock schedule add \"first Tue 01:00\" "
		      "dovecot-obox-restart\n"
		      "drydock schedule add \"Mon-Fri 02:30\" "
		      "generic-service-restart -e service=nginx "
		      "--missed start\n" },
	{ .name = "cancel",
	  .args = "ID",
	  .run = run_schedule_cancel,
	  .flags = FLAG(REASON),
	  .help = "s3: the schedule; 17: that one start" },
	END,
};

static const struct command top[] = {
	{ .name = "init",
	  .group = "set up",
	  .run = run_init,
	  .flags = FLAG(PRINT_SQL),
	  .help = "create or upgrade schema and roles; safe to repeat",
	  .examples = "drydock init -d service=fleet\n"
		      "drydock init --print-sql > drydock.sql\n" },
	{ .name = "import",
	  .args = "FILE|-",
	  .group = "set up",
	  .run = run_import,
	  .flags = FLAG(DISCOVER) | FLAG(PRUNE) | FLAG(DRY_RUN),
	  .help = "take in a fleet's file; shows what changes first",
	  .examples = "drydock import fleet.yaml --dry-run\n"
		      "drydock import fleet.yaml\n" },
	{ .name = "export",
	  .group = "set up",
	  .run = run_export,
	  .help = "the fleet's file, as import takes it" },
	{ .name = "fleet",
	  .group = "set up",
	  .sub = fleet_commands,
	  .help = "fleets: list, show" },
	{ .name = "coordinator",
	  .group = "set up",
	  .sub = coordinator_commands,
	  .help = "coordinators: list" },
	{ .name = "backend",
	  .group = "set up",
	  .sub = backend_commands,
	  .help = "backends: list, show" },
	{ .name = "host",
	  .group = "set up",
	  .sub = host_commands,
	  .help = "machines with an agent: list, show, pin keys" },
	{ .name = "procedure",
	  .group = "set up",
	  .sub = procedure_commands,
	  .help = "procedures: lint, add, list, show, diff, allow" },
	{ .name = "hook",
	  .group = "set up",
	  .sub = hook_commands,
	  .help = "programs run for events: list, test" },

	{ .name = "plan",
	  .args = "PROCEDURE|PLAN",
	  .group = "before",
	  .run = run_plan,
	  .flags = PLAN_FLAGS | FLAG(SAVE) | FLAG(FULL) | FLAG(AS_SHELL),
	  .help = "what would be done, step by step; changes nothing",
	  .examples = "drydock plan dovecot-obox-restart\n"
		      "drydock plan generic-service-restart "
		      "-e service=nginx\n"
		      "drydock plan 17 --full\n"
		      "drydock plan 17 --as-shell > by-hand.sh\n" },
	{ .name = "check",
	  .args = "[PLAN|PROCEDURE]",
	  .group = "before",
	  .run = run_check,
	  .flags = PLAN_FLAGS | FLAG(FULL),
	  .help = "would it start? asks every host, changes nothing",
	  .examples = "drydock check 17\n"
		      "drydock check\n" },

	{ .name = "start",
	  .args = "PLAN|PROCEDURE",
	  .group = "run",
	  .run = run_start,
	  .flags = PLAN_FLAGS | FLAG(AT) | FLAG(MISSED) | FLAG(WATCH) |
		   FLAG(IGNORE_WINDOW) | FLAG(STOP_AFTER) | FLAG(NO_CANARY) |
		   FLAG(CHANGE) | FLAG(FULL) | FLAG(UNATTENDED),
	  .help = "check it, and start if nothing was found wrong",
	  .examples = "drydock start 17 --watch\n"
		      "drydock start dovecot-obox-restart --only mail01\n"
		      "drydock start 17 --at \"tomorrow 01:00 "
		      "Europe/Helsinki\"\n" },
	{ .name = "schedule",
	  .group = "run",
	  .sub = schedule_commands,
	  .help = "starts at a time, and again: list, add, cancel" },
	{ .name = "window",
	  .group = "run",
	  .sub = window_commands,
	  .help = "when backends may be taken: list, add, remove, next" },
	{ .name = "cancel",
	  .args = "[ROLLOUT]",
	  .group = "run",
	  .run = run_cancel,
	  .flags = FLAG(REASON),
	  .help = "take back what is planned or scheduled" },

	{ .name = "status",
	  .args = "[ROLLOUT]",
	  .group = "look",
	  .run = run_status,
	  .flags = FLAG(EXIT_STATUS) | FLAG(SHEET),
	  .help = "where it stands; if it does not move: why, what to type",
	  .examples = "drydock status\n"
		      "drydock status 17 -o json --exit-status\n" },
	{ .name = "watch",
	  .args = "[ROLLOUT]",
	  .group = "look",
	  .run = run_watch,
	  .flags = FLAG(EXIT_STATUS) | FLAG(PLAIN),
	  .help = "follow it live; in a pipe one line per event",
	  .examples = "drydock watch\n"
		      "drydock watch 17 --exit-status | tee rollout.log\n" },
	{ .name = "wait",
	  .args = "[ROLLOUT]",
	  .group = "look",
	  .run = run_wait,
	  .flags = FLAG(FOR) | FLAG(TIMEOUT),
	  .help = "return when it has ended, or a person is needed",
	  .examples = "drydock wait 17 --timeout 4h\n"
		      "drydock wait --for backend=mail03\n" },
	{ .name = "log",
	  .args = "[ROLLOUT]",
	  .group = "look",
	  .run = run_log,
	  .flags = FLAG(LINES) | FLAG(FOLLOW) | FLAG(BACKEND) | FLAG(STEP) |
		   FLAG(SINCE) | FLAG(SEVERITY) | FLAG(OUTPUT),
	  .help = "what happened; --output: what the commands printed",
	  .examples = "drydock log -n 50 -f\n"
		      "drydock log --since 8h --severity warning\n"
		      "drydock log 17 --backend mail04 --output -f\n" },
	{ .name = "history",
	  .group = "look",
	  .run = run_history,
	  .rows = true,
	  .flags = FLAG(LIMIT) | FLAG(STATE) | FLAG(BACKEND),
	  .help = "plans and rollouts, the newest first" },

	{ .name = "pause",
	  .args = "[ROLLOUT]",
	  .group = "steer",
	  .run = run_pause,
	  .flags = FLAG(REASON) | FLAG(AFTER) | FLAG(KEEP_DRAINED) |
		   FLAG(EXPIRES),
	  .help = "come to rest at the next good place; says where and when",
	  .examples = "drydock pause --reason \"INC-4711 latency alert\"\n"
		      "drydock pause --reason lunch --after backend\n" },
	{ .name = "resume",
	  .args = "[ROLLOUT]",
	  .group = "steer",
	  .run = run_resume,
	  .flags = FLAG(NOTE),
	  .help = "go on after a pause" },
	{ .name = "approve",
	  .args = "[ROLLOUT]",
	  .group = "steer",
	  .run = run_approve,
	  .flags = FLAG(NOTE),
	  .help = "answer yes to what it waits with" },
	{ .name = "override",
	  .args = "[ROLLOUT] [GATE]",
	  .group = "steer",
	  .run = run_override,
	  .flags = FLAG(BACKEND) | FLAG(REASON) | FLAG(EXPIRES) | FLAG(VALUE),
	  .help = "lift one gate for one backend, or correct a value",
	  .examples = "drydock override target_in --backend mail03 "
		      "--reason \"it is down anyway\"\n"
		      "drydock override --backend mail03 --reason typo "
		      "--value weight-zero.vhosts=100\n" },
	{ .name = "retry",
	  .args = "[ROLLOUT] [BACKEND]",
	  .group = "steer",
	  .run = run_retry,
	  .flags = FLAG(FROM) | FLAG(DESTROY_AGAIN),
	  .help = "after a failure: the failed step again, then on",
	  .examples = "drydock retry\n"
		      "drydock retry 17 mail04 --from start-dovecot\n" },
	{ .name = "restore",
	  .args = "[ROLLOUT] [BACKEND]",
	  .group = "steer",
	  .run = run_restore,
	  .flags = FLAG(REASON),
	  .help = "after a failure: undo it, prove it, back to service" },
	{ .name = "skip",
	  .args = "[ROLLOUT] BACKEND",
	  .group = "steer",
	  .run = run_skip,
	  .flags = FLAG(REASON) | FLAG(ACCEPT_OUT),
	  .help = "leave a backend as it is, go on with the next" },
	{ .name = "settle",
	  .args = "[ROLLOUT] STEP",
	  .group = "steer",
	  .run = run_settle,
	  .flags = FLAG(DONE) | FLAG(NOT_DONE) | FLAG(REASON) | FLAG(BACKEND),
	  .help = "say whether a step happened of which nobody knows" },
	{ .name = "abort",
	  .args = "[ROLLOUT]",
	  .group = "steer",
	  .run = run_abort,
	  .flags = FLAG(REASON),
	  .help = "end it; says where the backend in hand comes to rest" },
	{ .name = "exclude",
	  .args = "BACKEND",
	  .group = "steer",
	  .run = run_exclude,
	  .flags = FLAG(REASON) | FLAG(ACCEPT_OUT),
	  .help = "leave a backend out of rollouts" },
	{ .name = "include",
	  .args = "BACKEND",
	  .group = "steer",
	  .run = run_include,
	  .help = "take it back, as soon as it is proved in service" },

	{ .name = "doctor",
	  .group = "more",
	  .run = run_doctor,
	  .flags = FLAG(FIX),
	  .help = "what is left over or out of order; asks every host",
	  .examples = "drydock doctor\n"
		      "drydock doctor --fix -o json\n" },
	{ .name = "completion",
	  .args = "bash|zsh [WORD…]",
	  .group = "more",
	  .run = run_completion,
	  .help = "lines for a shell that complete commands and names",
	  .examples = "drydock completion bash "
		      "> /etc/bash_completion.d/drydock\n" },
	{ .name = "help",
	  .args = "[man|schema] [TOPIC]",
	  .group = "more",
	  .run = run_help,
	  .help = "explain a topic, or list everything; man: for man(1); "
		  "schema: for editors",
	  .examples = "drydock help procedure\n"
		      "drydock help schema procedure "
		      "> procedure.schema.json\n" },
	END,
};

const struct command command_root = {
	.name = "drydock",
	.help = "drydock: take one backend at a time out of service, work on "
		"it, prove it,\nreturn it.  All state is in PostgreSQL.",
	.examples = "drydock status\n"
		    "drydock pause --reason \"INC-4711 latency alert\"\n",
	.sub = top,
};

static int
schema_write(struct buf *out, const char *topic)
{
	struct language l;

	if (topic == NULL || !help_topic_language(topic, &l))
		return -1;
	help_schema(out, &l, topic);
	return 0;
}

/* into *out; -1: there is no such topic, or it has no page */
static int
help_write(struct buf *out, const char *topic, const char *page)
{
	if (topic != NULL && strcmp(topic, "schema") == 0)
		return schema_write(out, page);
	if (topic != NULL && strcmp(topic, "man") != 0)
		return page == NULL ? help_topic(out, topic) : -1;
	if (page != NULL)
		return man_topic_page(out, page, DRYDOCK_VERSION);
	if (topic != NULL) {
		man_page(out, &command_root, DRYDOCK_VERSION);
		return 0;
	}
	help_tree(out, &command_root, "");
	(void)buf_adds(out, "\nTopics:\n");
	help_topics(out);
	return 0;
}

int
run_help(struct cli *cli)
{
	const char *topic = cli_word(cli, 0), *page = cli_word(cli, 1), *near;
	char *hint;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (help_write(&out, topic, page) < 0) {
		near = help_topic_nearest(topic);
		buf_free(&out);
		if (page != NULL || strcmp(topic, "schema") == 0)
			return cli_error(cli, EXIT_USAGE, NULL,
					 "drydock help   (lists the topics; "
					 "those that tell of a file have one)",
					 "there is no page \"%s%s%s\"", topic,
					 page != NULL ? " " : "",
					 page != NULL ? page : "");
		hint = near == NULL ? x_strdup("drydock help   (lists them)")
				    : x_asprintf("drydock help %s", near);
		code = cli_error(cli, EXIT_USAGE, NULL, hint,
				 "there is no topic \"%s\"", topic);
		x_free(&hint);
		return code;
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
