/*
 * plan_check.c - nothing is taken that was not checked.
 *
 * A check asks every host without doing anything: its words, its files, its
 * packages, which are downloaded by it.  It is a request like a person's, so
 * a coordinator that dies in the middle of it leaves nothing behind: the next
 * one takes the request again.
 */
#include "plan_private.h"

/* Is the check asked last this one?  A start forgets what was before it. */
static bool
check_is(const struct plan *p)
{
	const struct view_check *check = &p->v->check;

	return check->asked_ms != 0 && check->turn == p->turn;
}

/*
 * Just now.  What we take for the database's time may be behind it, so it may
 * have been done a little later than now; much later, and a clock was set back.
 */
static bool
check_is_fresh(const struct plan *p)
{
	int64_t age = p->now - p->v->check.done_ms;

	return age > -PLAN_CHECK_AGAIN_MS && age < PLAN_CHECK_AGAIN_MS;
}

static void
check_wait(struct plan *p)
{
	const struct view_check *check = &p->v->check;
	const char *who = p->turn < 0 ? "the fleet" :
		plan_turn_of(p)->backend;

	if (check_is(p) && check->done_ms == 0) {
		plan_hold(p, RULE_CHECK, HOLD_GATE, GATE_CHECK, false, 0,
			  "%s is being checked", who);
		return;
	}
	if (check_is(p) && check->wrong[0] != '\0' && check_is_fresh(p)) {
		plan_hold(p, RULE_CHECK, HOLD_GATE, GATE_CHECK, false,
			  check->done_ms + PLAN_CHECK_AGAIN_MS,
			  "%s is not taken before its check finds nothing: %s",
			  p->turn < 0 ? "a backend" : who, check->wrong);
		return;
	}
	plan_op(p, OP_CHECK);
	plan_say(p, DECIDE_DO, RULE_CHECK, 0, "%s is to be checked", who);
}

bool
plan_check(struct plan *p)
{
	int64_t last = p->v->checked_ms;

	if (p->turn >= 0 && plan_turn_of(p)->checked_ms > last)
		last = plan_turn_of(p)->checked_ms;
	if (last == 0 || (p->turn >= 0 &&
			  p->now >= last + PLAN_CHECK_OLD_MS)) {
		check_wait(p);
		return true;
	}
	plan_unhold_gate(p, GATE_CHECK);
	return false;
}
