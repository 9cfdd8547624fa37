/* hold.h - why a rollout does not move, and what must hold before a take. */
#ifndef HOLD_H
#define HOLD_H

#define HOLD_KINDS(X)							\
	X(PAUSE,	pause)						\
	X(TURN,		turn)						\
	X(WINDOW,	window)						\
	X(APPROVAL,	approval)					\
	X(GATE,		gate)						\
	X(CONTACT,	contact)					\
	X(DATABASE,	database)

enum hold_kind {
#define X(name, word) HOLD_##name,
	HOLD_KINDS(X)
#undef X
};

/*
 * What must hold before a backend is taken, or (WRITE) anything is done; the
 * sentence is the demand.
 */
#define GATES(X)							\
	X(NONE,		none,		"nothing")			\
	X(CHECK,	check,		"its check finds nothing")	\
	X(WINDOW,	window,		"a window is open long enough")	\
	X(GREETED,	greeted,	"every agent knows our epoch")	\
	X(MIN_UP,	min_up,		"enough backends stay up")	\
	X(SLOT,		slot,		"nobody else is out in its slot") \
	X(PREFLIGHT,	preflight,	"its preflight holds")		\
	X(READY,	ready,		"every group is ready")		\
	X(TARGET_IN,	target_in,	"it is in service itself")	\
	X(PEERS,	peers,		"all others are in service")	\
	X(WRITE,	write,		"the database takes what is decided")

enum gate {
#define X(name, word, demand) GATE_##name,
	GATES(X)
#undef X
};

const char *hold_kind_word(enum hold_kind kind);
/* -1: no such word. */
int hold_kind_of(const char *word);
const char *gate_word(enum gate gate);
const char *gate_demand(enum gate gate);
int gate_of(const char *word);

/*
 * How many must stay up of total backends: "N", "P%" (rounded up),
 * "all but N".  -1: not such a text.
 */
int gate_min_up(const char *text, int total);

#endif
