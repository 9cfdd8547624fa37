/* store.h - every SQL statement of the coordinator, in one table. */
#ifndef STORE_H
#define STORE_H

#include <stdint.h>

#include "pg.h"

/* X(name, parameters, text): each answers one row with one column. */
#define STORE_STATEMENTS(X)						\
	X(HELLO, 6, "select fleet_internal.hello($1, $2::uuid, $3, $4, " \
	  "$5::int, $6::int)::text")					\
	X(BEAT, 2, "select fleet_internal.beat($1::int, $2::uuid)::text") \
	X(TAKE, 6, "select fleet_internal.take($1::int, $2::uuid, "	\
	  "$3::int, $4::bigint, $5::bigint, $6::bigint)::text")		\
	X(RELEASE, 2, "select fleet_internal.release($1::int, "		\
	  "$2::bigint)::text")						\
	X(GOODBYE, 2, "select fleet_internal.goodbye($1::int, "		\
	  "$2::uuid)::text")						\
	X(LOAD, 3, "select fleet_internal.load($1::int, $2::bigint, "	\
	  "$3::bigint)::text")						\
	X(FLEET, 1, "select fleet_internal.load_fleet($1::int)::text")	\
	X(ADVANCE, 6, "select fleet_internal.advance($1::int, $2::bigint, " \
	  "$3::bigint, $4::bigint, $5::jsonb, $6::uuid)::text")		\
	X(CONTENT, 1, "select translate(encode("			\
	  "fleet_internal.load_content($1), 'base64'), E'\\n', '')")	\
	X(TIDY, 0, "select fleet_internal.tidy(interval '90 days', "	\
	  "interval '90 days')::text")				\
	X(SCHEDULE_TICK, 1, "select fleet_internal.schedule_tick("	\
	  "$1::int)::text")						\
	X(HOOK_OFFER, 2, "select fleet_internal.hook_offer($1::int, "	\
	  "$2::jsonb)::text")						\
	X(HOOK_TAKE, 1, "select fleet_internal.hook_take($1::int)::text " \
	  "from fleet_internal.remind($1::int)")			\
	X(HOOK_DONE, 7, "select fleet_internal.hook_done($1::bigint, "	\
	  "$2::int, $3::int, $4::bool, $5::int, $6, $7)::text")		\
	X(PULL_NEXT, 1, "select fleet_internal.pull_next($1::int)::text") \
	X(PULL_DONE, 6, "select fleet_internal.pull_done($1::int, "	\
	  "$2::bigint, $3::uuid, $4, decode($5, 'base64'), $6)::text")	\
	X(REVISION, 1, "select revision::text from fleet.rollout "	\
	  "where rollout = $1::bigint")

enum store_statement {
#define X(name, nparams, text) STORE_##name,
	STORE_STATEMENTS(X)
#undef X
};

/* As pg_call(); params has as many as the table says. */
struct pg_call *store_call(struct pg *pg, enum store_statement statement,
			   const char *const *params, unsigned int wait_ms,
			   pg_done_fn *done, void *self);

/* The one value; "" when it is null (a function returning void). */
const char *store_value(const struct pg_rows *rows);

/* The same statement would have been refused anyhow: a rule of ours. */
bool store_refused(const struct pg_error *error, const char *sqlstate);
/* It may or may not have happened, or the server is not there. */
bool store_away(const struct pg_error *error);

/* Numbers as parameters. */
struct store_num {
	char text[24];
};
const char *store_num(struct store_num *num, int64_t value);

#endif
