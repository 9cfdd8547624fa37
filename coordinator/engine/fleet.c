/* fleet.c - one fleet: load, think, wait; see fleet.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "contents.h"
#include "engine_private.h"
#include "fleet.h"
#include "fault.h"
#include "jdoc.h"
#include "load.h"
#include "log.h"
#include "look.h"
#include "request_desk.h"
#include "sheet.h"
#include "store.h"
#include "waker.h"

enum { FLEET_HOPS = 64, FLEET_OFFSET_MS = 200, FLEET_STRANGE_MS = 5000 };

static void fleet_think(struct fleet *f);

int64_t
fleet_now_ms(const struct fleet *f)
{
	return clock_boot_ms() + f->offset_ms;
}

bool
fleet_committed(const struct fleet *f)
{
	if (f->ops_commits)
		return false;
	for (const struct batch *b = f->batches; b != NULL; b = b->next)
		if (b->commits)
			return false;
	return f->has_rollout && plan_committed(&f->view);
}

void
fleet_away(struct fleet *f, const char *why)
{
	if (!f->away)
		log_warn("%s: the database is away: %s%s", f->name, why,
			 fleet_committed(f) ?
			 "; the phase is carried to its end" : "");
	f->away = true;
	f->view.database = false;
}

void
fleet_back(struct fleet *f)
{
	if (f->away)
		log_notice("%s: the database is back", f->name);
	f->away = false;
	f->view.database = true;
}

int64_t
fleet_host_id(const struct fleet *f, const char *name)
{
	return jdoc_int(names_host(&f->names, name), "host_id", 0);
}

int
fleet_service(const struct fleet *f, const char *backend)
{
	for (int i = 0; i < f->nservices; i++)
		if (strcmp(f->services[i].name, backend) == 0)
			return i;
	return -1;
}

const struct json_object *
fleet_turn_doc(const struct fleet *f)
{
	if (!f->has_rollout || f->view.detail < 0)
		return NULL;
	return load_turn(f->work, f->view.turns[f->view.detail].id);
}

char *
fleet_step_path(const struct fleet *f, const struct view_step *step)
{
	return x_asprintf("%s/%s/%s", f->view.uuid,
			  f->view.turns[f->view.detail].backend, step->name);
}

/* ---------------------------------------------------------------- timers */

/* The earliest wish wins. */
static void
fleet_arm(struct fleet *f, int64_t ms)
{
	int64_t at = clock_boot_ms() + ms;

	if (f->armed_ms != 0 && f->armed_ms <= at)
		return;
	f->armed_ms = at;
	waker_at(f->waker, at);
}

void
fleet_wake(struct fleet *f)
{
	fleet_arm(f, 0);
}

/* 0: only events and the poll for what no NOTIFY told. */
void
fleet_wake_at(struct fleet *f, int64_t db_ms)
{
	int64_t ms = ENGINE_POLL_MS;

	if (db_ms != 0 && db_ms - fleet_now_ms(f) < ms)
		ms = db_ms - fleet_now_ms(f);
	fleet_arm(f, ms > 0 ? ms : 0);
}

static void
fleet_tick(void *self)
{
	struct fleet *f = self;

	f->armed_ms = 0;
	fleet_think(f);
}

void
fleet_reload(struct fleet *f)
{
	f->reload = true;
	fleet_wake(f);
}

/* --------------------------------------------------------------- loading */

static void
load_services(struct fleet *f)
{
	const struct json_object *backends = jdoc_in(f->doc, "backends");
	struct service *old = f->services;
	int nold = f->nservices;
	size_t n = jdoc_count(backends);

	if ((int)n != nold)
		facts_cancel(f);	/* it has a question for each */
	f->services = x_calloc(n + 1, sizeof(*f->services));
	f->nservices = (int)n;
	for (size_t i = 0; i < n; i++) {
		const struct json_object *doc = json_item(backends, i);
		int64_t id = jdoc_int(doc, "backend_id", 0);
		struct service *s = &f->services[i];

		for (int k = 0; k < nold; k++)
			if (old[k].backend_id == id)
				*s = old[k];
		if (s->at_ms == 0)
			s->value = s->told = TRI_UNKNOWN;
		s->backend_id = id;
		jdoc_copy(doc, "name", s->name, sizeof(s->name));
		s->excluded = jdoc_bool(doc, "excluded", false);
	}
	free(old);
}

/* What may not be asked any more, and who asks. */
static void
load_exclusions(struct fleet *f)
{
	const struct json_object *groups = jdoc_in(f->doc, "groups");

	look_roster_calls(f->roster, f->engine->calls);
	for (int i = 0; i < f->nservices; i++)
		look_roster_exclude(f->roster, f->services[i].name,
				    f->services[i].excluded);
	for (size_t g = 0; g < jdoc_count(groups); g++) {
		const struct json_object *members =
			jdoc_in(json_item(groups, g), "members");

		for (size_t i = 0; i < jdoc_count(members); i++)
			look_roster_exclude(f->roster,
				jdoc_str(json_item(members, i), "name", ""),
				jdoc_bool(json_item(members, i), "excluded",
					  false));
	}
}

/* The inventory comes when it is not the one that the roster is made from. */
static int
load_roster(struct fleet *f, struct err *err)
{
	const struct json_object *inventory = NULL;

	if (json_opt_object(f->loaded, "inventory", &inventory, err) < 0)
		return -1;
	if (inventory != NULL) {
		facts_cancel(f);
		look_roster_free(&f->roster);
		if (look_roster_parse(inventory, &f->roster, err) < 0)
			return -1;
		f->roster_revision = jdoc_int(f->doc, "revision", 0);
	}
	if (f->roster == NULL)
		return err_set(err, ERR_PROTO, "it is missing");
	load_exclusions(f);
	return 0;
}

static void
load_results(struct fleet *f)
{
	const struct json_object *steps = jdoc_in(fleet_turn_doc(f), "steps");

	for (size_t i = 0; i < jdoc_count(steps); i++) {
		const struct json_object *tries =
			jdoc_in(json_item(steps, i), "tries");

		if (strcmp(jdoc_str(json_item(steps, i), "state", ""),
			   "running") != 0)
			continue;
		for (size_t k = 0; k < jdoc_count(tries); k++) {
			const struct json_object *a = json_item(tries, k);
			char *text;

			if (jdoc_in(a, "result") == NULL)
				continue;
			text = jdoc_text(jdoc_in(a, "result"));
			result_set(f, jdoc_str(a, "id", ""), text);
			free(text);
		}
	}
}

static const struct json_object *
doc_part(const struct json_object *doc, const char *key)
{
	const struct json_object *part = jdoc_in(doc, key);

	return json_kind(part) == JSON_OBJECT ? part : NULL;
}

static void
load_offset(struct fleet *f)
{
	int64_t offset = jdoc_int(f->doc, "now_ms", 0) - clock_boot_ms();
	int64_t drift = offset - f->offset_ms;

	if (drift > FLEET_OFFSET_MS || drift < -FLEET_OFFSET_MS)
		f->offset_ms = offset;
}

/* What hangs on the turn in hand, and may be another one now. */
static void
load_turn_parts(struct fleet *f, int64_t was)
{
	if (was != (fleet_turn_doc(f) == NULL ? 0 :
		    f->view.turns[f->view.detail].id)) {
		looks_clear(&f->looks);
		results_clear(f);
		values_clear(f);
	}
	values_load(f);
	load_results(f);
	contents_load(f);
	sheet_update(f);
	forget_update(f);
	trace_begin(f);
}

/*
 * Keeps the document.  On -1 there is no rollout that could be moved, and no
 * turn's part changes.
 */
static int
fleet_took(struct fleet *f, struct json_object *doc, struct err *err)
{
	struct json_object *old = f->loaded;
	int64_t was = fleet_turn_doc(f) == NULL ? 0 :
		f->view.turns[f->view.detail].id;
	int rc;

	f->loaded = doc;
	f->doc = doc_part(doc, "fleet");
	f->work = doc_part(doc, "work");
	names_make(&f->names, f->doc);
	load_services(f);
	load_offset(f);
	rc = load_view(&f->view, f->doc, f->work, err);
	if (rc >= 0 && load_roster(f, err) < 0)
		rc = err_prefix(err, "fleet_internal.fleet %d, the inventory: ",
				f->id);
	f->has_rollout = rc == 0;
	snprintf(f->rollout_text, sizeof(f->rollout_text), "%lld",
		 (long long)f->view.rollout);
	fleet_back(f);
	f->view.stopping = f->engine->leaving;
	if (jdoc_int(f->doc, "change_seq", 0) > f->change_seq)
		f->change_seq = jdoc_int(f->doc, "change_seq", 0);
	if (rc >= 0)
		load_turn_parts(f, was);
	json_free(&old);
	engine_hosts(f->engine);
	return rc;
}

static void
load_done(void *self, const struct pg_rows *rows,
	  const struct pg_error *error)
{
	struct fleet *f = self;
	struct err err = { ERR_NONE, "" };
	struct json_object *doc = NULL;
	const char *text;

	f->loading = NULL;
	if (rows == NULL) {
		log_warn("%s: cannot be read: %s", f->name, error->err.text);
		if (!store_away(error)) {
			err_set(&err, ERR_FAILED, "it cannot be read: %s",
				error->err.text);
			strange_tell(f, err.text);
		}
		f->reload = true;
		fleet_wake_at(f, fleet_now_ms(f) + 1000);
		return;
	}
	text = store_value(rows);
	if (json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      &err) < 0 || fleet_took(f, doc, &err) < 0) {
		strange_tell(f, err.text);
		f->reload = true;
		fleet_wake_at(f, fleet_now_ms(f) + FLEET_STRANGE_MS);
	} else {
		strange_over(f);
		refused_load(f);
		fleet_wake(f);
	}
}

static void
fleet_load(struct fleet *f)
{
	struct store_num id, turn, known;
	const char *params[3];

	if (!pg_up(f->pg)) {
		fleet_wake_at(f, fleet_now_ms(f) + 500);
		return;
	}
	f->reload = false;
	f->load_ms = clock_boot_ms();
	if (f->has_rollout && view_active(&f->view) >= 0)
		f->detail = 0;
	params[0] = store_num(&id, f->id);
	params[1] = f->detail != 0 ? store_num(&turn, f->detail) : NULL;
	params[2] = f->roster != NULL ?
		store_num(&known, f->roster_revision) : NULL;
	f->loading = store_call(f->pg, STORE_LOAD, params, ENGINE_CALL_MS,
				load_done, f);
}

/* A long wait must not hang on one NOTIFY; answers that come in do not make
 * what was read older. */
static bool
load_is_old(const struct fleet *f)
{
	return clock_boot_ms() - f->load_ms >= ENGINE_POLL_MS;
}

/* -------------------------------------------------------------- thinking */

/* A decision is told once, however often it is made. */
static void
think_log(struct fleet *f)
{
	const struct decision *d = &f->decision;

	if (d->kind == DECIDE_DO || (d->rule == f->last_rule &&
	    strcmp(d->reason, f->last_reason) == 0))
		return;
	f->last_rule = d->rule;
	snprintf(f->last_reason, sizeof(f->last_reason), "%s", d->reason);
	log_debug("%s: %s %s", f->name, rule_number(d->rule), d->reason);
}

/* What must be over before the next decision is made. */
static bool
think_waits(struct fleet *f)
{
	if (f->loading != NULL || f->asking != NULL)
		return true;
	if (f->batches != NULL) {
		if (f->writing == NULL && pg_up(f->pg) &&
		    clock_boot_ms() >= f->retry_ms)
			write_retry(f);
		if (f->view.database || !fleet_committed(f)) {
			fleet_wake_at(f, fleet_now_ms(f) + 1000);
			return true;
		}
	}
	return false;
}

/* Between two rollouts: people's questions. */
static void
think_idle(struct fleet *f)
{
	if (write_flush(f))
		return;
	refused_rest(f);
	f->reload = true;
	fleet_wake_at(f, 0);
}

/* What the database refused is not decided again yet; what is seen is told. */
static bool
think_refused(struct fleet *f)
{
	int64_t ms = f->view.database ? refused_wait_ms(f) : 0;

	if (ms == 0)
		return false;
	if (!write_flush(f) && load_is_old(f))
		fleet_reload(f);
	else
		fleet_wake_at(f, fleet_now_ms(f) + ms);
	return true;
}

/* True: something was begun, or there is nothing to do for now. */
static bool
think_once(struct fleet *f)
{
	struct decision *d = &f->decision;

	plan_next(&f->view, &f->looks, fleet_now_ms(f), d);
	think_log(f);
	(void)FAULT("engine.decided");
	switch (d->kind) {
	case DECIDE_DO:
		act_do(f);
		(void)FAULT("engine.acted");
		return f->ops_reload && write_flush(f);
	case DECIDE_LOOK:
		facts_ask(f);
		return true;
	case DECIDE_LOAD:
		if (write_flush(f))
			return true;
		f->detail = f->view.turns[d->load].id;
		fleet_load(f);
		return true;
	case DECIDE_SEND:
		if (write_flush(f) && f->view.database)
			return true;
		send_all(f);
		(void)FAULT("engine.sent");
		fleet_wake_at(f, d->wake_ms);
		return true;
	case DECIDE_IDLE:
		if (write_flush(f) && f->view.database)
			return true;
		refused_rest(f);
		if (f->view.database && load_is_old(f))
			fleet_reload(f);
		else
			fleet_wake_at(f, d->wake_ms);
		return true;
	}
	return true;
}

static void
fleet_think(struct fleet *f)
{
	if (f->fenced) {
		engine_drop(f->engine, f, "another coordinator has it");
		return;
	}
	if (think_waits(f) || f->releasing)
		return;
	if (f->engine->leaving && !fleet_committed(f)) {
		if (!write_flush(f))
			lease_release(f);
		return;
	}
	if (f->doc == NULL || (f->reload &&
	    (f->view.database || !fleet_committed(f)))) {
		if (f->batches == NULL && !write_flush(f))
			fleet_load(f);
		return;
	}
	pull_update(f);
	trace_update(f);
	facts_survey(f);
	if (think_refused(f))
		return;
	include_asked(f);
	if (f->asking != NULL)
		return;
	if (!f->has_rollout) {
		think_idle(f);
		return;
	}
	for (int i = 0; i < FLEET_HOPS; i++)
		if (think_once(f))
			return;
	log_error("%s: it decides and decides (%s %s): a bug; waiting",
		  f->name, rule_number(f->decision.rule),
		  f->decision.reason);
	write_flush(f);
	fleet_wake_at(f, fleet_now_ms(f) + 5000);
}

/* ---------------------------------------------------------- life and death */

struct fleet *
fleet_new(struct engine *engine, int id, const char *name, const char *uuid,
	  int64_t epoch)
{
	struct fleet *f = x_new(struct fleet);

	f->engine = engine;
	f->id = id;
	f->epoch = epoch;
	f->pg = engine_pg(engine, id);
	f->view.detail = -1;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->uuid, sizeof(f->uuid), "%s", uuid);
	buf_init(&f->ops, 8 << 20);
	f->waker = waker_new(engine->base, fleet_tick, f);
	pull_expect(f);		/* what an earlier holder left */
	f->desk = engine_desk(engine, f);
	fleet_wake(f);
	return f;
}

void
fleet_free(struct fleet **fp)
{
	struct fleet *f = *fp;

	if (f == NULL)
		return;
	*fp = NULL;
	request_desk_free(&f->desk);
	contents_free(f);
	sheet_free(f);
	pull_free(f);
	trace_again(f);
	facts_cancel(f);
	write_cancel(f);
	if (f->loading != NULL)
		pg_call_cancel(&f->loading);
	waker_free(&f->waker);
	look_roster_free(&f->roster);
	values_clear(f);
	results_clear(f);
	looks_clear(&f->looks);
	view_clear(&f->view);
	names_free(&f->names);
	json_free(&f->loaded);
	buf_free(&f->ops);
	free(f->services);
	free(f);
}
