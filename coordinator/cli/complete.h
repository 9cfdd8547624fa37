/*
 * complete.h - what may come next on the command line, from the tree of
 * commands: a walk like help, for the shell's completion.
 */
#ifndef DRYDOCK_COMPLETE_H
#define DRYDOCK_COMPLETE_H

#include "buf.h"
#include "command.h"

/* names that only the database knows: X(name, word in a row's args, query) */
#define COMPLETE_NAMES(X)                                                      \
	X(ROLLOUT, "ROLLOUT",                                                  \
	  "select rollout::text as name from fleet.rollout"                    \
	  " order by rollout desc limit 50")                                   \
	X(PLAN, "PLAN",                                                        \
	  "select rollout::text as name from fleet.rollout"                    \
	  " where state = 'planned' order by rollout desc limit 50")           \
	X(BACKEND, "BACKEND",                                                  \
	  "select distinct backend as name from fleet.backend order by 1")     \
	X(PROCEDURE, "PROCEDURE",                                              \
	  "select distinct procedure as name from fleet.procedure order by 1") \
	X(FLEET, "FLEET", "select fleet as name from fleet.fleet order by 1")  \
	X(HOST, "HOST", "select host as name from fleet.host order by 1")

enum complete_name {
#define X(name, word, sql) COMPLETE_##name,
	COMPLETE_NAMES(X)
#undef X
		COMPLETE_COUNT
};

/*
 * Words typed so far, then the beginning of the next.  Adds what is known
 * without a database to out, one a line; the answer is a set of bits
 * (1 << COMPLETE_…) of the names to ask the database for.
 */
unsigned complete_words(struct buf *out, const struct command *root,
			const char *const *words, size_t count,
			const char *begin);

#endif
