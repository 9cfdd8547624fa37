/*
 * call_question.c - questions: put, sent, ended, told.
 *
 * A question is on one of two lists.  On `questions` its outcome is open; on
 * `ended` it is known and waits for the next tick to be told, because nobody
 * is called back from inside the function that asked.  A dropped question that
 * was sent stays until it is answered: its answer must not look like a lie.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "call_private.h"

/* What we wait for beyond the question's own timeout: the way and a disk. */
static const int64_t patience[WIRE_VERB_COUNT] = {
	[WIRE_HELLO] = 10000,	[WIRE_PING] = 10000,
	[WIRE_PROBE] = 10000,	[WIRE_TCP] = 10000,
	[WIRE_RUN] = 30000,	[WIRE_COPY] = 30000,
	[WIRE_CLEAN] = 30000,	[WIRE_PACKAGE] = 30000,
	[WIRE_ASK] = 15000,	[WIRE_PEEK] = 15000,
	[WIRE_MAY] = 30000,	[WIRE_DRY] = 15000,
	[WIRE_PUT] = 30000,	[WIRE_SHEET] = 15000,
	[WIRE_FORGET] = 15000,	[WIRE_LEFT] = 30000,
	[WIRE_BEGUN] = 15000,
};

static struct call_question *
question_new(struct call *call, enum wire_verb verb, call_done_fn *done,
	     void *ctx)
{
	struct call_question *q = x_new(struct call_question);

	q->id = ++call->last_id;
	q->verb = verb;
	q->done = done;
	q->ctx = ctx;
	q->put_ms = call_set_now(call);
	q->patience_ms = patience[verb];
	call->pending++;
	return q;
}

static void
question_free(struct call *call, struct call_question *q)
{
	list_del(&q->link);
	free(q->line);
	free(q->why);
	free(q->pieces);
	free(q->then_line);
	buf_free(&q->out);
	buf_free(&q->err);
	free(q);
	call->pending--;
}

uint64_t
call_question_unfit(struct call *call, enum wire_verb verb, const char *why,
		    call_done_fn *done, void *ctx)
{
	struct call_question *q = question_new(call, verb, done, ctx);

	list_add(&call->questions, &q->link);
	call_question_end(call, q, CALL_UNSENT, why);
	return q->id;
}

uint64_t
call_question_put(struct call *call, enum wire_verb verb, struct buf *line,
		  int64_t timeout_ms, size_t max_bytes, call_done_fn *done,
		  void *ctx)
{
	struct call_question *q;

	if (call->pending >= CALL_PENDING_MAX)
		return call_question_unfit(call, verb,
					   "too many questions wait for it",
					   done, ctx);
	q = question_new(call, verb, done, ctx);
	q->line = buf_take(line);
	q->patience_ms += timeout_ms;
	q->max_bytes = max_bytes;
	buf_init(&q->out, max_bytes > 0 ? max_bytes : 1);
	buf_init(&q->err, max_bytes > 0 ? max_bytes : 1);
	list_add(&call->questions, &q->link);
	call_set_arm(call->set);
	return q->id;
}

struct call_question *
call_question_sent(struct call *call, uint64_t wire_id)
{
	LIST_EACH (struct call_question, q, &call->questions, link) {
		if (q->wire_id == wire_id && wire_id != 0)
			return q;
	}
	return NULL;
}

bool
call_question_newer(const struct call *call, enum wire_verb verb,
		    uint64_t wire_id)
{
	LIST_EACH (struct call_question, q, &call->questions, link) {
		if (q->verb == verb &&
		    (q->wire_id == 0 || q->wire_id > wire_id))
			return true;
	}
	return false;
}

bool
call_question_awaited(const struct call *call)
{
	LIST_EACH (struct call_question, q, &call->questions, link) {
		if (q->done != NULL)
			return true;
	}
	return !list_empty(&call->ended);
}

void
call_question_end(struct call *call, struct call_question *q,
		  enum call_outcome outcome, const char *why)
{
	assert(outcome == CALL_UNSENT || outcome == CALL_LOST);
	list_del(&q->link);
	q->outcome = outcome;
	x_strset(&q->why, why);
	list_add(&call->ended, &q->link);
	call_set_arm(call->set);
}

void
call_question_tell(struct call *call)
{
	struct call_question *q;

	while ((q = list_first(struct call_question, &call->ended, link)) !=
	       NULL) {
		struct call_answer answer = {
			.outcome = q->outcome, .code = "", .why = q->why,
			.hint = "", .text = "", .asked_ms = q->asked_ms,
			.at_ms = call_set_now(call),
		};
		struct call_question told = *q;

		told.why = x_strdup(q->why);
		answer.why = told.why;
		question_free(call, q);
		if (told.done != NULL)
			told.done(told.ctx, &answer);
		free(told.why);
	}
}

void
call_question_answer(struct call *call, struct call_question *q,
		     const struct call_heard *heard, const char *line)
{
	struct call_answer answer = {
		.outcome = heard->ok ? CALL_ANSWERED : CALL_REFUSED,
		.code = heard->code, .why = heard->why, .hint = heard->hint,
		.body = heard->doc, .text = line,
		.out = { buf_str(&q->out), q->out.len },
		.err = { buf_str(&q->err), q->err.len },
		.asked_ms = q->asked_ms, .at_ms = call_set_now(call),
	};

	/* off the list first: the callback may drop, ask, or remove us */
	list_del(&q->link);
	if (q->done != NULL)
		q->done(q->ctx, &answer);
	question_free(call, q);
}

int
call_question_chunk(struct call_question *q, const struct call_heard *heard,
		    struct err *err)
{
	struct buf *to = heard->is_err ? &q->err : &q->out;

	if (q->verb != WIRE_PROBE)
		return err_set(err, ERR_PROTO, "chunks without a probe");
	if (base64_decode(to, heard->data, strlen(heard->data), err) < 0)
		return err_prefix(err, "%s of a probe (at most %zu bytes): ",
				  heard->is_err ? "stderr" : "output",
				  q->max_bytes);
	return 0;
}

void
call_question_go_on(struct call *call, struct call_question *q)
{
	assert(q->then_line != NULL && q->line == NULL);
	q->line = q->then_line;
	q->then_line = NULL;
	q->verb = q->then_verb;
	q->patience_ms = patience[q->verb];
	x_free(&q->pieces);
	/* of the change the agent has seen nothing yet */
	q->wire_id = 0;
	q->asked_ms = 0;
	q->put_ms = call_set_now(call);
}

/* May the agent have seen it?  A put is not yet the change it is for. */
static bool
question_is_out(const struct call_question *q)
{
	return q->asked_ms != 0 && q->then_line == NULL;
}

void
call_question_lose(struct call *call, const char *why)
{
	LIST_EACH_SAFE (struct call_question, q, &call->questions, link) {
		call_question_end(call, q,
				  question_is_out(q) ? CALL_LOST : CALL_UNSENT,
				  why);
	}
}

void
call_question_free_all(struct call *call)
{
	LIST_EACH_SAFE (struct call_question, q, &call->questions, link)
		question_free(call, q);
	LIST_EACH_SAFE (struct call_question, e, &call->ended, link)
		question_free(call, e);
}

/* Dropped ones wait on; only the silence of the whole host ends them. */
static int64_t
question_limit(const struct call_question *q)
{
	if (q->done == NULL && q->wire_id != 0)
		return INT64_MAX;
	return (q->asked_ms != 0 ? q->asked_ms : q->put_ms) + q->patience_ms;
}

int64_t
call_question_limit(const struct call *call)
{
	int64_t limit = INT64_MAX;

	LIST_EACH (struct call_question, q, &call->questions, link) {
		if (question_limit(q) < limit)
			limit = question_limit(q);
	}
	return limit;
}

/*
 * Out of patience with a question that was sent: tell the asker, and keep a
 * nameless copy of it for the answer that may still come.
 */
static void
question_abandon(struct call *call, struct call_question *q)
{
	struct call_question *rest = question_new(call, q->verb, NULL, NULL);

	rest->wire_id = q->wire_id;
	rest->asked_ms = q->asked_ms;
	rest->max_bytes = q->max_bytes;
	rest->out = q->out;
	rest->err = q->err;
	buf_init(&q->out, 1);
	buf_init(&q->err, 1);
	list_add(&call->questions, &rest->link);
}

void
call_question_expire(struct call *call, int64_t now_ms)
{
	LIST_EACH_SAFE (struct call_question, q, &call->questions, link) {
		char why[80];

		if (now_ms < question_limit(q))
			continue;
		(void)snprintf(why, sizeof(why), "%s: no %s in %lld ms",
			       wire_verb_name(q->verb),
			       q->asked_ms != 0 ? "answer" : "channel",
			       (long long)q->patience_ms);
		if (q->wire_id != 0)
			question_abandon(call, q);
		call_question_end(call, q,
				  question_is_out(q) ? CALL_LOST : CALL_UNSENT,
				  why);
	}
}
