/* call_ask.c - the questions that others may put to a host. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"
#include "sha256.h"

/* A line, as far as it could be written. */
struct ask {
	struct buf line;
	struct err err;
};

static void
ask_begin(struct ask *ask)
{
	buf_init(&ask->line, WIRE_LINE_MAX);
	ask->err = (struct err){ 0 };
}

/* In a back-off there is nothing to wait for: the asker knows best. */
static bool
ask_is_resting(const struct call *call)
{
	return call->state == CALL_RESTING && call->why != NULL &&
	       call_set_now(call) < call->wake_ms;
}

static uint64_t
ask_end(struct ask *ask, int written, struct call *call, enum wire_verb verb,
	int64_t timeout_ms, size_t max_bytes, call_done_fn *done, void *ctx)
{
	uint64_t id;

	if (written < 0 && ask->err.code == ERR_NONE)
		(void)err_set(&ask->err, ERR_USAGE,
			      "%s: longer than a message may be",
			      wire_verb_name(verb));
	if (written < 0)
		id = call_question_unfit(call, verb, ask->err.text, done, ctx);
	else if (ask_is_resting(call))
		id = call_question_unfit(call, verb, call->why, done, ctx);
	else
		id = call_question_put(call, verb, &ask->line, timeout_ms,
				       max_bytes, done, ctx);
	buf_free(&ask->line);
	call_wanted(call);
	call_flush(call);
	return id;
}

/* The question that was put last, if it waits to be sent. */
static struct call_question *
ask_find(struct call *call, uint64_t id)
{
	LIST_EACH (struct call_question, q, &call->questions, link) {
		if (q->id == id)
			return q;
	}
	return NULL;
}

/* All of a content, its first piece on the line; NULL and why in ask. */
static struct call_pieces *
ask_pieces(struct ask *ask, const struct call_content *content)
{
	size_t len = content->size < CALL_PUT_PIECE ? content->size :
						      CALL_PUT_PIECE;
	struct call_pieces *p;

	if (strlen(content->sha256) >= SHA256_TEXT_SIZE) {
		(void)err_set(&ask->err, ERR_USAGE, "no sha256: %.80s",
			      content->sha256);
		return NULL;
	}
	(void)call_say_put(&ask->line, 0, content->sha256, content->size, 0,
			   content->data, len);
	p = x_alloc(sizeof(*p) + content->size);
	memcpy(p->sha256, content->sha256, strlen(content->sha256) + 1);
	p->size = content->size;
	if (content->size > 0)
		memcpy(p->data, content->data, content->size);
	return p;
}

/* then: the change's line, taken over; NULL: the put is all there is. */
static uint64_t
ask_put(struct ask *ask, struct call *call, const struct call_content *content,
	enum wire_verb verb, char *then, call_done_fn *done, void *ctx)
{
	struct call_pieces *pieces = ask_pieces(ask, content);
	struct call_question *q;
	uint64_t id;

	id = ask_end(ask, pieces == NULL ? -1 : 0, call, WIRE_PUT, 0, 0, done,
		     ctx);
	q = ask_find(call, id);
	if (q == NULL) {
		free(pieces);
		free(then);
		return id;
	}
	q->pieces = pieces;
	q->then_line = then;
	q->then_verb = verb;
	return id;
}

uint64_t
call_change(struct call *call, const struct call_change *change,
	    call_done_fn *done, void *ctx)
{
	enum wire_verb verb = WIRE_RUN;
	struct ask ask;
	int ret;

	ask_begin(&ask);
	if (wire_verb_find(change->verb, &verb) < 0 ||
	    !wire_verb_is_change(verb))
		ret = err_set(&ask.err, ERR_USAGE, "\"%s\" is no change",
			      change->verb);
	else
		ret = call_say_change(&ask.line, 0, change, &ask.err);
	if (ret == 0 && change->content.sha256 != NULL)
		return ask_put(&ask, call, &change->content, verb,
			       buf_take(&ask.line), done, ctx);
	return ask_end(&ask, ret, call, verb, 0, 0, done, ctx);
}

uint64_t
call_ask(struct call *call, const char *attempt, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_ask(&ask.line, 0, attempt);
	return ask_end(&ask, ret, call, WIRE_ASK, 0, 0, done, ctx);
}

uint64_t
call_begun(struct call *call, const char *fleet, int64_t epoch,
	   const char *step, const char *after, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_begun(&ask.line, 0, fleet, epoch, step, after);
	return ask_end(&ask, ret, call, WIRE_BEGUN, 0, 0, done, ctx);
}

uint64_t
call_probe(struct call *call, const char *const *argv, int64_t timeout_ms,
	   size_t max_bytes, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	assert(max_bytes <= WIRE_PROBE_MAX);
	ask_begin(&ask);
	ret = call_say_probe(&ask.line, 0, argv, timeout_ms, max_bytes, false);
	return ask_end(&ask, ret, call, WIRE_PROBE, timeout_ms, max_bytes,
		       done, ctx);
}

uint64_t
call_probe_counts(struct call *call, const char *const *argv,
		  int64_t timeout_ms, size_t max_bytes, call_done_fn *done,
		  void *ctx)
{
	struct ask ask;
	int ret;

	assert(max_bytes <= WIRE_PROBE_MAX);
	ask_begin(&ask);
	ret = call_say_probe(&ask.line, 0, argv, timeout_ms, max_bytes, true);
	return ask_end(&ask, ret, call, WIRE_PROBE, timeout_ms, max_bytes,
		       done, ctx);
}

uint64_t
call_tcp(struct call *call, const char *address, int port, int64_t timeout_ms,
	 call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_tcp(&ask.line, 0, address, port, timeout_ms);
	return ask_end(&ask, ret, call, WIRE_TCP, timeout_ms, 0, done, ctx);
}

uint64_t
call_may(struct call *call, const char *changes, const char *reads,
	 call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_may(&ask.line, 0, changes, reads);
	return ask_end(&ask, ret, call, WIRE_MAY, 0, 0, done, ctx);
}

uint64_t
call_dry(struct call *call, const char *kind, const char *spec, bool fetch,
	 int64_t timeout_ms, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_dry(&ask.line, 0, kind, spec, fetch, timeout_ms,
			   &ask.err);
	return ask_end(&ask, ret, call, WIRE_DRY, timeout_ms, 0, done, ctx);
}

uint64_t
call_put(struct call *call, const char *sha256, const void *data, size_t size,
	 call_done_fn *done, void *ctx)
{
	const struct call_content content = { sha256, data, size };
	struct ask ask;

	ask_begin(&ask);
	return ask_put(&ask, call, &content, WIRE_PUT, NULL, done, ctx);
}

uint64_t
call_peek(struct call *call, const char *attempt, const char *stream,
	  uint64_t offset, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_peek(&ask.line, 0, attempt, stream, offset);
	return ask_end(&ask, ret, call, WIRE_PEEK, 0, 0, done, ctx);
}

uint64_t
call_sheet(struct call *call, const char *fleet, int64_t epoch,
	   const char *rollout, const char *text, call_done_fn *done,
	   void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_sheet(&ask.line, 0, fleet, epoch, rollout, text);
	return ask_end(&ask, ret, call, WIRE_SHEET, 0, 0, done, ctx);
}

uint64_t
call_forget(struct call *call, const char *fleet, int64_t epoch,
	    int64_t floor, call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_forget(&ask.line, 0, fleet, epoch, floor);
	return ask_end(&ask, ret, call, WIRE_FORGET, 0, 0, done, ctx);
}

uint64_t
call_left(struct call *call, const char *fleet, int64_t epoch, bool fix,
	  call_done_fn *done, void *ctx)
{
	struct ask ask;
	int ret;

	ask_begin(&ask);
	ret = call_say_left(&ask.line, 0, fleet, epoch, fix);
	return ask_end(&ask, ret, call, WIRE_LEFT, 0, 0, done, ctx);
}

void
call_drop(struct call *call, uint64_t id)
{
	struct call_question *q = ask_find(call, id);

	if (q != NULL && q->asked_ms == 0) {
		call_question_end(call, q, CALL_UNSENT, "not wanted any more");
		q->done = NULL;
	} else if (q != NULL) {
		q->done = NULL;
	}
	LIST_EACH (struct call_question, e, &call->ended, link) {
		if (e->id == id)
			e->done = NULL;
	}
}
