/* send.c - attempts to their agents, and what the agents say of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "contents.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "sheet.h"
#include "wire.h"

enum { SEND_GONE_MS = 75000 };

/* One question on its way; it outlives the view it was made from. */
struct sending {
	struct fleet *f;
	int fleet_id;
	struct engine *engine;
	char attempt[VIEW_UUID], host[VIEW_NAME];
	bool asks;			/* nothing is begun by it */
};

/* --------------------------------------------------------------- answers */

/* More than the beginning, and the beginning was sent: not discarded. */
static bool
stream_is_long(const struct json_object *result, const char *stream)
{
	const struct json_object *s = jdoc_in(result, stream);

	return jdoc_has(s, "head") &&
		jdoc_int(s, "bytes", 0) > WIRE_HEAD_MAX;
}

static void
agent_ended(struct fleet *f, struct agent_fact *agent, const char *text)
{
	const struct json_object *doc;

	result_set(f, agent->id, text);
	doc = result_get(f, agent->id, NULL);
	if (stream_is_long(doc, "out") || stream_is_long(doc, "err"))
		pull_expect(f);
	agent->state = AGENT_ENDED;
	agent->exit = (int)jdoc_int(doc, "exit", -1);
	agent->signal = (int)jdoc_int(doc, "signal", 0);
	agent->timed_out = jdoc_bool(doc, "timed_out", false);
}

static void
agent_state(struct fleet *f, struct agent_fact *agent, const char *state,
	    const char *why, const char *result_text)
{
	agent->at_ms = fleet_now_ms(f);
	agent->silent_ms = 0;
	agent->gone = false;
	agent->asked = 0;
	agent->reached = strcmp(state, "none") != 0;
	snprintf(agent->why, sizeof(agent->why), "%s", why);
	if (strcmp(state, "ended") == 0 && result_text != NULL)
		agent_ended(f, agent, result_text);
	else if (strcmp(state, "running") == 0)
		agent->state = AGENT_RUNNING;
	else if (strcmp(state, "none") == 0)
		agent->state = AGENT_NOT_ASKED;
	else
		agent->state = AGENT_UNKNOWN;
}

/* No answer: the same question will be put again under the same id. */
static void
agent_silent(struct fleet *f, struct agent_fact *agent, const char *host,
	     const char *why)
{
	struct call *call = call_find(f->engine->calls, host);
	int64_t heard = call ? call_heard_ms(call) : 0;

	agent->state = AGENT_SILENT;
	agent->at_ms = fleet_now_ms(f);
	if (agent->silent_ms == 0)
		agent->silent_ms = agent->at_ms;
	agent->gone = agent->at_ms - agent->silent_ms >= SEND_GONE_MS &&
		clock_boot_ms() - heard >= SEND_GONE_MS;
	snprintf(agent->why, sizeof(agent->why), "%s", why);
}

static void
agent_refused(struct fleet *f, const struct sending *s,
	      struct agent_fact *agent, const struct call_answer *answer)
{
	const struct json_object *record = jdoc_in(answer->body, "record");

	/* one that has its row is no news: its end is written there */
	if (strcmp(answer->code, "after") == 0 && record != NULL &&
	    view_attempt_find(&f->view, jdoc_str(record, "attempt", ""),
			      NULL) == NULL) {
		agent->state = AGENT_ASKING;
		adopt_refused(f, s->attempt, s->host, record);
		return;
	}
	if (strcmp(answer->code, "epoch") == 0) {
		agent_silent(f, agent, s->host, answer->why);
		lease_raise(f, jdoc_int(answer->body, "epoch", 0));
		return;
	}
	/* nobody knows whether it was done, and it is not done now */
	if (strcmp(answer->code, "floor") == 0) {
		agent_state(f, agent, "unknown", answer->why, NULL);
		return;
	}
	if (s->asks || strcmp(answer->code, "busy") == 0 ||
	    strcmp(answer->code, "system") == 0) {
		agent_silent(f, agent, s->host, answer->why);
		return;
	}
	agent->state = AGENT_REFUSED;
	agent->at_ms = fleet_now_ms(f);
	snprintf(agent->code, sizeof(agent->code), "%s", answer->code);
	snprintf(agent->why, sizeof(agent->why), "%.250s%s%.250s",
		 answer->why, answer->hint[0] ? "; " : "", answer->hint);
}

static void
send_answered(void *ctx, const struct call_answer *answer)
{
	struct sending *s = ctx;
	struct fleet *f = engine_fleet(s->engine, s->fleet_id);
	struct agent_fact *agent;
	char *result;

	if (f == NULL || f != s->f) {
		free(s);
		return;
	}
	agent = looks_agent_get(&f->looks, s->attempt);
	switch (answer->outcome) {
	case CALL_ANSWERED:
		result = jdoc_in(answer->body, "result") == NULL ? NULL :
			jdoc_text(jdoc_in(answer->body, "result"));
		/* a push may have told the end before the answer came */
		if (agent->state != AGENT_ENDED)
			agent_state(f, agent,
				jdoc_str(answer->body, "state", "unknown"),
				jdoc_str(answer->body, "why", ""), result);
		free(result);
		break;
	case CALL_REFUSED:
		agent_refused(f, s, agent, answer);
		break;
	case CALL_LOST:
		agent->reached = true;
		agent_silent(f, agent, s->host, answer->why);
		break;
	case CALL_UNSENT:
		agent_silent(f, agent, s->host, answer->why);
		break;
	}
	/* a push may have told its end, and all was written since */
	attempt_let_go(f, s->attempt);
	fleet_wake(f);
	free(s);
}

void
send_pushed(struct fleet *f, const char *host, const char *attempt,
	    const char *state, const char *result_text)
{
	const struct view_attempt *a =
		view_attempt_find(&f->view, attempt, NULL);

	if (a == NULL)
		return;
	if (strcmp(a->host, host) != 0) {
		log_error("%s: %s tells the end of an attempt of %s: not "
			  "believed", f->name, host, a->host);
		return;
	}
	agent_state(f, looks_agent_get(&f->looks, attempt), state, "",
		    result_text);
	attempt_let_go(f, attempt);
	fleet_wake(f);
}

/* The channel is gone: what runs will be asked for, not told. */
void
send_cut(struct fleet *f, const char *host, const char *why)
{
	for (int s = 0; s < f->view.nsteps; s++)
		for (int i = 0; i < f->view.steps[s].nattempts; i++) {
			const struct view_attempt *a =
				&f->view.steps[s].attempts[i];
			const struct agent_fact *agent =
				looks_agent(&f->looks, a->id);

			if (agent != NULL && agent->state == AGENT_RUNNING &&
			    strcmp(a->host, host) == 0)
				agent_silent(f, looks_agent_get(&f->looks,
					a->id), host, why);
		}
}

/* --------------------------------------------------------------- sending */

static void
spec_argv(struct fleet *f, const struct json_object *argv,
	  struct json_out *out, struct err *err, bool *ok)
{
	json_out_array(out, "argv");
	for (size_t i = 0; i < jdoc_count(argv); i++) {
		char *word = NULL;

		if (value_fill(f, json_as_str(json_item(argv, i)), &word,
			       err) < 0)
			*ok = false;
		json_out_str(out, NULL, word ? word : "");
		free(word);
	}
	json_out_end(out);
}

/* The end of a clean: its attempt is the one thing that a plan cannot know. */
static char *
spec_purge(struct fleet *f, const struct json_object *clean, struct err *err)
{
	struct json_out out;
	struct buf buf;
	char *attempt;

	if (value_fill(f, jdoc_str(clean, "purge_of", ""), &attempt, err) < 0)
		return NULL;
	buf_init(&buf, 65536);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "inside", jdoc_str(clean, "inside", ""));
	json_out_str(&out, "purge_of", attempt);
	json_out_end(&out);
	free(attempt);
	return buf_take(&buf);
}

/* The kind's own keys, with what was remembered put into the words. */
static char *
spec_of(struct fleet *f, const struct view_step *step, struct err *err)
{
	const struct json_object *own =
		jdoc_in(step->spec, step_kind_word(step->kind));
	struct json_out out;
	struct buf buf;
	bool ok = true;

	if (jdoc_has(own, "purge_of"))
		return spec_purge(f, own, err);
	if (step->kind != STEP_KIND_RUN)
		return own != NULL ? jdoc_text(own) : x_strdup("{}");
	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	spec_argv(f, jdoc_in(step->spec, "argv"), &out, err, &ok);
	json_out_end(&out);
	if (ok)
		return buf_take(&buf);
	buf_free(&buf);
	return NULL;
}

/* Which attempt a built-in undo takes back. */
static const char *
undo_of(const struct fleet *f, const struct view_step *step)
{
	const struct view_step *of;

	if (step->undoes < 0 || !jdoc_bool(step->spec, "own", false))
		return NULL;
	of = &f->view.steps[step->undoes];
	for (int i = of->nattempts - 1; i >= 0; i--)
		if (of->attempts[i].state == ATTEMPT_ENDED)
			return of->attempts[i].id;
	return NULL;
}

static void
refuse_here(struct fleet *f, const struct view_attempt *attempt,
	    const char *why)
{
	struct agent_fact *agent = looks_agent_get(&f->looks, attempt->id);

	agent->state = AGENT_REFUSED;
	agent->at_ms = fleet_now_ms(f);
	snprintf(agent->code, sizeof(agent->code), "plan");
	snprintf(agent->why, sizeof(agent->why), "%s", why);
	fleet_wake(f);
}

static struct sending *
sending_new(struct fleet *f, const struct view_attempt *attempt)
{
	struct agent_fact *agent = looks_agent_get(&f->looks, attempt->id);
	struct sending *s = x_new(struct sending);

	agent->state = AGENT_ASKING;
	agent->at_ms = fleet_now_ms(f);
	agent->asked++;
	s->f = f;
	s->fleet_id = f->id;
	s->engine = f->engine;
	memcpy(s->attempt, attempt->id, sizeof(s->attempt));
	memcpy(s->host, attempt->host, sizeof(s->host));
	return s;
}

/* Of the file that a copy brings; NULL: none. */
static const char *
content_sha256(const struct view_step *step)
{
	const struct json_object *own =
		jdoc_in(step->spec, step_kind_word(step->kind));

	return step->kind == STEP_KIND_COPY && step->undoes < 0 ?
		jdoc_str(own, "sha256", NULL) : NULL;
}

/* -1: not at hand yet, or not to be had. */
static int
send_content(struct fleet *f, const struct view_step *step,
	     const struct view_attempt *attempt, struct call_content *content)
{
	const char *why = "";

	content->sha256 = content_sha256(step);
	if (content->sha256 == NULL)
		return 0;
	if (contents_get(f, content->sha256, &content->data, &content->size,
			 &why) == 0)
		return 0;
	agent_silent(f, looks_agent_get(&f->looks, attempt->id),
		     attempt->host, why);
	return -1;
}

/* Those before it on its host that nobody asks for any more. */
static size_t
abandoned_before(const struct view_step *step,
		 const struct view_attempt *attempt, const char **ids)
{
	size_t n = 0;

	for (const struct view_attempt *a = step->attempts; a != attempt; a++)
		if (a->state == ATTEMPT_ABANDONED && n < WIRE_LIST_MAX &&
		    strcmp(a->host, attempt->host) == 0)
			ids[n++] = a->id;
	return n;
}

static void
send_change(struct fleet *f, const struct view_step *step,
	    const struct view_attempt *attempt, struct call *call)
{
	struct err err = { ERR_NONE, "" };
	char *spec = spec_of(f, step, &err), *note, *path, *who;
	struct call_content content = { NULL, NULL, 0 };
	const char *abandoned[WIRE_LIST_MAX];
	size_t nabandoned = abandoned_before(step, attempt, abandoned);

	if (spec == NULL) {
		refuse_here(f, attempt, err.text);
		return;
	}
	if (send_content(f, step, attempt, &content) < 0) {
		free(spec);
		return;
	}
	note = values_note(f);
	path = fleet_step_path(f, step);
	who = x_asprintf("%s, rollout %lld",
		jdoc_str(jdoc_in(f->work, "rollout"), "by", "drydock"),
		(long long)f->view.rollout);
	call_change(call, &(struct call_change){
		.verb = step_kind_word(step->kind),
		.attempt = attempt->id,
		.fleet = f->uuid,
		.epoch = f->epoch,
		.seq = attempt->seq,
		.step = path,
		.after = attempt->after[0] ? attempt->after : NULL,
		.abandoned = abandoned,
		.nabandoned = nabandoned,
		.undo_of = undo_of(f, step),
		.note = note,
		.who = who,
		.timeout_ms = step->timeout_ms,
		.discard = strcmp(jdoc_str(step->spec, "output", "keep"),
				  "discard") == 0,
		.spec = spec,
		.content = content,
	}, send_answered, sending_new(f, attempt));
	free(spec);
	free(note);
	free(path);
	free(who);
}

/*
 * What is known of an attempt, before more is said of it: of a step that has
 * not begun; and of a copy that may be known there, for its content is put
 * first, and who refuses that says nothing of the copy.
 */
static bool
is_question(struct fleet *f, const struct view_step *step,
	    const struct view_attempt *attempt)
{
	const struct agent_fact *agent = looks_agent(&f->looks, attempt->id);

	return step->state == STEP_PENDING ||
		(content_sha256(step) != NULL &&
		 (agent == NULL || agent->reached));
}

static void
send_question(struct fleet *f, const struct view_attempt *attempt,
	      struct call *call)
{
	struct sending *s = sending_new(f, attempt);

	looks_agent_get(&f->looks, attempt->id)->reached = true;
	s->asks = true;
	call_ask(call, attempt->id, send_answered, s);
}

static void
send_one(struct fleet *f, int s, int i)
{
	const struct view_step *step = &f->view.steps[s];
	const struct view_attempt *attempt = &step->attempts[i];
	struct call *call = call_find(f->engine->calls, attempt->host);
	bool asks = is_question(f, step, attempt);

	if (call == NULL) {
		agent_silent(f, looks_agent_get(&f->looks, attempt->id),
			     attempt->host, "no such host any more");
		return;
	}
	log_debug("%s: %s: attempt %s %s %s", f->name, step->name,
		  attempt->id, asks ? "is asked for on" : "to", attempt->host);
	call_open(call);
	if (asks)
		send_question(f, attempt, call);
	else
		send_change(f, step, attempt, call);
}

void
send_all(struct fleet *f)
{
	const struct decision *d = &f->decision;

	if (!engine_may_send(f->engine) && !fleet_committed(f)) {
		log_warn("%s: our own heartbeat is too old: nothing is sent",
			 f->name);
		return;
	}
	/* before the changes: it must be there when they begin */
	sheet_update(f);
	for (int i = 0; i < d->nsends; i++)
		send_one(f, d->sends[i].step, d->sends[i].attempt);
}
