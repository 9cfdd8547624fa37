/*
 * pg.h - one PostgreSQL connection that never blocks and comes back by itself.
 *
 * Calls wait in a queue, one is under way.  A connection that breaks is made
 * again with back-off, through the hosts of the conninfo in turn (4 s each);
 * the call under way is then *lost*: whether it happened must be read from the
 * database.  Calls that were not sent stay in the queue until their own time
 * is up.
 */
#ifndef DRYDOCK_PG_H
#define DRYDOCK_PG_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "err.h"

#define PG_PARAMS_MAX 64
#define PG_QUEUE_MAX  1024

struct pg;
struct pg_call;
struct pg_rows;
struct timelines;

/*
 * What the server said, as far as it said anything.  err.code is
 *	REFUSED  our own SQLSTATEs (class RD): a rule of the database
 *	FAILED   any other SQL error, or it was never sent (sent == false)
 *	LOST     sent, and the connection broke, or no answer in time; or it
 *		 was committed on this server only (see on_unreplicated)
 *	PROTO    a parameter that is not UTF-8
 * err.text is the whole sentence, redacted; the parts are NULL when absent.
 */
struct pg_error {
	struct err err;
	char sqlstate[6];    /* "" when it did not come from the server */
	bool sent;	     /* the statement may have reached the server */
	const char *message; /* valid until the callback returns */
	const char *detail;
	const char *hint;
	const char *constraint;
};

/*
 * One call, from the loop, never inside pg_call(): rows, or NULL and an error.
 * Everything lives until it returns.  In it the owner may free the pg.
 */
typedef void pg_done_fn(void *self, const struct pg_rows *rows,
			const struct pg_error *error);

struct pg_options {
	/* libpq's own words or a URL; several hosts are tried in turn */
	const char *conninfo;
	const char *application_name; /* NULL: "drydock" */
	unsigned int connect_ms;      /* for each host; 0: 4000 */
	/* the server gives up a statement after this; 0: 30000 */
	unsigned int statement_ms;
	/* synchronous_commit = off on the server is refused unless this */
	bool allow_async_commit;
	/*
	 * What was seen of the database's timelines; shared, borrowed, or NULL.
	 * A server behind it was left by a failover, whatever it says of
	 * itself: it is refused, and let go before the next call.  And with
	 * several hosts all are asked before one is up, which is the newest; so
	 * one that does not answer at all delays the others by connect_ms.
	 */
	struct timelines *timelines;
	const char *const *listen; /* channels, ends with NULL; or NULL */

	void *self;
	/* up, or down and why (also when an attempt to connect fails) */
	void (*on_state)(void *self, bool up, const struct err *why);
	void (*on_notify)(void *self, const char *channel,
			  const char *payload);
	/*
	 * A commit came back without its standby ("canceled the wait for
	 * synchronous replication"): it is committed here and may be lost with
	 * this server.  Called before the call's own callback, which is told
	 * LOST: asked again, it waits for a standby again.
	 */
	void (*on_unreplicated)(void *self, const char *message);
};

/* Begins to connect from the loop.  -1/NULL: the conninfo makes no sense. */
struct pg *pg_new(struct event_base *base, const struct pg_options *options,
		  struct err *err);
/* Calls in the queue get no callback.  NULL-safe, clears the pointer. */
void pg_free(struct pg **pg);
bool pg_up(const struct pg *pg);

/*
 * Put a statement into the queue.  `name` is its name on the server: prepared
 * at first use on each connection (one name, one text); NULL: not prepared.
 * Parameters are text, NULL is SQL's null; everything is copied but `name` and
 * `sql`, which must live as long as the pg.  wait_ms: from now to the answer.
 * Returns a handle for pg_call_cancel(), valid until the callback.
 */
struct pg_call *pg_call(struct pg *pg, const char *name, const char *sql,
			const char *const *params, size_t n_params,
			unsigned int wait_ms, pg_done_fn *done, void *self);
/* No callback follows.  What was sent may still happen.  Clears the pointer. */
void pg_call_cancel(struct pg_call **call);

/* Rows by column name.  -1 / NULL: no such column. */
size_t pg_rows_count(const struct pg_rows *rows);
int pg_rows_column(const struct pg_rows *rows, const char *name);
/* NULL for SQL's null; the row and column must exist (asserted). */
const char *pg_rows_get(const struct pg_rows *rows, size_t row, int column);

#endif
