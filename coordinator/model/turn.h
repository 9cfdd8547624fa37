/* turn.h - the life of one backend's turn in a rollout. */
#ifndef TURN_H
#define TURN_H

/* name, word, is it where rows begin or end, what it means */
#define TURN_STATES(X)	\
	X(WAITING, waiting, BEGIN,	\
	  "not taken yet")	\
	X(WORKING, working, MIDDLE,	\
	  "its steps run")	\
	X(HELD, held, MIDDLE,	\
	  "waits for a person")	\
	X(RESTORING, restoring, MIDDLE,	\
	  "its steps are being undone")	\
	X(OUT, out, MIDDLE,	\
	  "at rest out of service")	\
	X(DONE, done, END,	\
	  "done and proved back in service")	\
	X(RESTORED, restored, END,	\
	  "put back as it was and proved in service")	\
	X(SKIPPED, skipped, END,	\
	  "left out")

#define TURN_EVENTS(X)							\
	X(TAKE,		take)						\
	X(SKIP,		skip)						\
	X(HOLD,		hold)						\
	X(PROVE,	prove)						\
	X(RESTORE,	restore)					\
	X(REST_OUT,	rest_out)					\
	X(RETRY,	retry)						\
	X(SETTLE,	settle)						\
	X(INCLUDE,	include)					\
	X(ACCEPT,	accept)						\
	X(AGAIN,	again)

#define TURN_EDGES(X)							\
	X(WAITING,   TAKE,     WORKING,   "its turn has come")		\
	X(WAITING,   SKIP,     SKIPPED,   "left out by hand")		\
	X(WORKING,   HOLD,     HELD,      "held; a person decides")	\
	X(WORKING,   PROVE,    DONE,      "done and proved in service")	\
	X(WORKING,   RESTORE,  RESTORING, "being put back")		\
	X(WORKING,   REST_OUT, OUT,       "at rest, out of service")	\
	X(HELD,      RETRY,    WORKING,   "tried again by hand")	\
	X(HELD,      SETTLE,   WORKING,   "settled by hand")		\
	X(HELD,      RESTORE,  RESTORING, "put back by hand")		\
	X(HELD,      SKIP,     SKIPPED,   "taken over by a person")	\
	X(HELD,      REST_OUT, OUT,       "at rest, out of service")	\
	X(RESTORING, PROVE,    RESTORED,  "put back and proved in service") \
	X(RESTORING, HOLD,     HELD,      "could not be put back")	\
	X(OUT,       INCLUDE,  RESTORED,  "proved in service again")	\
	X(OUT,       ACCEPT,   SKIPPED,   "its absence is accepted")	\
	X(RESTORED,  AGAIN,    WAITING,   "waits for its turn again")

enum turn_state {
#define X(name, ...) TURN_##name,
	TURN_STATES(X)
#undef X
};

enum turn_event {
#define X(name, word) TURN_EV_##name,
	TURN_EVENTS(X)
#undef X
};

/* What a person asked of a turn: the `asked` column, one at a time. */
#define TURN_ASKS(X)							\
	X(NONE,		none)						\
	X(RETRY,	retry)						\
	X(RESTORE,	restore)					\
	X(SKIP,		skip)						\
	X(SETTLE_DONE,	settle_done)					\
	X(SETTLE_NOT,	settle_not_done)				\
	X(INCLUDE,	include)					\
	X(ACCEPT,	accept)						\
	X(APPROVE,	approve)

enum turn_ask {
#define X(name, word) ASK_##name,
	TURN_ASKS(X)
#undef X
};

/* Why a turn was put back: decides whether it goes again by itself. */
#define TURN_CAUSES(X)							\
	X(NONE,		none)						\
	X(PERSON,	person)						\
	X(PAUSE,	pause)						\
	X(ABORT,	abort)						\
	X(PEER,		peer)						\
	X(DEADLINE,	deadline)

enum turn_cause {
#define X(name, word) CAUSE_##name,
	TURN_CAUSES(X)
#undef X
};

const char *turn_ask_word(enum turn_ask ask);
const char *turn_cause_word(enum turn_cause cause);
/* -1: no such word. */
int turn_ask_of(const char *word);
int turn_cause_of(const char *word);

#endif
