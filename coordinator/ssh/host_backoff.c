/* host_backoff.c - when a host may be tried again. */
#include "host_backoff.h"

#include <assert.h>
#include <stddef.h>

static const int64_t host_delays_ms[] = { 2000, 5000, 15000, 30000, 60000 };

#define HOST_DELAYS (sizeof(host_delays_ms) / sizeof(host_delays_ms[0]))

void
host_backoff_failed(struct host_backoff *b, int64_t now, unsigned int jitter)
{
	size_t i = b->failures < HOST_DELAYS ? b->failures : HOST_DELAYS - 1;
	int64_t ms = host_delays_ms[i];
	int64_t at = now + ms * 8 / 10 + ms * 4 / 10 * jitter / 1000;

	assert(jitter <= 1000);
	b->failures++;
	/* a key refused meanwhile, on another channel, has its own time */
	if (at > b->not_before)
		b->not_before = at;
}

void
host_backoff_auth_failed(struct host_backoff *b, int64_t now)
{
	b->auth_failures++;
	b->not_before = now + (b->auth_failures < HOST_AUTH_TRIES ?
				       HOST_AUTH_AGAIN_MS :
				       HOST_AUTH_STOP_MS);
}

void
host_backoff_served(struct host_backoff *b)
{
	b->failures = 0;
}

void
host_backoff_worked(struct host_backoff *b)
{
	*b = (struct host_backoff){ 0 };
}

int64_t
host_backoff_wait(const struct host_backoff *b, int64_t now)
{
	return b->not_before > now ? b->not_before - now : 0;
}

bool
host_backoff_stopped(const struct host_backoff *b, int64_t now)
{
	return b->auth_failures >= HOST_AUTH_TRIES &&
	       host_backoff_wait(b, now) > 0;
}
