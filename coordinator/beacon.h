/* beacon.h - what the service manager is told while we live. */
#ifndef BEACON_H
#define BEACON_H

struct beacon;
struct engine;
struct event_base;

/*
 * STATUS= where the engine stands, every few seconds when it has changed, and
 * WATCHDOG=1 twice in the time that systemd gives ($WATCHDOG_USEC): both from
 * the loop, so a loop that stands still is noticed.  Borrows the engine.
 */
struct beacon *beacon_new(struct event_base *base, struct engine *engine);
void beacon_free(struct beacon **beacon);	/* NULL-safe */

#endif
