/* plan_private.h - shared by plan*.c only. */
#ifndef PLAN_PRIVATE_H
#define PLAN_PRIVATE_H

#include "backoff.h"
#include "plan.h"

enum {
	PLAN_FRESH_MS = 10000,		/* a look that may be acted upon */
	PLAN_LOOK_AGAIN_MS = 2000,
	PLAN_NAMED_MS = 5000,		/* then who is missed is named */
	PLAN_UNSURE_MS = 300000,	/* then unknown is held */
	PLAN_NOT_READY_MS = 30000,	/* then it is critical */
	PLAN_RUNNING_MS = 60000,	/* then a running one is asked again */
	PLAN_CONTACT_MS = 300000,	/* beyond the step's timeout */
	PLAN_SERVICE_MS = 60000,	/* to be seen in service again */
	PLAN_LATE_MS = 120000,		/* then a start is called late */
	PLAN_CHECK_AGAIN_MS = 15000,	/* after a check that found errors */
	PLAN_CHECK_OLD_MS = 1800000,	/* then a backend is checked again */
	PLAN_TELL_MS = 5000		/* between two words about one hold */
};

struct plan {
	const struct view *v;
	const struct looks *l;
	int64_t now;
	struct decision *d;
	int turn;			/* the active one, or the candidate */
	int64_t changed_ms;		/* the turn's last change */
};

/* What is wanted is noted; NULL until it is there. */
const struct fact *plan_need(struct plan *p, enum fact_kind kind, int id,
			     int64_t not_before_ms);
/* The same, at most PLAN_FRESH_MS old, and after the turn's last change. */
const struct fact *plan_fresh(struct plan *p, enum fact_kind kind, int id);
/* Look again at an undecided fact, PLAN_LOOK_AGAIN_MS after the last look. */
void plan_again(struct plan *p, enum rule rule, const struct fact *fact,
		const char *what);

struct op *plan_op(struct plan *p, enum op_kind kind);
void plan_event(struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void plan_step_op(struct plan *p, int step, enum step_event event,
		  const char *text);
void plan_turn_op(struct plan *p, enum turn_event event,
		  enum turn_cause cause, const char *text);

/* Name the decision; the kind follows from what was put into it. */
void plan_say(struct plan *p, enum decision_kind kind, enum rule rule,
	      int64_t wake_ms, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Lift all open holds of that kind. */
void plan_unhold(struct plan *p, enum hold_kind kind);
void plan_unhold_all(struct plan *p);
/* Only that of p->turn: the fleet's hold (-1) and a backend's are two. */
void plan_unhold_gate(struct plan *p, enum gate gate);

/*
 * A hold that keeps the rollout waiting.  The same one is not told twice, but
 * its words follow what is seen.  wake_ms is when one looks again.
 */
void plan_hold(struct plan *p, enum rule rule, enum hold_kind kind,
	       enum gate gate, bool critical, int64_t wake_ms,
	       const char *format, ...) __attribute__((format(printf, 7, 8)));
/* The same with its end, 0: nobody knows; also told when its words change. */
void plan_hold_until(struct plan *p, enum rule rule, enum hold_kind kind,
		     enum gate gate, int64_t until_ms, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/*
 * A gate's hold with the fact it stands on and when that is looked at again;
 * deadline_ms is when the waiting ends, 0: when the fact is true.
 */
void plan_hold_fact(struct plan *p, enum rule rule, enum gate gate,
		    bool critical, const struct fact *fact, int64_t look_ms,
		    int64_t deadline_ms, const char *format, ...)
	__attribute__((format(printf, 8, 9)));
/* The same once it lasts, and the fact is looked at again all the while. */
void plan_hold_again(struct plan *p, enum rule rule, enum gate gate,
		     const struct fact *fact, int64_t deadline_ms,
		     const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/*
 * True while an undecided fact of a step is waited for, as is said after
 * PLAN_NAMED_MS; false: it is decided, or nobody waits any longer.
 */
bool plan_unsure(struct plan *p, enum rule rule, const struct fact *fact,
		 const char *step, const char *what);
/* The turn is held: a person decides. */
void plan_hold_turn(struct plan *p, enum rule rule, bool critical,
		    const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* It is held already, for another reason from now on. */
void plan_hold_words(struct plan *p, bool critical, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True since not_before, in two looks confirm_ms apart. */
bool plan_confirmed(const struct fact *fact, int64_t not_before_ms,
		    int64_t confirm_ms);
int64_t plan_confirm_ms(const struct plan *p, const struct view_step *step);

const struct view_turn *plan_turn_of(const struct plan *p);
bool plan_is_over(const struct view_step *step);
bool plan_is_undoing(const struct view_step *step);
/*
 * Has a host begun it in this turn, and was that not undone since?  Whoever
 * failed and is to be tried again has, and what it did is there.
 */
bool plan_is_begun(const struct view *v, int step);
/* The next step that is not over; undoing: among the undo rows. */
int plan_current(const struct view *v, bool undoing);

/* Was it being put back?  Also when it is held in that. */
bool plan_is_restoring(const struct view_turn *turn);
/* At rest, paused; when its end has come that is told, and no more. */
void plan_pause(struct plan *p);
void plan_attempt_end(struct plan *p, int step, int attempt,
		      enum attempt_event event, const char *why);
/* Attempts that a committed phase made beforehand and nobody needs. */
void plan_unsent(struct plan *p, int step, const char *why);

/* plan_take.c */
void plan_take(struct plan *p);
/*
 * plan_check.c: true when the fleet (turn -1), or the turn's backend right
 * before it is taken, has to be checked first.
 */
bool plan_check(struct plan *p);
/* plan_turn.c */
void plan_turn(struct plan *p);
/* plan_ask.c: true when something was asked of the turn and is answered */
bool plan_asked(struct plan *p);
/* plan_keep.c: true when a kept check decided */
bool plan_keep(struct plan *p, int current);
/* Look at everything that is kept, too. */
void plan_keep_wants(struct plan *p, int current, int64_t not_before_ms);
/* Retry what does not hold any more; true while it is looked at first. */
bool plan_keep_retry(struct plan *p, int64_t held_ms);
/* plan_begin.c */
void plan_begin(struct plan *p, int step);
/*
 * Before each change through a group: its gap is over, and it is ready.  True
 * when that decided (it waits); false with a want: it has to be looked at.
 */
bool plan_group(struct plan *p, int step);
/* The member that changes of this turn go through, chosen now if need be. */
const char *plan_mouth(struct plan *p, int group);
/* Was that host not excluded since its attempt was made? */
bool plan_may_tell(const struct plan *p, int step, const char *host);
/* plan_run.c */
void plan_run(struct plan *p, int step);
/* It passes, with what shows it; what it undoes is undone. */
void plan_passed(struct plan *p, int step, const char *why);
/* It fails: ignored, tried again, its phase undone, or held. */
void plan_failed(struct plan *p, int step, const char *why);
/* plan_wait.c: a poll, a wait or an approve that has begun. */
void plan_wait(struct plan *p, int step);
/* Was nobody told of that attempt, as far as we know?  NULL: we do not. */
bool plan_is_unasked(const struct agent_fact *agent);
/*
 * A step that has not begun may have been sent all the same: its attempts were
 * made when its phase was committed, and whoever carried that on without the
 * database may not have come to write it down.  True while agents are asked;
 * then *sent_r says whether one of them knows it.
 */
bool plan_was_sent(struct plan *p, int step, bool *sent_r);
/* plan_sent.c: true while agents are asked for what waits from the step on */
bool plan_asks(struct plan *p, int step);
/*
 * Inside a committed phase whose rows may be older than what was done.  True
 * when that decided: somebody is asked, or an agent knows a later step, so this
 * one is over.
 */
bool plan_carried_on(struct plan *p, int step);
/* A later step of its phase was begun, as an agent says: it was over then. */
bool plan_is_past(const struct plan *p, int step);
/*
 * Before a held turn is put back: false while that has to wait for the agents,
 * or for the rows of what they know.
 */
bool plan_settled(struct plan *p);
/* plan_undo.c */
/* The undo row s passed: the step it undoes is undone. */
void plan_undone(struct plan *p, int s);
void plan_restore(struct plan *p, enum rule rule, enum turn_cause cause,
		  const char *why);
/* R40: the committed phase's time is up, and step `s` is not done. */
void plan_deadline(struct plan *p, int s, const char *why);
/* What only waits or looks is ended, so that nothing runs at rest. */
void plan_stop_running(struct plan *p, const char *why);

/* plan_window.c: a window in which the candidate's turn ends; else a hold. */
bool plan_window(struct plan *p);
/* A turn beyond the end of its window is finished, and told once. */
bool plan_overrun(struct plan *p);

#endif
