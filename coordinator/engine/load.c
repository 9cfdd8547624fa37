/* load.c - the documents of load_fleet() and load_work() as a view. */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "jdoc.h"
#include "load.h"
#include "machine.h"

/* ------------------------------------------------------------- the fleet */

static void
load_group(struct view_group *group, const struct json_object *doc)
{
	const struct json_object *members = jdoc_in(doc, "members");
	size_t n = jdoc_count(members);

	jdoc_copy(doc, "name", group->name, sizeof(group->name));
	group->min_gap_ms = jdoc_int(doc, "min_gap_ms", 0);
	group->confirm_ms = jdoc_int(doc, "confirm_ms", 0);
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
load_target(struct view *view, struct view_step *step, const char *target)
{
	step->target = TARGET_BACKEND;
	if (strcmp(target, "backend") == 0)
		return;
	step->target = TARGET_ANY;
	if (strncmp(target, "each ", 5) == 0) {
		step->target = TARGET_EACH;
		target += 5;
	}
	step->group = group_of(view, target);
	if (step->group < 0)
		step->target = TARGET_BACKEND;
	else
		view->groups[step->group].used = true;
}

static void
load_attempts(struct view_step *step, const struct json_object *tries,
	      const struct json_object *fleet)
{
	const struct json_object *hosts = jdoc_in(fleet, "hosts");

	for (size_t i = 0; i < jdoc_count(tries); i++) {
		const struct json_object *doc = json_item(tries, i);
		struct view_attempt *a = view_attempt_add(step);
		int state = machine_state(&attempt_machine,
					  jdoc_str(doc, "state", ""));

		jdoc_copy(doc, "id", a->id, sizeof(a->id));
		jdoc_copy(doc, "after", a->after, sizeof(a->after));
		for (size_t h = 0; h < jdoc_count(hosts); h++)
			if (jdoc_int(json_item(hosts, h), "host_id", 0) ==
			    jdoc_int(doc, "host_id", -1))
				jdoc_copy(json_item(hosts, h), "name",
					  a->host, sizeof(a->host));
		a->nr = (int)jdoc_int(doc, "nr", 1);
		a->seq = jdoc_int(doc, "seq", 0);
		a->state = state < 0 ? ATTEMPT_UNKNOWN :
			(enum attempt_state)state;
		a->made_ms = jdoc_int(doc, "sent_ms", 0);
		a->ended_ms = jdoc_int(doc, "ended_ms", 0);
		a->exit = (int)jdoc_int(doc, "exit", -1);
		a->signal = (int)jdoc_int(doc, "signal", 0);
		a->timed_out = jdoc_bool(doc, "timed_out", false);
		a->adopted = strcmp(jdoc_str(doc, "origin", ""),
				    "journal") == 0;
		jdoc_copy(doc, "why", a->why, sizeof(a->why));
		if (a->state == ATTEMPT_ENDED &&
		    (a->exit != 0 || a->timed_out))
			step->tries++;
	}
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
	return 0;
}

static void
load_step(struct view *view, const struct json_object *doc,
	  const struct json_object *fleet)
{
	const struct json_object *spec = jdoc_in(doc, "spec");
	struct view_step *step = view_step_add(view);
	int state = machine_state(&step_machine, jdoc_str(doc, "state", ""));
	int kind = step_kind_of(jdoc_str(doc, "kind", "run"));

	step->id = jdoc_int(doc, "step_id", 0);
	step->spec = spec;
	step->phase = phase_of(view, jdoc_str(doc, "phase", ""));
	jdoc_copy(doc, "name", step->name, sizeof(step->name));
	step->kind = kind < 0 ? STEP_KIND_RUN : (enum step_kind)kind;
	step->state = state < 0 ? STEP_UNKNOWN : (enum step_state)state;
	step->started_ms = jdoc_int(doc, "started_ms", 0) +
		jdoc_int(doc, "paused_ms", 0);
	step->ended_ms = jdoc_int(doc, "ended_ms", 0);
	step->repairs = (int)jdoc_int(doc, "repairs", 0);
	jdoc_copy(doc, "message", step->message, sizeof(step->message));
	load_target(view, step, jdoc_str(doc, "target", "backend"));
	load_marks(step, spec);
	load_poll(step, spec);
	load_undo(step, spec);
	load_attempts(step, jdoc_in(doc, "tries"), fleet);
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

/* Second pass: what names other steps. */
static void
load_links(struct view *view, const struct json_object *turn,
	   const struct json_object *steps)
{
	const struct json_object *remembered = jdoc_in(turn, "remembered");

	for (int i = 0; i < view->nsteps; i++) {
		struct view_step *step = &view->steps[i];
		const struct json_object *doc = json_item(steps, (size_t)i);
		const struct json_object *keep = jdoc_in(step->spec, "keep");
		int64_t undoes = jdoc_int(doc, "undoes", 0);

		for (int k = 0; undoes != 0 && k < view->nsteps; k++)
			if (view->steps[k].id == undoes)
				step->undoes = k;
		step->remembered = jdoc_has(remembered, step->name);
		if (keep == NULL || step->again || step->undoes >= 0)
			continue;
		step->has_keep = true;
		step->keep_until = step_of(view, jdoc_str(keep, "until", ""));
		step->keep_repair = (int)jdoc_int(keep, "repair", 0);
	}
}

static void
load_phases(struct view *view, const struct json_object *phases)
{
	size_t n = jdoc_count(phases);

	view->phases = x_calloc(n + 1, sizeof(*view->phases));
	for (size_t i = 0; i < n; i++) {
		const struct json_object *doc = json_item(phases, i);
		struct view_phase *phase = &view->phases[view->nphases++];
		const char *rest = jdoc_str(doc, "rest", "none");
		const char *state = jdoc_str(doc, "state", "pending");

		jdoc_copy(doc, "name", phase->name, sizeof(phase->name));
		phase->takes_out = jdoc_bool(doc, "takes_out", false);
		phase->no_pause = jdoc_bool(doc, "no_pause", false);
		phase->proves = jdoc_bool(doc, "proves", false);
		phase->rest = strcmp(rest, "in") == 0 ? REST_IN :
			strcmp(rest, "out") == 0 ? REST_OUT : REST_NONE;
		phase->deadline_ms = positive(jdoc_int(doc, "deadline_ms",
						       0), 300000);
		phase->started_ms = jdoc_int(doc, "started_ms", 0);
		phase->committed_ms = jdoc_int(doc, "committed_ms", 0);
		if (strcmp(state, "pending") != 0 &&
		    strcmp(state, "running") != 0)
			phase->ended_ms = positive(phase->started_ms, 1);
	}
}

static void
load_detail(struct view *view, const struct json_object *turn,
	    const struct json_object *fleet)
{
	const struct json_object *steps = jdoc_in(turn, "steps");
	const struct json_object *mouths = jdoc_in(turn, "mouths");
	const struct json_object *plan = jdoc_in(turn, "plan");

	load_phases(view, jdoc_in(turn, "phases"));
	for (size_t i = 0; i < jdoc_count(steps); i++)
		load_step(view, json_item(steps, i), fleet);
	load_links(view, turn, steps);
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
load_asked(struct view_turn *turn, const struct json_object *asked)
{
	const char *verb = jdoc_str(asked, "verb", "none");

	turn->asked = turn_ask_of(verb);
	if (strcmp(verb, "settle") == 0)
		turn->asked = jdoc_bool(asked, "done", false) ?
			ASK_SETTLE_DONE : ASK_SETTLE_NOT;
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

		if (jdoc_int(doc, "backend_id", backend_id) == backend_id)
			turn->overrides |= 1u <<
				gate_of(jdoc_str(doc, "gate", "none"));
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
load_turns(struct view *view, const struct json_object *fleet,
	   const struct json_object *work)
{
	const struct json_object *turns = jdoc_in(work, "turns");
	size_t n = jdoc_count(turns);

	view->turns = x_calloc(n + 1, sizeof(*view->turns));
	for (size_t i = 0; i < n; i++) {
		const struct json_object *doc = json_item(turns, i);
		struct view_turn *turn = &view->turns[view->nturns++];
		int state = machine_state(&turn_machine,
					  jdoc_str(doc, "state", ""));

		turn->id = jdoc_int(doc, "turn_id", 0);
		turn->state = state < 0 ? TURN_HELD : (enum turn_state)state;
		jdoc_copy(doc, "backend", turn->backend,
			  sizeof(turn->backend));
		turn->cause = turn_cause_of(jdoc_str(doc, "cause", "none"));
		turn->no_return_begun = jdoc_bool(doc, "no_return_begun",
						  false);
		turn->outage_open = outage_is_open(fleet, turn->id);
		turn->taken_ms = jdoc_int(doc, "taken_ms", 0);
		turn->rest_ms = jdoc_int(jdoc_in(work, "rollout"),
			"learned_ms", jdoc_int(doc, "expected_ms", 0));
		turn->window_closes_ms = jdoc_int(doc, "window_closes_ms", 0);
		turn->checked_ms = jdoc_int(doc, "checked_ms", 0);
		load_asked(turn, jdoc_in(doc, "asked"));
		load_overrides(turn, jdoc_in(work, "overrides"),
			       jdoc_int(doc, "backend_id", 0));
		turn->approved = approved(view, work,
			jdoc_int(doc, "backend_id", -1));
		if (jdoc_in(doc, "steps") != NULL && view->detail < 0)
			view->detail = (int)i;
	}
	if (view->detail < 0)
		return;
	load_detail(view, json_item(turns, (size_t)view->detail), fleet);
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

static void
load_holds(struct view *view, const struct json_object *holds)
{
	for (size_t i = 0; i < jdoc_count(holds); i++) {
		const struct json_object *doc = json_item(holds, i);
		int kind = hold_kind_of(jdoc_str(doc, "kind", ""));
		struct view_hold *hold;

		if (kind < 0)
			continue;
		hold = view_hold_add(view);
		hold->id = jdoc_int(doc, "hold_id", 0);
		hold->kind = (enum hold_kind)kind;
		hold->gate = gate_of(jdoc_str(doc, "gate", "none"));
		hold->critical = jdoc_bool(doc, "critical", false);
		hold->turn = turn_index(view, jdoc_int(doc, "turn_id", 0));
		hold->since_ms = jdoc_int(doc, "since_ms", 0);
		hold->told_ms = jdoc_int(doc, "seen_ms", 0);
		jdoc_copy(doc, "why", hold->why, sizeof(hold->why));
	}
}

static void
load_pause(struct view_pause *pause, const struct json_object *doc)
{
	const char *mode = jdoc_str(doc, "mode", "step");

	if (doc == NULL)
		return;
	pause->asked = true;
	pause->effective = jdoc_bool(doc, "effective", false);
	pause->mode = strcmp(mode, "backend") == 0 ? PAUSE_AFTER :
		strcmp(mode, "keep_drained") == 0 ? PAUSE_KEEP : PAUSE_REST;
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

int
load_view(struct view *view, const struct json_object *fleet,
	  const struct json_object *work, struct err *err)
{
	const struct json_object *rollout = jdoc_in(work, "rollout");
	int state = machine_state(&rollout_machine,
				  jdoc_str(rollout, "state", ""));

	view_clear(view);
	view->database = true;
	load_groups(view, fleet);
	load_listed(view, fleet);
	if (rollout == NULL)
		return 1;
	if (state < 0)
		return err_set(err, ERR_PROTO, "rollout in state \"%s\"",
			       jdoc_str(rollout, "state", ""));
	view->state = (enum rollout_state)state;
	view->rollout = jdoc_int(rollout, "rollout_id", 0);
	view->revision = jdoc_int(rollout, "revision", 0);
	jdoc_copy(rollout, "uuid", view->uuid, sizeof(view->uuid));
	view->abort = jdoc_has(rollout, "ending");
	view->start_ms = jdoc_int(rollout, "start_ms", 0);
	view->late_ms = jdoc_int(rollout, "late_ms", 0);
	view->started_ms = jdoc_int(rollout, "started_ms", 0);
	view->stop_after = (int)jdoc_int(rollout, "stop_after", 0);
	view->soak_ms = jdoc_int(jdoc_in(rollout, "strategy"), "settle_ms",
				 0);
	load_window(view, fleet, rollout);
	load_slot(view, fleet, jdoc_in(work, "slot"));
	load_pause(&view->pause, jdoc_in(rollout, "pause"));
	load_turns(view, fleet, work);
	load_check(view, rollout);
	load_holds(view, jdoc_in(work, "holds"));
	return 0;
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
