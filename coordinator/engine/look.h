/* look.h - fresh readings, and what expressions make of them. */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tri.h"

/*
 * How it works
 *
 * A look is a list of questions asked together.  Each question names the
 * probes it needs; each distinct (host, argv) is run once, however many
 * questions use it, and readings that are young enough are not asked again.
 * When all answers are in (or given up) each question has become a fact:
 * a truth, when it was seen, and the values that every member showed.
 *
 * A member that gave no answer makes a fact TRI_UNKNOWN unless the rest
 * decides it; it is named in `silent`.  "Nobody answered" is never "false".
 * Times are CLOCK_BOOTTIME milliseconds of the coordinator.
 */

struct look;
struct look_roster;
struct reading;
struct call;
struct call_set;
struct err;
struct buf;
struct json_object;

/*
 * Who there is to ask and what "in service" and "ready" mean: made from the
 * normalised inventory (what fleet.export() returns).  Kept by the engine as
 * long as the fleet's revision stays, with the readings taken so far.
 */
int look_roster_parse(const struct json_object *inventory,
		      struct look_roster **roster_r, struct err *err);
void look_roster_free(struct look_roster **rosterp);
/* From now on not asked, and not counted among the peers. */
void look_roster_exclude(struct look_roster *roster, const char *host,
			 bool excluded);
bool look_roster_is_excluded(const struct look_roster *roster,
			     const char *host);
/* Where hosts are asked; calls are looked up by host name at each look. */
void look_roster_calls(struct look_roster *roster, struct call_set *calls);
/* Forget what was seen before now (after a change, after a takeover). */
void look_roster_forget(struct look_roster *roster);

/*
 * What an expression may speak of besides probes.  Everything is borrowed
 * until look_fact() was read; any member may be NULL.
 */
struct look_scope {
	/* name; "service" is its row, "peers" are all others */
	const char *backend;
	const struct json_object *plan;	/* pinned plan: its probes */
	/* the turn's member of that group, NULL while none is chosen */
	const char *(*mouth)(void *ctx, const char *group);
	/* ${steps.S.x}: a remembered value, or the state for x "state" */
	const char *(*step_value)(void *ctx, const char *step,
				  const char *name);
	void *ctx;
	const struct json_object *result;	/* out.*: of the attempt */
	int64_t elapsed_ms;		/* out.elapsed in a poll */
	const char *rollout;		/* ${rollout.id} */
	const char *without;		/* a member that is not asked */
};

struct look_fact {
	enum tri truth;
	int64_t asked_ms;	/* when the oldest reading in it was asked */
	int64_t at_ms;		/* when its last reading arrived */
	const char *text;	/* "service.vhosts == 0: dir1 0, dir2 100" */
	const char *silent;	/* "dir2 (no answer in 10 s)", or "" */
	const char *evidence;	/* JSON object text for survey and proof */
};

typedef void look_done_fn(void *ctx, struct look *look);

struct look *look_new(struct look_roster *roster);
void look_free(struct look **lookp);	/* also while it runs: no done then */

/*
 * Put a question; returns its number for look_fact().  An expression that
 * does not parse or names an unknown probe is a fact TRI_UNKNOWN that says so.
 */
unsigned int look_expr(struct look *look, const struct look_scope *scope,
		       const char *expr);
/* The value of one field, members agreeing; fact.text is the value alone. */
unsigned int look_value(struct look *look, const struct look_scope *scope,
			const char *field);
/*
 * Is the field the same wherever it can be seen?  Of a probe that each member
 * of a group is asked: on all of them.  Of a probe of the backend: on every
 * backend of the fleet that is not excluded, the same words asked of each.
 * The scope has a backend.
 */
unsigned int look_same(struct look *look, const struct look_scope *scope,
		       const char *field);
/* Is this backend in service on every member that is asked? */
unsigned int look_service(struct look *look, const char *backend);
/*
 * Are all members of the group ready?  Where they tell of one another, each
 * must be listed as up by another one.
 */
unsigned int look_ready(struct look *look, const char *group);
/*
 * Is that member not there any more, as all others say (absent.h)?  It is not
 * asked itself.
 */
unsigned int look_absent(struct look *look, const char *group,
			 const char *member);

/* All rows of the service read, whoever they are; see look_each_row(). */
unsigned int look_rows(struct look *look);

/*
 * Ask what is not younger than max_age_ms, wait at most timeout_ms, then
 * done, once, from the loop.  After it the facts may be read until the look
 * is freed.
 */
void look_run(struct look *look, int64_t max_age_ms, int64_t timeout_ms,
	      look_done_fn *done, void *ctx);
const struct look_fact *look_fact(const struct look *look, unsigned int nr);
/*
 * The rows that each member showed for a look_rows(): key is the cell that
 * names the backend.  The rows of all members that answered are told.
 */
typedef void look_row_fn(void *ctx, const char *member, const char *key,
			 const struct reading *rows, size_t row);
void look_each_row(const struct look *look, unsigned int nr, look_row_fn *fn,
		   void *ctx);
/*
 * The rows of a look_rows() that belong to no backend of this fleet: how
 * many, added to names as "KEY on MEMBER".  0 when the fleet ignores them.
 */
size_t look_strangers(const struct look *look, unsigned int nr,
		      struct buf *names);

#endif
