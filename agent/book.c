/* book.c - what the journal says, in memory. */
#include "book.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "fault.h"
#include "host.h"
#include "num.h"
#include "seeded.h"

#define REWRITE_DEAD 200 /* records; below that a rewrite is not worth it */

static const struct json_limits record_limits = { JOURNAL_RECORD_MAX, 12,
						  4096 };

struct fleet *
book_fleet(struct book *b, const char *uuid)
{
	LIST_EACH (struct fleet, f, &b->fleets, link) {
		if (strcmp(f->uuid, uuid) == 0)
			return f;
	}
	return NULL;
}

struct attempt *
book_attempt(const struct book *b, const char *id)
{
	LIST_EACH (struct attempt, a, &b->attempts, link) {
		if (strcmp(a->id, id) == 0)
			return a;
	}
	return NULL;
}

struct attempt *
book_last(struct book *b, const struct fleet *fleet, const char *step)
{
	struct attempt *last = NULL;

	LIST_EACH (struct attempt, a, &b->attempts, link) {
		if (a->fleet == fleet && strcmp(a->step, step) == 0)
			last = a;
	}
	return last;
}

struct attempt *
book_next(const struct book *b, const struct fleet *fleet, const char *step,
	  const struct attempt *after)
{
	bool passed = after == NULL;

	LIST_EACH (struct attempt, a, &b->attempts, link) {
		if (passed && a->fleet == fleet && strcmp(a->step, step) == 0)
			return a;
		passed |= a == after;
	}
	return NULL;
}

static struct fleet *
fleet_make(struct book *b, const char *uuid)
{
	struct fleet *f = book_fleet(b, uuid);

	if (f != NULL)
		return f;
	f = x_new(struct fleet);
	f->uuid = x_strdup(uuid);
	f->name = x_strdup("");
	f->coordinator = x_strdup("");
	list_add(&b->fleets, &f->link);
	return f;
}

static void
attempt_free(struct attempt *a)
{
	list_del(&a->link);
	x_free(&a->step);
	x_free(&a);
}

static int
take_journal(struct book *b, uint64_t at, const struct json_object *rec,
	     struct err *err)
{
	const char *machine;

	(void)at;
	if (json_get_str(rec, "machine_id", 128, &machine, err) < 0)
		return -1;
	if (strcmp(machine, b->machine_id) != 0)
		return err_set(err, ERR_FAILED,
			       "it was written on another machine (%.40s); this"
			       " was found",
			       machine);
	return 0;
}

static int
take_epoch(struct book *b, uint64_t at, const struct json_object *rec,
	   struct err *err)
{
	const char *uuid, *name, *coordinator;
	struct fleet *f;

	(void)at;
	if (request_uuid(rec, "fleet", &uuid, err) < 0 ||
	    json_get_str(rec, "name", 256, &name, err) < 0 ||
	    json_get_str(rec, "coordinator", 256, &coordinator, err) < 0)
		return -1;
	f = fleet_make(b, uuid);
	b->dead += f->epoch > 0;
	x_strset(&f->name, name);
	x_strset(&f->coordinator, coordinator);
	return json_get_int(rec, "epoch", 1, INT64_MAX, &f->epoch, err);
}

static struct attempt *
attempt_add(struct book *b, const struct change *c, enum wire_verb verb,
	    const char *digest, uint64_t at)
{
	struct attempt *a = x_new(struct attempt);

	snprintf(a->id, sizeof(a->id), "%s", c->attempt);
	snprintf(a->digest, sizeof(a->digest), "%s", digest);
	a->fleet = fleet_make(b, c->fleet);
	a->step = x_strdup(c->step);
	a->seq = c->seq;
	a->verb = verb;
	a->begun_at = at;
	list_add(&b->attempts, &a->link);
	return a;
}

static int
take_begun(struct book *b, uint64_t at, const struct json_object *rec,
	   struct err *err)
{
	const struct json_object *obj;
	const char *boot, *digest, *verb;
	enum wire_verb v;
	struct change c = { .note = NULL };
	struct attempt *a;

	if (json_get_str(rec, "boot", 128, &boot, err) < 0 ||
	    json_get_str(rec, "digest", 64, &digest, err) < 0 ||
	    json_get_object(rec, "request", &obj, err) < 0 ||
	    request_uuid(obj, "attempt", &c.attempt, err) < 0 ||
	    request_uuid(obj, "fleet", &c.fleet, err) < 0 ||
	    json_get_str(obj, "step", WIRE_STEP_MAX, &c.step, err) < 0 ||
	    json_get_int(obj, "seq", 1, INT64_MAX, &c.seq, err) < 0 ||
	    json_get_str(obj, "verb", 32, &verb, err) < 0)
		return -1;
	if (wire_verb_find(verb, &v) < 0 || !wire_verb_is_change(v) ||
	    book_attempt(b, c.attempt) != NULL)
		return err_set(err, ERR_FAILED, "%s has no place in it",
			       c.attempt);
	a = attempt_add(b, &c, v, digest, at);
	a->state = SEEDED(UNKNOWN_ENDED) ? WIRE_STATE_ENDED :
		WIRE_STATE_UNKNOWN;
	a->this_boot = strcmp(boot, b->boot_id) == 0;
	a->why = a->this_boot
			 ? "the runner that started it ended before it did"
			 : "another boot: the host was restarted meanwhile";
	return 0;
}

static int
take_ended(struct book *b, uint64_t at, const struct json_object *rec,
	   struct err *err)
{
	struct attempt *a;
	const char *id;

	if (request_uuid(rec, "attempt", &id, err) < 0)
		return -1;
	a = book_attempt(b, id);
	if (a == NULL) {
		/* Salvaged without its beginning: of no use to anybody. */
		b->dead++;
		return 0;
	}
	a->state = WIRE_STATE_ENDED;
	a->why = NULL;
	a->ended_at = at;
	return 0;
}

/* What is over is forgotten, all but its number. */
static void
floor_forget(struct book *b, struct fleet *f)
{
	LIST_EACH_SAFE (struct attempt, a, &b->attempts, link) {
		if (a->fleet != f || a->seq > f->floor ||
		    a->state == WIRE_STATE_RUNNING)
			continue;
		b->dead += 2;
		attempt_free(a);
	}
}

/* lost: nothing is forgotten, something is not known. */
static void
floor_raise(struct book *b, struct fleet *f, int64_t floor, bool lost)
{
	b->dead += f->floor > 0;
	f->unsure = false;
	if (floor >= f->floor) {
		f->floor = floor;
		f->lost = lost;
	}
	if (!lost)
		floor_forget(b, f);
}

static int
take_floor(struct book *b, uint64_t at, const struct json_object *rec,
	   struct err *err)
{
	const char *uuid;
	bool lost = false;
	int64_t floor;

	(void)at;
	if (request_uuid(rec, "fleet", &uuid, err) < 0 ||
	    json_get_int(rec, "floor", 0, INT64_MAX, &floor, err) < 0 ||
	    json_opt_bool(rec, "lost", &lost, err) < 0)
		return -1;
	floor_raise(b, fleet_make(b, uuid), floor, lost);
	return 0;
}

static int
take_loss(struct book *b, uint64_t at, const struct json_object *rec,
	  struct err *err)
{
	(void)at;
	(void)rec;
	(void)err;
	LIST_EACH (struct fleet, f, &b->fleets, link)
		f->unsure = true;
	return 0;
}

static const struct {
	const char *t;
	int (*take)(struct book *b, uint64_t at, const struct json_object *rec,
		    struct err *err);
} records[] = {
	{ "journal", take_journal }, { "epoch", take_epoch },
	{ "begun", take_begun },     { "ended", take_ended },
	{ "floor", take_floor },     { "loss", take_loss },
};

static int
book_take(void *self, uint64_t at, const char *json, size_t len,
	  struct err *err)
{
	struct json_object *rec;
	const char *t;
	int rc = -1;

	if (json_parse_object(json, len, &record_limits, &rec, err) < 0)
		return -1;
	if (json_get_str(rec, "t", 16, &t, err) == 0) {
		err_set(err, ERR_FAILED, "a record of a kind not known here");
		for (size_t i = 0; i < sizeof(records) / sizeof(records[0]);
		     i++) {
			if (strcmp(records[i].t, t) == 0)
				rc = records[i].take(self, at, rec, err);
		}
	}
	json_free(&rec);
	return rc;
}

static char *
first_record(const struct book *b)
{
	struct buf text;
	struct json_out o;

	buf_init(&text, 1024);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	json_out_str(&o, "t", "journal");
	json_out_str(&o, "machine_id", b->machine_id);
	json_out_str(&o, "agent", DRYDOCK_VERSION);
	json_out_int(&o, "made_ms", clock_wall_ms());
	json_out_end(&o);
	return buf_take(&text);
}

static void
book_forget_all(struct book *b)
{
	LIST_EACH_SAFE (struct attempt, a, &b->attempts, link)
		attempt_free(a);
	LIST_EACH_SAFE (struct fleet, f, &b->fleets, link) {
		list_del(&f->link);
		x_free(&f->uuid);
		x_free(&f->name);
		x_free(&f->coordinator);
		x_free(&f);
	}
	b->dead = 0;
}

static void
book_init(struct book *b)
{
	*b = (struct book){ .dead = 0 };
	list_init(&b->fleets);
	list_init(&b->attempts);
	b->machine_id = host_machine_id();
	b->boot_id = host_boot_id();
	b->journal.fd = -1;
}

static int
book_load(struct book *b, int dir, struct err *err)
{
	char *first = first_record(b);
	int rc = journal_open(&b->journal, dir, first, book_take, b, err);

	x_free(&first);
	return rc;
}

/* Is this record of an attempt or a value that still counts? */
static int
book_keep(void *self, uint64_t at, const char *json, size_t len,
	  struct err *err)
{
	struct book *b = self;
	struct json_object *rec;
	const struct json_object *obj;
	const char *t, *id = NULL;
	int64_t n = 0;
	bool keep = false;

	(void)at;
	if (json_parse_object(json, len, &record_limits, &rec, err) < 0)
		return -1;
	if (json_get_str(rec, "t", 16, &t, err) == 0) {
		if (strcmp(t, "begun") == 0 &&
		    json_get_object(rec, "request", &obj, err) == 0)
			json_opt_str(obj, "attempt", 36, &id, err);
		else if (strcmp(t, "ended") == 0)
			json_opt_str(rec, "attempt", 36, &id, err);
		else if (json_opt_str(rec, "fleet", 36, &id, err) == 0 &&
			 id != NULL && book_fleet(b, id) != NULL &&
			 json_opt_int(rec, t, 0, INT64_MAX, &n, err) == 0)
			keep = n == (t[0] == 'e' ? book_fleet(b, id)->epoch
						 : book_fleet(b, id)->floor);
		else
			keep = strcmp(t, "loss") == 0;
		keep = keep || (id != NULL && book_attempt(b, id) != NULL);
	}
	json_free(&rec);
	return keep ? 0 : -1;
}

static int
book_rewrite(struct book *b, int dir, struct err *err)
{
	char *first = first_record(b);
	int rc = journal_rewrite(dir, first, book_keep, b, NULL, err);

	x_free(&first);
	if (rc < 0)
		return -1;
	journal_close(&b->journal);
	book_forget_all(b);
	return book_load(b, dir, err);
}

int
book_open(struct book *b, int dir, struct err *err)
{
	book_init(b);
	if (b->machine_id[0] == '\0' || b->boot_id[0] == '\0')
		return err_set(err, ERR_FAILED,
			       "this host has no machine id or no boot id");
	if (book_load(b, dir, err) < 0)
		return -1;
	if (b->journal.state == JOURNAL_OK && b->dead > REWRITE_DEAD)
		return book_rewrite(b, dir, err);
	return 0;
}

int
book_shrink(struct book *b, struct err *err)
{
	int dir = b->journal.dir;

	if (b->journal.state != JOURNAL_OK || b->dead <= REWRITE_DEAD)
		return 0;
	if (book_rewrite(b, dir, err) == 0)
		return 0;
	/* a full disk changes nothing; but is ours still the one by name? */
	if (!journal_in_place(&b->journal))
		journal_say(&b->journal, JOURNAL_FAILED, err->text);
	return -1;
}

void
book_close(struct book *b)
{
	journal_close(&b->journal);
	book_forget_all(b);
	x_free(&b->machine_id);
	x_free(&b->boot_id);
}

static int
book_append(struct book *b, struct buf *text, uint64_t *at_r, struct err *err)
{
	int rc;

	if (buf_over(text))
		rc = err_set(err, ERR_FAILED, "a record is too long");
	else
		rc = journal_append(&b->journal, buf_str(text), text->len, at_r,
				    err);
	buf_free(text);
	return rc;
}

static void
record_begin(struct buf *text, struct json_out *o, const char *t)
{
	buf_init(text, JOURNAL_RECORD_MAX);
	json_out_init(o, text);
	json_out_object(o, NULL);
	json_out_str(o, "t", t);
}

int
book_set_epoch(struct book *b, const char *uuid, const char *name,
	       int64_t epoch, const char *coordinator, struct err *err)
{
	struct buf text;
	struct json_out o;
	struct fleet *f;

	record_begin(&text, &o, "epoch");
	json_out_str(&o, "fleet", uuid);
	json_out_str(&o, "name", name);
	json_out_int(&o, "epoch", epoch);
	json_out_str(&o, "coordinator", coordinator);
	json_out_end(&o);
	(void)FAULT("epoch.before");
	if (book_append(b, &text, NULL, err) < 0)
		return -1;
	(void)FAULT("epoch.after");
	f = fleet_make(b, uuid);
	b->dead += f->epoch > 0;
	f->epoch = epoch;
	x_strset(&f->name, name);
	x_strset(&f->coordinator, coordinator);
	return 0;
}

int
book_begin(struct book *b, const struct change *c, const struct request *r,
	   struct attempt **attempt_r, struct err *err)
{
	struct buf text;
	struct json_out o;
	uint64_t at;

	record_begin(&text, &o, "begun");
	json_out_str(&o, "boot", b->boot_id);
	json_out_int(&o, "wall_ms", clock_wall_ms());
	json_out_str(&o, "digest", c->digest);
	json_out_value(&o, "request", r->doc);
	json_out_end(&o);
	if (book_append(b, &text, &at, err) < 0)
		return -1;
	*attempt_r = attempt_add(b, c, r->verb, c->digest, at);
	(*attempt_r)->state = WIRE_STATE_RUNNING;
	return 0;
}

int
book_end(struct book *b, struct attempt *a, const char *result, struct err *err)
{
	struct buf text;
	struct json_out o;

	record_begin(&text, &o, "ended");
	json_out_str(&o, "attempt", a->id);
	json_out_raw(&o, "result", result);
	json_out_end(&o);
	if (book_append(b, &text, &a->ended_at, err) < 0)
		return -1;
	a->state = WIRE_STATE_ENDED;
	return 0;
}

static int
floor_write(struct book *b, const char *uuid, int64_t floor, bool lost,
	    struct err *err)
{
	struct buf text;
	struct json_out o;

	record_begin(&text, &o, "floor");
	json_out_str(&o, "fleet", uuid);
	json_out_int(&o, "floor", floor);
	if (lost)
		json_out_bool(&o, "lost", true);
	json_out_end(&o);
	if (book_append(b, &text, NULL, err) < 0)
		return -1;
	floor_raise(b, fleet_make(b, uuid), floor, lost);
	return 0;
}

int
book_given_out(struct book *b, const char *uuid, int64_t seq, struct err *err)
{
	const struct fleet *f = book_fleet(b, uuid);

	if (seq == 0 || (f != NULL && f->epoch > 0 && !f->unsure))
		return 0;
	if (f != NULL && f->floor > seq)
		seq = f->floor;
	return floor_write(b, uuid, seq, true, err);
}

int
book_forget(struct book *b, struct fleet *f, int64_t floor, struct err *err)
{
	return floor <= f->floor ? 0 :
				   floor_write(b, f->uuid, floor, false, err);
}

static int
book_read(struct book *b, uint64_t at, struct json_object **doc_r,
	  struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, JOURNAL_RECORD_MAX);
	rc = journal_read(&b->journal, at, &text, err);
	if (rc == 0)
		rc = json_parse_object(buf_str(&text), text.len, &record_limits,
				       doc_r, err);
	buf_free(&text);
	return rc;
}

int
book_read_begun(struct book *b, const struct attempt *a,
		struct json_object **doc_r, struct err *err)
{
	return book_read(b, a->begun_at, doc_r, err);
}

int
book_print(struct book *b, const struct attempt *a, struct json_out *o,
	   struct err *err)
{
	struct json_object *doc;

	if (a->state == WIRE_STATE_ENDED) {
		if (book_read(b, a->ended_at, &doc, err) < 0)
			return -1;
		json_out_str(o, "state", wire_state_name(a->state));
		json_out_value(o, "result", json_member(doc, "result"));
		json_free(&doc);
		return 0;
	}
	json_out_str(o, "state", wire_state_name(a->state));
	if (a->why != NULL)
		json_out_str(o, "why", a->why);
	return 0;
}

/* What was lost may have been as new as the newest that is left. */
static int
floors_raise(struct book *b, struct err *err)
{
	LIST_EACH (struct fleet, f, &b->fleets, link) {
		int64_t highest = f->floor;

		LIST_EACH (struct attempt, a, &b->attempts, link) {
			if (a->fleet == f && a->seq > highest)
				highest = a->seq;
		}
		if (floor_write(b, f->uuid, highest, true, err) < 0)
			return -1;
	}
	return 0;
}

static int
loss_write(struct book *b, const char *reason, const char *by, struct err *err)
{
	struct buf text;
	struct json_out o;

	record_begin(&text, &o, "loss");
	json_out_str(&o, "reason", reason);
	json_out_str(&o, "by", by);
	json_out_int(&o, "wall_ms", clock_wall_ms());
	json_out_end(&o);
	return book_append(b, &text, NULL, err);
}

/* Salvage: whatever still checks out and is of this machine, but "journal". */
static int
loss_keep(void *self, uint64_t at, const char *json, size_t len,
	  struct err *err)
{
	if (len > 14 && memcmp(json, "{\"t\":\"journal\"", 14) == 0)
		return -1;
	return book_take(self, at, json, len, err);
}

int
book_accept_loss(int dir, const char *reason, const char *by, char **told_r,
		 struct err *err)
{
	char old[64], *first;
	unsigned long long kept;
	struct book b;
	int rc;

	if (book_open(&b, dir, err) < 0)
		return -1;
	if (b.journal.state == JOURNAL_OK) {
		book_close(&b);
		return err_set(err, ERR_REFUSED,
			       "the journal is whole: there is no loss");
	}
	snprintf(old, sizeof(old), "journal.lost-%lld",
		 (long long)clock_wall_ms());
	journal_close(&b.journal);
	book_forget_all(&b);
	first = first_record(&b);
	rc = journal_rewrite(dir, first, loss_keep, &b, old, err);
	x_free(&first);
	book_forget_all(&b);
	if (rc == 0)
		rc = book_load(&b, dir, err);
	if (rc == 0)
		rc = floors_raise(&b, err);
	if (rc == 0)
		rc = loss_write(&b, reason, by, err);
	kept = b.journal.number - 1;
	if (rc == 0)
		*told_r = x_asprintf("the old file is %s; %llu %s kept; no "
				     "id up to the highest seen will be run",
				     old, kept,
				     num_noun(kept, "record is",
					      "records are"));
	book_close(&b);
	return rc;
}
