/* evidence.c - the readings that a hold stands on, as JSON. */
#include "evidence.h"

#include <stddef.h>

#include "fleet.h"
#include "jdoc.h"

typedef void evidence_fn(struct json_out *out, const struct fleet *f,
			 const struct op *op);

static void
evidence_ms(struct json_out *out, const char *key, int64_t ms)
{
	if (ms != 0)
		json_out_int(out, key, ms);
}

static void
evidence_check(struct json_out *out, const struct fleet *f,
	       const struct op *op)
{
	const struct view_check *check = &f->view.check;

	if (check->turn != op->turn)
		return;
	evidence_ms(out, "asked_ms", check->asked_ms);
	evidence_ms(out, "done_ms", check->done_ms);
	if (check->done_ms != 0)
		json_out_str(out, "wrong", check->wrong);
}

static void
evidence_slot(struct json_out *out, const struct fleet *f,
	      const struct op *op)
{
	const struct json_object *slot = jdoc_in(f->work, "slot");

	(void)op;
	json_out_str(out, "fleet", jdoc_str(slot, "fleet", ""));
	json_out_str(out, "backend", jdoc_str(slot, "backend", ""));
	json_out_int(out, "rollout", jdoc_int(slot, "rollout_id", 0));
	evidence_ms(out, "since_ms", jdoc_int(slot, "since_ms", 0));
}

static void
evidence_min_up(struct json_out *out, const struct fleet *f,
		const struct op *op)
{
	(void)op;
	json_out_int(out, "listed", f->view.listed);
	json_out_int(out, "excluded", f->view.excluded);
	json_out_str(out, "min_up", f->view.min_up);
}

static void
evidence_window(struct json_out *out, const struct fleet *f,
		const struct op *op)
{
	const struct view *v = &f->view;

	json_out_int(out, "expected_ms", v->turns[op->turn].rest_ms);
	if (v->nwindows == 0)
		return;
	json_out_int(out, "opens_ms", v->window[0].opens_ms);
	json_out_int(out, "closes_ms", v->window[0].closes_ms);
}

/* After canaries, after a peer that failed, or a step that asks. */
static void
evidence_approval(struct json_out *out, const struct fleet *f,
		  const struct op *op)
{
	const struct view *v = &f->view;
	int done = 0;

	for (int i = 0; i < v->nturns; i++)
		done += v->turns[i].state == TURN_DONE;
	json_out_int(out, "done", done);
	if (op->turn < 0)
		json_out_int(out, "stop_after", v->stop_after);
	for (int s = 0; op->turn >= 0 && op->turn == v->detail &&
	     s < v->nsteps; s++)
		if (v->steps[s].state == STEP_RUNNING &&
		    v->steps[s].kind == STEP_KIND_APPROVE)
			json_out_str(out, "step", v->steps[s].name);
}

static void
evidence_fact(struct json_out *out, const struct fact *fact)
{
	static const char *const kinds[] = {
#define X(name, id) #name,
		FACT_KINDS(X)
#undef X
	};

	json_out_str(out, "fact", kinds[fact->kind]);
	json_out_str(out, "value", fact->value == TRI_UNKNOWN ? "unknown" :
		     fact->value == TRI_TRUE ? "yes" : "no");
	json_out_str(out, "seen", fact->seen);
	json_out_int(out, "looked_ms", fact->at_ms);
	json_out_int(out, "since_ms", fact->since_ms);
}

/* What no look decides: by the hold's kind, else by its gate. */
static evidence_fn *
evidence_of(const struct op *op)
{
	if (op->hold_kind == HOLD_APPROVAL)
		return evidence_approval;
	switch (op->gate) {
	case GATE_CHECK: return evidence_check;
	case GATE_WINDOW: return evidence_window;
	case GATE_MIN_UP: return evidence_min_up;
	case GATE_SLOT: return evidence_slot;
	case GATE_NONE: case GATE_GREETED: case GATE_PREFLIGHT:
	case GATE_READY: case GATE_TARGET_IN: case GATE_PEERS:
	case GATE_WRITE:
		break;
	}
	return NULL;
}

void
evidence_out(struct json_out *out, const struct fleet *f,
	     const struct op *op)
{
	const struct fact *fact = op->fact < 0 ? NULL : looks_find(&f->looks,
		(enum fact_kind)op->fact, op->fact_id);
	evidence_fn *rows = fact == NULL ? evidence_of(op) : NULL;

	if (fact == NULL && rows == NULL)
		return;
	json_out_object(out, "evidence");
	if (fact != NULL)
		evidence_fact(out, fact);
	else
		rows(out, f, op);
	json_out_end(out);
}
