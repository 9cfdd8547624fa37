/*
 * proc_shape.c - do the marks fit each other?
 *
 * A backend is taken out once, worked on, proved, and returned.  What would
 * leave it out, return it unproved or stop in the worst place is an error here
 * and not a surprise at night.
 */
#include <stdio.h>
#include <string.h>

#include "procedure_private.h"

size_t
phase_takes_out(const struct procedure *proc)
{
	size_t i = 0;

	while (i < proc->phases && !proc->phase[i].takes_out)
		i++;
	return i;
}

size_t
step_no_return(const struct procedure *proc)
{
	size_t i = 0;

	while (i < proc->steps && !proc->step[i].no_return)
		i++;
	return i;
}

bool
step_changes(const struct step *step)
{
	return step->act.kind == ACT_RUN || step->act.kind == ACT_COPY ||
	       step->act.kind == ACT_CLEAN || step->act.kind == ACT_PACKAGE;
}

/* "a wait", "an approve". */
static const char *
kind_name(const struct step *step, char name[static 16])
{
	const char *word = act_words[step->act.kind];

	snprintf(name, 16, "%s %s", *word == 'a' ? "an" : "a", word);
	return name;
}

/* What makes no sense for a step that changes nothing. */
static void
idle_check(struct proc_reader *r, const struct step *step)
{
	char name[16];
	const char *kind = kind_name(step, name);

	if (step->check.node != NULL)
		ynode_error(r->d, step->check.node,
			    "%s has no \"check\": it changes nothing", kind);
	if (step->expect.node != NULL)
		ynode_error(r->d, step->expect.node,
			    "%s has no \"expect\": it has no result", kind);
	if (step->undo.node != NULL && !step->undo.none)
		ynode_error(r->d, step->undo.node,
			    "%s has no \"undo\": it changes nothing", kind);
	if (step->target.node != NULL)
		ynode_error(r->d, step->target.node,
			    "%s has no \"target\"; probes have one", kind);
	if (step->no_return || step->destroys || step->idempotent)
		ynode_error(r->d, step->node,
			    "%s changes nothing: neither no_return nor "
			    "destroys nor idempotent",
			    kind);
	if (step->discard)
		ynode_error(r->d, step->node,
			    "%s prints nothing: no output of it can be "
			    "discarded",
			    kind);
	if (step->timeout.text.node != NULL)
		ynode_error(r->d, step->timeout.text.node,
			    "%s has no \"timeout\"%s", kind,
			    step->act.kind == ACT_POLL ? ", it has \"at_most\""
						       : "");
}

/* A poll that failed is polled again; a wait and an approve do not fail. */
static bool
step_fails(const struct step *step)
{
	return step_changes(step) || step->act.kind == ACT_POLL;
}

static void
settle_check(struct proc_reader *r, const struct step *step)
{
	const struct ynode *settle = step->settle.text.node;
	char name[16];

	if (settle == NULL || step->check.node != NULL)
		return;
	if (step_changes(step)) {
		ynode_error(r->d, settle,
			    "\"settle_within\" without a \"check\": nothing "
			    "has to become true");
		diag_hint(r->d, "a check says what is true once it is done; "
				"without one leave settle_within out");
		return;
	}
	ynode_error(r->d, settle, "%s has no \"settle_within\"",
		    kind_name(step, name));
	diag_hint(r->d, step->act.kind == ACT_POLL
				? "at_most is how long a poll may take"
				: "nothing has to become true: leave it out");
}

static void
again_check(struct proc_reader *r, const struct step *step, const char *key,
	    const struct ynode *node)
{
	char name[16];

	if (node == NULL || step_fails(step))
		return;
	ynode_error(r->d, node, "%s has no \"%s\": it does not fail",
		    kind_name(step, name), key);
	diag_hint(r->d, "leave it out; what waits until something is true is "
			"a poll");
}

/* Times and counts that nothing would ever look at. */
static void
tries_check(struct proc_reader *r, const struct step *step)
{
	const struct ynode *backoff = step->backoff.text.node;
	bool carried = r->proc->phase[step->phase].no_pause &&
		       step->check.node != NULL;

	settle_check(r, step);
	again_check(r, step, "retries", step->retry);
	again_check(r, step, "backoff", backoff);
	if (backoff == NULL || !step_fails(step) || step->retries > 0 ||
	    carried)
		return;
	ynode_error(r->d, backoff,
		    "\"backoff\" without \"retries\": it is not tried again");
	diag_hint(r->d, "retries: N is how often; without them leave backoff "
			"out");
}

static void
no_return_check(struct proc_reader *r, size_t i)
{
	const struct procedure *proc = r->proc;
	const struct step *step = &proc->step[i];

	if (!step->no_return)
		return;
	if (step->phase < phase_takes_out(proc)) {
		ynode_error(r->d, step->node,
			    "step \"%s\" is no_return, but "
			    "the backend is not taken out yet",
			    step->name);
		diag_hint(r->d, "a phase at or before it needs takes_out: "
				"true");
	}
	if (proc->phase[step->phase].rest == REST_IN)
		ynode_error(r->d, step->node,
			    "step \"%s\" is no_return in a "
			    "phase that rests in",
			    step->name);
}

static void
step_check(struct proc_reader *r, size_t i)
{
	const struct procedure *proc = r->proc;
	const struct step *step = &proc->step[i];
	const struct phase *phase = &proc->phase[step->phase];

	if (step->act.kind == ACT_COUNT)
		return;
	if (!step_changes(step))
		idle_check(r, step);
	tries_check(r, step);
	no_return_check(r, i);
	if (phase->no_pause && step->act.kind == ACT_APPROVE)
		ynode_error(r->d, step->node,
			    "step \"%s\" waits for a person "
			    "in a phase that cannot pause",
			    step->name);
	if (step->retries > 0 && i > step_no_return(proc) &&
	    step->check.node == NULL && !step->idempotent)
		ynode_error(r->d, step->node,
			    "step \"%s\" is behind the point "
			    "of no return: retries need a \"check\" or "
			    "idempotent: true",
			    step->name);
}

static void
phase_check(struct proc_reader *r, size_t i)
{
	const struct procedure *proc = r->proc;
	const struct phase *phase = &proc->phase[i];
	size_t out = phase_takes_out(proc);

	if (phase->takes_out && i != out)
		ynode_error(r->d, phase->node,
			    "phase \"%s\" takes_out too: a "
			    "backend is taken out once",
			    phase->name);
	if (phase->rest == REST_OUT && i < out)
		ynode_error(r->d, phase->node,
			    "phase \"%s\" rests out, but "
			    "nothing took the backend out",
			    phase->name);
	if (phase->deadline.text.node != NULL && !phase->no_pause)
		ynode_error(r->d, phase->deadline.text.node,
			    "only a no_pause phase has a deadline");
	if (phase->rest != REST_IN || i < out)
		return;
	for (size_t k = i + 1; k < proc->phases; k++)
		if (proc->phase[k].proves)
			ynode_error(r->d, phase->node,
				    "phase \"%s\" rests in before phase \"%s\" "
				    "has proved anything",
				    phase->name, proc->phase[k].name);
}

/* Taken out: so it must be proved, and returned. */
static void
outage_check(struct proc_reader *r)
{
	const struct procedure *proc = r->proc;
	size_t out = phase_takes_out(proc);
	const struct phase *last;
	bool proves = false;

	if (out == proc->phases)
		return;
	last = &proc->phase[proc->phases - 1];
	if (last->rest != REST_IN) {
		ynode_error(r->d, last->node,
			    "the last phase must have "
			    "rest: in: phase \"%s\" took the backend out",
			    proc->phase[out].name);
	}
	for (size_t i = out; i < proc->phases; i++)
		proves |= proc->phase[i].proves;
	if (!proves) {
		ynode_error(r->d, proc->phase[out].node,
			    "phase \"%s\" takes "
			    "the backend out and no later phase proves that it "
			    "works",
			    proc->phase[out].name);
		diag_hint(r->d, "mark the phase that verifies it with "
				"proves: true");
	}
}

void
shape_check(struct proc_reader *r)
{
	for (size_t i = 0; i < r->proc->phases; i++)
		phase_check(r, i);
	for (size_t i = 0; i < r->proc->steps; i++)
		step_check(r, i);
	outage_check(r);
}
