/* call_loop.c - the clock of a set of calls that lives in an event loop. */
#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "waker.h"

struct call_loop {
	struct call_set *set;
	struct waker *waker;
};

static int64_t
loop_now(void *self)
{
	(void)self;
	return clock_boot_ms();
}

static void
loop_wake(void *self, int64_t at_ms)
{
	struct call_loop *loop = self;

	waker_at(loop->waker, at_ms);
}

static void
loop_fired(void *self)
{
	struct call_loop *loop = self;

	call_set_tick(loop->set);
}

struct call_loop *
call_loop_new(struct event_base *base, struct transport *transport,
	      const struct call_hooks *hooks, void *ctx)
{
	struct call_loop *loop = x_new(struct call_loop);
	const struct call_clock clock = { loop_now, loop_wake, loop };

	loop->waker = waker_new(base, loop_fired, loop);
	loop->set = call_set_new(transport, &clock, hooks, ctx);
	return loop;
}

struct call_set *
call_loop_set(struct call_loop *loop)
{
	return loop->set;
}

void
call_loop_free(struct call_loop **loopp)
{
	struct call_loop *loop = *loopp;

	if (loop == NULL)
		return;
	call_set_free(&loop->set);
	waker_free(&loop->waker);
	x_free(loopp);
}
