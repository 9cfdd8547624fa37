/* rollout.h - the life of a rollout: one procedure over a fleet, once. */
#ifndef ROLLOUT_H
#define ROLLOUT_H

/* name, word, is it where rows begin or end, what it means */
#define ROLLOUT_STATES(X)	\
	X(PLANNED, planned, BEGIN,	\
	  "planned, nothing was changed")	\
	X(SCHEDULED, scheduled, MIDDLE,	\
	  "will start at its time")	\
	X(RUNNING, running, MIDDLE,	\
	  "takes one backend after the other")	\
	X(SUCCEEDED, succeeded, END,	\
	  "every backend is done")	\
	X(INCOMPLETE, incomplete, END,	\
	  "ended with a backend skipped, excluded or out")	\
	X(ABORTED, aborted, END,	\
	  "ended by a person")	\
	X(CANCELLED, cancelled, END,	\
	  "never started")

#define ROLLOUT_EVENTS(X)						\
	X(START,		start)					\
	X(SCHEDULE,		schedule)				\
	X(CANCEL,		cancel)					\
	X(FINISH,		finish)					\
	X(FINISH_INCOMPLETE,	finish_incomplete)			\
	X(FINISH_ABORTED,	finish_aborted)

#define ROLLOUT_EDGES(X)						\
	X(PLANNED,   START,    RUNNING,   "rollout started")		\
	X(PLANNED,   SCHEDULE, SCHEDULED, "rollout waits for its hour")	\
	X(PLANNED,   CANCEL,   CANCELLED, "plan put away")		\
	X(SCHEDULED, CANCEL,   CANCELLED, "schedule put away")		\
	X(SCHEDULED, START,    RUNNING,   "its hour has come")		\
	X(RUNNING,   FINISH,   SUCCEEDED, "every backend is done")	\
	X(RUNNING,   FINISH_INCOMPLETE, INCOMPLETE,			\
	  "ended with a backend left out")				\
	X(RUNNING,   FINISH_ABORTED, ABORTED, "aborted; all is at rest")

enum rollout_state {
#define X(name, ...) ROLLOUT_##name,
	ROLLOUT_STATES(X)
#undef X
};

enum rollout_event {
#define X(name, word) ROLLOUT_EV_##name,
	ROLLOUT_EVENTS(X)
#undef X
};


const char *rollout_state_word(enum rollout_state state);

#endif
