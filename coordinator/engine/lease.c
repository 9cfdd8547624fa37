/*
 * lease.c - which fleets are ours: heartbeat, watch, take, release.
 *
 * PostgreSQL never judges by time.  We watch the beats of every other holder
 * on our own clock; what stands still for the lease time is taken with
 * exactly the epoch and beats we saw.  Before that all its agents are asked
 * for the epochs they know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "hook_desk.h"
#include "jdoc.h"
#include "log.h"
#include "seeded.h"
#include "store.h"
#include "taking.h"
#include "waker.h"

static void lease_again(struct engine *e);

/* ----------------------------------------------------------- what we see */

static struct watched *
watched_get(struct engine *e, int fleet)
{
	struct watched *w;

	for (int i = 0; i < e->nwatched; i++)
		if (e->watched[i].fleet == fleet)
			return &e->watched[i];
	e->watched = x_realloc(e->watched, (size_t)e->nwatched + 1,
			       sizeof(*e->watched));
	w = memset(&e->watched[e->nwatched++], 0, sizeof(*w));
	w->fleet = fleet;
	w->holder = -1;
	return w;
}

/*
 * Has its holder stood still for the lease time, on our clock?  Are we said to
 * hold what we do not have, the answer was lost when we took it or let it go:
 * our beats would keep it from everybody.
 */
static bool
watched_dead(struct engine *e, const struct json_object *doc)
{
	struct watched *w = watched_get(e,
		(int)jdoc_int(doc, "fleet_id", 0));
	int64_t holder = jdoc_int(doc, "holder", 0);
	int64_t beats = jdoc_int(doc, "holder_beats", 0);
	int64_t epoch = jdoc_int(doc, "epoch", 0);
	int64_t now = SEEDED(WALL_LEASE) ? clock_wall_ms() : clock_boot_ms();

	if (holder == 0 || holder == e->id ||
	    jdoc_bool(doc, "holder_stopped", false))
		return true;
	if (w->holder != holder || w->beats != beats || w->epoch != epoch) {
		w->holder = holder;
		w->beats = beats;
		w->epoch = epoch;
		w->since_ms = now;
	}
	return now - w->since_ms >= e->lease_ms;
}

/* While we saw nothing, nobody stood still: the database was away for all. */
static void
watched_gap(struct engine *e)
{
	int64_t now = clock_boot_ms(), gap = now - e->seen_ms - e->beat_ms;

	if (e->seen_ms != 0 && gap > e->beat_ms)
		for (int i = 0; i < e->nwatched; i++)
			e->watched[i].since_ms += gap;
	e->seen_ms = now;
}

static bool
is_ours_to_serve(const struct engine *e, const char *name)
{
	const char *const *list = e->opt.fleets;

	if (list == NULL || list[0] == NULL)
		return true;
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static void
lease_see(struct engine *e, const struct json_object *doc)
{
	int id = (int)jdoc_int(doc, "fleet_id", 0);
	struct fleet *f = engine_fleet(e, id);

	if (f != NULL) {
		if (jdoc_int(doc, "holder", 0) != e->id &&
		    jdoc_int(doc, "epoch", 0) > f->epoch)
			f->fenced = true;
		if (f->fenced ||
		    (f->doc != NULL && jdoc_int(doc, "revision", 0) !=
		     jdoc_int(f->doc, "revision", 0)))
			fleet_reload(f);
		return;
	}
	if (e->leaving || !is_ours_to_serve(e, jdoc_str(doc, "name", "")))
		return;
	if (watched_dead(e, doc))
		taking_begin(e, doc, 0);
}

/* ------------------------------------------------------------- heartbeat */

static void
tidy_done(void *self, const struct pg_rows *rows,
	  const struct pg_error *error)
{
	(void)self;
	if (rows == NULL)
		log_info("nothing was tidied: %s", error->err.text);
}

/*
 * What is too old to keep goes in slices, now and then; the first slice at
 * once, or who is started again and again would never do it.
 */
static void
lease_tidy(struct engine *e)
{
	int64_t now = clock_boot_ms();

	if (e->tidied_ms != 0 && now - e->tidied_ms < ENGINE_TIDY_MS)
		return;
	e->tidied_ms = now;
	store_call(e->pool[0], STORE_TIDY, NULL, ENGINE_CALL_MS, tidy_done,
		   e);
}

static void
tick_done(void *self, const struct pg_rows *rows,
	  const struct pg_error *error)
{
	(void)self;
	if (rows == NULL)
		log_warn("schedules were not looked at: %s",
			    error->err.text);
}

/*
 * Schedules of our fleets: what is due is the database's to say.  Not before
 * our hooks are known there, who are to hear of what was missed.
 */
static void
lease_schedules(struct engine *e)
{
	int64_t now = clock_boot_ms();
	struct store_num id;
	const char *params[1];

	if ((e->ticked_ms != 0 && now - e->ticked_ms < ENGINE_TICK_MS) ||
	    !hook_desk_known(e->hooks))
		return;
	e->ticked_ms = now;
	params[0] = store_num(&id, e->id);
	store_call(e->pool[0], STORE_SCHEDULE_TICK, params, ENGINE_CALL_MS,
		   tick_done, e);
}

static void
beat_took(struct engine *e, const struct json_object *doc)
{
	const struct json_object *fleets = jdoc_in(doc, "fleets");

	watched_gap(e);
	lease_tidy(e);
	lease_schedules(e);
	for (size_t i = 0; i < jdoc_count(fleets); i++)
		lease_see(e, json_item(fleets, i));
}

static void
beat_done(void *self, const struct pg_rows *rows,
	  const struct pg_error *error)
{
	struct engine *e = self;
	struct json_object *doc = NULL;
	const char *text;

	e->beating = false;
	if (rows == NULL) {
		if (store_refused(error, "RD010")) {
			log_error("%s; starting anew", error->err.text);
			e->id = 0;
		} else if (!store_away(error)) {
			log_again(&e->unheard, LOG_LEVEL_ERROR,
				  "the heartbeat is refused, so others take "
				  "the fleets: %s", error->err.text);
		}
	} else {
		e->unheard = (struct log_again){ 0 };
		text = store_value(rows);
		e->beat_sent_ms = e->beat_begun_ms;
		if (json_parse_object(text, strlen(text), &json_limits_doc,
				      &doc, NULL) == 0)
			beat_took(e, doc);
		json_free(&doc);
	}
	lease_again(e);
}

static void
hello_done(void *self, const struct pg_rows *rows,
	   const struct pg_error *error)
{
	struct engine *e = self;

	e->beating = false;
	if (rows != NULL) {
		e->id = atoll(store_value(rows));
		e->beat_sent_ms = e->beat_begun_ms;
		log_notice("coordinator %s, number %lld", e->opt.name,
			   (long long)e->id);
		if (e->desk == NULL)
			e->desk = engine_desk(e, NULL);
		hook_desk_begin(e->hooks, e->id);
	} else {
		log_warn("no hello: %s%s%s", error->err.text,
			 error->hint != NULL ? "; " : "",
			 error->hint != NULL ? error->hint : "");
	}
	if (e->id != 0)
		lease_beat(e);
	else
		lease_again(e);
}

static void
lease_hello(struct engine *e)
{
	struct store_num pid, schema;
	char host[256] = "";
	const char *params[6] = { e->opt.name, e->instance, DRYDOCK_VERSION,
				  host, store_num(&pid, getpid()),
				  store_num(&schema, DRYDOCK_SCHEMA) };

	gethostname(host, sizeof(host) - 1);
	store_call(e->ear, STORE_HELLO, params, ENGINE_CALL_MS, hello_done,
		   e);
}

void
lease_beat(struct engine *e)
{
	struct store_num id;
	const char *params[2];

	if (e->beating)
		return;
	e->beating = true;
	e->beat_begun_ms = clock_boot_ms();
	if (e->id == 0) {
		lease_hello(e);
		return;
	}
	params[0] = store_num(&id, e->id);
	params[1] = e->instance;
	store_call(e->ear, STORE_BEAT, params, (unsigned int)e->lease_ms,
		   beat_done, e);
}

static void
lease_tick(void *self)
{
	struct engine *e = self;

	if (pg_up(e->ear))
		lease_beat(e);
	else
		lease_again(e);
}

static void
lease_again(struct engine *e)
{
	waker_at(e->beat_waker, clock_boot_ms() + e->beat_ms);
}

void
lease_start(struct engine *e)
{
	e->beat_waker = waker_new(e->base, lease_tick, e);
	waker_at(e->beat_waker, clock_boot_ms());
}

void
lease_stop(struct engine *e)
{
	takings_free(e);
	waker_free(&e->beat_waker);
	free(e->watched);
}

/* --------------------------------------------------------------- release */

struct release {
	struct engine *engine;
	int fleet;
};

static void
release_done(void *self, const struct pg_rows *rows,
	     const struct pg_error *error)
{
	struct release *r = self;
	struct fleet *f = engine_fleet(r->engine, r->fleet);

	if (f != NULL) {
		f->fenced = true;
		if (rows == NULL)
			log_warn("%s: not released: %s", f->name,
				 error->err.text);
		engine_drop(r->engine, f, "released");
	}
	engine_check_left(r->engine);
	free(r);
}

void
lease_release(struct fleet *f)
{
	struct store_num id, epoch;
	const char *params[2] = { store_num(&id, f->id),
				  store_num(&epoch, f->epoch) };
	struct release *r = x_new(struct release);

	r->engine = f->engine;
	r->fleet = f->id;
	f->releasing = true;
	store_call(f->pg, STORE_RELEASE, params, 4000, release_done, r);
}

/* Somebody had it in between: ours only if the database says so. */
void
lease_raise(struct fleet *f, int64_t at_least)
{
	if (f->doc == NULL || at_least < f->epoch)
		return;
	log_warn("%s: an agent knows epoch %lld, ours is %lld", f->name,
		 (long long)at_least, (long long)f->epoch);
	taking_begin(f->engine, f->doc, at_least);
}
