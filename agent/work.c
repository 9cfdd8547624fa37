/*
 * work.c - an attempt at work: begun in the journal, started, ended in the
 * journal, told.  In this order and no other.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "fault.h"
#include "host.h"
#include "seeded.h"
#include "sweep.h"

static void
work_output(void *self, enum child_fd fd, const char *data, size_t len)
{
	struct work *w = self;

	switch (fd) {
	case CHILD_OUT:
		keep_add(&w->out, data, len);
		break;
	case CHILD_ERR:
		keep_add(&w->err, data, len);
		break;
	case CHILD_DATA:
		buf_add(&w->data, data, len);
		break;
	case CHILD_FDS:
		break;
	}
}

/* What a built-in found, if it is one JSON object. */
static void
work_data(const struct work *w, struct json_out *o)
{
	struct json_object *doc;

	if (w->data.len == 0 || buf_over(&w->data) ||
	    json_parse_object(buf_str(&w->data), w->data.len, &json_limits_doc,
			      &doc, NULL) < 0)
		return;
	json_out_value(o, "data", doc);
	json_free(&doc);
}

static void
work_result(struct work *w, struct buf *text)
{
	struct json_out o;

	json_out_init(&o, text);
	json_out_object(&o, NULL);
	child_result(&w->child, &o);
	json_out_int(&o, "started_wall_ms", w->child.started_wall);
	json_out_str(&o, "boot_id", w->runner->book.boot_id);
	keep_print(&w->out, &w->child.stream[CHILD_OUT], &o, "out");
	keep_print(&w->err, &w->child.stream[CHILD_ERR], &o, "err");
	work_data(w, &o);
	json_out_end(&o);
}

static void
work_free(struct work *w)
{
	list_del(&w->link);
	w->runner->n_works--;
	keep_close(&w->out);
	keep_close(&w->err);
	buf_free(&w->data);
	x_free(&w);
}

/* The end is durable before anybody hears of it. */
static void
work_done(void *self)
{
	struct work *w = self;
	struct runner *r = w->runner;
	struct attempt *a = w->attempt;
	uint64_t printed = w->out.kept + w->err.kept;
	struct buf text;
	struct err err;

	buf_init(&text, RUNNER_RESULT_MAX);
	work_result(w, &text);
	work_free(w);
	if (a->verb == WIRE_PACKAGE)
		runner_release(r);
	(void)FAULT("work.ended.before");
	if (book_end(&r->book, a, buf_str(&text), &err) == 0) {
		(void)FAULT("work.ended.after");
		runner_push(r, a, buf_str(&text));
		(void)FAULT("work.told");
		if (SEEDED(PRUNED_EARLY))
			(void)book_forget(&r->book, a->fleet, a->seq, &err);
	} else {
		a->state = WIRE_STATE_UNKNOWN;
		a->why = "its end could not be written to the journal";
		host_audit("attempt %s: %s: %s", a->id, a->why, err.text);
	}
	buf_free(&text);
	sweep_printed(r, printed);
	runner_rest(r);
}

static struct work *
work_make(struct runner *r, struct attempt *a, bool discard)
{
	struct work *w = x_new(struct work);

	w->runner = r;
	w->attempt = a;
	w->child.output = work_output;
	w->child.done = work_done;
	w->child.self = w;
	buf_init(&w->data, CHILD_DATA_MAX);
	keep_open(&w->out, r->outputs, a->id, "out", discard);
	keep_open(&w->err, r->outputs, a->id, "err", discard);
	list_add(&r->works, &w->link);
	r->n_works++;
	return w;
}

/* It is in the journal and did not start: that is its result. */
static void
work_fail(struct work *w, const struct err *err)
{
	w->child.status = 127 << 8;
	for (int i = 0; i < CHILD_FDS; i++)
		sha256_begin(&w->child.stream[i].hash);
	keep_add(&w->err, err->text, strlen(err->text));
	work_done(w);
}

int
work_begin(struct runner *r, const struct change *c, const struct request *req,
	   const struct spec *spec, const struct spec *undo,
	   struct attempt **attempt_r, enum wire_code *code_r, struct err *err)
{
	struct act act = { .spec = undo != NULL ? undo : spec,
			   .attempt = c->attempt,
			   .undo_of = undo != NULL ? c->undo_of : NULL };
	struct child_plan plan = { .attempt = c->attempt,
				   .timeout_ms = c->timeout_ms };
	size_t need =
		WIRE_LINE_MAX + 1024 + (r->n_works + 1) * RUNNER_RESULT_MAX;
	struct work *w;

	*code_r = WIRE_CODE_SPACE;
	if (journal_reserve(&r->book.journal, need, r->n_works + 2, err) < 0)
		return -1;
	*code_r = WIRE_CODE_JOURNAL;
	(void)FAULT("work.begun.before");
	if (book_begin(&r->book, c, req, attempt_r, err) < 0)
		return -1;
	(void)FAULT("work.begun.after");
	if (act.spec->verb == WIRE_RUN) {
		plan.argv = act.spec->argv.word;
	} else {
		plan.main = act_main;
		plan.main_self = &act;
	}
	w = work_make(r, *attempt_r, c->discard);
	if (child_start(&w->child, &r->loop, &plan, err) < 0)
		work_fail(w, err);
	(void)FAULT("work.started");
	return 0;
}
