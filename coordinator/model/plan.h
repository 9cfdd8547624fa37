/* plan.h - the one place that decides what happens next. */
#ifndef PLAN_H
#define PLAN_H

#include "looks.h"
#include "view.h"

/*
 * How it works
 *
 * plan_next() is pure: what PostgreSQL says (view), what was seen (looks) and
 * the database's time go in, one decision comes out.  Nothing is remembered
 * between two calls, so asking twice gives the same answer, and a coordinator
 * that was just started decides as the one that died would have.
 *
 *   IDLE   nothing to do before wake_ms or the next event
 *   LOOK   facts are missing or too old: the wants, all at once
 *   LOAD   the steps of turn `load` are needed
 *   SEND   hand these attempts to their agents (again); of a step that has not
 *          begun, only ask what they know of them
 *   DO     ops: rows that change together, in one transaction
 *
 * view_apply() moves the view by one op, as advance() moves the database.
 */

/* X(name, number, sentence): the rules, in the order they are tried. */
#define RULES(X)							\
	X(ENDED, R1, "a rollout at its end does nothing")		\
	X(START, R2, "a schedule starts at its hour, if its plan still fits") \
	X(DATABASE, R3,							\
	  "without the database only a committed phase goes on")	\
	X(LEAVE, R4, "a leaving coordinator stops at a step boundary")	\
	X(ASKED, R5, "what a person asked of a turn comes first")	\
	X(ABORTED, R6, "abort takes no further backend")		\
	X(PAUSED, R7, "a pause rests at a pause point")			\
	X(HALTED, R8, "no backend is taken while another is unsettled")	\
	X(FINISH, R9, "no backend waits: the rollout ends")		\
	X(CHECK, R17,							\
	  "nobody is taken before a check of the whole fleet")		\
	X(APPROVAL, R10, "after the canaries a person says go on")	\
	X(EXCLUDED, R18,						\
	  "an excluded backend is passed over, and left out at last")	\
	X(ORDER, R11, "a backend that is not in service comes first")	\
	X(GATES, R12, "all gates hold before a backend is taken")	\
	X(TAKE, R13, "one backend is taken")				\
	X(HELD, R14, "a held turn waits for a person")			\
	X(ABORT, R15, "abort comes to rest in, out, or at the end")	\
	X(PEER, R16, "a peer fails: return at once, or finish then halt") \
	X(SKIP, R20, "a step whose when is false is skipped")		\
	X(UNDECIDED, R21,						\
	  "what cannot be told is looked at again, then held")		\
	X(REMEMBER, R22, "values are remembered before the step starts") \
	X(KEEP, R23, "what was proved is proved again, repaired or held") \
	X(REQUIRE, R24, "the evidence is there right before the act")	\
	X(ALREADY, R25, "what is already true is not done")		\
	X(READY, R26, "a group is ready before each change")		\
	X(GAP, R27, "two changes through a group keep their distance")	\
	X(OUTAGE, R28, "an outage opens on a clear look at all others")	\
	X(COMMIT, R29, "a no_pause phase is committed whole")		\
	X(BEGIN, R30, "a step begins")					\
	X(SEND, R31, "the agent is asked, and asked again")		\
	X(WAIT, R32, "it runs, or its time has not come")		\
	X(CONTACT, R33, "a silent agent is a hold, not an answer")	\
	X(RESULT, R34, "an answer is written down")			\
	X(UNKNOWN, R35, "an unknown end is settled by the check, or held") \
	X(REFUSED, R36, "what an agent refuses was not begun")		\
	X(PASS, R37, "verified: the step passed")			\
	X(FAIL, R38, "the step failed")					\
	X(AGAIN, R39, "a failed step is tried again")			\
	X(DEADLINE, R40,						\
	  "a no_pause phase past its deadline is undone or held")	\
	X(SOAK, R41, "in service, for as long as the soak")		\
	X(PROVE, R42, "in service, proved: the turn ends")

enum rule {
#define X(name, number, sentence) RULE_##name,
	RULES(X)
#undef X
	RULE_COUNT
};

const char *rule_number(enum rule rule);
const char *rule_sentence(enum rule rule);

/* X(name, word): one row that changes.  The words are advance()'s. */
#define OPS(X)								\
	X(ROLLOUT,	rollout)	/* event */			\
	X(TURN,		turn)		/* turn, event, cause */	\
	X(PHASE_BEGIN,	phase_begin)	/* phase */			\
	X(PHASE_COMMIT,	phase_commit)	/* phase */			\
	X(PHASE_END,	phase_end)	/* phase */			\
	X(STEP,		step)		/* step, event */		\
	X(REMEMBER,	remember)	/* step */			\
	X(ATTEMPT,	attempt)	/* step, attempt = round, host */ \
	X(ATTEMPT_END,	attempt_end)	/* step, attempt, event */	\
	X(MOUTH,	mouth)		/* group, text = host */	\
	X(CAUSE,	cause)		/* turn, cause; its state stays */ \
	X(HOLD,		hold)		/* hold_kind, gate, critical */	\
	X(UNHOLD,	unhold)		/* hold */			\
	X(UNDO,		undo_step)	/* step: whose undo to insert */ \
	X(AGAIN,	again_step)	/* step: whose copy to insert */ \
	X(OUTAGE_OPEN,	outage_open)	/* turn */			\
	X(OUTAGE_CLOSE,	outage_close)	/* turn */			\
	X(OUTAGE_ACCEPT, outage_accept) /* turn */			\
	X(PAUSE,	pause_effective)				\
	X(OVERRUN,	overrun)	/* turn */			\
	X(PAUSE_OVER,	pause_over)	/* its end came; it stays */	\
	X(ASKED,	asked)		/* turn: answered */		\
	X(CHECK,	check)		/* turn, -1: all */		\
	X(EVENT,	event)

enum op_kind {
#define X(name, word) OP_##name,
	OPS(X)
#undef X
};

const char *op_kind_word(enum op_kind kind);

struct op {
	enum op_kind kind;
	int turn, phase, step, attempt, group, hold;
	int event;			/* of the kind's machine */
	enum turn_cause cause;		/* also PERSON for a STEP retry */
	enum hold_kind hold_kind;
	enum gate gate;
	bool critical;
	int64_t until_ms;	/* HOLD: 0 = nobody knows */
	int64_t deadline_ms;	/* HOLD: it waits no longer; 0: for ever */
	int64_t look_ms;	/* HOLD: one looks again then; 0: on events */
	int fact, fact_id;	/* HOLD: its evidence; -1: none */
	char id[VIEW_UUID];	/* ATTEMPT: given before it is applied */
	char text[VIEW_WHY];
};

struct want {
	enum fact_kind kind;
	int id;
	int64_t not_before_ms;
};

enum decision_kind {
	DECIDE_IDLE, DECIDE_LOOK, DECIDE_LOAD, DECIDE_SEND, DECIDE_DO
};

enum { PLAN_OPS = 160, PLAN_WANTS = 96, PLAN_SENDS = 32 };

struct decision {
	enum decision_kind kind;
	enum rule rule;
	char reason[VIEW_WHY];
	int64_t wake_ms;		/* IDLE and SEND: 0 = only events */
	int load;
	struct want wants[PLAN_WANTS];
	int nwants;
	struct op ops[PLAN_OPS];
	int nops;
	struct { int step, attempt; } sends[PLAN_SENDS];
	int nsends;
};

void plan_next(const struct view *view, const struct looks *looks,
	       int64_t now_ms, struct decision *decision);

/* Is the view inside a committed no_pause phase that is not at its end? */
bool plan_committed(const struct view *view);

/* -1 when the op is not legal here (a bug): the view is untouched. */
int view_apply(struct view *view, const struct op *op, int64_t now_ms);

#endif
