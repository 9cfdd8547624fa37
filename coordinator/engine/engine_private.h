/* engine_private.h - between the .c files that make up the engine. */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include "engine.h"
#include "log.h"
#include "uuid.h"

struct call_set;
struct call_loop;
struct event_base;
struct fleet;
struct hook_desk;
struct pg;
struct request_desk;
struct timelines;
struct transport;
struct waker;

enum {
	ENGINE_LEASE_MS = 15000,	/* a standing heartbeat is dead then */
	ENGINE_MARGIN_MS = 3000,	/* we stop sending that much earlier */
	ENGINE_BEAT_MS = 2000,
	ENGINE_POLL_MS = 5000,		/* what no NOTIFY told */
	ENGINE_SIGHT_MS = 25000,
	ENGINE_CALL_MS = 10000,		/* a statement's answer */
	ENGINE_TICK_MS = 10000,		/* schedules are looked at */
	ENGINE_TIDY_MS = 600000,	/* between two slices */
	ENGINE_POOL = 4
};

/* Another coordinator, or a free fleet, as a beat saw it. */
struct watched {
	int fleet;
	int64_t holder, beats, epoch;
	int64_t since_ms;		/* own clock: standing still since */
};

struct engine {
	struct engine_options opt;
	struct event_base *base;
	struct pg *pool[ENGINE_POOL];
	struct pg *ear;			/* LISTEN, heartbeat, lease */
	struct timelines *timelines;	/* what any of them saw */
	struct call_set *calls;
	struct transport *transport;
	struct request_desk *desk;	/* requests of no fleet */
	struct hook_desk *hooks;
	struct fleet *fleets;
	struct taking *takings;		/* fleets being taken (lease.c) */
	struct watched *watched;
	int nwatched;
	int64_t lease_ms, beat_ms;
	int64_t id;			/* coordinator_id, 0: not yet */
	char instance[UUID_TEXT_SIZE];
	int64_t ticked_ms;		/* schedules; 0: with the next beat */
	int64_t tidied_ms;		/* when the last slice was taken */
	int64_t beat_sent_ms;		/* of the last confirmed one */
	int64_t beat_begun_ms;		/* of the one on its way */
	int64_t seen_ms;		/* what it said was read */
	struct call_loop *loop;
	struct waker *beat_waker, *leave_waker;
	bool beating, leaving;
	struct log_again told;		/* why there is no connection */
	struct log_again unheard;	/* why its heartbeat is not taken */
	int64_t leave_ms;		/* leaving since */
	engine_left_fn *left;
	void *left_arg;
};

struct event_base *engine_base(struct engine *engine);
/* May changes be sent?  By our own clock, our lease is surely not taken. */
bool engine_may_send(const struct engine *engine);
/* Greet every host of the fleet, those with a channel once more. */
void engine_greet(struct fleet *fleet);
/* All greeted since then with its epoch; else who is not, in words. */
bool engine_greeted(const struct fleet *fleet, int64_t since_ms, char *silent,
		    size_t size);
/* The database knows that machine as another host. */
void engine_deny(struct fleet *fleet, const char *host, const char *why);
/* What a person wrote who holds that host, as told since then; or NULL. */
const char *engine_held(const struct fleet *fleet, const char *host,
			int64_t since_ms);
/* Tell call.c about the hosts of all fleets we hold or take, and no other. */
void engine_hosts(struct engine *engine);
struct fleet *engine_fleet(struct engine *engine, int id);
/* The fleet is not ours any more: forget it. */
void engine_drop(struct engine *engine, struct fleet *fleet,
		 const char *why);
struct pg *engine_pg(struct engine *engine, int fleet);
/* Where people's requests are answered; fleet NULL: those of no fleet. */
struct request_desk *engine_desk(struct engine *engine,
				 const struct fleet *fleet);
/* All fleets are released: say goodbye and tell the owner. */
void engine_check_left(struct engine *engine);

/* lease.c */
void lease_start(struct engine *engine);
void lease_beat(struct engine *engine);
void lease_stop(struct engine *engine);
/* Let go of a fleet that is at rest; it is freed when that is written. */
void lease_release(struct fleet *fleet);
/* Its agents know a higher epoch: take it again above that. */
void lease_raise(struct fleet *fleet, int64_t at_least);

#endif
