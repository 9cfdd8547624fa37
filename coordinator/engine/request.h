/* request.h - what people ask the coordinator to find out. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How it works
 *
 * Requests are rows; one after the other is taken, answered and written down
 * with its findings.  Nothing outside is changed by any of them: plan pins,
 * check looks and asks without doing, discover reads, scan and greet say
 * hello.  What cannot be finished because the database went away is answered
 * when it is back, or taken again: who takes has none in hand, so all that is
 * open is there to be taken, also what was taken under a desk that is gone, or
 * when the answer was lost, however late the database came to it.
 *
 * One struct requests per fleet that is held, and one for requests of no
 * fleet (scans).
 */

struct call_set;
struct pg;
struct requests;
struct transport;

/*
 * X(name, parameters, text): every statement answers one row of one column.
 * TAKE has the number of the request before it, so that one which cannot be
 * read can be answered.
 */
#define REQUEST_STATEMENTS(X)						\
	X(TAKE, 2, "select concat_ws(' ', r->>'request_id', r) from "	\
	  "fleet_internal.request_take($1::int, $2::int) r")		\
	X(DONE, 6, "select fleet_internal.request_done($1::bigint, "	\
	  "$2::int, $3::bool, $4::jsonb, $5, $6::jsonb)::text")		\
	X(FLEET, 1, "select jsonb_build_object("			\
	  "'fleet', fleet_internal.load_fleet($1::int), "		\
	  "'inventory', fleet_internal.load_inventory($1::int))::text")	\
	X(PROCEDURE, 1, "select fleet_internal.load_procedure($1)")	\
	X(PLAN, 1, "select fleet_internal.load_plan($1::bigint)::text")	\
	X(SAVE, 4, "select fleet_internal.plan_save($1::int, "		\
	  "$2::bigint, $3::bigint, $4::jsonb)::text")			\
	X(CONTENT, 1, "select translate(encode("			\
	  "fleet_internal.load_content($1), 'base64'), E'\\n', '')")	\
	X(HOST, 1, "select to_jsonb(h)::text from fleet.host h "	\
	  "where h.host = $1")

enum request_statement {
#define X(name, nparams, text) REQUEST_##name,
	REQUEST_STATEMENTS(X)
#undef X
};

/* value NULL: it did not work, why is a sentence; "" is SQL's null. */
typedef void request_got_fn(void *ctx, const char *value, const char *why);

/* The database, or a test's: one statement at a time. */
struct request_db {
	/* got is called from the loop, never from inside ask() */
	void (*ask)(void *self, enum request_statement statement,
		    const char *const *params, request_got_fn *got,
		    void *ctx);
	/* Did the database refuse the last one?  Else it did not come to it. */
	bool (*refused)(void *self);
	/* no got() follows */
	void (*cancel)(void *self);
	void *self;
};

struct request_env {
	int64_t coordinator;		/* its id in the database */
	int64_t fleet;			/* 0: requests of no fleet */
	int64_t epoch;
	struct call_set *calls;
	struct transport *transport;	/* for scans */
};

/* env is copied, what it points to is borrowed. */
struct requests *requests_new(const struct request_env *env,
			      const struct request_db *db);
void requests_free(struct requests **requests);
/* There may be one: a notification came, or it is time to look. */
void requests_wake(struct requests *requests);
/* Is one being answered? */
bool requests_busy(const struct requests *requests);

/* The real database behind it; owned by the caller, freed after requests. */
struct request_pg;
struct request_pg *request_pg_new(struct pg *pg, struct request_db *db_r);
void request_pg_free(struct request_pg **pg);

#endif
