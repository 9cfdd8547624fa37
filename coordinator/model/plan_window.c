/* plan_window.c - a turn is only begun when it ends before its window does. */
#include <stdio.h>

#include "plan_private.h"

enum { MINUTE_MS = 60000 };

/* The first span in which a turn that takes rest_ms ends, -1: none is known. */
static int
window_fits(const struct plan *p, int64_t rest_ms)
{
	for (int i = 0; i < p->v->nwindows; i++) {
		const struct view_window *w = &p->v->window[i];
		int64_t from = w->opens_ms > p->now ? w->opens_ms : p->now;

		if (w->closes_ms - from >= rest_ms)
			return i;
	}
	return -1;
}

static void
window_then(const struct plan *p, int fits, char *then, size_t size)
{
	if (fits >= 0)
		snprintf(then, size, "the next in which it fits opens %s",
			 p->v->window[fits].opens);
	else if (p->v->nwindows == 0)
		snprintf(then, size, "none opens within a year");
	else
		snprintf(then, size, "none of the next %d is long enough",
			 p->v->nwindows);
}

bool
plan_window(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);
	const struct view_window *open = p->v->window;
	int fits = window_fits(p, turn->rest_ms);
	int64_t until_ms = fits < 0 ? 0 : p->v->window[fits].opens_ms;
	char then[VIEW_WHY];

	if (!p->v->windows || turn->overrides & 1u << GATE_WINDOW ||
	    (fits >= 0 && until_ms <= p->now))
		return true;
	window_then(p, fits, then, sizeof(then));
	if (p->v->nwindows > 0 && open->opens_ms <= p->now)
		plan_hold_until(p, RULE_GATES, HOLD_WINDOW, GATE_WINDOW,
				until_ms, "%s takes up to %lld min and the "
				"window closes %s; %s", turn->backend,
				(long long)((turn->rest_ms + MINUTE_MS - 1) /
					    MINUTE_MS), open->closes, then);
	else
		plan_hold_until(p, RULE_GATES, HOLD_WINDOW, GATE_WINDOW,
				until_ms, "%s waits: no window is open; %s",
				turn->backend, then);
	return false;
}

bool
plan_overrun(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (turn->window_closes_ms == 0 || p->now < turn->window_closes_ms ||
	    plan_committed(p->v))
		return false;
	plan_op(p, OP_OVERRUN);
	plan_say(p, DECIDE_DO, RULE_GATES, 0,
		 "%s goes on beyond its window, which closed", turn->backend);
	return true;
}
