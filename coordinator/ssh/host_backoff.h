/*
 * host_backoff.h - when a host may be tried again.  Pure: the clock is given.
 *
 * After a failure 2, 5, 15, 30, 60, 60 … s, and from the beginning again once
 * an exchange was served: a host that lets nobody stay (ChannelTimeout) does
 * its work, and is called back after 2 s each time.  A refused key is tried
 * once more after 60 s and then not for 15 min: sshd counts such tries
 * (MaxStartups, PerSourcePenalties) and would shut out everybody else from
 * here as well.
 */
#ifndef DRYDOCK_HOST_BACKOFF_H
#define DRYDOCK_HOST_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_AUTH_TRIES	   2
#define HOST_AUTH_AGAIN_MS 60000
#define HOST_AUTH_STOP_MS  900000
/* a session that ends sooner than this counts as a failure, served or not */
#define HOST_STABLE_MS 10000

struct host_backoff {
	unsigned int failures;	    /* in a row */
	unsigned int auth_failures; /* in a row */
	int64_t not_before;	    /* boot time, ms; 0: at once */
};

/* These count; jitter is a number 0..1000, 500 changes nothing (±20 %). */
void host_backoff_failed(struct host_backoff *b, int64_t now,
			 unsigned int jitter);
void host_backoff_auth_failed(struct host_backoff *b, int64_t now);
/* It answered on a session that ends soon: that end is the first failure. */
void host_backoff_served(struct host_backoff *b);
void host_backoff_worked(struct host_backoff *b);

/* ms to wait from now, 0: go. */
int64_t host_backoff_wait(const struct host_backoff *b, int64_t now);
/* The key was refused twice and its time is not over: say so, do not wait. */
bool host_backoff_stopped(const struct host_backoff *b, int64_t now);

#endif
