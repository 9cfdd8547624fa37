/* waker.c - one timer on CLOCK_BOOTTIME. */
#include "waker.h"

#include <event2/event.h>

#include "alloc.h"
#include "clock.h"

/* Slept in pieces, so that a suspend costs no more than one of them. */
#define PIECE_MS ((int64_t)60 * 1000)

struct waker {
	struct event *timer;
	waker_fn *fn;
	void *self;
	int64_t at_ms;
};

static void
waker_arm(struct waker *w)
{
	int64_t ms = w->at_ms - clock_boot_ms();
	struct timeval tv;

	if (ms < 0)
		ms = 0;
	if (ms > PIECE_MS)
		ms = PIECE_MS;
	tv = (struct timeval){ .tv_sec = ms / 1000,
			       .tv_usec = ms % 1000 * 1000 };
	(void)evtimer_add(w->timer, &tv);
}

static void
waker_fired(evutil_socket_t fd, short what, void *self)
{
	struct waker *w = self;

	(void)fd;
	(void)what;
	if (clock_boot_ms() < w->at_ms)
		waker_arm(w);
	else
		w->fn(w->self);
}

struct waker *
waker_new(struct event_base *base, waker_fn *fn, void *self)
{
	struct waker *w = x_new(struct waker);

	w->fn = fn;
	w->self = self;
	w->timer = evtimer_new(base, waker_fired, w);
	return w;
}

void
waker_at(struct waker *w, int64_t boot_ms)
{
	w->at_ms = boot_ms;
	waker_arm(w);
}

void
waker_free(struct waker **wp)
{
	if (*wp == NULL)
		return;
	event_free((*wp)->timer);
	x_free(wp);
}
