/*
 * stepper.c - one conversation, told as a chain of small steps.
 *
 * Four events: `io` watches the socket, `wake` runs the step again from the
 * loop, `late` is the step's clock and `over` the chain's.
 */
#include "stepper.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

/* Hops taken before other conversations get a look in. */
#define STEPPER_HOPS_MAX 32

static void
stepper_arm(struct event *timer, unsigned int ms)
{
	struct timeval tv = { ms / 1000, (long)(ms % 1000) * 1000 };

	if (evtimer_add(timer, &tv) < 0)
		abort(); /* out of memory: lib/alloc would say the same */
}

static void
stepper_unwatch(struct stepper *st)
{
	if (st->io != NULL)
		event_free(st->io);
	st->io = NULL;
}

void
stepper_cancel(struct stepper *st)
{
	stepper_unwatch(st);
	(void)event_del(st->wake);
	(void)event_del(st->late);
	(void)event_del(st->over);
	st->live = false;
}

static void
stepper_finish(struct stepper *st)
{
	bool ok = st->err.code == ERR_NONE;
	struct err err = st->err; /* the owner may free st in its callback */

	stepper_cancel(st);
	st->done(st->self, ok ? NULL : &err);
}

static void
stepper_enter(struct stepper *st, const struct step *next)
{
	assert(next != NULL && next->budget_ms != 0);
	st->at = next;
	stepper_arm(st->late, next->budget_ms);
}

static void stepper_on_ready(evutil_socket_t fd, short what, void *arg);

static void
stepper_wait(struct stepper *st, const struct step_ret *ret)
{
	assert(ret->want != 0 || ret->ms != 0);
	if (ret->next != NULL)
		stepper_enter(st, ret->next);
	if (ret->ms != 0)
		stepper_arm(st->wake, ret->ms);
	if (ret->want == 0)
		return;
	assert(st->fd >= 0);
	st->io = event_new(st->base, st->fd, ret->want, stepper_on_ready, st);
	if (st->io == NULL || event_add(st->io, NULL) < 0)
		abort();
}

static void
stepper_run(struct stepper *st)
{
	/* what woke us is put away; a step that still needs it says so */
	stepper_unwatch(st);
	(void)event_del(st->wake);
	for (int hops = 0; hops < STEPPER_HOPS_MAX; hops++) {
		struct step_ret ret = st->at->run(st->self);

		switch (ret.kind) {
		case STEP_GOTO:
			stepper_enter(st, ret.next);
			break;
		case STEP_WAIT:
			stepper_wait(st, &ret);
			return;
		case STEP_DONE:
			assert(st->err.code == ERR_NONE);
			stepper_finish(st);
			return;
		case STEP_FAIL:
			assert(st->err.code != ERR_NONE);
			stepper_finish(st);
			return;
		}
	}
	/*
	 * Not event_active(): that is served in the same pass of the loop, and
	 * clocks and sockets would starve.
	 */
	stepper_arm(st->wake, 0);
}

static void
stepper_on_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stepper_run(arg);
}

static void
stepper_on_late(evutil_socket_t fd, short what, void *arg)
{
	struct stepper *st = arg;

	(void)fd;
	(void)what;
	(void)err_set(&st->err, ERR_TIMEOUT, "%s: no answer in %u ms",
		      st->at->name, st->at->budget_ms);
	stepper_finish(st);
}

static void
stepper_on_over(evutil_socket_t fd, short what, void *arg)
{
	struct stepper *st = arg;

	(void)fd;
	(void)what;
	(void)err_set(&st->err, ERR_TIMEOUT, "%s: the call ran out of time",
		      st->at->name);
	stepper_finish(st);
}

void
stepper_init(struct stepper *st, struct event_base *base, void *self,
	     stepper_done_fn *done)
{
	assert(done != NULL);
	*st = (struct stepper){
		.base = base, .self = self, .done = done, .fd = -1
	};
	st->wake = evtimer_new(base, stepper_on_ready, st);
	st->late = evtimer_new(base, stepper_on_late, st);
	st->over = evtimer_new(base, stepper_on_over, st);
	if (st->wake == NULL || st->late == NULL || st->over == NULL)
		abort();
}

void
stepper_start(struct stepper *st, const struct step *first,
	      unsigned int total_ms)
{
	assert(!st->live && st->wake != NULL && total_ms != 0);
	st->live = true;
	err_clear(&st->err);
	stepper_arm(st->over, total_ms);
	stepper_enter(st, first);
	stepper_arm(st->wake, 0);
}

void
stepper_set_fd(struct stepper *st, evutil_socket_t fd)
{
	stepper_unwatch(st);
	st->fd = fd;
}

void
stepper_drop_fd(struct stepper *st)
{
	stepper_set_fd(st, -1);
}

void
stepper_close(struct stepper *st)
{
	struct event *timers[] = { st->wake, st->late, st->over };

	stepper_unwatch(st);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (timers[i] != NULL)
			event_free(timers[i]);
	*st = (struct stepper){ .fd = -1 };
}

const char *
stepper_at(const struct stepper *st)
{
	return st->at != NULL ? st->at->name : "nothing";
}
