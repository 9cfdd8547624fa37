/*
 * dry.c - asking without doing: `may` (is it permitted?) and `dry` (what would
 * a built-in do?), answered by the relay.
 */
#include <string.h>

#include "act.h"
#include "alloc.h"
#include "answer.h"
#include "host.h"
#include "probe.h"

#define DRY_TEXT_MAX   32768
#define DRY_TIMEOUT_MS ((int64_t)10 * 60 * 1000)

static void
print_verdict(struct json_out *o, bool ok, const struct err *err)
{
	json_out_object(o, NULL);
	json_out_bool(o, "ok", ok);
	if (!ok)
		json_out_str(o, "why", err->text);
	json_out_end(o);
}

/* A change of `may`: as on the wire, "verb" and what belongs to it. */
static bool
may_change(const struct json_object *item, const struct allow *allow,
	   struct err *err)
{
	enum wire_verb verb;
	struct spec spec;
	const char *word;

	if (json_get_str(item, "verb", 32, &word, err) < 0)
		return false;
	if (wire_verb_find(word, &verb) < 0 || !wire_verb_is_change(verb)) {
		err_set(err, ERR_USAGE, "\"%.40s\" is no change", word);
		return false;
	}
	return spec_parse(&spec, verb, item, err) == 0 &&
	       spec_allowed(&spec, allow, err) == 0;
}

/* A read: an array of words, or {"tcp":[address, port]}. */
static bool
may_read(const struct json_object *item, const struct allow *allow,
	 struct err *err)
{
	const char *word[WIRE_ARGV_MAX];
	size_t n = json_count(item);

	if (n == 0 || n > WIRE_ARGV_MAX) {
		err_set(err, ERR_USAGE, "not a list of words");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (json_item_str(item, i, WIRE_WORD_MAX, &word[i], err) < 0)
			return false;
	}
	if (n == 3 && strcmp(word[0], "tcp") == 0)
		return allow_tcp(allow, word[1], word[2], err) == 0;
	return allow_argv(allow, ALLOW_READ, word, n, err) == 0;
}

static void
may_print(struct json_out *o, const struct json_object *changes,
	  const struct json_object *reads, const struct allow *allow)
{
	struct err err;

	json_out_array(o, "changes");
	for (size_t i = 0; changes != NULL && i < json_count(changes); i++) {
		const struct json_object *item;
		bool ok = json_item_object(changes, i, &item, &err) == 0 &&
			  may_change(item, allow, &err);

		print_verdict(o, ok, &err);
	}
	json_out_end(o);
	json_out_array(o, "reads");
	for (size_t i = 0; reads != NULL && i < json_count(reads); i++) {
		const struct json_object *item = json_item(reads, i);
		bool ok = false;

		if (json_kind(item) == JSON_ARRAY)
			ok = may_read(item, allow, &err);
		else
			err_set(&err, ERR_USAGE, "not a list of words");
		print_verdict(o, ok, &err);
	}
	json_out_end(o);
}

void
may_take(struct relay *r, const struct request *req)
{
	const struct json_object *changes = NULL, *reads = NULL;
	struct allow *allow;
	struct answer a;
	struct err err;

	if (json_opt_array(req->doc, "changes", WIRE_LIST_MAX, &changes, &err) <
		    0 ||
	    json_opt_array(req->doc, "reads", WIRE_LIST_MAX, &reads, &err) <
		    0) {
		answer_no(&r->user, req->id, WIRE_CODE_USAGE, err.text, NULL);
		return;
	}
	if (probe_allow(&allow, &err) < 0) {
		answer_no(&r->user, req->id, WIRE_CODE_ALLOW, err.text, NULL);
		return;
	}
	answer_begin(&a, req->id);
	may_print(&a.o, changes, reads, allow);
	answer_send(&a, &r->user, req->id);
	allow_free(&allow);
}

static void
dry_output(void *self, enum child_fd fd, const char *data, size_t len)
{
	struct probe *p = self;
	struct buf *to = fd == CHILD_DATA ? &p->data : &p->text;

	if (len > to->max - to->len)
		len = to->max - to->len;
	buf_add(to, data, len);
}

/* The last line that says something: why it failed, for people. */
static const char *
last_line(char *text)
{
	char *nl;

	for (;;) {
		nl = strrchr(text, '\n');
		if (nl == NULL || nl[1] != '\0')
			return nl != NULL ? nl + 1 : text;
		*nl = '\0';
	}
}

static void
dry_begin(struct probe *p, struct answer *a)
{
	char *text = x_strdup(buf_str(&p->text));

	if (p->child.timed_out)
		answer_begin_no(a, p->id, WIRE_CODE_SYSTEM,
				"it did not end in time", NULL);
	else if (p->child.status != 0)
		answer_begin_no(a, p->id, WIRE_CODE_SYSTEM, last_line(text),
				NULL);
	else
		answer_begin(a, p->id);
	x_free(&text);
}

static void
dry_done(void *self)
{
	struct probe *p = self;
	struct json_object *doc = NULL;
	struct answer a;

	dry_begin(p, &a);
	json_out_str(&a.o, "text", buf_str(&p->text));
	if (json_parse_object(buf_str(&p->data), p->data.len, &json_limits_doc,
			      &doc, NULL) == 0)
		json_out_value(&a.o, "data", doc);
	json_free(&doc);
	answer_send(&a, &p->relay->user, p->id);
	probe_free(p);
}

static int
dry_parse(const struct request *req, struct spec *spec, struct act *act,
	  int64_t *timeout_r, struct err *err)
{
	enum wire_verb verb;
	const char *kind;

	*timeout_r = DRY_TIMEOUT_MS;
	*act = (struct act){ .spec = spec };
	if (json_get_str(req->doc, "kind", 16, &kind, err) < 0 ||
	    json_opt_bool(req->doc, "fetch", &act->fetch, err) < 0 ||
	    json_opt_int(req->doc, "timeout_ms", 1, WIRE_DRY_TIMEOUT_MAX,
			 timeout_r, err) < 0)
		return -1;
	if (wire_verb_find(kind, &verb) < 0 || !wire_verb_is_change(verb) ||
	    verb == WIRE_RUN)
		return err_set(err, ERR_USAGE, "kind: copy, clean or package");
	return spec_parse(spec, verb, req->doc, err);
}

static bool
dry_allowed(struct relay *r, const struct request *req, const struct spec *spec)
{
	struct allow *allow = NULL;
	struct err err;
	bool ok = probe_allow(&allow, &err) == 0 &&
		  spec_allowed(spec, allow, &err) == 0;

	allow_free(&allow);
	if (!ok)
		answer_no(&r->user, req->id, WIRE_CODE_ALLOW, err.text, NULL);
	return ok;
}

void
dry_take(struct relay *r, const struct request *req)
{
	struct child_plan plan = { .main = act_main };
	struct spec spec;
	struct act act;
	struct probe *p;
	struct err err;

	if (!probe_room(r, req))
		return;
	if (dry_parse(req, &spec, &act, &plan.timeout_ms, &err) < 0) {
		answer_no(&r->user, req->id, WIRE_CODE_USAGE, err.text, NULL);
		return;
	}
	if (!dry_allowed(r, req, &spec))
		return;
	p = probe_make(r, req->id);
	p->child.output = dry_output;
	p->child.done = dry_done;
	p->child.self = p;
	buf_init(&p->text, DRY_TEXT_MAX);
	buf_init(&p->data, CHILD_DATA_MAX);
	plan.main_self = &act;
	if (child_start(&p->child, &r->loop, &plan, &err) == 0) {
		p->is_child = true;
		return;
	}
	answer_no(&r->user, req->id, WIRE_CODE_PROBE, err.text, NULL);
	probe_free(p);
}
