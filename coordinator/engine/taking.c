/* taking.c - read a fleet, ask its agents for their epochs, take it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "store.h"
#include "taking.h"
#include "waker.h"

enum { TAKING_ASK_MS = 3000, TAKING_POLL_MS = 50 };

struct taking {
	struct taking *next;
	struct engine *engine;
	int id;
	char name[VIEW_NAME], uuid[VIEW_UUID];
	int64_t epoch, beats, at_least;
	struct json_object *doc;
	struct names names;		/* of doc */
	struct waker *waker;
	struct pg_call *call;
	int64_t asked_ms;
};

static void
taking_end(struct taking *t)
{
	struct taking **at = &t->engine->takings;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->call != NULL)
		pg_call_cancel(&t->call);
	waker_free(&t->waker);
	names_free(&t->names);
	json_free(&t->doc);
	free(t);
}

void
takings_free(struct engine *e)
{
	while (e->takings != NULL)
		taking_end(e->takings);
}

const struct json_object *
taking_doc(const struct engine *e, int n, const struct names **names_r)
{
	const struct taking *t = e->takings;

	for (; t != NULL; t = t->next) {
		if (t->doc == NULL || n-- > 0)
			continue;
		*names_r = &t->names;
		return t->doc;
	}
	return NULL;
}

static void
taking_done(void *self, const struct pg_rows *rows,
	    const struct pg_error *error)
{
	struct taking *t = self;
	struct engine *e = t->engine;
	struct fleet *f = engine_fleet(e, t->id);
	int64_t epoch;

	t->call = NULL;
	if (rows == NULL) {
		/* another was faster, or nobody can take it */
		log_with(store_refused(error, "RD010") ? LOG_LEVEL_INFO :
			 LOG_LEVEL_WARN, NULL, "%s: not taken: %s", t->name,
			 error->err.text);
		taking_end(t);
		return;
	}
	epoch = atoll(store_value(rows));
	log_notice("%s: ours, epoch %lld", t->name, (long long)epoch);
	if (f != NULL) {
		f->epoch = epoch;
		trace_again(f);
		fleet_reload(f);
	} else {
		f = fleet_new(e, t->id, t->name, t->uuid, epoch);
		f->next = e->fleets;
		e->fleets = f;
	}
	e->ticked_ms = 0;
	taking_end(t);
	engine_hosts(e);
}

static void
taking_take(struct taking *t)
{
	struct engine *e = t->engine;
	struct store_num me, id, epoch, beats, least;
	const char *params[6] = {
		store_num(&me, e->id), e->instance, store_num(&id, t->id),
		store_num(&epoch, t->epoch), store_num(&beats, t->beats),
		store_num(&least, t->at_least),
	};

	t->call = store_call(e->ear, STORE_TAKE, params, ENGINE_CALL_MS,
			     taking_done, t);
}

/* The highest epoch the host's agent knows of this fleet; -1: silent. */
static int64_t
host_epoch(const struct taking *t, const char *host)
{
	struct call *call = call_find(t->engine->calls, host);
	const struct call_facts *facts = call ? call_facts(call) : NULL;
	int64_t epoch = call ? call_fenced_by(call) : 0;

	if (facts == NULL || facts->asked_ms < t->asked_ms)
		return epoch > 0 ? epoch : -1;
	for (size_t i = 0; i < facts->nfleets; i++)
		if (strcmp(facts->fleets[i].uuid, t->uuid) == 0 &&
		    facts->fleets[i].epoch > epoch)
			epoch = facts->fleets[i].epoch;
	return epoch;
}

static void
taking_tick(void *self)
{
	struct taking *t = self;
	const struct json_object *hosts = jdoc_in(t->doc, "hosts");
	size_t answered = 0;

	for (size_t i = 0; i < jdoc_count(hosts); i++) {
		int64_t epoch = host_epoch(t,
			jdoc_str(json_item(hosts, i), "name", ""));

		answered += epoch >= 0;
		if (epoch > t->at_least)
			t->at_least = epoch;
	}
	if (answered == jdoc_count(hosts) ||
	    clock_boot_ms() - t->asked_ms > TAKING_ASK_MS)
		taking_take(t);
	else
		waker_at(t->waker, clock_boot_ms() + TAKING_POLL_MS);
}

static void
taking_ask(struct taking *t)
{
	const struct json_object *hosts = jdoc_in(t->doc, "hosts");

	t->asked_ms = clock_boot_ms();
	engine_hosts(t->engine);
	for (size_t i = 0; i < jdoc_count(hosts); i++) {
		struct call *call = call_find(t->engine->calls,
			jdoc_str(json_item(hosts, i), "name", ""));

		if (call != NULL)
			call_greet(call);
	}
	waker_at(t->waker, t->asked_ms + TAKING_POLL_MS);
}

static void
taking_read(void *self, const struct pg_rows *rows,
	    const struct pg_error *error)
{
	struct taking *t = self;
	const char *text;

	t->call = NULL;
	if (rows == NULL) {
		log_warn("%s: cannot be read: %s", t->name, error->err.text);
		taking_end(t);
		return;
	}
	text = store_value(rows);
	if (json_parse_object(text, strlen(text), &json_limits_doc, &t->doc,
			      NULL) < 0) {
		taking_end(t);
		return;
	}
	names_make(&t->names, t->doc);
	if (t->at_least > 0)
		taking_take(t);
	else
		taking_ask(t);
}

void
taking_begin(struct engine *e, const struct json_object *fleet,
	     int64_t at_least)
{
	int id = (int)jdoc_int(fleet, "fleet_id", 0);
	struct store_num num;
	const char *params[1] = { store_num(&num, id) };
	struct taking *t;

	for (t = e->takings; t != NULL; t = t->next)
		if (t->id == id)
			return;
	t = x_new(struct taking);
	t->engine = e;
	t->id = id;
	jdoc_copy(fleet, "name", t->name, sizeof(t->name));
	jdoc_copy(fleet, "uuid", t->uuid, sizeof(t->uuid));
	t->epoch = jdoc_int(fleet, "epoch", 0);
	t->beats = jdoc_int(fleet, "holder_beats", 0);
	t->at_least = at_least;
	t->waker = waker_new(e->base, taking_tick, t);
	t->next = e->takings;
	e->takings = t;
	t->call = store_call(e->ear, STORE_FLEET, params, ENGINE_CALL_MS,
			     taking_read, t);
}
