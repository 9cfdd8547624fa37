/*
 * look_fact.c - readings become truths.
 *
 * Unknown stays unknown, with one exception that the word "service" brings
 * along: a backend that the members' whole answers do not name is not in
 * service.  Who gave no answer is named beside the truth, never inside it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "look_private.h"

/* What a decision is gathered in. */
struct decide {
	const struct look_item *item;
	struct buf value;	/* the lookup's string, until the next one */
	struct buf why, seen, silent;
	int64_t asked_ms, at_ms;
	bool doubtful;		/* some reading is not a whole answer */
};

static void
decide_init(struct decide *d, const struct look_item *item)
{
	*d = (struct decide){ .item = item };
	buf_init(&d->value, LOOK_PROBE_BYTES);
	buf_init(&d->why, LOOK_TEXT_MAX);
	buf_init(&d->seen, LOOK_TEXT_MAX);
	buf_init(&d->silent, LOOK_TEXT_MAX);
}

static void
decide_free(struct decide *d)
{
	buf_free(&d->value);
	buf_free(&d->why);
	buf_free(&d->seen);
	buf_free(&d->silent);
}

/* Age, and who did not answer. */
static void
decide_reading(struct decide *d, const struct look_probe *probe,
	       const struct look_seen *seen)
{
	struct look_reading *r = seen->need->reading;
	const char *unread, *why = r == NULL	     ? "it was not asked" :
			  r->why != NULL     ? r->why :
			  r->state == LOOK_ASKING ? "no answer in time" : "";
	char *quoted;

	if (r != NULL && r->state == LOOK_SEEN) {
		if (d->asked_ms == 0 || r->asked_ms < d->asked_ms)
			d->asked_ms = r->asked_ms;
		if (r->at_ms > d->at_ms)
			d->at_ms = r->at_ms;
		d->doubtful |= look_reading_rows(r, probe->spec->format,
						 &unread) == NULL;
		return;
	}
	d->doubtful = true;
	if (r != NULL && r->state == LOOK_FAILED)
		return;
	quoted = x_asprintf("%s (%s)", seen->member, why);
	if (strstr(buf_str(&d->silent), quoted) == NULL)
		(void)buf_addf(&d->silent, "%s%s",
			       d->silent.len > 0 ? ", " : "", quoted);
	free(quoted);
}

static void
decide_readings(struct decide *d, const struct look_item *item)
{
	for (size_t i = 0; i < item->nprobes; i++) {
		const struct look_probe *probe = &item->probes[i];

		if (probe->broken != NULL)
			d->doubtful = true;
		for (size_t k = 0; k < probe->nseen; k++)
			decide_reading(d, probe, &probe->seen[k]);
	}
}

static const struct look_probe *
item_find_probe(const struct look_item *item, const char *name)
{
	for (size_t i = 0; i < item->nprobes; i++) {
		const char *is = item->probes[i].name;

		if (name == NULL || (is != NULL && strcmp(is, name) == 0))
			return &item->probes[i];
	}
	return NULL;
}

/*
 * peers.in_service: how many others are known to be.  Not known while nobody
 * is and of one it cannot be told.
 */
static bool
decide_peers(struct decide *d, struct expr_value *value_r)
{
	const struct look_item *item = d->item;
	size_t found = 0;

	*value_r = (struct expr_value){ .member = NULL };
	for (size_t i = 0; i < item->nparts; i++) {
		const struct look_fact *fact = &item->parts[i].fact;

		found += fact->truth == TRI_TRUE;
		if (fact->truth == TRI_UNKNOWN)
			value_r->why = fact->text[0] != '\0' ? fact->text :
				"it cannot be told of another backend";
	}
	buf_clear(&d->value);
	(void)buf_addf(&d->value, "%zu", found);
	if (found > 0 || value_r->why == NULL)
		value_r->text = buf_str(&d->value);
	return true;
}

static bool
decide_lookup(void *ctx, const char *name, const char *column, size_t n,
	      struct expr_value *value_r)
{
	struct decide *d = ctx;
	const struct look_probe *probe;

	if (name != NULL && strcmp(name, "out") == 0)
		return n == 0 && look_scope_out(&d->item->scope, column,
						&d->value, value_r);
	if (name != NULL && strcmp(name, "peers") == 0)
		return n == 0 && decide_peers(d, value_r);
	probe = item_find_probe(d->item, name);
	return probe != NULL && look_probe_value(probe, column, n, &d->value,
						 value_r);
}

static enum tri
decide_expr(struct decide *d)
{
	return expr_eval(d->item->expr, decide_lookup, d, &d->why, &d->seen);
}

/* What two hosts show, as a person wants to read it. */
static void
differ_say(struct decide *d, const char *field, const char *a,
	   const char *on_a, const char *b, const char *on_b)
{
	(void)buf_addf(&d->why, "%s is ", field);
	expr_show(&d->why, a);
	(void)buf_addf(&d->why, " on %s and ", on_a);
	expr_show(&d->why, b);
	(void)buf_addf(&d->why, " on %s", on_b);
}

/* All members show the same, and it is the value. */
static enum tri
decide_value(struct decide *d)
{
	struct expr_value v;
	const char *whose = NULL;	/* the roster's: it stays */
	char *first = NULL;
	enum tri tri = TRI_UNKNOWN;

	for (size_t n = 0; decide_lookup(d, d->item->name, d->item->column, n,
					 &v); n++) {
		if (v.text == NULL) {
			(void)buf_addf(&d->why, "%s is not known on %s: %s",
				       d->item->column, v.member != NULL ?
				       v.member : "this host", v.why);
			tri = TRI_UNKNOWN;
			break;
		}
		if (first != NULL && strcmp(first, v.text) != 0) {
			char *field = x_asprintf("%s.%s", d->item->name,
						 d->item->column);

			differ_say(d, field, first, whose, v.text, v.member);
			free(field);
			tri = TRI_FALSE;
			break;
		}
		tri = TRI_TRUE;
		if (first == NULL) {
			first = x_strdup(v.text);
			whose = v.member;
		}
	}
	if (tri == TRI_TRUE)
		(void)buf_adds(&d->seen, first);
	free(first);
	return tri;
}

/* Rows of the service read that belong to nobody we know. */
size_t
look_probe_strangers(const struct look_roster *roster,
		     const struct look_probe *probe, struct buf *names)
{
	size_t found = 0;

	for (size_t i = 0; i < probe->nseen; i++) {
		struct look_reading *r = probe->seen[i].need->reading;
		const struct reading *rows;
		const char *why;

		rows = r == NULL || roster->service_key == NULL ? NULL :
			look_reading_rows(r, probe->spec->format, &why);
		for (size_t row = 0; rows != NULL && row < reading_rows(rows);
		     row++) {
			const char *key = reading_cell(rows, row,
						       roster->service_key);

			if (key == NULL ||
			    look_roster_by_address(roster, key) != NULL)
				continue;
			found++;
			(void)buf_addf(names, "%s%.60s on %s",
				       names->len > 0 ? ", " : "", key,
				       probe->seen[i].member);
		}
	}
	return found;
}

static void
fact_evidence(struct look_item *item, const struct look_probe *probe,
	      struct json_out *o)
{
	for (size_t i = 0; i < probe->nseen; i++) {
		const struct look_need *need = probe->seen[i].need;
		const struct look_reading *r = need->reading;

		json_out_object(o, NULL);
		json_out_str(o, "host", probe->seen[i].member);
		if (item->kind == LOOK_KIND_SERVICE)
			json_out_str(o, "backend", item->name);
		json_out_str(o, "run", need->key);
		json_out_bool(o, "seen", r != NULL && r->state == LOOK_SEEN);
		if (r != NULL && r->why != NULL)
			json_out_str(o, "why", r->why);
		if (r != NULL) {
			json_out_int(o, "asked_ms", r->asked_ms);
			json_out_int(o, "at_ms", r->at_ms);
		}
		json_out_end(o);
	}
}

static char *
fact_write(struct look_item *item, const struct look_fact *fact)
{
	static const char *const words[] = {
		[TRI_FALSE] = "no", [TRI_TRUE] = "yes",
		[TRI_UNKNOWN] = "unknown",
	};
	struct json_out o;
	struct buf text;

	buf_init(&text, LOOK_EVIDENCE_MAX);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	json_out_str(&o, "truth", words[fact->truth]);
	json_out_str(&o, "text", fact->text);
	json_out_str(&o, "silent", fact->silent);
	json_out_int(&o, "asked_ms", fact->asked_ms);
	json_out_int(&o, "at_ms", fact->at_ms);
	json_out_array(&o, "readings");
	for (size_t i = 0; i < item->nprobes; i++)
		fact_evidence(item, &item->probes[i], &o);
	for (size_t i = 0; i < item->nparts; i++)
		for (size_t k = 0; k < item->parts[i].nprobes; k++)
			fact_evidence(&item->parts[i],
				      &item->parts[i].probes[k], &o);
	json_out_end(&o);
	json_out_end(&o);
	if (!buf_over(&text))
		return buf_take(&text);
	buf_free(&text);
	return x_strdup("{\"cut\":true}");
}

static void
fact_set(const struct look *look, struct look_item *item, struct decide *d,
	 enum tri truth, const char *text)
{
	struct look_fact *fact = &item->fact;

	item->text = x_strdup(text);
	item->silent = x_strdup(buf_str(&d->silent));
	*fact = (struct look_fact){
		.truth = truth, .text = item->text, .silent = item->silent,
		.asked_ms = d->asked_ms, .at_ms = d->at_ms,
	};
	/* what needed no reading is true of now */
	if (fact->asked_ms == 0 && !d->doubtful)
		fact->asked_ms = fact->at_ms = look_now_ms(look->roster);
	item->evidence = fact_write(item, fact);
	fact->evidence = item->evidence;
}

/* A sentence: what was seen when it holds, what was missing when not. */
static const char *
decide_text(const struct decide *d, enum tri truth)
{
	if (truth == TRI_TRUE || d->why.len == 0)
		return buf_str(&d->seen);
	return buf_str(&d->why);
}

static enum tri
decide_service(struct decide *d)
{
	enum tri tri = decide_expr(d);

	return tri == TRI_UNKNOWN && !d->doubtful ? TRI_FALSE : tri;
}

/* No `ready` in the inventory: always ready. */
static enum tri
decide_ready(struct decide *d)
{
	enum tri tri = d->item->expr == NULL ? TRI_TRUE : decide_expr(d);

	if (tri == TRI_TRUE && d->item->group->lists_key != NULL)
		tri = look_lists_all(d->item, &d->why);
	return tri;
}

static enum tri
decide_one(struct decide *d)
{
	switch (d->item->kind) {
	case LOOK_KIND_EXPR:
		return decide_expr(d);
	case LOOK_KIND_VALUE:
		return decide_value(d);
	case LOOK_KIND_SERVICE:
		return decide_service(d);
	case LOOK_KIND_READY:
		return decide_ready(d);
	case LOOK_KIND_ABSENT:
		return look_lists_absent(d->item, decide_expr(d), &d->seen,
					 &d->why);
	case LOOK_KIND_ROWS:
		return d->doubtful ? TRI_UNKNOWN : TRI_TRUE;
	case LOOK_KIND_SAME:
		break;
	}
	assert(!"parts are decided elsewhere");
	return TRI_UNKNOWN;
}

/* The first part is this backend's own; what differs from it is told. */
static void
decide_same(struct look *look, struct look_item *item, struct decide *d)
{
	const struct look_item *own = &item->parts[0];
	enum tri all = TRI_TRUE;

	for (size_t i = 0; all == TRI_TRUE && i < item->nparts; i++) {
		const struct look_item *part = &item->parts[i];

		all = part->fact.truth;
		if (all != TRI_TRUE) {
			(void)buf_adds(&d->why, part->text);
		} else if (strcmp(own->text, part->text) != 0) {
			all = TRI_FALSE;
			differ_say(d, item->name, own->text,
				   own->scope.backend, part->text,
				   part->scope.backend);
		}
	}
	(void)buf_addf(&d->seen, "%s is ", item->name);
	expr_show(&d->seen, own->text);
	(void)buf_adds(&d->seen, " everywhere");
	fact_set(look, item, d, all, decide_text(d, all));
}

static void
decide_parts(struct look *look, struct look_item *item, struct decide *d)
{
	for (size_t i = 0; i < item->nparts; i++) {
		look_item_decide(look, &item->parts[i]);
		decide_readings(d, &item->parts[i]);
	}
}

void
look_item_decide(struct look *look, struct look_item *item)
{
	struct decide d;
	enum tri truth;

	decide_init(&d, item);
	decide_parts(look, item, &d);
	if (item->broken != NULL) {
		d.doubtful = true;
		fact_set(look, item, &d, TRI_UNKNOWN, item->broken);
	} else if (item->kind == LOOK_KIND_SAME) {
		decide_same(look, item, &d);
	} else {
		decide_readings(&d, item);
		truth = decide_one(&d);
		fact_set(look, item, &d, truth, decide_text(&d, truth));
	}
	decide_free(&d);
}
