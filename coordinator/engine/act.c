/* act.c - the decision's ops: into the view, and as JSON for advance(). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "evidence.h"
#include "fleet.h"
#include "look.h"
#include "jdoc.h"
#include "log.h"
#include "machine.h"
#include "uuid.h"

struct act {
	struct fleet *f;
	struct op *op;
	struct json_out out;
	struct buf buf;
};

void
act_op(struct fleet *f, const char *json)
{
	if (f->ops.len > 0)
		buf_addc(&f->ops, ',');
	buf_adds(&f->ops, json);
}

static void
act_begin(struct act *a, const char *word)
{
	buf_init(&a->buf, 4 << 20);
	json_out_init(&a->out, &a->buf);
	json_out_object(&a->out, NULL);
	json_out_str(&a->out, "op", word);
}

static void
act_text(struct act *a, const char *key)
{
	if (a->op->text[0] != '\0')
		json_out_str(&a->out, key, a->op->text);
}

/* What happened while nobody could write it down keeps its hour. */
static void
act_end(struct act *a)
{
	if (a->f->ops_happened)
		json_out_int(&a->out, "at_ms", fleet_now_ms(a->f));
	json_out_end(&a->out);
	act_op(a->f, buf_str(&a->buf));
	buf_free(&a->buf);
}

static int64_t
backend_of(const struct act *a)
{
	int i = a->op->turn < 0 ? -1 : fleet_service(a->f,
		a->f->view.turns[a->op->turn].backend);

	return i < 0 ? 0 : a->f->services[i].backend_id;
}

static int64_t
turn_of(const struct act *a)
{
	return a->f->view.turns[a->op->turn].id;
}

static void
act_edge(struct act *a, const struct machine *m, int from)
{
	const struct edge *edge = machine_find(m, from, a->op->event);

	assert(edge != NULL);
	json_out_str(&a->out, "from", m->states[edge->from]);
	json_out_str(&a->out, "to", m->states[edge->to]);
}

static void
act_rollout(struct act *a)
{
	act_begin(a, "rollout");
	act_edge(a, &rollout_machine, (int)a->f->view.state);
	act_text(a, "message");
	act_end(a);
}

static void
act_turn(struct act *a)
{
	const struct view_turn *turn = &a->f->view.turns[a->op->turn];

	act_begin(a, "turn");
	json_out_int(&a->out, "turn", turn->id);
	act_edge(a, &turn_machine, (int)turn->state);
	if (a->op->cause != CAUSE_NONE)
		json_out_str(&a->out, "cause", turn_cause_word(a->op->cause));
	else if (a->op->event == TURN_EV_INCLUDE ||
		 a->op->event == TURN_EV_RETRY)
		json_out_null(&a->out, "cause");
	act_text(a, "message");
	act_end(a);
	if (a->op->event != TURN_EV_AGAIN)
		return;
	act_begin(a, "turn_anew");
	json_out_int(&a->out, "turn", turn->id);
	act_end(a);
	values_clear(a->f);
}

static void
act_step(struct act *a)
{
	const struct view_step *step = &a->f->view.steps[a->op->step];

	act_begin(a, "step");
	json_out_int(&a->out, "step", step->id);
	act_edge(a, &step_machine, (int)step->state);
	act_text(a, "message");
	if (a->op->event == STEP_EV_FAIL)
		json_out_int(&a->out, "failed", step->tries + 1);
	else if (a->op->event == STEP_EV_RETRY &&
		 a->op->cause == CAUSE_PERSON)
		json_out_int(&a->out, "failed", 0);
	act_end(a);
	if (a->op->event != STEP_EV_AGAIN || a->op->cause == CAUSE_PERSON)
		return;
	act_begin(a, "step_set");
	json_out_int(&a->out, "step", step->id);
	json_out_int(&a->out, "repairs", step->repairs + 1);
	act_end(a);
}

/* argv with what is remembered so far; the rest is put in when it is sent. */
static void
act_argv(struct act *a, const struct view_step *step)
{
	const struct json_object *argv = jdoc_in(step->spec, "argv");

	if (argv == NULL)
		return;
	json_out_array(&a->out, "argv");
	for (size_t i = 0; i < json_count(argv); i++) {
		const char *word = json_as_str(json_item(argv, i));
		char *filled = NULL;

		if (value_fill(a->f, word, &filled, NULL) == 0)
			json_out_str(&a->out, NULL, filled);
		else
			json_out_str(&a->out, NULL, word);
		free(filled);
	}
	json_out_end(&a->out);
}

static void
act_attempt(struct act *a)
{
	struct fleet *f = a->f;
	const struct view_step *step = &f->view.steps[a->op->step];
	char *note = values_note(f);
	const char *after = view_after(step, a->op->text);

	uuid_make(a->op->id);
	act_begin(a, "attempt");
	json_out_str(&a->out, "id", a->op->id);
	json_out_int(&a->out, "step", step->id);
	json_out_int(&a->out, "host", fleet_host_id(f, a->op->text));
	if (after[0] != '\0')
		json_out_str(&a->out, "after", after);
	json_out_int(&a->out, "seq", ++f->change_seq);
	act_argv(a, step);
	json_out_raw(&a->out, "note", note);
	act_end(a);
	free(note);
}

static void
act_attempt_end(struct act *a)
{
	struct view_step *step = &a->f->view.steps[a->op->step];
	struct view_attempt *attempt = &step->attempts[a->op->attempt];
	const struct edge *edge = machine_find(&attempt_machine,
		(int)attempt->state, a->op->event);
	const struct agent_fact *agent =
		looks_agent(&a->f->looks, attempt->id);
	const char *text = NULL;

	assert(edge != NULL);
	act_begin(a, "attempt_end");
	json_out_str(&a->out, "id", attempt->id);
	json_out_str(&a->out, "to", attempt_machine.states[edge->to]);
	act_text(a, "why");
	if (a->op->event == ATTEMPT_EV_END &&
	    result_get(a->f, attempt->id, &text) != NULL)
		json_out_raw(&a->out, "result", text);
	act_end(a);
	if (agent != NULL && a->op->event == ATTEMPT_EV_END) {
		attempt->exit = agent->exit;
		attempt->signal = agent->signal;
		attempt->timed_out = agent->timed_out;
	}
}

static void
act_phase(struct act *a, const char *to)
{
	act_begin(a, "phase");
	json_out_int(&a->out, "turn", turn_of(a));
	json_out_str(&a->out, "phase", a->f->view.phases[a->op->phase].name);
	if (to != NULL)
		json_out_str(&a->out, "to", to);
	else
		json_out_bool(&a->out, "committed", true);
	a->f->ops_commits |= to == NULL;
	act_end(a);
}

/* The values that the look proposed are now the turn's. */
static void
act_remember(struct act *a)
{
	struct fleet *f = a->f;
	const char *step = f->view.steps[a->op->step].name;

	act_begin(a, "turn_set");
	json_out_int(&a->out, "turn", turn_of(a));
	json_out_object(&a->out, "remembered");
	json_out_object(&a->out, step);
	for (int i = 0; i < f->nvalues; i++)
		if (strcmp(f->values[i].step, step) == 0) {
			f->values[i].proposed = false;
			json_out_str(&a->out, f->values[i].name,
				     f->values[i].value);
		}
	json_out_end(&a->out);
	json_out_end(&a->out);
	act_end(a);
}

static void
act_mouth(struct act *a)
{
	act_begin(a, "turn_set");
	json_out_int(&a->out, "turn", turn_of(a));
	json_out_object(&a->out, "mouths");
	json_out_str(&a->out, a->f->view.groups[a->op->group].name,
		     a->op->text);
	json_out_end(&a->out);
	act_end(a);
}

static void
act_cause(struct act *a)
{
	act_begin(a, "turn_set");
	json_out_int(&a->out, "turn", turn_of(a));
	if (a->op->cause == CAUSE_NONE)
		json_out_null(&a->out, "cause");
	else
		json_out_str(&a->out, "cause", turn_cause_word(a->op->cause));
	act_end(a);
}

static void
act_hold(struct act *a)
{
	act_begin(a, "hold");
	json_out_str(&a->out, "kind", hold_kind_word(a->op->hold_kind));
	if (a->op->gate != GATE_NONE)
		json_out_str(&a->out, "gate", gate_word(a->op->gate));
	if (a->op->turn >= 0) {
		json_out_int(&a->out, "turn", turn_of(a));
		json_out_int(&a->out, "backend", backend_of(a));
	}
	json_out_bool(&a->out, "critical", a->op->critical);
	if (a->op->until_ms != 0)
		json_out_int(&a->out, "until_ms", a->op->until_ms);
	act_text(a, "why");
	if (a->op->look_ms != 0)
		json_out_int(&a->out, "next_look_ms", a->op->look_ms);
	if (a->op->deadline_ms != 0)
		json_out_int(&a->out, "deadline_ms", a->op->deadline_ms);
	evidence_out(&a->out, a->f, a->op);
	act_end(a);
}

/* The answer was for this question only. */
static void
act_approved(struct act *a)
{
	const struct json_object *overrides =
		jdoc_in(a->f->work, "overrides");

	for (size_t i = 0; i < jdoc_count(overrides); i++) {
		const struct json_object *doc = json_item(overrides, i);

		if (strcmp(jdoc_str(doc, "gate", ""), "approval") != 0 ||
		    jdoc_int(doc, "backend_id", 0) != backend_of(a))
			continue;
		act_begin(a, "override_used");
		json_out_int(&a->out, "override",
			     jdoc_int(doc, "override_id", 0));
		act_end(a);
	}
}

static void
act_unhold(struct act *a)
{
	const struct view_hold *hold = &a->f->view.holds[a->op->hold];

	act_begin(a, "unhold");
	if (hold->id != 0)
		json_out_int(&a->out, "hold", hold->id);
	else
		json_out_str(&a->out, "kind", hold_kind_word(hold->kind));
	act_end(a);
	if (hold->kind == HOLD_APPROVAL && a->op->turn >= 0)
		act_approved(a);
}

static void
act_again(struct act *a)
{
	act_begin(a, "again_step");
	json_out_int(&a->out, "step", a->f->view.steps[a->op->step].id);
	act_end(a);
	a->f->ops_reload = true;
}

/* A built-in action is taken back by itself: its spec, marked `own`. */
static void
act_undo(struct act *a)
{
	const struct view_step *step = &a->f->view.steps[a->op->step];
	const struct json_object *undo = jdoc_in(step->spec, "undo");

	act_begin(a, "undo_step");
	json_out_int(&a->out, "undoes", step->id);
	if (undo != NULL) {
		json_out_value(&a->out, "spec", undo);
		if (!jdoc_has(undo, "target"))
			json_out_str(&a->out, "target", "backend");
	} else {
		json_out_str(&a->out, "kind", step_kind_word(step->kind));
		json_out_object(&a->out, "spec");
		json_out_bool(&a->out, "own", true);
		json_out_value(&a->out, step_kind_word(step->kind),
			       jdoc_in(step->spec,
				       step_kind_word(step->kind)));
		json_out_int(&a->out, "timeout_ms", step->timeout_ms);
		json_out_end(&a->out);
	}
	act_end(a);
	a->f->ops_reload = true;
}

static void
act_readings(struct act *a, int64_t but)
{
	json_out_array(&a->out, "readings");
	for (int i = 0; i < a->f->nservices; i++) {
		const struct service *s = &a->f->services[i];

		if (s->backend_id == but)
			continue;
		json_out_object(&a->out, NULL);
		json_out_int(&a->out, "backend", s->backend_id);
		if (s->value == TRI_UNKNOWN)
			json_out_null(&a->out, "in_service");
		else
			json_out_bool(&a->out, "in_service",
				      s->value == TRI_TRUE);
		json_out_str(&a->out, "seen", s->seen);
		json_out_end(&a->out);
	}
	json_out_end(&a->out);
}

static int64_t
age_of(const struct act *a, int64_t but)
{
	int64_t now = fleet_now_ms(a->f), age = 0;

	for (int i = 0; i < a->f->nservices; i++) {
		const struct service *s = &a->f->services[i];

		if (s->backend_id != but && !s->excluded &&
		    now - s->at_ms > age)
			age = now - s->at_ms;
	}
	return age;
}

static void
act_outage_open(struct act *a)
{
	int64_t backend = backend_of(a);

	act_begin(a, "survey");
	json_out_int(&a->out, "backend", backend);
	json_out_int(&a->out, "age_ms", age_of(a, backend));
	act_readings(a, backend);
	act_end(a);
	act_begin(a, "outage_open");
	json_out_int(&a->out, "turn", turn_of(a));
	act_end(a);
}

static void
act_outage_close(struct act *a)
{
	int i = fleet_service(a->f, a->f->view.turns[a->op->turn].backend);
	const struct service *s = &a->f->services[i];

	act_begin(a, "proof");
	json_out_int(&a->out, "backend", s->backend_id);
	json_out_bool(&a->out, "in_service", s->value == TRI_TRUE);
	json_out_int(&a->out, "age_ms", fleet_now_ms(a->f) > s->at_ms ?
		     fleet_now_ms(a->f) - s->at_ms : 0);
	json_out_object(&a->out, "readings");
	json_out_str(&a->out, "seen", s->seen);
	json_out_end(&a->out);
	act_end(a);
	act_begin(a, "outage_close");
	json_out_int(&a->out, "backend", s->backend_id);
	act_end(a);
}

static void
act_outage_accept(struct act *a)
{
	const struct view_turn *turn = &a->f->view.turns[a->op->turn];

	act_begin(a, "outage_accept");
	json_out_int(&a->out, "turn", turn->id);
	json_out_str(&a->out, "by", turn->asked_by);
	json_out_str(&a->out, "why", turn->asked_why);
	act_end(a);
}

static void
act_asked(struct act *a)
{
	act_begin(a, "turn_set");
	json_out_int(&a->out, "turn", turn_of(a));
	json_out_bool(&a->out, "answered", true);
	act_end(a);
}

static void
act_event(struct act *a)
{
	act_begin(a, "event");
	json_out_str(&a->out, "kind", "engine");
	json_out_str(&a->out, "severity", "warning");
	if (a->op->turn >= 0) {
		json_out_int(&a->out, "turn", turn_of(a));
		json_out_int(&a->out, "backend", backend_of(a));
	}
	act_text(a, "message");
	act_end(a);
}

static void
act_pause(struct act *a, const char *word)
{
	act_begin(a, word);
	act_end(a);
}

static void
act_overrun(struct act *a)
{
	act_begin(a, "overrun");
	json_out_int(&a->out, "turn", turn_of(a));
	act_end(a);
}

static void
act_check(struct act *a)
{
	act_begin(a, "check");
	if (a->op->turn >= 0)
		json_out_int(&a->out, "turn", turn_of(a));
	act_end(a);
}

static void
act_write(struct act *a)
{
	switch (a->op->kind) {
	case OP_ROLLOUT: act_rollout(a); break;
	case OP_TURN: act_turn(a); break;
	case OP_PHASE_BEGIN: act_phase(a, "running"); break;
	case OP_PHASE_COMMIT: act_phase(a, NULL); break;
	case OP_PHASE_END: act_phase(a, "done"); break;
	case OP_STEP: act_step(a); break;
	case OP_REMEMBER: act_remember(a); break;
	case OP_ATTEMPT: act_attempt(a); break;
	case OP_ATTEMPT_END: act_attempt_end(a); break;
	case OP_MOUTH: act_mouth(a); break;
	case OP_CAUSE: act_cause(a); break;
	case OP_HOLD: act_hold(a); break;
	case OP_UNHOLD: act_unhold(a); break;
	case OP_UNDO: act_undo(a); break;
	case OP_AGAIN: act_again(a); break;
	case OP_OUTAGE_OPEN: act_outage_open(a); break;
	case OP_OUTAGE_CLOSE: act_outage_close(a); break;
	case OP_OUTAGE_ACCEPT: act_outage_accept(a); break;
	case OP_PAUSE: act_pause(a, "pause_effective"); break;
	case OP_PAUSE_OVER: act_pause(a, "pause_over"); break;
	case OP_OVERRUN: act_overrun(a); break;
	case OP_ASKED: act_asked(a); break;
	case OP_CHECK: act_check(a); break;
	case OP_EVENT: act_event(a); break;
	}
}

/* Is it an edge of its machine?  Else it is a bug, and nothing moves. */
static bool
act_legal(const struct fleet *f, const struct op *op)
{
	const struct view *v = &f->view;

	if (op->kind == OP_ROLLOUT)
		return machine_find(&rollout_machine, (int)v->state,
				    op->event);
	if (op->kind == OP_TURN)
		return machine_find(&turn_machine,
				    (int)v->turns[op->turn].state, op->event);
	if (op->kind == OP_STEP)
		return machine_find(&step_machine,
				    (int)v->steps[op->step].state, op->event);
	if (op->kind == OP_ATTEMPT_END)
		return machine_find(&attempt_machine, (int)v->steps[op->step]
			.attempts[op->attempt].state, op->event);
	return true;
}

/* Every value that a step wants remembered is at hand. */
static bool
act_remembers(const struct fleet *f, const struct op *op)
{
	const struct view_step *step = &f->view.steps[op->step];
	size_t have = 0;

	for (int i = 0; i < f->nvalues; i++)
		have += strcmp(f->values[i].step, step->name) == 0;
	return have >= jdoc_count(jdoc_in(step->spec, "remember"));
}

/*
 * A person who answers a held turn has changed something by hand: what was
 * seen before that is no reason to hold it again.
 */
static bool
act_answers(const struct op *op)
{
	return op->kind == OP_TURN && (op->event == TURN_EV_RETRY ||
				       op->event == TURN_EV_SETTLE ||
				       op->event == TURN_EV_RESTORE);
}

static void
act_forget(struct fleet *f)
{
	looks_forget(&f->looks);
	if (f->roster != NULL)
		look_roster_forget(f->roster);
}

void
act_do(struct fleet *f)
{
	struct decision *d = &f->decision;
	int64_t now = fleet_now_ms(f);
	bool answers = false;

	for (int i = 0; i < d->nops; i++)
		if (d->ops[i].kind == OP_REMEMBER &&
		    !act_remembers(f, &d->ops[i])) {
			looks_forget(&f->looks);	/* look again */
			return;
		}
	f->ops_what |= WRITES_RULE(d->rule);
	f->ops_happened |= !f->view.database;
	log_info("%s: rollout %lld: %s %s", f->name,
		 (long long)f->view.rollout, rule_number(d->rule), d->reason);
	for (int i = 0; i < d->nops; i++) {
		struct act a = { .f = f, .op = &d->ops[i] };

		if (!act_legal(f, a.op)) {
			log_error("%s: %s: op %s is not legal here: a bug; "
				  "the rest is left out", f->name,
				  rule_number(d->rule),
				  op_kind_word(a.op->kind));
			f->ops_reload = true;
			return;
		}
		act_write(&a);
		view_apply(&f->view, a.op, now);
		answers |= act_answers(a.op);
		if (a.op->kind == OP_ATTEMPT_END || a.op->kind == OP_STEP)
			step_let_go(f, a.op->step);
		if (a.op->kind == OP_ATTEMPT) {
			struct view_step *step = &f->view.steps[a.op->step];

			step->attempts[step->nattempts - 1].seq =
				f->change_seq;
			/* as long as we have the fleet, we know */
			(void)looks_agent_get(&f->looks, a.op->id);
		}
	}
	if (answers)
		act_forget(f);
}
