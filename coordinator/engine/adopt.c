/*
 * adopt.c - what the agents' journals know, and the database does not.
 *
 * A database that lost its last commits does not know attempts that were sent;
 * nor does it know those that a coordinator made without it, in a phase that
 * may not pause, and died before it could write them down.  An agent refuses
 * what comes after another attempt than its last, and tells that one.  And who
 * takes a fleet asks each host once what it began for the turn in hand, for a
 * step that is over is not sent again.  Nothing waits for the answers.
 */
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
#include "refusal.h"
#include "uuid.h"

enum { TRACE_AGAIN_MS = 5000 };

/* What one host began of one step. */
struct trace {
	struct trace *next;
	struct fleet *f;
	int64_t rollout, step;
	char *path, host[VIEW_NAME];
	char after[VIEW_UUID];		/* it is known up to this one */
	struct call *call;
	uint64_t question;		/* on its way, 0: none */
};

/* unsent: ours, which the agent did not take; NULL: none. */
static void
adopt(struct fleet *f, int64_t step, const char *host, const char *unsent,
      const struct json_object *record)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "adopt");
	json_out_str(&out, "id", jdoc_str(record, "attempt", ""));
	if (unsent != NULL)
		json_out_str(&out, "unsent", unsent);
	json_out_int(&out, "step", step);
	json_out_int(&out, "host", fleet_host_id(f, host));
	json_out_str(&out, "state", jdoc_str(record, "state", "unknown"));
	if (jdoc_in(record, "note") != NULL)
		json_out_value(&out, "note", jdoc_in(record, "note"));
	if (jdoc_in(record, "result") != NULL)
		json_out_value(&out, "result", jdoc_in(record, "result"));
	json_out_end(&out);
	act_op(f, buf_str(&buf));
	buf_free(&buf);
	log_notice("%s: adopted an attempt from the journal of %s", f->name,
		   host);
	f->ops_what |= WRITES_ADOPTED;
	f->ops_reload = true;
	write_flush(f);
}

void
adopt_refused(struct fleet *f, const char *attempt, const char *host,
	      const struct json_object *record)
{
	int step = -1;

	if (view_attempt_find(&f->view, attempt, &step) != NULL &&
	    uuid_valid(jdoc_str(record, "attempt", "")))
		adopt(f, f->view.steps[step].id, host, attempt, record);
}

/* ------------------------------------------------------------- the traces */

static void
trace_end(struct trace *t)
{
	struct trace **at = &t->f->traces;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->question != 0)
		call_drop(t->call, t->question);
	free(t->path);
	free(t);
}

void
trace_again(struct fleet *f)
{
	while (f->traces != NULL)
		trace_end(f->traces);
	f->traced = false;
}

static void
trace_add(struct fleet *f, int s, const char *host)
{
	const struct view_step *step = &f->view.steps[s];
	struct trace *t;

	for (t = f->traces; t != NULL; t = t->next)
		if (t->step == step->id && strcmp(t->host, host) == 0)
			return;
	t = x_new(struct trace);
	t->f = f;
	t->rollout = f->view.rollout;
	t->step = step->id;
	t->path = fleet_step_path(f, step);
	snprintf(t->host, sizeof(t->host), "%s", host);
	t->next = f->traces;
	f->traces = t;
}

/* Only what was committed may have gone on without the database. */
void
trace_begin(struct fleet *f)
{
	const struct view *v = &f->view;

	if (f->traced || !f->has_rollout || v->detail < 0)
		return;
	f->traced = true;
	for (int s = 0; s < v->nsteps; s++) {
		const struct view_step *step = &v->steps[s];

		if (v->phases[step->phase].committed_ms == 0 ||
		    !step_kind_acts(step->kind))
			continue;
		for (int i = 0; i < step->nattempts; i++)
			trace_add(f, s, step->attempts[i].host);
		for (int i = 0; step->group >= 0 &&
		     i < v->groups[step->group].nmembers; i++)
			trace_add(f, s, v->groups[step->group].members[i]);
	}
}

static void
trace_answered(void *ctx, const struct call_answer *answer)
{
	struct trace *t = ctx;
	struct fleet *f = t->f;
	const struct json_object *record = jdoc_in(answer->body, "record");
	const char *id = jdoc_str(record, "attempt", "");

	t->question = 0;
	if (answer->outcome == CALL_REFUSED &&
	    strcmp(answer->code, "epoch") != 0) {
		log_warn("%s: %s does not tell what it began of %s: %s",
			 f->name, t->host, t->path, answer->why);
		trace_end(t);
	} else if (answer->outcome != CALL_ANSWERED) {
		f->trace_at_ms = clock_boot_ms() + TRACE_AGAIN_MS;
	} else if (record == NULL || !uuid_valid(id)) {
		trace_end(t);
	} else {
		snprintf(t->after, sizeof(t->after), "%s", id);
		if (view_attempt_find(&f->view, id, NULL) == NULL)
			adopt(f, t->step, t->host, NULL, record);
	}
	fleet_wake(f);
}

static void
trace_ask(struct trace *t)
{
	struct fleet *f = t->f;

	t->call = call_find(f->engine->calls, t->host);
	if (t->call == NULL || !call_is_up(t->call))
		return;
	t->question = call_begun(t->call, f->uuid, f->epoch, t->path,
				 t->after[0] != '\0' ? t->after : NULL,
				 trace_answered, t);
}

void
trace_update(struct fleet *f)
{
	if (f->traces == NULL || !f->view.database || f->fenced ||
	    clock_boot_ms() < f->trace_at_ms)
		return;
	if (f->traces->rollout != f->view.rollout) {
		trace_again(f);		/* too late: its rows are closed */
		return;
	}
	for (struct trace *t = f->traces; t != NULL; t = t->next)
		if (t->question == 0)
			trace_ask(t);
}
