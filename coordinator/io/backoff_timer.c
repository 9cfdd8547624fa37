/* backoff_timer.c - call me again later, and later, and later. */
#include "backoff_timer.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

/* ms changed by up to ±20 %. */
static unsigned int
backoff_jitter(unsigned int ms)
{
	uint32_t r = 0;

	(void)!getrandom(&r, sizeof(r), 0);
	return ms - ms / 5 + (ms >= 5 ? r % (2 * (ms / 5) + 1) : 0);
}

void
backoff_init(struct backoff *b, struct event_base *base,
	     const unsigned int *delays, event_callback_fn fn, void *self)
{
	assert(delays[0] != 0);
	*b = (struct backoff){ .delays = delays };
	b->timer = evtimer_new(base, fn, self);
	if (b->timer == NULL)
		abort();
}

unsigned int
backoff_next(struct backoff *b)
{
	unsigned int ms = backoff_jitter(b->delays[b->at]);
	struct timeval tv = { ms / 1000, (long)(ms % 1000) * 1000 };

	if (b->delays[b->at + 1] != 0)
		b->at++;
	(void)evtimer_add(b->timer, &tv);
	return ms;
}

void
backoff_reset(struct backoff *b)
{
	b->at = 0;
	(void)event_del(b->timer);
}

void
backoff_close(struct backoff *b)
{
	if (b->timer != NULL)
		event_free(b->timer);
	b->timer = NULL;
}
