/* step.h - the life of a step of a turn, and of an attempt at it. */
#ifndef STEP_H
#define STEP_H

/* name, word, is it where rows begin or end, what it means */
#define STEP_STATES(X)	\
	X(PENDING, pending, BEGIN,	\
	  "not begun")	\
	X(RUNNING, running, MIDDLE,	\
	  "begun")	\
	X(PASSED, passed, END,	\
	  "did what it should")	\
	X(FAILED, failed, MIDDLE,	\
	  "did not do what it should")	\
	X(UNKNOWN, unknown, MIDDLE,	\
	  "nobody knows whether it happened")	\
	X(SKIPPED, skipped, END,	\
	  "not needed, or ignored")	\
	X(UNDONE, undone, END,	\
	  "taken back")

#define STEP_EVENTS(X)							\
	X(START,	start)						\
	X(SKIP,		skip)						\
	X(PASS,		pass)						\
	X(FAIL,		fail)						\
	X(LOSE,		lose)						\
	X(UNSENT,	unsent)						\
	X(SETTLE_DONE,	settle_done)					\
	X(SETTLE_NOT,	settle_not_done)				\
	X(ASK,		ask)						\
	X(RETRY,	retry)						\
	X(IGNORE,	ignore)						\
	X(UNDO,		undo)						\
	X(AGAIN,	again)

#define STEP_EDGES(X)							\
	X(PENDING, START,       RUNNING, "begun")			\
	X(PENDING, SKIP,        SKIPPED, "not needed")			\
	X(RUNNING, PASS,        PASSED,  "passed")			\
	X(RUNNING, FAIL,        FAILED,  "failed")			\
	X(RUNNING, LOSE,        UNKNOWN, "nobody knows whether it ran")	\
	X(RUNNING, UNSENT,      PENDING, "refused before it began")	\
	X(UNKNOWN, SETTLE_DONE, PASSED,  "a person says it is done")	\
	X(UNKNOWN, SETTLE_NOT,  FAILED,  "a person says it is not done") \
	X(UNKNOWN, ASK,         RUNNING, "asked again")			\
	X(FAILED,  RETRY,       PENDING, "to be tried again")		\
	X(FAILED,  IGNORE,      SKIPPED, "failed, which it may")	\
	X(PASSED,  UNDO,        UNDONE,  "undone")			\
	X(FAILED,  UNDO,        UNDONE,  "undone after it failed")	\
	X(PASSED,  AGAIN,       PENDING, "to be done again")		\
	X(UNDONE,  AGAIN,       PENDING, "to be done again")		\
	X(SKIPPED, AGAIN,       PENDING, "to be looked at again")

enum step_state {
#define X(name, ...) STEP_##name,
	STEP_STATES(X)
#undef X
};

enum step_event {
#define X(name, word) STEP_EV_##name,
	STEP_EVENTS(X)
#undef X
};

/* The kinds; acts: the agent changes something, under an attempt. */
#define STEP_KINDS(X)							\
	X(RUN,		run,		1)				\
	X(POLL,		poll,		0)				\
	X(WAIT,		wait,		0)				\
	X(APPROVE,	approve,	0)				\
	X(COPY,		copy,		1)				\
	X(CLEAN,	clean,		1)				\
	X(PACKAGE,	package,	1)

enum step_kind {
#define X(name, word, acts) STEP_KIND_##name,
	STEP_KINDS(X)
#undef X
};

/* name, word, is it where rows begin or end, what it means */
#define ATTEMPT_STATES(X)	\
	X(SENT, sent, BEGIN,	\
	  "written down, then sent")	\
	X(ENDED, ended, END,	\
	  "its end was told")	\
	X(UNSENT, unsent, END,	\
	  "never left")	\
	X(UNKNOWN, unknown, MIDDLE,	\
	  "the agent does not know its end")	\
	X(ABANDONED, abandoned, END,	\
	  "nobody asks for it any more")

#define ATTEMPT_EVENTS(X)						\
	X(END,		end)						\
	X(UNSEND,		unsend)					\
	X(LOSE,		lose)						\
	X(ABANDON,	abandon)

#define ATTEMPT_EDGES(X)						\
	X(SENT,    END,      ENDED,     "the agent told how it ended")	\
	X(SENT,    UNSEND,   UNSENT,    "it was never begun")		\
	X(SENT,    LOSE,     UNKNOWN,   "the agent cannot know its end") \
	X(SENT,    ABANDON,  ABANDONED, "its host is gone")		\
	X(UNKNOWN, ABANDON,  ABANDONED, "its host is gone")		\
	X(UNKNOWN, END,      ENDED,     "its end became known")

enum attempt_state {
#define X(name, ...) ATTEMPT_##name,
	ATTEMPT_STATES(X)
#undef X
};

enum attempt_event {
#define X(name, word) ATTEMPT_EV_##name,
	ATTEMPT_EVENTS(X)
#undef X
};

const char *step_kind_word(enum step_kind kind);
/* -1: no such kind. */
int step_kind_of(const char *word);
/* Does it make an attempt on a host? */
int step_kind_acts(enum step_kind kind);

#endif
