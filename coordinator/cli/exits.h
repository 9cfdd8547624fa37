/*
 * exits.h - the exit codes of `drydock`, once: name, number, meaning.
 */
#ifndef DRYDOCK_EXITS_H
#define DRYDOCK_EXITS_H

#define DRYDOCK_EXITS(X)                                                       \
	X(OK, 0, "done; with --exit-status: the rollout succeeded or goes on") \
	X(ERROR, 1, "no: wrong state, not found, no right; diff: different")   \
	X(USAGE, 2, "wrong usage, or a file that does not parse")              \
	X(ENDED, 3, "the rollout ended aborted, cancelled or incomplete")      \
	X(HELD, 4, "the rollout is held, paused or waits: a person is needed") \
	X(FINDINGS, 5, "check, plan, start, doctor or lint found problems")    \
	X(DATABASE, 6, "the database cannot be reached; nothing is known")     \
	X(COORDINATOR, 7, "stored, but no coordinator took it within 10 s")    \
	X(TIMEOUT, 124, "wait --timeout ran out")                              \
	X(INTERRUPTED, 130, "interrupted; the rollout goes on")

enum exit_code {
#define X(id, number, meaning) EXIT_##id = number,
	DRYDOCK_EXITS(X)
#undef X
};

#endif
