/*
 * pull.c - the rest of long outputs, from the hosts into the database.
 *
 * A result brings the first WIRE_HEAD_MAX bytes of a stream.  What is missing
 * is a row of the database, so a coordinator that dies leaves nothing behind
 * but a row that the next one finds.  One stream of a fleet at a time; nothing
 * waits for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "pg.h"
#include "store.h"
#include "wire.h"

enum { PULL_TRIES = 3, PULL_AGAIN_MS = 2000, PULL_AWAY_MS = 15000 };

struct pull {
	struct fleet *f;
	struct pg_call *pg;		/* asking or storing, or NULL */
	struct call *call;
	uint64_t question;		/* on its way, 0: none */
	char attempt[VIEW_UUID], stream[8];
	int64_t from, bytes;
	struct buf got;
};

static void
pull_later(struct fleet *f, int64_t ms)
{
	f->pull_at_ms = clock_boot_ms() + ms;
	fleet_wake_at(f, fleet_now_ms(f) + ms);
}

void
pull_free(struct fleet *f)
{
	struct pull *p = f->pull;

	f->pull = NULL;
	if (p == NULL)
		return;
	if (p->pg != NULL)
		pg_call_cancel(&p->pg);
	if (p->question != 0)
		call_drop(p->call, p->question);
	buf_free(&p->got);
	free(p);
}

void
pull_expect(struct fleet *f)
{
	f->pull_tries = PULL_TRIES;
}

static void
pull_stored(void *self, const struct pg_rows *rows,
	    const struct pg_error *error)
{
	struct fleet *f = self;

	f->pull->pg = NULL;
	pull_free(f);
	if (rows == NULL)
		log_warn("%s: an output is not stored: %s", f->name,
			 error->err.text);
	pull_later(f, rows != NULL ? 0 : PULL_AWAY_MS);
}

/* why NULL: all that the host kept is in p->got. */
static void
pull_store(struct pull *p, const char *why)
{
	struct fleet *f = p->f;
	struct store_num id, epoch;
	const char *params[6];
	struct buf text;

	buf_init(&text, (size_t)2 * WIRE_KEEP_MAX);
	base64_encode(&text, buf_str(&p->got), p->got.len);
	params[0] = store_num(&id, f->id);
	params[1] = store_num(&epoch, f->epoch);
	params[2] = p->attempt;
	params[3] = p->stream;
	params[4] = buf_str(&text);
	params[5] = why;
	p->pg = store_call(f->pg, STORE_PULL_DONE, params, ENGINE_CALL_MS,
			   pull_stored, f);
	buf_free(&text);
}

static void pull_peek(struct pull *p);

/* A piece must go on exactly where the last one ended. */
static int
pull_piece(struct pull *p, const struct json_object *body, bool *eof_r,
	   struct err *err)
{
	const char *data = jdoc_str(body, "data", "");
	size_t before = p->got.len;

	*eof_r = jdoc_bool(body, "eof", false);
	if (base64_decode(&p->got, data, strlen(data), err) < 0)
		return -1;
	if (p->from + (int64_t)p->got.len > p->bytes ||
	    (p->got.len == before && !*eof_r))
		return err_set(err, ERR_PROTO, "it sends other bytes than it "
			       "counted");
	return 0;
}

static void
pull_peeked(void *ctx, const struct call_answer *answer)
{
	struct pull *p = ctx;
	struct fleet *f = p->f;
	struct err err = { ERR_NONE, "" };
	bool eof = false;

	p->question = 0;
	switch (answer->outcome) {
	case CALL_ANSWERED:
		if (pull_piece(p, answer->body, &eof, &err) < 0) {
			buf_clear(&p->got); /* none of it can be believed */
			pull_store(p, err.text);
		} else if (eof) {
			pull_store(p, NULL);
		} else {
			pull_peek(p);
		}
		break;
	case CALL_REFUSED:
		pull_store(p, answer->why);
		break;
	case CALL_LOST:
	case CALL_UNSENT:
		pull_free(f);
		pull_later(f, PULL_AWAY_MS);
		break;
	}
}

static void
pull_peek(struct pull *p)
{
	p->question = call_peek(p->call, p->attempt, p->stream,
				(uint64_t)p->from + p->got.len, pull_peeked,
				p);
}

static void
pull_found(struct pull *p, const struct json_object *doc)
{
	struct fleet *f = p->f;

	jdoc_copy(doc, "attempt", p->attempt, sizeof(p->attempt));
	jdoc_copy(doc, "stream", p->stream, sizeof(p->stream));
	p->from = jdoc_int(doc, "from", 0);
	p->bytes = jdoc_int(doc, "bytes", 0);
	p->call = call_find(f->engine->calls, jdoc_str(doc, "host", ""));
	if (p->call != NULL) {
		f->pull_tries = PULL_TRIES;
		pull_peek(p);
		return;
	}
	pull_free(f);
	pull_later(f, PULL_AWAY_MS);
}

static void
pull_asked(void *self, const struct pg_rows *rows,
	   const struct pg_error *error)
{
	struct fleet *f = self;
	struct json_object *doc = NULL;
	const char *text = rows != NULL ? store_value(rows) : "";

	f->pull->pg = NULL;
	if (rows == NULL)
		log_info("%s: long outputs: %s", f->name, error->err.text);
	if (text[0] != '\0' &&
	    json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      NULL) == 0) {
		pull_found(f->pull, doc);
		json_free(&doc);
		return;
	}
	/* what ended just now may not be written yet */
	pull_free(f);
	f->pull_tries--;
	pull_later(f, PULL_AGAIN_MS);
}

void
pull_update(struct fleet *f)
{
	struct store_num id;
	const char *params[1];

	if (f->pull != NULL || f->pull_tries <= 0 || !pg_up(f->pg) ||
	    !f->view.database || clock_boot_ms() < f->pull_at_ms)
		return;
	f->pull = x_new(struct pull);
	f->pull->f = f;
	buf_init(&f->pull->got, WIRE_KEEP_MAX);
	params[0] = store_num(&id, f->id);
	f->pull->pg = store_call(f->pg, STORE_PULL_NEXT, params,
				 ENGINE_CALL_MS, pull_asked, f);
}
