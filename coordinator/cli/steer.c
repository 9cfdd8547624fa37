/*
 * steer.c - the verbs that change what a rollout or a backend does next.
 *
 * Each is one SQL function that answers with a sentence.  What it wants is
 * stored then; a coordinator has to be alive to do it, else we say so.
 */
#include <stdlib.h>
#include <string.h>

#include "alive.h"
#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "num.h"
#include "told.h"

/* a sentence, when a coordinator must act on it */
static int
steer_rollout(struct cli *cli, const char *id, const char *sql, size_t nparams,
	      const char *const *params)
{
	int code = told_run(cli, sql, nparams, params);

	return code == EXIT_OK ? alive_of_rollout(cli, id) : code;
}

/* "true" or "false" for a switch */
static const char *
switch_text(const struct cli *cli, enum flag_id flag)
{
	return args_has(&cli->args, flag) ? "true" : "false";
}

/*
 * [ROLLOUT] [WORD]: a number in front is the rollout.  *word_r: the other, or
 * NULL.  free() *id_r.
 */
static int
rollout_and_word(struct cli *cli, char **id_r, const char **word_r)
{
	const char *first = cli_word(cli, 0), *second = cli_word(cli, 1);
	bool number =
		first != NULL && strspn(first, "0123456789") == strlen(first);
	int code;

	*word_r = NULL;
	if (number || first == NULL || second != NULL) {
		*word_r = second;
		return cli_rollout(cli, 0, id_r);
	}
	*word_r = first;
	/* as if no rollout had been given */
	code = cli_rollout(cli, cli->nwords, id_r);
	return code;
}

/* a duration flag as an interval's text; NULL when it is absent */
static int
interval_text(struct cli *cli, enum flag_id flag, char **text_r)
{
	const char *text = args_value(&cli->args, flag);
	struct err err;
	int64_t ms;

	*text_r = NULL;
	if (text == NULL)
		return EXIT_OK;
	if (num_parse_duration(text, 1000, NUM_DURATION_MAX, &ms, &err) < 0)
		return cli_error(cli, EXIT_USAGE, err.text,
				 "a duration is 90s, 15m or 2h30m",
				 "--%s is not usable", flag_table[flag].name);
	*text_r = x_asprintf("%lld milliseconds", (long long)ms);
	return EXIT_OK;
}

static int
pause_mode(struct cli *cli, const char **mode_r)
{
	const char *after = args_value(&cli->args, FLAG_AFTER);

	*mode_r = after != NULL ? after : "step";
	if (after != NULL && strcmp(after, "step") != 0 &&
	    strcmp(after, "backend") != 0)
		return cli_error(cli, EXIT_USAGE, NULL, "--after step|backend",
				 "--after does not know \"%s\"", after);
	if (!args_has(&cli->args, FLAG_KEEP_DRAINED))
		return EXIT_OK;
	*mode_r = "keep_drained";
	if (after != NULL)
		return cli_error(
			cli, EXIT_USAGE, NULL, NULL,
			"--after and --keep-drained contradict each other");
	if (!args_has(&cli->args, FLAG_EXPIRES))
		return cli_error(
			cli, EXIT_USAGE,
			"users have fewer places while it lasts",
			"--keep-drained --expires 2h",
			"a pause that keeps a backend drained needs an end");
	return EXIT_OK;
}

int
run_pause(struct cli *cli)
{
	const char *mode, *reason;
	char *id = NULL, *expires = NULL;
	int code = pause_mode(cli, &mode);

	if (code == EXIT_OK)
		code = interval_text(cli, FLAG_EXPIRES, &expires);
	if (code == EXIT_OK)
		code = cli_ask_reason(cli, &reason);
	if (code == EXIT_OK)
		code = cli_rollout(cli, 0, &id);
	if (code == EXIT_OK)
		code = steer_rollout(cli, id,
				     "select fleet.pause($1::bigint,"
				     " $2, $3, $4::interval) as told",
				     DB(id, reason, mode, expires));
	x_free(&id);
	x_free(&expires);
	return code;
}

int
run_resume(struct cli *cli)
{
	char *id = NULL;
	int code = cli_rollout(cli, 0, &id);

	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id, "select fleet.resume($1::bigint, $2) as told",
			DB(id, args_value(&cli->args, FLAG_NOTE)));
	x_free(&id);
	return code;
}

int
run_approve(struct cli *cli)
{
	char *id = NULL;
	int code = cli_rollout(cli, 0, &id);

	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id, "select fleet.approve($1::bigint, $2) as told",
			DB(id, args_value(&cli->args, FLAG_NOTE)));
	x_free(&id);
	return code;
}

/* --value STEP.NAME=VALUE in two, free() *step_r; NULL when it is absent */
static int
override_value(struct cli *cli, char **step_r, const char **value_r)
{
	const char *text = args_value(&cli->args, FLAG_VALUE);
	const char *equal = text == NULL ? NULL : strchr(text, '=');

	if (text == NULL)
		return EXIT_OK;
	if (equal == NULL || equal == text ||
	    memchr(text, '.', (size_t)(equal - text)) == NULL)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "--value weight-zero.vhosts=100",
				 "--value does not know \"%s\"", text);
	*step_r = x_strndup(text, (size_t)(equal - text));
	*value_r = equal + 1;
	return EXIT_OK;
}

static int
override_words(struct cli *cli, char **id_r, const char **gate_r)
{
	int code = rollout_and_word(cli, id_r, gate_r);
	bool value = args_has(&cli->args, FLAG_VALUE);

	if (code == EXIT_OK && (*gate_r != NULL) == value)
		code = cli_error(cli, EXIT_USAGE, NULL,
				 "drydock override target_in --backend NAME, "
				 "or --value STEP.NAME=VALUE",
				 "one gate, or one value");
	if (code == EXIT_OK && value)
		*gate_r = "value";
	return code;
}

int
run_override(struct cli *cli)
{
	char *id = NULL, *expires = NULL, *step = NULL;
	const char *gate, *reason, *value = NULL;
	int code = override_words(cli, &id, &gate);

	if (code == EXIT_OK)
		code = override_value(cli, &step, &value);
	if (code == EXIT_OK)
		code = interval_text(cli, FLAG_EXPIRES, &expires);
	if (code == EXIT_OK)
		code = cli_ask_reason(cli, &reason);
	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id,
			"select fleet.override($1::bigint, $2, $3, $4, $5,"
			" to_jsonb($6::text), $7::interval) as told",
			DB(id, gate, reason,
			   args_value(&cli->args, FLAG_BACKEND), step, value,
			   expires));
	x_free(&id);
	x_free(&expires);
	x_free(&step);
	return code;
}

/* what cannot be taken back wants the name of the rollout's fleet */
static int
confirm_fleet(struct cli *cli, const char *id, const char *question)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r,
			     "select fleet from fleet.rollout"
			     " where rollout = $1::bigint",
			     DB(id));

	/* one that is not there is refused by what is asked for */
	if (code == EXIT_OK && rows_count(r) > 0)
		code = cli_ask_name(cli, question, rows_str(r, 0, "fleet"));
	rows_free(&r);
	return code;
}

int
run_retry(struct cli *cli)
{
	const char *backend;
	char *id = NULL;
	int code = rollout_and_word(cli, &id, &backend);

	if (code == EXIT_OK && args_has(&cli->args, FLAG_DESTROY_AGAIN))
		code = confirm_fleet(
			cli, id, "Steps that destroy will run a second time.");
	if (code == EXIT_OK)
		code = steer_rollout(cli, id,
				     "select fleet.retry($1::bigint,"
				     " $2, $3, $4::bool) as told",
				     DB(id, backend,
					args_value(&cli->args, FLAG_FROM),
					switch_text(cli, FLAG_DESTROY_AGAIN)));
	x_free(&id);
	return code;
}

int
run_restore(struct cli *cli)
{
	const char *backend;
	char *id = NULL;
	int code = rollout_and_word(cli, &id, &backend);

	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id,
			"select fleet.restore($1::bigint, $2, $3) as told",
			DB(id, backend, args_value(&cli->args, FLAG_REASON)));
	x_free(&id);
	return code;
}

/* [ROLLOUT] WORD where the word is wanted */
static int
rollout_and_name(struct cli *cli, char **id_r, const char **word_r,
		 const char *what)
{
	int code = rollout_and_word(cli, id_r, word_r);

	if (code == EXIT_OK && *word_r == NULL)
		code = cli_error(cli, EXIT_USAGE, NULL, NULL, "which %s?",
				 what);
	return code;
}

int
run_skip(struct cli *cli)
{
	bool accept = args_has(&cli->args, FLAG_ACCEPT_OUT);
	const char *backend, *reason;
	char *id = NULL, *question = NULL;
	int code = rollout_and_name(cli, &id, &backend, "backend");

	if (code == EXIT_OK)
		code = cli_ask_reason(cli, &reason);
	if (code == EXIT_OK && accept) {
		code = confirm_fleet(cli, id,
				     "The backend stays out of service, "
				     "and you have it.");
	} else if (code == EXIT_OK) {
		question = x_asprintf("Leave %s as it is and go on?", backend);
		code = cli_ask_yes(cli, question);
	}
	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id,
			"select fleet.skip($1::bigint, $2, $3, $4::bool) as "
			"told",
			DB(id, backend, reason, accept ? "true" : "false"));
	x_free(&id);
	x_free(&question);
	return code;
}

int
run_abort(struct cli *cli)
{
	const char *reason;
	char *id = NULL, *question = NULL;
	int code = cli_ask_reason(cli, &reason);

	if (code == EXIT_OK)
		code = cli_rollout(cli, 0, &id);
	if (code == EXIT_OK) {
		question = x_asprintf("Abort rollout %s?", id);
		code = cli_ask_yes(cli, question);
	}
	if (code == EXIT_OK)
		code = steer_rollout(
			cli, id, "select fleet.abort($1::bigint, $2) as told",
			DB(id, reason));
	x_free(&id);
	x_free(&question);
	return code;
}

int
run_settle(struct cli *cli)
{
	bool done = args_has(&cli->args, FLAG_DONE);
	const char *step, *reason;
	char *id = NULL;
	int code = EXIT_OK;

	if (done == args_has(&cli->args, FLAG_NOT_DONE))
		code = cli_error(cli, EXIT_USAGE,
				 "look at the host, then say what you saw",
				 "--done or --not-done",
				 "did the step happen?");
	if (code == EXIT_OK)
		code = rollout_and_name(cli, &id, &step, "step");
	if (code == EXIT_OK)
		code = cli_ask_reason(cli, &reason);
	if (code == EXIT_OK)
		code = steer_rollout(cli, id,
				     "select fleet.settle($1::bigint,"
				     " $2, $3::bool, $4, $5) as told",
				     DB(id, step, done ? "true" : "false",
					reason,
					args_value(&cli->args, FLAG_BACKEND)));
	x_free(&id);
	return code;
}

int
run_include(struct cli *cli)
{
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = told_run(cli, "select fleet.include($1, $2) as told",
			     DB(fleet, cli_word(cli, 0)));
	return code == EXIT_OK ? alive_of_fleet(cli, fleet) : code;
}

int
run_exclude(struct cli *cli)
{
	const char *fleet, *reason;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = cli_ask_reason(cli, &reason);
	if (code == EXIT_OK && args_has(&cli->args, FLAG_ACCEPT_OUT))
		code = cli_ask_name(cli,
				    "The backend stays out of service, "
				    "and you have it.",
				    fleet);
	if (code == EXIT_OK)
		code = told_run(
			cli,
			"select fleet.exclude($1, $2, $3, $4::bool) as told",
			DB(fleet, cli_word(cli, 0), reason,
			   switch_text(cli, FLAG_ACCEPT_OUT)));
	return code;
}

int
run_cancel(struct cli *cli)
{
	char *id = NULL;
	int code = cli_rollout(cli, 0, &id);

	if (code == EXIT_OK)
		code = told_run(cli, "select fleet.cancel($1::bigint, $2) as told",
			     DB(id, args_value(&cli->args, FLAG_REASON)));
	x_free(&id);
	return code;
}
