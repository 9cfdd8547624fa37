/*
 * args.h - argv, sorted into words and flags.
 *
 * Flags may stand before and after the verb: which of them take a value is
 * known from flags.h, before the verb is.  `--` ends them; `-` is a word.
 */
#ifndef DRYDOCK_ARGS_H
#define DRYDOCK_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "flags.h"

struct given {
	enum flag_id flag;
	const char *value; /* NULL for a switch */
};

struct args {
	const char **words; /* the verb's path, then its arguments */
	size_t nwords;
	struct given *given;
	size_t ngiven;
	uint64_t set; /* FLAG(…) of all that were given */
};

/*
 * Strings stay argv's.  -1, ERR_USAGE: unknown flag, no or an empty value, a
 * value for a switch, a flag twice.  args_free() in any case.
 */
int args_parse(struct args *a, int argc, char **argv, struct err *err);
void args_free(struct args *a);

bool args_has(const struct args *a, enum flag_id flag);
/* the value, or NULL when it was not given */
const char *args_value(const struct args *a, enum flag_id flag);
/* the n-th value of a flag that may be repeated, or NULL */
const char *args_nth(const struct args *a, enum flag_id flag, size_t n);

/*
 * What was typed as a command line for a shell, with that flag as it is given
 * here, to be pasted: "drydock start 17 --yes".  `value`: for the shell, NULL
 * for a switch.  A conninfo with a password in it is not repeated.  free() it.
 */
char *args_again(const struct args *a, enum flag_id flag, const char *value);

struct flag {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* as the help shows it; NULL: a switch */
	const char *help;
};

extern const struct flag flag_table[FLAG_COUNT];

#endif
