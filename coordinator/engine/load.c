/* load.c - the documents of load_fleet() and load_work() as a view. */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "jdoc.h"
#include "load.h"
#include "machine.h"

/* What is read, and what of it makes no sense: the first word alone counts. */
struct load {
	struct view *view;
	const struct json_object *fleet, *work;
	struct err *err;
	bool wrong;
};

/* A row, as somebody finds it who has to put it right. */
struct row {
	const char *table;
	char id[VIEW_NAME];
	const struct json_object *doc;
};

/* key: of its number in the document. */
static struct row
row_of(const char *table, const struct json_object *doc, const char *key)
{
	struct row row = { .table = table, .doc = doc };

	snprintf(row.id, sizeof(row.id), "%lld",
		 (long long)jdoc_int(doc, key, 0));
	if (json_kind(json_member(doc, key)) == JSON_STRING)
		jdoc_copy(doc, key, row.id, sizeof(row.id));
	return row;
}

/*
 * That word of the row means `value`.  Below 0 it means nothing to us, and
 * nobody guesses: the whole reading is refused.
 */
static int
load_word(struct load *l, const struct row *row, const char *column,
	  const char *word, int value)
{
	if (value >= 0)
		return value;
	if (!l->wrong)
		err_set(l->err, ERR_PROTO, "fleet_internal.%s %s: %s is "
			"\"%.80s\", which means nothing here", row->table,
			row->id, column, word);
	l->wrong = true;
	return 0;
}

/* The same for a state of that machine. */
static int
load_state(struct load *l, const struct row *row, const struct machine *m)
{
	const char *word = jdoc_str(row->doc, "state", "");

	return load_word(l, row, "state", word, machine_state(m, word));
}

/* The place of a word in a short list, -1: it is not there. */
static int
word_at(const char *word, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return i;
	return -1;
}

/* ------------------------------------------------------------- the fleet */

static void
load_group(struct view_group *group, const struct json_object *doc)
{
	const struct json_object *members = jdoc_in(doc, "members");
	size_t n = jdoc_count(members);

	jdoc_copy(doc, "name", group->name, sizeof(group->name));
	group->min_gap_ms = jdoc_int(doc, "min_gap_ms", 0);
	group->confirm_ms = jdoc_int(doc, "confirm_ms", 0);
	group->lists = jdoc_in(jdoc_in(doc, "ready"), "lists") != NULL;
	group->members = x_calloc(n + 1, sizeof(*group->members));
	for (size_t i = 0; i < n; i++) {
		const struct json_object *member = json_item(members, i);

		if (!jdoc_bool(member, "excluded", false))
			jdoc_copy(member, "name",
				  group->members[group->nmembers++],
				  VIEW_NAME);
	}
}

static void
load_groups(struct view *view, const struct json_object *fleet)
{
	const struct json_object *groups = jdoc_in(fleet, "groups");
	size_t n = jdoc_count(groups);

	view->groups = x_calloc(n + 1, sizeof(*view->groups));
	for (size_t i = 0; i < n; i++)
		load_group(&view->groups[view->ngroups++],
			   json_item(groups, i));
}

static void
load_listed(struct view *view, const struct json_object *fleet)
{
	const struct json_object *backends = jdoc_in(fleet, "backends");

	view->listed = (int)jdoc_count(backends);
	for (size_t i = 0; i < jdoc_count(backends); i++)
		if (jdoc_bool(json_item(backends, i), "excluded", false))
			view->excluded++;
	jdoc_copy(fleet, "min_up", view->min_up, sizeof(view->min_up));
}

/* Fleets with one interlock have one slot together. */
static void
load_slot(struct view *view, const struct json_object *fleet,
	  const struct json_object *slot)
{
	if (slot == NULL || jdoc_int(slot, "fleet_id", 0) ==
	    jdoc_int(fleet, "fleet_id", 0))
		return;
	snprintf(view->slot, sizeof(view->slot),
		 "%s of fleet %s is out (rollout %lld)",
		 jdoc_str(slot, "backend", "?"), jdoc_str(slot, "fleet", "?"),
		 (long long)jdoc_int(slot, "rollout_id", 0));
}

static void
load_window(struct view *view, const struct json_object *fleet,
	    const struct json_object *rollout)
{
	const struct json_object *window = jdoc_in(fleet, "window");
	const struct json_object *spans = jdoc_in(window, "spans");

	view->windows = jdoc_bool(window, "any", false) &&
		!jdoc_bool(rollout, "ignore_window", false);
	for (size_t i = 0; i < jdoc_count(spans) && i < VIEW_WINDOWS; i++) {
		const struct json_object *span = json_item(spans, i);
		struct view_window *w = &view->window[view->nwindows++];

		w->opens_ms = jdoc_int(span, "opens_ms", 0);
		w->closes_ms = jdoc_int(span, "closes_ms", INT64_MAX);
		jdoc_copy(span, "opens", w->opens, sizeof(w->opens));
		jdoc_copy(span, "closes", w->closes, sizeof(w->closes));
	}
}

/* ------------------------------------------------------------- the steps */

static int
group_of(const struct view *view, const char *name)
{
	for (int i = 0; i < view->ngroups; i++)
		if (strcmp(view->groups[i].name, name) == 0)
			return i;
	return -1;
}

static void
load_target(struct load *l, struct view_step *step, const struct row *row)
{
	const char *target = jdoc_str(row->doc, "target", "backend");
	bool each = strncmp(target, "each ", 5) == 0;

	step->target = TARGET_BACKEND;
	if (strcmp(target, "backend") == 0)
		return;
	step->target = each ? TARGET_EACH : TARGET_ANY;
	step->group = group_of(l->view, each ? target + 5 : target);
	load_word(l, row, "target", target, step->group);
	if (step->group >= 0)
		l->view->groups[step->group].used = true;
}

static void
load_attempt(struct load *l, struct view_attempt *a,
	     const struct json_object *doc)
{
	const struct json_object *hosts = jdoc_in(l->fleet, "hosts");
	struct row row = row_of("attempt", doc, "id");

	jdoc_copy(doc, "id", a->id, sizeof(a->id));
	jdoc_copy(doc, "after", a->after, sizeof(a->after));
	for (size_t h = 0; h < jdoc_count(hosts); h++)
		if (jdoc_int(json_item(hosts, h), "host_id", 0) ==
		    jdoc_int(doc, "host_id", -1))
			jdoc_copy(json_item(hosts, h), "name", a->host,
				  sizeof(a->host));
	a->nr = (int)jdoc_int(doc, "nr", 1);
	a->seq = jdoc_int(doc, "seq", 0);
	a->state = (enum attempt_state)load_state(l, &row, &attempt_machine);
	a->made_ms = jdoc_int(doc, "sent_ms", 0);
	a->ended_ms = jdoc_int(doc, "ended_ms", 0);
	a->exit = (int)jdoc_int(doc, "exit", -1);
	a->signal = (int)jdoc_int(doc, "signal", 0);
	a->timed_out = jdoc_bool(doc, "timed_out", false);
	a->adopted = strcmp(jdoc_str(doc, "origin", ""), "journal") == 0;
	jdoc_copy(doc, "why", a->why, sizeof(a->why));
}

static void
load_attempts(struct load *l, struct view_step *step,
	      const struct json_object *tries)
{
	for (size_t i = 0; i < jdoc_count(tries); i++)
		load_attempt(l, view_attempt_add(step), json_item(tries, i));
}

static int64_t
positive(int64_t value, int64_t def)
{
	return value > 0 ? value : def;
}

static void
load_marks(struct view_step *step, const struct json_object *spec)
{
	step->no_return = jdoc_bool(spec, "no_return", false);
	step->destroys = jdoc_bool(spec, "destroys", false);
	step->idempotent = jdoc_bool(spec, "idempotent", false);
	step->ignore = strcmp(jdoc_str(spec, "on_failure", "hold"),
			      "ignore") == 0;
	step->planned_skip = jdoc_has(spec, "skip");
	step->again = jdoc_bool(spec, "again", false);
	step->has_when = jdoc_has(spec, "when");
	step->has_require = jdoc_has(spec, "require");
	step->has_check = jdoc_has(spec, "check");
	step->has_expect = jdoc_has(spec, "expect");
	step->has_remember = jdoc_count(jdoc_in(spec, "remember")) > 0;
	step->timeout_ms = positive(jdoc_int(spec, "timeout_ms", 0), 300000);
	step->settle_ms = positive(jdoc_int(spec, "settle_ms", 0), 60000);
	step->retries = (int)jdoc_int(spec, "retries", 0);
	step->backoff_ms = jdoc_int(spec, "backoff_ms", 0);
	step->wait_ms = jdoc_int(spec, "wait_ms", 0);
}

static void
load_poll(struct view_step *step, const struct json_object *spec)
{
	const struct json_object *poll = jdoc_in(spec, "poll");

	step->every_ms = positive(jdoc_int(poll, "every_ms", 0), 5000);
	step->at_most_ms = positive(jdoc_int(poll, "at_most_ms", 0),
				    step->timeout_ms);
	step->poll_fails = strcmp(jdoc_str(poll, "then", "fail"),
				  "continue") != 0;
}

/* Built-in actions bring their own undo. */
static void
load_undo(struct view_step *step, const struct json_object *spec)
{
	const struct json_object *undo = jdoc_in(spec, "undo");

	step->undo = UNDO_ABSENT;
	if (undo != NULL) {
		step->undo = UNDO_GIVEN;
		step->undo_has_check = jdoc_has(undo, "check");
	} else if (strcmp(jdoc_str(spec, "undo", ""), "none") == 0) {
		step->undo = UNDO_NONE;
	} else if (step->kind == STEP_KIND_COPY ||
		   step->kind == STEP_KIND_CLEAN ||
		   step->kind == STEP_KIND_PACKAGE) {
		step->undo = UNDO_GIVEN;
	}
}

static int
phase_of(const struct view *view, const char *name)
{
	for (int i = 0; i < view->nphases; i++)
		if (strcmp(view->phases[i].name, name) == 0)
			return i;
	return -1;
}

/* What it is, where it stands, and whom it concerns. */
static void
load_place(struct load *l, struct view_step *step,
	   const struct json_object *doc)
{
	const char *phase = jdoc_str(doc, "phase", "");
	const char *kind = jdoc_str(doc, "kind", "");
	struct row row = row_of("step", doc, "step_id");

	step->id = jdoc_int(doc, "step_id", 0);
	jdoc_copy(doc, "name", step->name, sizeof(step->name));
	step->phase = load_word(l, &row, "phase", phase,
				phase_of(l->view, phase));
	step->kind = (enum step_kind)load_word(l, &row, "kind", kind,
					       step_kind_of(kind));
	step->state = (enum step_state)load_state(l, &row, &step_machine);
	load_target(l, step, &row);
}

static void
load_step(struct load *l, const struct json_object *doc)
{
	const struct json_object *spec = jdoc_in(doc, "spec");
	struct view_step *step = view_step_add(l->view);

	step->spec = spec;
	load_place(l, step, doc);
	step->started_ms = jdoc_int(doc, "started_ms", 0) +
		jdoc_int(doc, "paused_ms", 0);
	step->ended_ms = jdoc_int(doc, "ended_ms", 0);
	step->repairs = (int)jdoc_int(doc, "repairs", 0);
	step->tries = (int)jdoc_int(doc, "failed", 0);
	jdoc_copy(doc, "message", step->message, sizeof(step->message));
	load_marks(step, spec);
	load_poll(step, spec);
	load_undo(step, spec);
	load_attempts(l, step, jdoc_in(doc, "tries"));
	if (step->planned_skip && step->message[0] == '\0')
		jdoc_copy(spec, "skip", step->message,
			  sizeof(step->message));
}

static int
step_of(const struct view *view, const char *name)
{
	for (int i = 0; i < view->nsteps; i++)
		if (strcmp(view->steps[i].name, name) == 0)
			return i;
	return -1;
}

static void
load_keep(struct load *l, struct view_step *step, const struct row *row)
{
	const struct json_object *keep = jdoc_in(step->spec, "keep");
	const char *until = jdoc_str(keep, "until", "");

	if (keep == NULL || step->again || step->undoes >= 0)
		return;
	step->has_keep = true;
	step->keep_repair = (int)jdoc_int(keep, "repair", 0);
	if (strcmp(until, "end") != 0)
		step->keep_until = load_word(l, row, "spec.keep.until", until,
					     step_of(l->view, until));
}

/* Second pass: what names other steps. */
static void
load_links(struct load *l, const struct json_object *turn)
{
	const struct json_object *steps = jdoc_in(turn, "steps");
	const struct json_object *remembered = jdoc_in(turn, "remembered");
	struct view *view = l->view;

	for (int i = 0; i < view->nsteps; i++) {
		struct view_step *step = &view->steps[i];
		const struct json_object *doc = json_item(steps, (size_t)i);
		struct row row = row_of("step", doc, "step_id");
		int64_t undoes = jdoc_int(doc, "undoes", 0);

		for (int k = 0; undoes != 0 && k < view->nsteps; k++)
			if (view->steps[k].id == undoes)
				step->undoes = k;
		if (undoes != 0)
			load_word(l, &row, "undoes", "a step of another turn",
				  step->undoes);
		step->remembered = jdoc_has(remembered, step->name);
		load_keep(l, step, &row);
	}
}

static void
load_phase(struct load *l, struct view_phase *phase,
	   const struct json_object *doc, const struct row *turn)
{
	static const char *const states[] = { "pending", "running", "done",
		"failed", "undone", "skipped" };
	static const char *const rests[] = {
		[REST_NONE] = "none", [REST_IN] = "in", [REST_OUT] = "out" };
	const char *rest = jdoc_str(doc, "rest", "none");
	const char *state = jdoc_str(doc, "state", "");

	jdoc_copy(doc, "name", phase->name, sizeof(phase->name));
	phase->takes_out = jdoc_bool(doc, "takes_out", false);
	phase->no_pause = jdoc_bool(doc, "no_pause", false);
	phase->proves = jdoc_bool(doc, "proves", false);
	phase->rest = (enum phase_rest)load_word(l, turn, "a phase's rest",
		rest, word_at(rest, rests, 3));
	phase->deadline_ms = positive(jdoc_int(doc, "deadline_ms", 0),
				      300000);
	phase->started_ms = jdoc_int(doc, "started_ms", 0);
	phase->committed_ms = jdoc_int(doc, "committed_ms", 0);
	if (load_word(l, turn, "a phase's state", state,
		      word_at(state, states, 6)) > 1)
		phase->ended_ms = positive(phase->started_ms, 1);
}

static void
load_phases(struct load *l, const struct json_object *turn)
{
	const struct json_object *phases = jdoc_in(turn, "phases");
	struct row row = row_of("turn_phase of turn", turn, "turn_id");
	struct view *view = l->view;
	size_t n = jdoc_count(phases);

	view->phases = x_calloc(n + 1, sizeof(*view->phases));
	for (size_t i = 0; i < n; i++)
		load_phase(l, &view->phases[view->nphases++],
			   json_item(phases, i), &row);
}

static void
load_detail(struct load *l, const struct json_object *turn)
{
	struct view *view = l->view;
	const struct json_object *steps = jdoc_in(turn, "steps");
	const struct json_object *mouths = jdoc_in(turn, "mouths");
	const struct json_object *plan = jdoc_in(turn, "plan");

	load_phases(l, turn);
	for (size_t i = 0; i < jdoc_count(steps); i++)
		load_step(l, json_item(steps, i));
	load_links(l, turn);
	for (int i = 0; i < view->ngroups; i++)
		jdoc_copy(mouths, view->groups[i].name,
			  view->groups[i].mouth, VIEW_NAME);
	for (int s = 0; s < view->nsteps; s++) {
		const struct view_step *step = &view->steps[s];

		if (step->group < 0)
			continue;
		for (int i = 0; i < step->nattempts; i++) {
			int64_t *at = &view->groups[step->group].changed_ms;

			if (step->attempts[i].made_ms > *at)
				*at = step->attempts[i].made_ms;
			if (step->attempts[i].state != ATTEMPT_UNSENT &&
			    step->attempts[i].ended_ms > *at)
				*at = step->attempts[i].ended_ms;
		}
	}
	view->npreflight = (int)jdoc_count(jdoc_in(plan, "preflight"));
}

/* ------------------------------------------------- rollout, turns, holds */

static bool
outage_is_open(const struct json_object *fleet, int64_t turn_id)
{
	const struct json_object *backends = jdoc_in(fleet, "backends");

	for (size_t i = 0; i < jdoc_count(backends); i++) {
		const struct json_object *outage =
			jdoc_in(json_item(backends, i), "outage");

		if (outage != NULL &&
		    jdoc_int(outage, "turn_id", 0) == turn_id &&
		    !jdoc_bool(outage, "accepted", false))
			return true;
	}
	return false;
}

static void
load_asked(struct load *l, struct view_turn *turn, const struct row *row)
{
	const struct json_object *asked = jdoc_in(row->doc, "asked");
	const char *verb = jdoc_str(asked, "verb", "none");

	if (strcmp(verb, "settle") == 0)
		turn->asked = jdoc_bool(asked, "done", false) ?
			ASK_SETTLE_DONE : ASK_SETTLE_NOT;
	else
		turn->asked = (enum turn_ask)load_word(l, row, "asked.verb",
			verb, turn_ask_of(verb));
	jdoc_copy(asked, "from", turn->asked_step, sizeof(turn->asked_step));
	jdoc_copy(asked, "by", turn->asked_by, sizeof(turn->asked_by));
	jdoc_copy(asked, "why", turn->asked_why, sizeof(turn->asked_why));
	turn->asked_accept_out = jdoc_bool(asked, "accept_out", false);
}

static void
load_overrides(struct view_turn *turn, const struct json_object *overrides,
	       int64_t backend_id)
{
	for (size_t i = 0; i < jdoc_count(overrides); i++) {
		const struct json_object *doc = json_item(overrides, i);
		int gate = gate_of(jdoc_str(doc, "gate", "none"));

		if (gate >= 0 &&	/* else it lifts none */
		    jdoc_int(doc, "backend_id", backend_id) == backend_id)
			turn->overrides |= 1u << gate;
	}
}

/* An answer to the approval that a backend's step waits for. */
static bool
approved(const struct view *view, const struct json_object *work,
	 int64_t backend_id)
{
	const struct json_object *overrides = jdoc_in(work, "overrides");

	for (size_t i = 0; i < jdoc_count(overrides); i++) {
		const struct json_object *doc = json_item(overrides, i);

		if (strcmp(jdoc_str(doc, "gate", ""), "approval") == 0 &&
		    jdoc_int(doc, "rollout_id", 0) == view->rollout &&
		    jdoc_int(doc, "backend_id", 0) == backend_id)
			return true;
	}
	return false;
}

static void
load_turn_row(struct load *l, struct view_turn *turn,
	      const struct json_object *doc)
{
	const char *cause = jdoc_str(doc, "cause", "none");
	struct row row = row_of("turn", doc, "turn_id");

	turn->id = jdoc_int(doc, "turn_id", 0);
	turn->state = (enum turn_state)load_state(l, &row, &turn_machine);
	jdoc_copy(doc, "backend", turn->backend, sizeof(turn->backend));
	turn->cause = (enum turn_cause)load_word(l, &row, "cause", cause,
						 turn_cause_of(cause));
	turn->excluded = jdoc_bool(doc, "excluded", false);
	turn->no_return_begun = jdoc_bool(doc, "no_return_begun", false);
	turn->outage_open = outage_is_open(l->fleet, turn->id);
	turn->taken_ms = jdoc_int(doc, "taken_ms", 0);
	turn->rest_ms = jdoc_int(jdoc_in(l->work, "rollout"), "learned_ms",
				 jdoc_int(doc, "expected_ms", 0));
	turn->window_closes_ms = jdoc_int(doc, "window_closes_ms", 0);
	turn->checked_ms = jdoc_int(doc, "checked_ms", 0);
	load_asked(l, turn, &row);
	load_overrides(turn, jdoc_in(l->work, "overrides"),
		       jdoc_int(doc, "backend_id", 0));
	turn->approved = approved(l->view, l->work,
				  jdoc_int(doc, "backend_id", -1));
}

static void
load_turns(struct load *l)
{
	const struct json_object *turns = jdoc_in(l->work, "turns");
	struct view *view = l->view;
	size_t n = jdoc_count(turns);

	view->turns = x_calloc(n + 1, sizeof(*view->turns));
	for (size_t i = 0; i < n; i++) {
		const struct json_object *doc = json_item(turns, i);

		load_turn_row(l, &view->turns[view->nturns++], doc);
		if (jdoc_in(doc, "steps") != NULL && view->detail < 0)
			view->detail = (int)i;
	}
	if (view->detail < 0)
		return;
	load_detail(l, json_item(turns, (size_t)view->detail));
	if (view->turns[view->detail].approved)
		for (int i = 0; i < view->nsteps; i++)
			view->steps[i].approved = view->steps[i].state ==
				STEP_RUNNING;
}

/* -1: no such turn here, or none was named. */
static int
turn_index(const struct view *view, int64_t turn_id)
{
	for (int i = 0; i < view->nturns; i++)
		if (view->turns[i].id == turn_id)
			return i;
	return -1;
}

/* A hold that is not understood holds all the same. */
static void
load_holds(struct load *l)
{
	const struct json_object *holds = jdoc_in(l->work, "holds");

	for (size_t i = 0; i < jdoc_count(holds); i++) {
		const struct json_object *doc = json_item(holds, i);
		const char *kind = jdoc_str(doc, "kind", "");
		const char *gate = jdoc_str(doc, "gate", "none");
		struct view_hold *hold = view_hold_add(l->view);
		struct row row = row_of("hold", doc, "hold_id");

		hold->id = jdoc_int(doc, "hold_id", 0);
		hold->kind = (enum hold_kind)load_word(l, &row, "kind", kind,
						       hold_kind_of(kind));
		hold->gate = (enum gate)load_word(l, &row, "gate", gate,
						  gate_of(gate));
		hold->critical = jdoc_bool(doc, "critical", false);
		hold->turn = turn_index(l->view, jdoc_int(doc, "turn_id", 0));
		hold->since_ms = jdoc_int(doc, "since_ms", 0);
		hold->told_ms = jdoc_int(doc, "seen_ms", 0);
		hold->what = (uint64_t)jdoc_int(doc, "what", 0);
		jdoc_copy(doc, "why", hold->why, sizeof(hold->why));
	}
}

static void
load_pause(struct load *l, const struct json_object *rollout)
{
	static const char *const modes[] = { [PAUSE_REST] = "step",
		[PAUSE_AFTER] = "backend", [PAUSE_KEEP] = "keep_drained" };
	const struct json_object *doc = jdoc_in(rollout, "pause");
	const char *mode = jdoc_str(doc, "mode", "");
	struct row row = row_of("pause of rollout", rollout, "rollout_id");
	struct view_pause *pause = &l->view->pause;

	if (doc == NULL)
		return;
	pause->asked = true;
	pause->effective = jdoc_bool(doc, "effective", false);
	pause->mode = (enum pause_mode)load_word(l, &row, "mode", mode,
		word_at(mode, modes, 3));
	pause->until_ms = jdoc_int(doc, "expires_ms", 0);
	pause->over = jdoc_bool(doc, "over", false);
	jdoc_copy(doc, "reason", pause->why, sizeof(pause->why));
}

static void
load_check(struct view *view, const struct json_object *rollout)
{
	const struct json_object *doc = jdoc_in(rollout, "check");
	const char *backend = jdoc_str(doc, "backend", "");

	view->checked_ms = jdoc_int(rollout, "checked_ms", 0);
	view->check.turn = -1;
	if (doc == NULL)
		return;
	view->check.asked_ms = jdoc_int(doc, "asked_ms", 0);
	view->check.done_ms = jdoc_int(doc, "done_ms", 0);
	jdoc_copy(doc, "wrong", view->check.wrong, sizeof(view->check.wrong));
	for (int i = 0; i < view->nturns; i++)
		if (strcmp(view->turns[i].backend, backend) == 0)
			view->check.turn = i;
}

static void
load_rollout(struct load *l, const struct json_object *rollout)
{
	struct view *view = l->view;
	struct row row = row_of("rollout", rollout, "rollout_id");

	view->rollout = jdoc_int(rollout, "rollout_id", 0);
	view->revision = jdoc_int(rollout, "revision", 0);
	view->state = (enum rollout_state)load_state(l, &row,
						     &rollout_machine);
	jdoc_copy(rollout, "uuid", view->uuid, sizeof(view->uuid));
	view->abort = jdoc_has(rollout, "ending");
	view->start_ms = jdoc_int(rollout, "start_ms", 0);
	view->late_ms = jdoc_int(rollout, "late_ms", 0);
	jdoc_copy(rollout, "unfit", view->unfit, sizeof(view->unfit));
	view->started_ms = jdoc_int(rollout, "started_ms", 0);
	view->stop_after = (int)jdoc_int(rollout, "stop_after", 0);
	view->soak_ms = jdoc_int(jdoc_in(rollout, "strategy"), "settle_ms",
				 0);
	load_window(view, l->fleet, rollout);
	load_slot(view, l->fleet, jdoc_in(l->work, "slot"));
	load_pause(l, rollout);
	load_turns(l);
	load_check(view, rollout);
}

int
load_view(struct view *view, const struct json_object *fleet,
	  const struct json_object *work, struct err *err)
{
	const struct json_object *rollout = jdoc_in(work, "rollout");
	struct load l = { .view = view, .fleet = fleet, .work = work,
			  .err = err };

	view_clear(view);
	view->database = true;
	load_groups(view, fleet);
	load_listed(view, fleet);
	if (rollout != NULL)
		load_rollout(&l, rollout);
	load_holds(&l);
	if (!l.wrong)
		return rollout == NULL ? 1 : 0;
	view_clear(view);
	view->database = true;
	view->rollout = jdoc_int(rollout, "rollout_id", 0);
	view->revision = jdoc_int(rollout, "revision", 0);
	return -1;
}

const struct json_object *
load_turn(const struct json_object *work, int64_t turn_id)
{
	const struct json_object *turns = jdoc_in(work, "turns");

	for (size_t i = 0; i < jdoc_count(turns); i++)
		if (jdoc_int(json_item(turns, i), "turn_id", 0) == turn_id)
			return json_item(turns, i);
	return NULL;
}
