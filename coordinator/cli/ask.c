/*
 * ask.c - questions, only where somebody can answer, and what was meant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "num.h"
#include "utf8.h"

enum { ANSWER_MAX = 4096 };

static void
ask_show(struct cli *cli, const char *text, char end)
{
	struct buf out;

	buf_init(&out, CLI_OUT_MAX);
	face_text(&out, &cli->errface, text);
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s%c", buf_str(&out), end);
	buf_free(&out);
}

/* the line that was typed, without its end; NULL at end of file */
static char *
ask_line(struct cli *cli, const char *question)
{
	char line[ANSWER_MAX];

	ask_show(cli, question, ' ');
	if (fgets(line, sizeof(line), stdin) == NULL) {
		(void)fputc('\n', stderr); /* nobody typed the line's end */
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return x_strdup(line);
}

int
cli_ask_yes(struct cli *cli, const char *question)
{
	char *answer, *asked;
	bool yes;

	if (args_has(&cli->args, FLAG_YES))
		return EXIT_OK;
	if (!cli->may_ask)
		return cli_error_flag(
			cli, "there is no terminal to ask on", FLAG_YES, NULL,
			"not done without an answer: %s", question);
	asked = x_asprintf("%s [y/N]", question);
	answer = ask_line(cli, asked);
	yes = answer != NULL &&
	      (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
	x_free(&answer);
	x_free(&asked);
	if (!yes)
		return cli_error(cli, EXIT_ERROR, NULL, NULL,
				 "not done: the answer was not yes");
	return EXIT_OK;
}

static int
reason_check(struct cli *cli, const char *reason)
{
	size_t len = strlen(reason);

	if (!utf8_valid(reason, len))
		return cli_error(cli, EXIT_USAGE, NULL, NULL,
				 "the reason is not UTF-8");
	if (len > CLI_REASON_MAX)
		return cli_error(
			cli, EXIT_USAGE, NULL,
			"put the long text into the ticket and its number here",
			"the reason has %zu bytes, at most %d are kept", len,
			CLI_REASON_MAX);
	if (strspn(reason, " \t\r\n") == len)
		return cli_error_flag(cli, NULL, FLAG_REASON, "\"...\"",
				      "the reason is empty");
	return EXIT_OK;
}

int
cli_ask_reason(struct cli *cli, const char **reason_r)
{
	const char *reason = args_value(&cli->args, FLAG_REASON);
	static char *typed;

	if (reason == NULL && !cli->may_ask)
		return cli_error_flag(cli, "it stands in the log for good",
				      FLAG_REASON, "\"...\"",
				      "a reason is needed");
	if (reason == NULL) {
		x_free(&typed);
		typed = ask_line(cli, "Reason (it stands in the log):");
		reason = typed != NULL ? typed : "";
	}
	*reason_r = reason;
	return reason_check(cli, reason);
}

int
cli_ask_name(struct cli *cli, const char *question, const char *name)
{
	const char *given = args_value(&cli->args, FLAG_CONFIRM);
	char *answer = NULL;
	int code = EXIT_OK;

	if (given == NULL && !cli->may_ask)
		return cli_error_flag(
			cli, "there is no terminal to ask on", FLAG_CONFIRM,
			name, "not done without an answer: %s", question);
	if (given == NULL) {
		ask_show(cli, question, '\n');
		answer = ask_line(cli, "Type the fleet's name to go on:");
		given = answer != NULL ? answer : "";
	}
	if (strcmp(given, name) != 0)
		code = cli_error_flag(cli, NULL, FLAG_CONFIRM, name,
				      "not done: \"%s\" is not the fleet's "
				      "name",
				      given);
	x_free(&answer);
	return code;
}

/* "mail-eu, mail-us": more than one line holds are not all named */
static char *
fleets_named(const struct rows *r)
{
	struct buf names;
	size_t i;

	buf_init(&names, CLI_OUT_MAX);
	for (i = 0; i < rows_count(r) && names.len < 200; i++)
		(void)buf_addf(&names, "%s%s", i > 0 ? ", " : "",
			       rows_str(r, i, "fleet"));
	if (i < rows_count(r))
		(void)buf_adds(&names, ", …");
	return buf_take(&names);
}

static int
fleet_only(struct cli *cli)
{
	struct rows *r = NULL;
	char *names;
	int code = cli_query(cli, &r,
			     "select fleet from fleet.fleet order by fleet", 0,
			     NULL);

	if (code != EXIT_OK)
		return code;
	names = fleets_named(r);
	if (rows_count(r) == 1)
		x_strset(&cli->fleet, rows_str(r, 0, "fleet"));
	else if (rows_count(r) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "drydock import fleet.yaml",
				 "there is no fleet yet");
	else
		code = cli_error_flag(
			cli, names, FLAG_FLEET, rows_str(r, 0, "fleet"),
			"there are %zu fleets: which one?", rows_count(r));
	x_free(&names);
	rows_free(&r);
	return code;
}

int
cli_fleet(struct cli *cli, const char **fleet_r)
{
	const char *name = args_value(&cli->args, FLAG_FLEET);
	int code = EXIT_OK;

	if (name == NULL)
		name = getenv("DRYDOCK_FLEET");
	if (name != NULL && name[0] != '\0')
		x_strset(&cli->fleet, name);
	else if (cli->fleet == NULL)
		code = fleet_only(cli);
	*fleet_r = cli->fleet;
	return code;
}

static int
rollout_latest(struct cli *cli, char **id_r)
{
	static const char sql[] =
		"select rollout from fleet.rollout where fleet = $1"
		" order by (finished_at is null and started_at is not null) "
		"desc,"
		" rollout desc limit 1";
	const char *fleet;
	struct rows *r = NULL;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = cli_query(cli, &r, sql, DB(fleet));
	if (code != EXIT_OK)
		return code;
	if (rows_count(r) > 0)
		*id_r = x_strdup(rows_str(r, 0, "rollout"));
	rows_free(&r);
	return code;
}

int
cli_rollout_if_any(struct cli *cli, size_t word, char **id_r)
{
	const char *text = cli_word(cli, word);
	struct err err;
	int64_t id;

	*id_r = NULL;
	if (text == NULL)
		return rollout_latest(cli, id_r);
	if (num_parse_int(text, 1, INT64_MAX, &id, &err) < 0)
		return cli_error(cli, EXIT_USAGE, err.text,
				 "drydock history   (shows the numbers)",
				 "\"%s\" is not a rollout's number", text);
	*id_r = x_asprintf("%lld", (long long)id);
	return EXIT_OK;
}

int
cli_rollout(struct cli *cli, size_t word, char **id_r)
{
	int code = cli_rollout_if_any(cli, word, id_r);

	if (code != EXIT_OK || *id_r != NULL)
		return code;
	return cli_error(cli, EXIT_ERROR, NULL, "drydock plan PROCEDURE",
			 "fleet %s has no rollout yet", cli->fleet);
}
