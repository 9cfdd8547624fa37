/*
 * engine.h - the coordinator's heart: fleets held, rollouts carried on.
 *
 * Needs the PostgreSQL given, and agents over the transport given; all else
 * is inside.  Runs in the caller's event loop.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct engine;
struct event_base;
struct hook_list;
struct transport;

struct engine_options {
	const char *database;		/* conninfo */
	const char *state;		/* directory (timelines.h), or NULL */
	const char *name;		/* of this coordinator, unique */
	const char *const *fleets;	/* NULL: every fleet there is */
	bool allow_async_commit;
	int64_t lease_ms;		/* 0: 15 s; tests are impatient */
	int64_t beat_ms;		/* 0: 2 s */
};

/* Options are copied, the transport is borrowed. */
struct engine *engine_new(struct event_base *base, struct transport *transport,
			  const struct engine_options *options,
			  struct err *err);
/* Drops everything at once, as SIGKILL would. */
void engine_free(struct engine **engine);

/* The hooks from now on; takes the list's content. */
void engine_hooks(struct engine *engine, struct hook_list *list);

/* Where it stands, for people: fleets, rollouts, the step in hand. */
#define ENGINE_STATUS_SIZE 512
void engine_status(const struct engine *engine,
		   char text[ENGINE_STATUS_SIZE]);

/*
 * Leave in order: fleets come to a step boundary (a no_pause phase first to
 * its end) and are released; then left(), from the loop, once.
 */
typedef void engine_left_fn(void *arg);
void engine_leave(struct engine *engine, engine_left_fn *left, void *arg);
/* Is a fleet inside a committed no_pause phase? */
bool engine_committed(const struct engine *engine);

#endif
