/* seeds.h - many seeds, or one of them with as few troubles as it takes. */
#ifndef SEEDS_H
#define SEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

#define SEEDS_TROUBLES 24 /* at most */

struct seeds_kind {
	/*
	 * One history; left_out (SEEDS_TROUBLES of them): which troubles do
	 * not come.  The promise that was broken, "": none; of troubles_r there
	 * were so many.  Valid until the next.
	 */
	const char *(*run)(uint64_t seed, const bool *left_out, bool trace,
			   int *troubles_r);
	/* Adds the history that was just run to what is told at the end. */
	void (*sum)(void);
	void (*tell)(void);
};

/* Of an argument; what is none ends the program with 2. */
uint64_t seeds_number(const char *text);
/*
 * Without which troubles does it still happen?  One after the other is left
 * out; what is left is told as the trace.  Is a promise broken?
 */
bool seeds_shortest(const struct seeds_kind *kind, uint64_t seed);
/* Tells, and prints one line of TAP: how many seeds broke a promise. */
int seeds_many(const struct seeds_kind *kind, uint64_t count, uint64_t first);
/* The same of the first that breaks one, not shortened: 0, there was none. */
uint64_t seeds_find(const struct seeds_kind *kind, uint64_t count,
		    uint64_t first);
/* Which rules decided something, and which did not. */
void seeds_tell_rules(const bool decided[RULE_COUNT]);

#endif
