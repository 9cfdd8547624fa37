/*
 * backoff_timer.h - call me again later, and later, and later.
 *
 * A list of delays, walked one by one, the last one for ever; each is changed
 * by up to ±20 %, so that many who lost the same peer do not come back at once.
 */
#ifndef DRYDOCK_BACKOFF_TIMER_H
#define DRYDOCK_BACKOFF_TIMER_H

#include <event2/event.h>

struct backoff {
	const unsigned int *delays; /* ms; ends with 0 */
	struct event *timer;
	unsigned int at;
};

/* The event that fires; fn is called from the loop. */
void backoff_init(struct backoff *b, struct event_base *base,
		  const unsigned int *delays, event_callback_fn fn,
		  void *self);
/* Arm it with the next delay; the milliseconds chosen. */
unsigned int backoff_next(struct backoff *b);
/* It worked: begin with the first delay again; nothing stays armed. */
void backoff_reset(struct backoff *b);
void backoff_close(struct backoff *b);

#endif
