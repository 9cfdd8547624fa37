/*
 * cli.h - what every command of `drydock` is given, and how it speaks.
 *
 * Data goes to stdout, everything else to stderr.  A function that returns an
 * exit code has said what is wrong when the code is not 0.
 */
#ifndef DRYDOCK_CLI_H
#define DRYDOCK_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "buf.h"
#include "command.h"
#include "db.h"
#include "exits.h"
#include "face.h"

struct cli {
	struct args args;
	const char *const *words; /* behind the verb */
	size_t nwords;
	struct face face;    /* of stdout */
	struct face errface; /* of stderr */
	bool json;
	bool csv; /* only where command.rows is set */
	bool quiet;
	bool tty;     /* stdout is a terminal */
	bool may_ask; /* stdin and stderr are terminals */
	struct db db; /* closed until cli_open() */
	char *fleet;  /* cli_fleet()'s answer */
};

/* bounds of one output and one message */
#define CLI_OUT_MAX    ((size_t)64 << 20)
#define CLI_REASON_MAX 2000

/* drydock: error: …, why: …, hint: …; both may be NULL.  Returns `code`. */
int cli_error(struct cli *cli, enum exit_code code, const char *why,
	      const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The same from what the database said; frees the complaint. */
int cli_complain(struct cli *cli, struct complaint *c);
/* EXIT_USAGE; the hint is what was typed, with that flag: args_again(). */
int cli_error_flag(struct cli *cli, const char *why, enum flag_id flag,
		   const char *value, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* one line on stderr, not with --quiet */
void cli_note(struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* to stdout, and the buffer is empty again; 0, or EXIT_ERROR when it is gone */
int cli_print(struct cli *cli, struct buf *out);

/* word i behind the verb, or NULL */
const char *cli_word(const struct cli *cli, size_t i);
/* a flag with a whole number from 1 to max; *n_r stays when it is absent */
int cli_number(struct cli *cli, enum flag_id flag, long max, long *n_r);

/* connect, once; 0 or EXIT_DATABASE */
int cli_open(struct cli *cli);
/* one statement; 0 with *rows_r (rows_free() it), or an exit code */
int cli_query(struct cli *cli, struct rows **rows_r, const char *sql,
	      size_t nparams, const char *const *params);
/* DB(a, b): count and array of text parameters, NULL is null */
#define DB(...)                                                                \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),         \
		(const char *const[])                                          \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

/* Questions: 0 = go on, else an exit code. */
int cli_ask_yes(struct cli *cli, const char *question);
/* --reason, or asked for; bounded; *reason_r stays the cli's */
int cli_ask_reason(struct cli *cli, const char **reason_r);
/* the fleet's name must be typed, or given with --confirm */
int cli_ask_name(struct cli *cli, const char *question, const char *name);

/* The fleet meant: --fleet, DRYDOCK_FLEET, or the only one. */
int cli_fleet(struct cli *cli, const char **fleet_r);
/*
 * The rollout meant by word i: its number, or without one the fleet's active
 * rollout, else its latest.  *id_r: decimal text, free() it.
 */
int cli_rollout(struct cli *cli, size_t word, char **id_r);
/* The same, but NULL when the fleet has none yet: that is no error here. */
int cli_rollout_if_any(struct cli *cli, size_t word, char **id_r);

#endif
