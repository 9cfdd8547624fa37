/*
 * verbs_change.c - the door: every reason not to begin a change, in order.
 *
 * An id that is known is answered from the journal whatever else holds, but the
 * epoch comes first: a coordinator that lost its fleet learns nothing here.
 */
#include <string.h>

#include "alloc.h"
#include "fault.h"
#include "host.h"
#include "num.h"
#include "paths.h"
#include "seeded.h"
#include "verbs.h"

/* Why not: filled by whoever refuses. */
struct no {
	enum wire_code code;
	struct err err;
	const char *hint;
};

static bool
no_say(struct no *no, enum wire_code code, const char *hint)
{
	no->code = code;
	no->hint = hint;
	return false;
}

static void
audit(const struct change *c, const struct spec *spec, const char *verdict,
      const char *why)
{
	struct buf what;

	buf_init(&what, 1024);
	spec_print(spec, &what);
	host_audit("%s: %s: step %s: %s%s%s", verdict, c->who, c->step,
		   c->undo_of != NULL ? "undo of " : "", buf_str(&what), why);
	buf_free(&what);
}

/*
 * What came before a change that is refused for good, and never came here, may
 * not come any more either.  After one that is begun it is out of order.
 */
static void
abandoned_refuse(struct client *cl, const struct change *c)
{
	struct runner *r = cl->runner;

	for (size_t i = 0; c->abandoned != NULL &&
			   i < json_count(c->abandoned); i++) {
		const char *id = json_as_str(json_item(c->abandoned, i));

		if (book_attempt(&r->book, id) == NULL &&
		    refusals_find(&r->refusals, id) == NULL)
			refusals_add(&r->refusals, id, WIRE_CODE_AFTER,
				     "it was abandoned before it came", NULL);
	}
}

/* Busy is not for good: the same change may be sent again. */
static void
change_refuse(struct client *cl, const struct request *r,
	      const struct change *c, const struct no *no)
{
	if (no->code != WIRE_CODE_BUSY) {
		refusals_add(&cl->runner->refusals, c->attempt, no->code,
			     no->err.text, no->hint);
		abandoned_refuse(cl, c);
	}
	verbs_no(cl, r, no->code, &no->err, no->hint);
}

static void
change_no(struct client *cl, const struct request *r, const struct change *c,
	  const struct spec *spec, const struct no *no)
{
	char *why =
		x_asprintf(" (%s: %s)", wire_code_name(no->code), no->err.text);

	audit(c, spec, "refused", why);
	x_free(&why);
	change_refuse(cl, r, c, no);
}

/* The step's last attempt goes with the refusal: it may be adopted. */
static void
after_no(struct client *cl, const struct request *r, const struct change *c,
	 const struct attempt *last)
{
	const char *why = last == NULL ?
		"no attempt of this step is known here" :
		"this step's last attempt here is another";
	struct answer a;

	abandoned_refuse(cl, c);
	answer_begin_no(&a, r->id, WIRE_CODE_AFTER, why, "adopt the record");
	if (last == NULL) {
		json_out_null(&a.o, "record");
		refusals_add(&cl->runner->refusals, c->attempt,
			     WIRE_CODE_AFTER, why, NULL);
	} else {
		verbs_record(cl, &a, last);
	}
	answer_send(&a, &cl->conn, r->id);
	host_audit("refused: %s: step %s: after %s, but here it is %s", c->who,
		   c->step, c->after != NULL ? c->after : "nothing",
		   last != NULL ? last->id : "nothing");
}

/* One that was abandoned may have come, or not. */
static bool
change_abandons(const struct change *c, const char *id)
{
	for (size_t i = 0; c->abandoned != NULL &&
			   i < json_count(c->abandoned); i++) {
		if (strcmp(id, json_as_str(json_item(c->abandoned, i))) == 0)
			return true;
	}
	return false;
}

/* Does it come after the last one of its step that is known here? */
static bool
change_is_next(const struct book *b, const struct change *c,
	       const struct fleet *f, const struct attempt *last)
{
	if (c->after != NULL && f->lost && book_attempt(b, c->after) == NULL &&
	    (last == NULL || last->seq <= f->floor))
		return true; /* the one before is among those that were lost */
	if (last == NULL)
		return c->after == NULL;
	return (c->after != NULL && strcmp(last->id, c->after) == 0) ||
	       change_abandons(c, last->id);
}

/* The same question has the same answer, though its reason may be gone. */
static bool
change_was_refused(struct client *cl, const struct request *r,
		   const struct change *c)
{
	const struct refused *no =
		refusals_find(&cl->runner->refusals, c->attempt);

	if (no == NULL)
		return false;
	answer_no(&cl->conn, r->id, no->code, no->why, no->hint);
	host_audit("refused: %s: step %s: it was before (%s: %s)", c->who,
		   c->step, wire_code_name(no->code), no->why);
	return true;
}

/* Known ids, refused ones, floor and order.  False: it was answered. */
static bool
change_is_new(struct client *cl, const struct request *r,
	      const struct change *c)
{
	struct book *b = &cl->runner->book;
	struct attempt *a = book_attempt(b, c->attempt);
	const struct fleet *f = book_fleet(b, c->fleet);
	const struct attempt *last;

	if (a != NULL && strcmp(a->digest, c->digest) != 0 &&
	    !SEEDED(OTHER_CHANGE)) {
		answer_no(&cl->conn, r->id, WIRE_CODE_CONFLICT,
			  "this attempt id was used for another change", NULL);
		return false;
	}
	if (a != NULL) {
		verbs_state(cl, r, a);
		return false;
	}
	if (change_was_refused(cl, r, c))
		return false;
	if (c->seq <= f->floor) {
		answer_no(&cl->conn, r->id, WIRE_CODE_FLOOR,
			  f->lost ? "it may have been done: records of that "
				    "time were lost here" :
				    "it may have been done: its record would "
				    "have been forgotten by now",
			  "make a new attempt with a higher seq");
		return false;
	}
	last = book_last(b, f, c->step);
	if (!change_is_next(b, c, f, last)) {
		after_no(cl, r, c, last);
		return false;
	}
	return true;
}

static bool
host_permits(struct runner *r, const struct change *c, struct no *no)
{
	const struct fleet *f = book_fleet(&r->book, c->fleet);
	struct host_conf conf;
	bool ours;
	char *hold;

	if (host_conf_read(&conf, &no->err) < 0)
		return no_say(no, WIRE_CODE_HOST, NULL);
	ours = host_has_fleet(&conf, f->name);
	host_conf_free(&conf);
	if (!ours) {
		err_set(&no->err, ERR_REFUSED, "this host is not of fleet %s",
			f->name);
		return no_say(no, WIRE_CODE_FLEET, NULL);
	}
	hold = host_hold();
	if (hold != NULL) {
		err_set(&no->err, ERR_REFUSED, "%s", hold);
		x_free(&hold);
		return no_say(no, WIRE_CODE_HOLD,
			      "rm /etc/drydock/hold on the host to go on");
	}
	return true;
}

static bool
owner_permits(const struct spec *spec, struct no *no)
{
	char *path = paths_conf("allow");
	struct allow *allow = NULL;
	int rc = allow_read(path, &allow, &no->err);

	x_free(&path);
	if (rc == 0)
		rc = spec_allowed(spec, allow, &no->err);
	allow_free(&allow);
	return rc == 0 || no_say(no, WIRE_CODE_ALLOW,
				 "the host's owner can add a line to "
				 "/etc/drydock/allow");
}

static bool
room_for(struct runner *r, const struct change *c, struct no *no)
{
	const struct attempt *last;

	last = book_last(&r->book, book_fleet(&r->book, c->fleet), c->step);
	if (last != NULL && last->state == WIRE_STATE_RUNNING) {
		err_set(&no->err, ERR_REFUSED,
			"attempt %s of this step still runs", last->id);
		return no_say(no, WIRE_CODE_BUSY, "wait until it ended");
	}
	if (r->n_works >= RUNNER_WORKS_MAX || r->ending) {
		err_set(&no->err, ERR_REFUSED, "%u %s here already%s",
			r->n_works,
			num_noun(r->n_works, "change runs", "changes run"),
			r->ending ? ", and the agent ends" : "");
		return no_say(no, WIRE_CODE_BUSY, "ask again later");
	}
	return true;
}

/* What that attempt did, from the journal: it is what will be undone. */
static bool
undo_load(struct runner *r, const struct change *c, const struct request *req,
	  struct spec *undo, struct json_object **doc_r, struct no *no)
{
	const struct attempt *a = book_attempt(&r->book, c->undo_of);
	const struct json_object *old;

	no_say(no, WIRE_CODE_USAGE, NULL);
	if (a == NULL || a->verb != req->verb || a->verb == WIRE_RUN ||
	    a->state == WIRE_STATE_RUNNING) {
		err_set(&no->err, ERR_REFUSED, "%s is no %s that is over here",
			c->undo_of, wire_verb_name(req->verb));
		return false;
	}
	if (book_read_begun(&r->book, a, doc_r, &no->err) < 0 ||
	    json_get_object(*doc_r, "request", &old, &no->err) < 0 ||
	    spec_parse(undo, a->verb, old, &no->err) < 0)
		return false;
	if (undo->clean.purge_of != NULL) {
		err_set(&no->err, ERR_REFUSED, "what was purged is gone");
		return false;
	}
	return true;
}

static void
change_begin(struct client *cl, const struct request *r, const struct change *c,
	     const struct spec *spec, const struct spec *undo)
{
	struct no no = { .hint = NULL };
	struct attempt *a;

	if (!host_permits(cl->runner, c, &no) || !owner_permits(spec, &no) ||
	    !room_for(cl->runner, c, &no)) {
		change_no(cl, r, c, spec, &no);
		return;
	}
	if (work_begin(cl->runner, c, r, spec, undo, &a, &no.code, &no.err) <
	    0) {
		change_no(cl, r, c, spec, &no);
		return;
	}
	audit(c, spec, "accepted", "");
	verbs_state(cl, r, a);
}

void
verb_change(struct client *cl, const struct request *r)
{
	struct journal *j = &cl->runner->book.journal;
	struct json_object *doc = NULL;
	struct spec spec;
	struct change c;
	struct no no = { .code = WIRE_CODE_USAGE };

	(void)FAULT("runner.request");
	if (change_parse(&c, r, &no.err) < 0) {
		verbs_no(cl, r, WIRE_CODE_USAGE, &no.err, NULL);
		return;
	}
	if (j->state != JOURNAL_OK) {
		err_set(&no.err, ERR_REFUSED, "%s", j->why);
		verbs_no(cl, r, WIRE_CODE_JOURNAL, &no.err, VERBS_JOURNAL_HINT);
		return;
	}
	if (!verbs_epoch(cl, r, c.fleet, c.epoch) || !change_is_new(cl, r, &c))
		return;
	if (c.undo_of == NULL) {
		if (spec_parse(&spec, r->verb, r->doc, &no.err) < 0)
			change_refuse(cl, r, &c, &no);
		else
			change_begin(cl, r, &c, &spec, NULL);
	} else if (undo_load(cl->runner, &c, r, &spec, &doc, &no)) {
		change_begin(cl, r, &c, &spec, &spec);
	} else {
		change_refuse(cl, r, &c, &no);
	}
	json_free(&doc);
}
