/* facts.c - the decision's wants, looked at all at once, noted as facts. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "look.h"
#include "pg.h"
#include "waker.h"

enum {
	FACTS_WAIT_MS = 30000,		/* for all answers together */
	FACTS_GREET_MS = 10000,
	FACTS_GREET_POLL_MS = 100,
	FACTS_PARTS = 32		/* questions that make up one want */
};

/* One want and the questions that answer it. */
struct part {
	unsigned int nr[FACTS_PARTS];
	int n;
	unsigned int record;		/* a poll's series: question + 1 */
};

struct asking {
	struct fleet *f;
	struct asking **self;		/* who knows of it */
	struct look *look;
	struct want wants[PLAN_WANTS];
	struct part parts[PLAN_WANTS];
	int n;
	unsigned int *services;		/* question per backend, 0: none */
	bool greet;			/* GREETED is among the wants */
	int64_t began_ms;
	struct waker *waker;
};

/* ------------------------------------------------------------ the scope */

static const char *
scope_mouth(void *ctx, const char *group)
{
	const struct fleet *f = ctx;

	for (int i = 0; i < f->view.ngroups; i++)
		if (strcmp(f->view.groups[i].name, group) == 0 &&
		    f->view.groups[i].mouth[0] != '\0')
			return f->view.groups[i].mouth;
	return NULL;
}

static const char *
scope_value(void *ctx, const char *step, const char *name)
{
	return value_get(ctx, step, name);
}

static struct look_scope
scope_of(struct fleet *f)
{
	const struct view *v = &f->view;

	return (struct look_scope){
		.backend = v->detail >= 0 ? v->turns[v->detail].backend : NULL,
		.plan = jdoc_in(fleet_turn_doc(f), "plan"),
		.mouth = scope_mouth,
		.step_value = scope_value,
		.ctx = f,
		.rollout = f->rollout_text,
	};
}

/* ------------------------------------------------------------ questions */

/* One question per backend, however many wants speak of it. */
static void
ask_service(struct asking *a, int backend)
{
	if (backend >= 0 && a->services[backend] == 0)
		a->services[backend] = 1 +
			look_service(a->look, a->f->services[backend].name);
}

static void
ask_part(struct part *part, unsigned int nr)
{
	assert(part->n < FACTS_PARTS);
	part->nr[part->n++] = nr;
}

static void
ask_expr(struct asking *a, struct part *part, int step,
	 const struct json_object *in, const char *key)
{
	struct look_scope scope = scope_of(a->f);

	scope.elapsed_ms = fleet_now_ms(a->f) -
		a->f->view.steps[step].started_ms;
	ask_part(part, look_expr(a->look, &scope, jdoc_str(in, key, "")));
}

/* Who has the change of that step in its hands and does not answer; or NULL. */
static const char *
asked_host(const struct view_step *step)
{
	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT)
			return step->attempts[i].host;
	return NULL;
}

static void
ask_done(struct asking *a, struct part *part, int step)
{
	struct look_scope scope = scope_of(a->f);
	const struct view_step *s = &a->f->view.steps[step];

	scope.without = asked_host(s);
	ask_part(part, look_expr(a->look, &scope,
				 jdoc_str(s->spec, "check", "")));
}

static void
ask_absent(struct asking *a, struct part *part, int step)
{
	const struct view_step *s = &a->f->view.steps[step];
	const char *host = asked_host(s);

	ask_part(part, look_absent(a->look, a->f->view.groups[s->group].name,
				   host != NULL ? host : ""));
}

static void
ask_until(struct asking *a, struct part *part, int step)
{
	struct look_scope scope = scope_of(a->f);
	const struct json_object *poll =
		jdoc_in(a->f->view.steps[step].spec, "poll");

	ask_expr(a, part, step, poll, "until");
	if (jdoc_has(poll, "record"))
		part->record = 1 + look_value(a->look, &scope,
			jdoc_str(poll, "record", ""));
}

/* Of a poll, which may be kept: what it waited for. */
static void
ask_check(struct asking *a, struct part *part, int step)
{
	const struct view_step *s = &a->f->view.steps[step];

	if (s->kind == STEP_KIND_POLL)
		ask_expr(a, part, step, jdoc_in(s->spec, "poll"), "until");
	else
		ask_expr(a, part, step, s->spec, "check");
}

/* expect speaks of out.*: one question for each member's result. */
static void
ask_expect(struct asking *a, struct part *part, int step)
{
	struct look_scope scope = scope_of(a->f);
	const struct view_step *s = &a->f->view.steps[step];

	for (int i = 0; i < s->nattempts && part->n < FACTS_PARTS; i++) {
		if (!view_is_last(s, i))
			continue;
		scope.result = result_get(a->f, s->attempts[i].id, NULL);
		ask_part(part, look_expr(a->look, &scope,
			jdoc_str(s->spec, "expect", "")));
	}
}

static void
ask_remember(struct asking *a, struct part *part, int step)
{
	struct look_scope scope = scope_of(a->f);
	const struct json_object *list =
		jdoc_in(a->f->view.steps[step].spec, "remember");

	for (size_t i = 0; i < jdoc_count(list) &&
	     part->n + 2 <= FACTS_PARTS; i++) {
		const struct json_object *item = json_item(list, i);

		ask_part(part, look_value(a->look, &scope,
					  jdoc_str(item, "value", "")));
		if (jdoc_has(item, "where"))
			ask_part(part, look_expr(a->look, &scope,
				jdoc_str(item, "where", "")));
	}
}

static void
ask_preflight(struct asking *a, struct part *part, int row)
{
	struct look_scope scope = scope_of(a->f);
	const struct json_object *rows = jdoc_in(scope.plan, "preflight");
	const struct json_object *item = json_item(rows, (size_t)row);
	const struct json_object *same = jdoc_in(item, "same");

	if (same == NULL)
		ask_part(part, look_expr(a->look, &scope,
					 jdoc_str(item, "expect", "")));
	for (size_t i = 0; i < jdoc_count(same) && part->n < FACTS_PARTS; i++)
		ask_part(part, look_same(a->look, &scope, json_as_str(
			json_item(same, i))));
}

static void
ask_others(struct asking *a, struct part *part, const struct want *want)
{
	int spared = fleet_service(a->f, a->f->view.turns[want->id].backend);

	for (int i = 0; i < a->f->nservices; i++)
		if (i != spared && !a->f->services[i].excluded)
			ask_service(a, i);
	if (want->kind == FACT_PEERS)
		ask_part(part, look_rows(a->look));
}

static void
ask_want(struct asking *a, int i)
{
	const struct want *want = &a->wants[i];
	struct part *part = &a->parts[i];

	switch (want->kind) {
	case FACT_WHEN:
		ask_expr(a, part, want->id,
			 a->f->view.steps[want->id].spec, "when");
		break;
	case FACT_REQUIRE:
		ask_expr(a, part, want->id,
			 a->f->view.steps[want->id].spec, "require");
		break;
	case FACT_CHECK:
		ask_check(a, part, want->id);
		break;
	case FACT_EXPECT:
		ask_expect(a, part, want->id);
		break;
	case FACT_UNTIL:
		ask_until(a, part, want->id);
		break;
	case FACT_REMEMBER:
		ask_remember(a, part, want->id);
		break;
	case FACT_PREFLIGHT:
		ask_preflight(a, part, want->id);
		break;
	case FACT_READY:
		ask_part(part, look_ready(a->look,
			a->f->view.groups[want->id].name));
		break;
	case FACT_ABSENT:
		ask_absent(a, part, want->id);
		break;
	case FACT_DONE:
		ask_done(a, part, want->id);
		break;
	case FACT_TARGET:
		ask_service(a, fleet_service(a->f,
			a->f->view.turns[want->id].backend));
		break;
	case FACT_PEERS:
	case FACT_ANOTHER:
		ask_others(a, part, want);
		break;
	case FACT_GREETED:
		a->greet = true;
		break;
	}
}

/* -------------------------------------------------------------- answers */

/* All parts together: the worst truth, the oldest reading. */
static void
note_parts(struct asking *a, int i)
{
	const struct part *part = &a->parts[i];
	enum tri value = TRI_TRUE;
	int64_t at = INT64_MAX;
	char seen[VIEW_WHY] = "";

	for (int k = 0; k < part->n; k++) {
		const struct look_fact *fact = look_fact(a->look, part->nr[k]);
		enum tri one = fact->truth;
		size_t len = strlen(seen);

		if (fact->asked_ms < at && fact->asked_ms != 0)
			at = fact->asked_ms;
		if (one == TRI_FALSE || (one == TRI_UNKNOWN &&
					 value == TRI_TRUE))
			value = one;
		snprintf(seen + len, sizeof(seen) - len, "%s%s%s%s",
			 len > 0 ? "; " : "", fact->text,
			 fact->silent[0] ? "; silent: " : "", fact->silent);
	}
	if (at == INT64_MAX)
		at = a->began_ms;
	looks_note(&a->f->looks, a->wants[i].kind, a->wants[i].id, value,
		   at + a->f->offset_ms, seen);
}

/* A reading of the series: how many users while it drains. */
static void
note_record(struct asking *a, int i)
{
	const struct view_step *s = &a->f->view.steps[a->wants[i].id];
	const struct look_fact *fact;
	struct json_out out;
	struct buf buf;
	char *end;
	double value;

	if (a->parts[i].record == 0)
		return;
	fact = look_fact(a->look, a->parts[i].record - 1);
	value = strtod(fact->text, &end);
	if (fact->truth != TRI_TRUE || *end != '\0' || end == fact->text)
		return;
	buf_init(&buf, 4096);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "sample");
	json_out_int(&out, "turn", a->f->view.turns[a->f->view.detail].id);
	json_out_str(&out, "metric",
		     jdoc_str(jdoc_in(s->spec, "poll"), "record", ""));
	json_out_double(&out, "value", value);
	json_out_int(&out, "at_ms", fact->asked_ms + a->f->offset_ms);
	json_out_end(&out);
	act_op(a->f, buf_str(&buf));
	buf_free(&buf);
}

/* look_value() truths: the text is the value; kept until the step starts. */
static void
note_remember(struct asking *a, int i)
{
	const struct view_step *step = &a->f->view.steps[a->wants[i].id];
	const struct json_object *list = jdoc_in(step->spec, "remember");
	int k = 0;

	for (size_t r = 0; r < jdoc_count(list) && k < a->parts[i].n; r++) {
		const struct json_object *item = json_item(list, r);
		const struct look_fact *fact =
			look_fact(a->look, a->parts[i].nr[k++]);

		if (fact->truth == TRI_TRUE)
			value_set(a->f, step->name,
				  jdoc_str(item, "name", ""), fact->text,
				  true);
		if (jdoc_has(item, "where"))
			k++;
	}
	note_parts(a, i);
}

/* What this look saw of a backend, into `s`; false: it was not asked. */
static bool
note_service(const struct asking *a, int i, struct service *s)
{
	const struct look_fact *fact;

	if (a->services[i] == 0)
		return false;
	fact = look_fact(a->look, a->services[i] - 1);
	s->began_ms = a->began_ms;
	s->value = fact->truth;
	s->at_ms = (fact->asked_ms ? fact->asked_ms : a->began_ms) +
		a->f->offset_ms;
	snprintf(s->seen, sizeof(s->seen), "%s%s%s", fact->text,
		 fact->silent[0] ? "; silent: " : "", fact->silent);
	return true;
}

static void
note_services(struct asking *a)
{
	for (int i = 0; i < a->f->nservices; i++)
		note_service(a, i, &a->f->services[i]);
}

/* The others of a turn: all of them, or any of them. */
/*
 * Somebody else's backend behind our members: who takes that one does not ask
 * whether ours are in service.  What is out already goes on.
 */
static bool
note_strangers(struct asking *a, int i, char *seen, size_t size)
{
	const struct part *part = &a->parts[i];
	struct buf names;
	bool found;

	if (part->n == 0 || a->f->view.turns[a->wants[i].id].outage_open)
		return false;
	buf_init(&names, VIEW_WHY);
	found = look_strangers(a->look, part->nr[0], &names) > 0;
	if (found)
		snprintf(seen, size, "strangers, no backend of this fleet: %s",
			 buf_str(&names));
	buf_free(&names);
	return found;
}

static void
note_others(struct asking *a, int i)
{
	struct fleet *f = a->f;
	int spared = fleet_service(f, f->view.turns[a->wants[i].id].backend);
	bool any = a->wants[i].kind == FACT_ANOTHER;
	enum tri value = any ? TRI_FALSE : TRI_TRUE;
	int64_t at = a->began_ms + f->offset_ms;
	char seen[VIEW_WHY] = "";

	if (note_strangers(a, i, seen, sizeof(seen)))
		value = TRI_FALSE;
	for (int k = 0; k < f->nservices; k++) {
		const struct service *s = &f->services[k];
		size_t len = strlen(seen);

		if (k == spared || s->excluded)
			continue;
		if (s->at_ms < at)
			at = s->at_ms;
		if (any && s->value == TRI_TRUE)
			value = TRI_TRUE;
		if (any || s->value == TRI_TRUE)
			continue;
		if (value != TRI_FALSE)
			value = s->value;
		snprintf(seen + len, sizeof(seen) - len, "%s%s: %.*s",
			 len > 0 ? "; " : "", s->name,
			 (int)(sizeof(seen) - len), s->seen);
	}
	looks_note(&f->looks, a->wants[i].kind, a->wants[i].id, value, at,
		   seen[0] ? seen : any ? "no other backend is in service" :
		   "all others are in service");
}

static void
note_target(struct asking *a, int i)
{
	int b = fleet_service(a->f,
		a->f->view.turns[a->wants[i].id].backend);
	const struct service *s = b < 0 ? NULL : &a->f->services[b];

	looks_note(&a->f->looks, FACT_TARGET, a->wants[i].id,
		   s ? s->value : TRI_UNKNOWN,
		   s ? s->at_ms : a->began_ms + a->f->offset_ms,
		   s ? s->seen : "no such backend any more");
}

static void
note_want(struct asking *a, int i)
{
	switch (a->wants[i].kind) {
	case FACT_WHEN:
	case FACT_REQUIRE:
	case FACT_CHECK:
	case FACT_EXPECT:
	case FACT_READY:
	case FACT_ABSENT:
	case FACT_DONE:
	case FACT_PREFLIGHT:
		note_parts(a, i);
		break;
	case FACT_UNTIL:
		note_parts(a, i);
		note_record(a, i);
		break;
	case FACT_REMEMBER:
		note_remember(a, i);
		break;
	case FACT_TARGET:
		note_target(a, i);
		break;
	case FACT_PEERS:
	case FACT_ANOTHER:
		note_others(a, i);
		break;
	case FACT_GREETED:
		break;
	}
}

static void
asking_free(struct asking *a)
{
	if (a == NULL)
		return;
	*a->self = NULL;
	look_free(&a->look);
	waker_free(&a->waker);
	free(a->services);
	free(a);
}

void
facts_cancel(struct fleet *f)
{
	asking_free(f->asking);
	asking_free(f->survey);
}

static void
facts_done(struct asking *a)
{
	struct fleet *f = a->f;

	facts_sightings(f);
	asking_free(a);
	fleet_wake(f);
}

/* ---------------------------------------------------------- the greeting */

static void
greet_note(struct asking *a, enum tri value, const char *seen)
{
	looks_note(&a->f->looks, FACT_GREETED, 0, value,
		   clock_boot_ms() + a->f->offset_ms, seen);
	facts_done(a);
}

/* Who is about to be taken must not be a host that a person holds. */
static bool
greet_held(const struct asking *a, char *why, size_t size)
{
	const struct view *v = &a->f->view;
	const char *host, *text;

	if (v->detail < 0)
		return false;
	host = v->turns[v->detail].backend;
	text = engine_held(a->f, host, a->began_ms);
	if (text != NULL)
		snprintf(why, size, "%s is held by a person: %s; rm "
			 "/etc/drydock/hold there to go on", host, text);
	return text != NULL;
}

static void
greet_tick(void *self)
{
	struct asking *a = self;
	char silent[VIEW_WHY];

	if (engine_greeted(a->f, a->began_ms, silent, sizeof(silent))) {
		if (greet_held(a, silent, sizeof(silent)))
			greet_note(a, TRI_FALSE, silent);
		else
			greet_note(a, TRI_TRUE, "every agent knows our epoch");
	} else if (clock_boot_ms() - a->began_ms > FACTS_GREET_MS) {
		greet_note(a, TRI_FALSE, silent);
	} else {
		waker_at(a->waker, clock_boot_ms() + FACTS_GREET_POLL_MS);
	}
}

static void
greet_begin(struct asking *a)
{
	engine_greet(a->f);
	a->waker = waker_new(engine_base(a->f->engine), greet_tick, a);
	waker_at(a->waker, clock_boot_ms());
}

static void
facts_answered(void *ctx, struct look *look)
{
	struct asking *a = ctx;

	(void)look;
	note_services(a);
	for (int i = 0; i < a->n; i++)
		note_want(a, i);
	if (a->greet)
		greet_begin(a);
	else
		facts_done(a);
}

static struct asking *
facts_new(struct fleet *f, struct asking **self)
{
	struct asking *a = x_new(struct asking);

	assert(*self == NULL);
	*self = a;
	a->self = self;
	a->f = f;
	a->began_ms = clock_boot_ms();
	a->look = look_new(f->roster);
	a->services = x_calloc((size_t)f->nservices + 1,
			       sizeof(*a->services));
	return a;
}

void
facts_ask(struct fleet *f)
{
	struct asking *a = facts_new(f, &f->asking);
	int64_t now = fleet_now_ms(f), age = INT64_MAX;

	a->n = f->decision.nwants;
	for (int i = 0; i < a->n; i++) {
		a->wants[i] = f->decision.wants[i];
		if (now - a->wants[i].not_before_ms < age)
			age = now - a->wants[i].not_before_ms;
		ask_want(a, i);
	}
	look_run(a->look, age > 0 ? age : 0, FACTS_WAIT_MS, facts_answered,
		 a);
}

void
facts_include(struct fleet *f, int service)
{
	struct asking *a = facts_new(f, &f->asking);

	ask_service(a, service);
	look_run(a->look, 0, FACTS_WAIT_MS, facts_answered, a);
}

/* ------------------------------------------------------------ sightings */

static void
sighting_op(struct fleet *f, struct service *s)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "sighting");
	json_out_int(&out, "backend", s->backend_id);
	if (s->value == TRI_UNKNOWN)
		json_out_null(&out, "in_service");
	else
		json_out_bool(&out, "in_service", s->value == TRI_TRUE);
	json_out_int(&out, "at_ms", s->at_ms);
	json_out_str(&out, "why", s->seen);
	json_out_end(&out);
	act_op(f, buf_str(&buf));
	buf_free(&buf);
	s->told = s->value;
	s->told_ms = s->at_ms;
}

/* What changed, and what nobody has told for half a minute. */
static void
sighting_tell(struct fleet *f, struct service *s)
{
	if (s->at_ms > s->told_ms &&
	    (s->value != s->told || s->told_ms == 0 ||
	     s->at_ms - s->told_ms >= ENGINE_SIGHT_MS))
		sighting_op(f, s);
}

void
facts_sightings(struct fleet *f)
{
	for (int i = 0; i < f->nservices; i++)
		sighting_tell(f, &f->services[i]);
}

/* Told, and no more: decisions go by their own looks. */
static void
survey_answered(void *ctx, struct look *look)
{
	struct asking *a = ctx;
	struct fleet *f = a->f;

	(void)look;
	for (int i = 0; i < f->nservices; i++) {
		struct service *s = &f->services[i], seen = *s;

		if (!note_service(a, i, &seen))
			continue;
		sighting_tell(f, &seen);
		s->began_ms = seen.began_ms;
		s->told = seen.told;
		s->told_ms = seen.told_ms;
	}
	asking_free(a);
	fleet_wake(f);
}

void
facts_survey(struct fleet *f)
{
	int64_t oldest = INT64_MAX;
	struct asking *a;

	for (int i = 0; i < f->nservices; i++)
		if (!f->services[i].excluded &&
		    f->services[i].began_ms < oldest)
			oldest = f->services[i].began_ms;
	if (f->survey != NULL || !pg_up(f->pg) || oldest == INT64_MAX ||
	    clock_boot_ms() - oldest < ENGINE_SIGHT_MS)
		return;
	a = facts_new(f, &f->survey);
	for (int i = 0; i < f->nservices; i++)
		if (!f->services[i].excluded)
			ask_service(a, i);
	look_run(a->look, 0, FACTS_WAIT_MS, survey_answered, a);
}
