/* looks.h - the facts that fresh readings and agents gave. */
#ifndef LOOKS_H
#define LOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "tri.h"
#include "view.h"

/* X(name, what `id` is): what a fact is about. */
#define FACT_KINDS(X)							\
	X(WHEN,		"step: its when")				\
	X(REMEMBER,	"step: all its values can be told")		\
	X(REQUIRE,	"step: its require")				\
	X(CHECK,	"step: its check")				\
	X(EXPECT,	"step: its expect, of the last round")		\
	X(UNTIL,	"step: a poll's until")				\
	X(TARGET,	"turn: its backend is in service")		\
	X(PEERS,	"turn: all other backends are in service")	\
	X(ANOTHER,	"turn: some other backend is in service")	\
	X(READY,	"group: all members are ready")			\
	X(ABSENT,	"step: who has its change is not there any more") \
	X(DONE,		"step: its check, as all but that one see it")	\
	X(GREETED,	"0: every agent of the fleet knows our epoch")	\
	X(PREFLIGHT,	"number of the preflight row")

enum fact_kind {
#define X(name, id) FACT_##name,
	FACT_KINDS(X)
#undef X
};

struct fact {
	enum fact_kind kind;
	int id;
	enum tri value;
	int64_t at_ms;		/* when its oldest reading was asked */
	int64_t since_ms;	/* first look of the unbroken run of `value` */
	char seen[VIEW_WHY];
};

/* What the agent says of one attempt. */
#define AGENT_STATES(X)							\
	X(NOT_ASKED)	/* made here and not sent, or not known there */ \
	X(ASKING)	/* handed over, no answer yet */		\
	X(RUNNING)	/* it runs; the end will be told */		\
	X(ENDED)	/* it ended; the result is here */		\
	X(UNKNOWN)	/* begun, and no one knows its end */		\
	X(REFUSED)	/* not begun; code and why */			\
	X(SILENT)	/* sent or not, no answer: to be asked again */

enum agent_state {
#define X(name) AGENT_##name,
	AGENT_STATES(X)
#undef X
};

struct agent_fact {
	char id[VIEW_UUID];	/* of the attempt */
	enum agent_state state;
	int exit, signal;	/* ENDED */
	bool timed_out;
	char code[24];		/* REFUSED */
	char why[VIEW_WHY];
	int64_t at_ms;		/* of the last change of state */
	int64_t silent_ms;	/* SILENT: since when, 0: not */
	int asked;		/* times */
	bool reached;		/* may have reached the agent */
	bool gone;		/* host proven gone, or silent for 75 s */
};

struct looks {
	struct fact *facts;
	int nfacts, facts_size;
	struct agent_fact *agents;
	int nagents, agents_size;
};

/* NULL: never looked at. */
const struct fact *looks_find(const struct looks *looks, enum fact_kind kind,
			      int id);
/* Notes a reading; keeps since_ms while the value stays. */
void looks_note(struct looks *looks, enum fact_kind kind, int id,
		enum tri value, int64_t at_ms, const char *seen);
const struct agent_fact *looks_agent(const struct looks *looks,
				     const char *id);
/* The same to write into; made when it is new. */
struct agent_fact *looks_agent_get(struct looks *looks, const char *id);
/* That attempt decides nothing any more; the others may move. */
void looks_agent_drop(struct looks *looks, const char *id);
/* Forget every fact, or what the agents said too. */
void looks_forget(struct looks *looks);
void looks_clear(struct looks *looks);

#endif
