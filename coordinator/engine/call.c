/*
 * call.c - one host's channel: open, banner, hello, up, gone, again.
 *
 * The machine knows neither sockets nor timers: call_set.c hands it lines,
 * ends and ticks, and carries out what it asks for.  It has one way down,
 * call_hang_up(), which every kind of end goes through with its reason.
 */
#include "call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"
#include "fault.h"
#include "json.h"

#define OPEN_MS	  15000	/* connect, authenticate, start the agent */
#define BANNER_MS 10000	/* from there to the magic line */
#define QUIET_MS  10000	/* nothing heard: a ping */
#define SILENT_MS 20000	/* nothing heard in spite of it: gone */
#define MISFIT_MS 60000	/* a wrong host is not asked often */

static const int64_t rests[] = { 1000, 2000, 5000, 15000, 30000, 60000 };

/* Plus or minus a fifth, so that a fleet does not come back in step. */
static int64_t
call_rest_ms(const struct call *call)
{
	size_t last = sizeof(rests) / sizeof(rests[0]) - 1;
	int64_t ms = rests[call->tries < last ? call->tries : last];

	if (call->misfit != CALL_MISFIT_NONE && ms < MISFIT_MS)
		ms = MISFIT_MS;
	return ms - ms / 5 + random() % (2 * ms / 5 + 1);
}

/* The one way down: the channel goes, and every question with it. */
static void
call_let_go(struct call *call, const char *why)
{
	if (call->state == CALL_AWAY || call->state == CALL_RESTING)
		return;
	call_set_close(call);
	call->wake_ms = call_set_now(call) + call_rest_ms(call);
	call->tries++;
	call->state = CALL_RESTING;
	call->noise = 0;
	x_strset(&call->why, why);
	call_question_lose(call, why);
	call_set_arm(call->set);
}

/* From the loop: the owner is told. */
void
call_hang_up(struct call *call, const char *why)
{
	const struct call_hooks *hooks;
	void *ctx;

	call_let_go(call, why);
	hooks = call_set_hooks(call, &ctx);
	if (hooks->down != NULL)
		hooks->down(ctx, call, why);
}

static void
call_misfits(struct call *call, enum call_misfit misfit, const char *why)
{
	char *said = x_asprintf("%s: %s", call_misfit_sentence(misfit), why);

	assert(misfit != CALL_MISFIT_NONE);
	call->misfit = misfit;
	call_hang_up(call, said);
	free(said);
}

static void
call_connect(struct call *call)
{
	call->state = CALL_OPENING;
	call->limit_ms = call_set_now(call) + OPEN_MS;
	call->last_wire_id = 0;
	call->noise = 0;
	call_set_open(call);
}

/* A question needs a channel; a back-off that runs is respected. */
void
call_wanted(struct call *call)
{
	if (call->state != CALL_AWAY)
		return;
	call->state = CALL_RESTING;
	call->wake_ms = call_set_now(call);
	call_set_arm(call->set);
}

void
call_open(struct call *call)
{
	if (call->state != CALL_AWAY && call->state != CALL_RESTING)
		return;
	call->state = CALL_RESTING;
	call->wake_ms = call_set_now(call);
	call->tries = 0;
	call->misfit = CALL_MISFIT_NONE;
	call_set_arm(call->set);
}

void
call_reopen(struct call *call, const char *why)
{
	call_let_go(call, why);
	call_open(call);
}

void
call_close(struct call *call)
{
	call_let_go(call, "the coordinator let go of it");
	call->state = CALL_AWAY;
	call->tries = 0;
}

/* --- hello --- */

/* Which misfit is meant by a refusal? */
static enum call_misfit
call_refusal_misfit(const char *code)
{
	enum wire_code known = WIRE_CODE_NONE;

	(void)wire_code_find(code, &known);
	if (known == WIRE_CODE_HOST)
		return CALL_MISFIT_NAME;
	if (known == WIRE_CODE_FLEET)
		return CALL_MISFIT_FLEET;
	if (known == WIRE_CODE_EPOCH)
		return CALL_MISFIT_EPOCH;
	return CALL_MISFIT_REFUSED;
}

/* For a while only: it may be repaired at the other host as well. */
void
call_deny(struct call *call, const char *why)
{
	if (call->state != CALL_UP)
		return;
	x_strset(&call->denied, call->facts->machine_id);
	x_strset(&call->denied_why, why);
	call->denied_ms = call_set_now(call) + MISFIT_MS;
	call_misfits(call, CALL_MISFIT_MACHINE, why);
}

static bool
call_is_denied(const struct call *call)
{
	return call->denied != NULL && call_set_now(call) < call->denied_ms &&
		strcmp(call->denied, call->facts->machine_id) == 0;
}

static void
call_greeted(struct call *call, struct call_heard *heard, int64_t asked_ms)
{
	enum call_misfit misfit;
	const struct call_hooks *hooks;
	char *why = NULL;
	void *ctx;

	if (!heard->ok) {
		call->fenced_by = heard->epoch;
		call_misfits(call, call_refusal_misfit(heard->code),
			     heard->why);
		return;
	}
	call_facts_free(&call->facts);
	call->facts = call_facts_new(heard, asked_ms, call_set_now(call));
	misfit = call_facts_check(call->facts, &call->host, &call->fenced_by,
				  &why);
	if (misfit == CALL_MISFIT_NONE && call_is_denied(call)) {
		misfit = CALL_MISFIT_MACHINE;
		why = x_strdup(call->denied_why);
	}
	if (misfit != CALL_MISFIT_NONE) {
		call_misfits(call, misfit, why);
		free(why);
		return;
	}
	call->state = CALL_UP;
	call->misfit = CALL_MISFIT_NONE;
	call->fenced_by = 0;
	call->tries = 0;
	x_strset(&call->why, NULL);
	call_flush(call);
	hooks = call_set_hooks(call, &ctx);
	if (hooks->up != NULL)
		hooks->up(ctx, call);
}

/* --- sending --- */

/*
 * The number is the channel's, so it is put in as the line leaves.  What the
 * transport refuses never left; only its being full is worth another try.
 */
static int
call_send_line(struct call *call, struct call_question *q, struct err *err)
{
	struct buf line;
	int ret;

	buf_init(&line, WIRE_LINE_MAX);
	(void)buf_addf(&line, "{\"id\":%llu,%s",
		       (unsigned long long)call->last_wire_id + 1,
		       strchr(q->line, ',') + 1);
	ret = buf_over(&line) ?
		      err_set(err, ERR_PROTO, "longer than a message may be") :
		      call_set_send(call, buf_str(&line), line.len, err);
	buf_free(&line);
	return ret;
}

/* -1: the transport is full, nothing more goes now. */
static int
call_send(struct call *call, struct call_question *q)
{
	struct err err = { 0 };

	(void)FAULT_OF("call.send", wire_verb_name(q->verb));
	if (call_send_line(call, q, &err) == 0) {
		q->wire_id = ++call->last_wire_id;
		q->asked_ms = call_set_now(call);
		x_strset(&q->line, NULL);
		return 0;
	}
	if (err.code == ERR_REFUSED)
		return -1;
	call_question_end(call, q,
			  q->asked_ms == 0 ? CALL_UNSENT : CALL_LOST,
			  err.text);
	return 0;
}

/* Hello goes out while greeting, everything else only when that is done. */
void
call_flush(struct call *call)
{
	if (call->state != CALL_UP && call->state != CALL_GREETING)
		return;
	LIST_EACH_SAFE (struct call_question, q, &call->questions, link) {
		if (q->line == NULL)
			continue;
		if (q->verb != WIRE_HELLO && call->state != CALL_UP)
			continue;
		if (call_send(call, q) < 0)
			break;
	}
}

static void
call_say(struct call *call, enum wire_verb verb)
{
	struct buf line;

	buf_init(&line, WIRE_LINE_MAX);
	if (verb == WIRE_HELLO)
		(void)call_say_hello(&line, 0, call);
	else
		(void)call_say_plain(&line, 0, wire_verb_name(verb));
	(void)call_question_put(call, verb, &line, 0, 0, NULL, NULL);
	buf_free(&line);
	call_flush(call);
}

void
call_greet(struct call *call)
{
	if (call->state == CALL_UP || call->state == CALL_GREETING)
		call_say(call, WIRE_HELLO);
	else if (call->state == CALL_AWAY || call->state == CALL_RESTING)
		call_open(call);
}

/* --- hearing --- */

void
call_opened(struct call *call)
{
	assert(call->state == CALL_OPENING);
	call->state = CALL_BANNER;
	call->limit_ms = call_set_now(call) + BANNER_MS;
	call_set_arm(call->set);
}

static void
call_banner(struct call *call, const char *line, size_t len)
{
	if (len == strlen(WIRE_MAGIC) && memcmp(line, WIRE_MAGIC, len) == 0) {
		call->state = CALL_GREETING;
		call->limit_ms = call_set_now(call) + BANNER_MS;
		call->heard_ms = call_set_now(call);
		call_say(call, WIRE_HELLO);
		return;
	}
	call->noise += len + 1;
	if (call->noise > WIRE_NOISE_MAX)
		call_hang_up(call, "no agent speaks there: the magic line did "
				   "not come within 4 KiB");
}

static void
call_pushed(struct call *call, const struct call_heard *heard)
{
	const struct call_hooks *hooks;
	struct buf text;
	struct json_out o;
	void *ctx;

	(void)FAULT("call.push");
	hooks = call_set_hooks(call, &ctx);
	if (hooks->ended == NULL)
		return;
	buf_init(&text, WIRE_LINE_MAX);
	json_out_init(&o, &text);
	if (heard->result != NULL)
		json_out_value(&o, NULL, heard->result);
	hooks->ended(ctx, call, heard->attempt, heard->state, heard->result,
		     buf_str(&text));
	buf_free(&text);
}

/* A piece of a put arrived: the next one, or the end. */
static int
call_put_on(struct call *call, struct call_question *q,
	    const struct call_heard *heard, bool *more_r, struct err *err)
{
	struct call_pieces *c = q->pieces;
	int64_t have = json_as_int(json_member(heard->doc, "have"));
	struct buf line;
	size_t len;

	*more_r = q->then_line != NULL;
	if ((uint64_t)have == c->size) {
		if (q->then_line != NULL) {
			call_question_go_on(call, q);
			call_flush(call);
		}
		return 0;
	}
	if (have < 0 || (uint64_t)have > c->size ||
	    (size_t)have <= c->offset)
		return err_set(err, ERR_PROTO, "put: has %lld of %zu bytes "
			       "after %zu", (long long)have, c->size,
			       c->offset);
	c->offset = (size_t)have;
	len = c->size - c->offset;
	if (len > CALL_PUT_PIECE)
		len = CALL_PUT_PIECE;
	buf_init(&line, WIRE_LINE_MAX);
	(void)call_say_put(&line, 0, c->sha256, c->size, c->offset,
			   c->data + c->offset, len);
	q->line = buf_take(&line);
	q->wire_id = 0;
	call_flush(call);
	*more_r = true;
	return 0;
}

static int
call_answered(struct call *call, struct call_question *q,
	      struct call_heard *heard, const char *line, struct err *err)
{
	bool more = false;

	if (call_hear_body(heard, q->verb, err) < 0)
		return -1;
	if (q->verb == WIRE_HELLO) {
		int64_t asked_ms = q->asked_ms;
		uint64_t id = q->wire_id;

		call_question_answer(call, q, heard, line);
		/* a newer hello is out: this one answers old questions */
		if (!call_question_newer(call, WIRE_HELLO, id))
			call_greeted(call, heard, asked_ms);
		return 0;
	}
	if (call->state != CALL_UP)
		return err_set(err, ERR_PROTO, "an answer before hello's");
	if (q->pieces != NULL && heard->ok &&
	    call_put_on(call, q, heard, &more, err) < 0)
		return -1;
	if (!more)
		call_question_answer(call, q, heard, line);
	return 0;
}

static int
call_heard(struct call *call, struct call_heard *heard, const char *line,
	   struct err *err)
{
	struct call_question *q;

	if (heard->kind == CALL_HEARD_PUSH) {
		if (call->state == CALL_UP)
			call_pushed(call, heard);
		return 0;
	}
	q = call_question_sent(call, heard->id);
	if (q == NULL)
		return err_set(err, ERR_PROTO, "nobody asked question %llu",
			       (unsigned long long)heard->id);
	if (heard->kind == CALL_HEARD_CHUNK)
		return call_question_chunk(q, heard, err);
	return call_answered(call, q, heard, line, err);
}

void
call_line(struct call *call, const char *line, size_t len)
{
	struct call_heard heard;
	struct err err = { 0 };
	int ret;

	if (call->state == CALL_OPENING)
		call_opened(call);
	if (call->state == CALL_BANNER) {
		call_banner(call, line, len);
		return;
	}
	if (call->state != CALL_GREETING && call->state != CALL_UP)
		return;
	if (FAULT("call.hear") == FAULT_DROP)
		return;
	ret = call_hear(line, len, &heard, &err);
	if (ret == 0) {
		call->heard_ms = call_set_now(call);
		ret = call_heard(call, &heard, line, &err);
		call_heard_free(&heard);
		call_flush(call);
	}
	if (ret < 0) {
		(void)err_prefix(&err, "its agent broke the protocol: ");
		call_hang_up(call, err.text);
	}
}

/* --- the clock --- */

static void
call_tick_up(struct call *call, int64_t now_ms)
{
	int64_t quiet = now_ms - call->heard_ms;

	if (quiet >= SILENT_MS && call->ping_ms > call->heard_ms) {
		call_hang_up(call, "it fell silent: no answer to a ping");
	} else if (quiet >= QUIET_MS && call->ping_ms <= call->heard_ms) {
		call->ping_ms = now_ms;
		call_say(call, WIRE_PING);
	}
}

void
call_tick(struct call *call, int64_t now_ms)
{
	call_question_expire(call, now_ms);
	switch (call->state) {
	case CALL_AWAY:
		break;
	case CALL_RESTING:
		if (now_ms >= call->wake_ms)
			call_connect(call);
		break;
	case CALL_OPENING:
	case CALL_BANNER:
	case CALL_GREETING:
		if (now_ms >= call->limit_ms)
			call_hang_up(call, call->state == CALL_OPENING ?
					     "no connection in 15 s" :
					     "no agent answered in 10 s");
		break;
	case CALL_UP:
		call_tick_up(call, now_ms);
		call_flush(call);
		break;
	}
	call_question_tell(call);
}

int64_t
call_next_ms(const struct call *call)
{
	int64_t next = call_question_limit(call), mine = INT64_MAX;

	if (!list_empty(&call->ended))
		return 0;
	switch (call->state) {
	case CALL_AWAY:
		break;
	case CALL_RESTING:
		mine = call->wake_ms;
		break;
	case CALL_OPENING:
	case CALL_BANNER:
	case CALL_GREETING:
		mine = call->limit_ms;
		break;
	case CALL_UP:
		mine = call->heard_ms + (call->ping_ms > call->heard_ms ?
						 SILENT_MS : QUIET_MS);
		break;
	}
	return mine < next ? mine : next;
}
