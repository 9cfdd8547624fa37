/* verbs.c - what the runner answers, but for changes (verbs_change.c). */
#include "verbs.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base64.h"
#include "clock.h"
#include "file.h"
#include "host.h"
#include "sweep.h"

void
verbs_no(struct client *c, const struct request *r, enum wire_code code,
	 const struct err *err, const char *hint)
{
	answer_no(&c->conn, r->id, code, err->text, hint);
}

static void
verb_ping(struct client *c, const struct request *r)
{
	struct answer a;

	answer_begin(&a, r->id);
	json_out_int(&a.o, "wall_ms", clock_wall_ms());
	answer_send(&a, &c->conn, r->id);
}

static void
verb_ask(struct client *c, const struct request *r)
{
	struct attempt *attempt;
	const char *id;
	struct err err;

	if (request_uuid(r->doc, "attempt", &id, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	attempt = book_attempt(&c->runner->book, id);
	if (attempt == NULL && c->runner->book.journal.state != JOURNAL_OK) {
		err_set(&err, ERR_FAILED, "%s", c->runner->book.journal.why);
		verbs_no(c, r, WIRE_CODE_JOURNAL, &err, VERBS_JOURNAL_HINT);
		return;
	}
	verbs_state(c, r, attempt);
}

void
verbs_state(struct client *c, const struct request *r,
	    const struct attempt *attempt)
{
	struct answer a;
	struct err err;

	answer_begin(&a, r->id);
	if (attempt == NULL) {
		json_out_str(&a.o, "state", wire_state_name(WIRE_STATE_NONE));
	} else if (book_print(&c->runner->book, attempt, &a.o, &err) < 0) {
		buf_free(&a.text);
		verbs_no(c, r, WIRE_CODE_JOURNAL, &err, NULL);
		return;
	}
	answer_send(&a, &c->conn, r->id);
}

void
verbs_record(struct client *c, struct answer *a, const struct attempt *attempt)
{
	struct book *b = &c->runner->book;
	const struct json_object *req, *note;
	struct json_object *doc = NULL;
	struct err err;

	json_out_object(&a->o, "record");
	json_out_str(&a->o, "attempt", attempt->id);
	if (book_read_begun(b, attempt, &doc, NULL) == 0 &&
	    json_get_object(doc, "request", &req, NULL) == 0 &&
	    (note = json_member(req, "note")) != NULL)
		json_out_value(&a->o, "note", note);
	(void)book_print(b, attempt, &a->o, &err);
	json_out_end(&a->o);
	json_free(&doc);
}

/* What was begun here after `id`, or first of all. */
static void
begun_answer(struct client *c, const struct request *r, const char *uuid,
	     const char *step, const char *id)
{
	const struct book *b = &c->runner->book;
	const struct attempt *after = id == NULL ? NULL : book_attempt(b, id);
	const struct attempt *next = NULL;
	struct answer a;

	if (id == NULL || after != NULL)
		next = book_next(b, book_fleet(&c->runner->book, uuid), step,
				 after);
	answer_begin(&a, r->id);
	if (next != NULL)
		verbs_record(c, &a, next);
	answer_send(&a, &c->conn, r->id);
}

static void
verb_begun(struct client *c, const struct request *r)
{
	const char *uuid, *step, *after;
	int64_t epoch;
	struct err err;

	if (request_uuid(r->doc, "fleet", &uuid, &err) < 0 ||
	    json_get_int(r->doc, "epoch", 1, INT64_MAX - 1, &epoch, &err) < 0 ||
	    json_get_str(r->doc, "step", WIRE_STEP_MAX, &step, &err) < 0 ||
	    request_uuid_opt(r->doc, "after", &after, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	if (!verbs_epoch(c, r, uuid, epoch))
		return;
	if (c->runner->book.journal.state != JOURNAL_OK) {
		err_set(&err, ERR_FAILED, "%s", c->runner->book.journal.why);
		verbs_no(c, r, WIRE_CODE_JOURNAL, &err, VERBS_JOURNAL_HINT);
		return;
	}
	begun_answer(c, r, uuid, step, after);
}

static int
peek_read(int dir, const char *id, const char *stream, int64_t offset,
	  struct buf *raw, int64_t *bytes_r, struct err *err)
{
	char name[KEEP_NAME_SIZE], *data;
	struct stat st;
	ssize_t n;
	int fd = openat(dir, keep_name(name, id, stream),
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(err, ERR_REFUSED,
			       "nothing was printed there, or nothing is kept");
	data = x_alloc(WIRE_CHUNK_MAX);
	n = pread(fd, data, WIRE_CHUNK_MAX, (off_t)offset);
	if (n < 0 || fstat(fd, &st) < 0)
		n = err_set_errno(err, "cannot read %s", name);
	else
		buf_add(raw, data, (size_t)n);
	*bytes_r = n < 0 ? 0 : st.st_size;
	x_free(&data);
	close(fd);
	return n < 0 ? -1 : 0;
}

static void
peek_answer(struct client *c, const struct request *r, const struct buf *raw,
	    int64_t offset, int64_t bytes)
{
	struct answer a;
	struct buf text;

	buf_init(&text, WIRE_LINE_MAX);
	base64_encode(&text, buf_str(raw), raw->len);
	answer_begin(&a, r->id);
	json_out_str(&a.o, "data", buf_str(&text));
	json_out_int(&a.o, "bytes", bytes);
	json_out_bool(&a.o, "eof", offset + (int64_t)raw->len >= bytes);
	answer_send(&a, &c->conn, r->id);
	buf_free(&text);
}

static void
verb_peek(struct client *c, const struct request *r)
{
	const char *id, *stream;
	int64_t offset, bytes = 0;
	struct buf raw;
	struct err err;

	buf_init(&raw, WIRE_CHUNK_MAX);
	if (request_uuid(r->doc, "attempt", &id, &err) < 0 ||
	    json_get_str(r->doc, "stream", 8, &stream, &err) < 0 ||
	    json_get_int(r->doc, "offset", 0, INT64_MAX, &offset, &err) < 0)
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
	else if (strcmp(stream, "out") != 0 && strcmp(stream, "err") != 0)
		answer_no(&c->conn, r->id, WIRE_CODE_USAGE,
			  "stream: out or err", NULL);
	else if (peek_read(c->runner->outputs, id, stream, offset, &raw, &bytes,
			   &err) < 0)
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
	else
		peek_answer(c, r, &raw, offset, bytes);
	buf_free(&raw);
}

/* The floor is durable: what follows may be cut short, a start goes on. */
static void
forget_rest(struct runner *r)
{
	struct err err;

	/* a rewrite reads all anew: what runs here would be unknown */
	if (r->n_works == 0 && book_shrink(&r->book, &err) < 0)
		host_audit("the journal could not be made smaller: %s",
			   err.text);
	sweep(r);
}

static void
verb_forget(struct client *c, const struct request *r)
{
	struct runner *runner = c->runner;
	const char *uuid;
	struct fleet *f;
	struct answer a;
	struct err err;
	int64_t epoch, floor;

	if (request_uuid(r->doc, "fleet", &uuid, &err) < 0 ||
	    json_get_int(r->doc, "epoch", 1, INT64_MAX - 1, &epoch, &err) < 0 ||
	    json_get_int(r->doc, "floor", 0, INT64_MAX - 1, &floor, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	if (!verbs_epoch(c, r, uuid, epoch))
		return;
	f = book_fleet(&runner->book, uuid);
	if (book_forget(&runner->book, f, floor, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_JOURNAL, &err, VERBS_JOURNAL_HINT);
		return;
	}
	floor = f->floor;
	forget_rest(runner); /* after it f may be another */
	answer_begin(&a, r->id);
	json_out_int(&a.o, "floor", floor);
	answer_send(&a, &c->conn, r->id);
}

static void
verb_sheet(struct client *c, const struct request *r)
{
	const char *uuid, *text;
	int64_t epoch;
	struct answer a;
	struct err err;

	if (request_uuid(r->doc, "fleet", &uuid, &err) < 0 ||
	    json_get_int(r->doc, "epoch", 1, INT64_MAX - 1, &epoch, &err) < 0 ||
	    json_get_str(r->doc, "text", WIRE_SHEET_MAX, &text, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	if (!verbs_epoch(c, r, uuid, epoch))
		return;
	err_clear(&err);
	if (text[0] == '\0')
		(void)unlinkat(c->runner->state, VERBS_SHEET, 0);
	else if (file_write(c->runner->state, VERBS_SHEET, text,
			    strlen(text), 0644, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_SPACE, &err, NULL);
		return;
	}
	answer_begin(&a, r->id);
	answer_send(&a, &c->conn, r->id);
}

typedef void verb_fn(struct client *c, const struct request *r);

static verb_fn *const handlers[] = {
	[WIRE_HELLO] = verb_hello,    [WIRE_RUN] = verb_change,
	[WIRE_COPY] = verb_change,    [WIRE_CLEAN] = verb_change,
	[WIRE_PACKAGE] = verb_change, [WIRE_ASK] = verb_ask,
	[WIRE_PEEK] = verb_peek,      [WIRE_PUT] = verb_put,
	[WIRE_FORGET] = verb_forget,  [WIRE_SHEET] = verb_sheet,
	[WIRE_PING] = verb_ping,      [WIRE_LEFT] = verb_left,
	[WIRE_BEGUN] = verb_begun,
	[WIRE_VERB_COUNT] = NULL,
};

void
verbs_take(struct client *c, const struct request *r)
{
	verb_fn *fn = handlers[r->verb];

	if (fn != NULL)
		fn(c, r);
	else
		answer_no(&c->conn, r->id, WIRE_CODE_USAGE,
			  "the relay answers this verb, not the runner", NULL);
}
