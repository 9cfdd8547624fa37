/*
 * waker.h - call me at that time: one timer, for those who know no event loop.
 *
 * Times are CLOCK_BOOTTIME (clock_boot_ms()); the loop's own timers stand still
 * in suspend, so a waker that fires too early for its time waits on.
 */
#ifndef DRYDOCK_WAKER_H
#define DRYDOCK_WAKER_H

#include <stdint.h>

struct event_base;
struct waker;

/* fn: from the loop, never inside waker_at(); it may free the waker. */
typedef void waker_fn(void *self);

struct waker *waker_new(struct event_base *base, waker_fn *fn, void *self);
/* Once, no earlier than then; replaces what was set before. */
void waker_at(struct waker *waker, int64_t boot_ms);
void waker_free(struct waker **waker);

#endif
