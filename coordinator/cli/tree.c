/*
 * tree.c - the commands of `drydock`; help and dispatch are walks over it.
 */
#include "buf.h"
#include "cli.h"
#include "command.h"
#include "commands.h"
#include "help.h"

#define END                                                                    \
	{                                                                      \
		.name = NULL                                                   \
	}

static const struct command top[] = {
	{ .name = "init",
	  .group = "set up",
	  .run = run_init,
	  .flags = FLAG(PRINT_SQL),
	  .help = "create or upgrade schema and roles; safe to repeat",
	  .examples = "drydock init -d service=fleet\n"
		      "drydock init --print-sql > drydock.sql\n" },
	{ .name = "help",
	  .args = "[TOPIC]",
	  .group = "more",
	  .run = run_help,
	  .help = "explain a topic, or list them" },
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

int
run_help(struct cli *cli)
{
	const char *topic = cli_word(cli, 0), *near;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (topic == NULL) {
		help_tree(&out, &command_root, "");
		(void)buf_adds(&out, "\nTopics:\n");
		help_topics(&out);
	} else if (help_topic(&out, topic) < 0) {
		near = help_topic_nearest(topic);
		buf_free(&out);
		return cli_error(cli, EXIT_USAGE, NULL,
				 near != NULL ? near
					      : "drydock help lists them",
				 "there is no topic \"%s\"", topic);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
