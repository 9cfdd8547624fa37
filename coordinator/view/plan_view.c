/*
 * plan_view.c - a plan on paper: what will be typed where, in which order.
 */
#include "plan_view.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "num.h"
#include "when.h"
#include "words.h"

enum { LINE_MAX_BYTES = 65536, TARGET_END = 24 };

static const char *
member_str(const struct json_object *obj, const char *key)
{
	const struct json_object *value =
		obj != NULL ? json_member(obj, key) : NULL;

	return value != NULL && json_kind(value) == JSON_STRING
		       ? json_as_str(value)
		       : NULL;
}

static void
add_str(struct buf *out, const struct face *f, const char *before,
	const struct json_object *obj, const char *key)
{
	const char *text = member_str(obj, key);

	if (text == NULL)
		return;
	(void)buf_adds(out, before);
	face_text(out, f, text);
}

static void
add_ms(struct buf *out, const char *before, const struct json_object *obj,
       const char *key)
{
	const struct json_object *value =
		obj != NULL ? json_member(obj, key) : NULL;
	char text[NUM_DURATION_SIZE];

	if (value == NULL || json_kind(value) != JSON_INT ||
	    json_as_int(value) < 0)
		return;
	(void)buf_adds(out, before);
	(void)buf_adds(out, num_format_duration(json_as_int(value), text));
}

static void
add_argv(struct buf *out, const struct face *f, const struct json_object *argv)
{
	const char *word[WORDS_MAX];
	size_t i, n = 0;
	char *joined;

	for (i = 0; argv != NULL && i < json_count(argv) && n < WORDS_MAX; i++)
		if (json_item_str(argv, i, LINE_MAX_BYTES, &word[n], NULL) == 0)
			n++;
	joined = words_join(word, n);
	face_text(out, f, joined);
	x_free(&joined);
}

static void
say_poll(struct buf *out, const struct face *f, const struct json_object *spec)
{
	const struct json_object *poll = json_member(spec, "poll");

	add_str(out, f, "until ", poll, "until");
	add_ms(out, ", at most ", poll, "at_most_ms");
	add_ms(out, ", every ", poll, "every_ms");
}

static void
say_copy(struct buf *out, const struct face *f, const struct json_object *spec)
{
	const struct json_object *copy = json_member(spec, "copy");

	(void)buf_adds(out, "copy");
	add_str(out, f, " ", copy, "name");
	add_str(out, f, " ", copy, "staged");
	add_str(out, f, " -> ", copy, "to");
}

static void
say_clean(struct buf *out, const struct face *f, const struct json_object *spec)
{
	const struct json_object *clean = json_member(spec, "clean");

	add_str(out, f, "remove what is inside ", clean, "inside");
	add_str(out, f, " and matches ", clean, "match");
}

static void
say_package(struct buf *out, const struct face *f,
	    const struct json_object *spec)
{
	const struct json_object *package = json_member(spec, "package");
	const struct json_object *list =
		package != NULL ? json_member(package, "packages") : NULL;
	const struct json_object *one;
	size_t i;

	(void)buf_adds(out, "install");
	add_str(out, f, " ", package, "match");
	add_str(out, f, "=", package, "version");
	for (i = 0; list != NULL && i < json_count(list); i++) {
		one = json_item(list, i);
		add_str(out, f, " ", one, "name");
		add_str(out, f, "=", one, "version");
	}
}

static void
say_kind(struct buf *out, const struct face *f, const char *kind,
	 const struct json_object *spec)
{
	if (strcmp(kind, "run") == 0)
		add_argv(out, f, json_member(spec, "argv"));
	else if (strcmp(kind, "poll") == 0)
		say_poll(out, f, spec);
	else if (strcmp(kind, "wait") == 0)
		add_ms(out, "wait ", spec, "wait_ms");
	else if (strcmp(kind, "approve") == 0)
		add_str(out, f, "ask: ", spec, "approve");
	else if (strcmp(kind, "copy") == 0)
		say_copy(out, f, spec);
	else if (strcmp(kind, "clean") == 0)
		say_clean(out, f, spec);
	else if (strcmp(kind, "package") == 0)
		say_package(out, f, spec);
}

/* one step in words: its command, or what it waits for */
static void
plan_view_step(struct buf *out, const struct face *f, const char *kind,
	       const char *spec)
{
	struct json_object *doc = NULL;

	if (json_parse_object(spec, strlen(spec), &json_limits_doc, &doc,
			      NULL) < 0)
		return;
	say_kind(out, f, kind, doc);
	if (member_str(doc, "skip") != NULL) {
		add_str(out, f, "   (left out: ", doc, "skip");
		(void)buf_addc(out, ')');
	}
	json_free(&doc);
}

/* one past the last step of the backend whose first one is `from` */
static size_t
backend_end(const struct rows *steps, size_t from)
{
	size_t i = from;

	while (i < rows_count(steps) &&
	       strcmp(rows_str(steps, i, "backend"),
		      rows_str(steps, from, "backend")) == 0)
		i++;
	return i;
}

static bool
same_steps(const struct rows *steps, size_t a, size_t b)
{
	size_t na = backend_end(steps, a) - a, nb = backend_end(steps, b) - b;
	size_t i;

	for (i = 0; na == nb && i < na; i++)
		if (strcmp(rows_str(steps, a + i, "step"),
			   rows_str(steps, b + i, "step")) != 0)
			return false;
	return na == nb;
}

static void
step_line(struct buf *out, const struct face *f, const struct rows *steps,
	  size_t i, size_t number, bool new_phase)
{
	struct buf line;
	char phase[9] = "";

	if (new_phase)
		strncat(phase, rows_str(steps, i, "phase"), sizeof(phase) - 1);
	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_addf(&line, "   %-8s %2zu ", phase, number);
	face_text(&line, f, rows_str(steps, i, "target"));
	face_pad(&line, line.len < TARGET_END ? TARGET_END - line.len : 0);
	(void)buf_adds(&line, "  ");
	plan_view_step(&line, f, rows_str(steps, i, "kind"),
		       rows_str(steps, i, "spec"));
	if (rows_bool(steps, i, "no_return"))
		face_tinted(&line, f, TINT_WARN, "   <- no return from here");
	(void)buf_adds(out, buf_str(&line));
	(void)buf_addc(out, '\n');
	buf_free(&line);
}

static void
backend_block(struct buf *out, const struct face *f, const struct rows *steps,
	      size_t from)
{
	size_t i, end = backend_end(steps, from);

	(void)buf_adds(out, "\n  ");
	face_tinted(out, f, TINT_BOLD, rows_str(steps, from, "backend"));
	(void)buf_addf(out, "   %zu %s\n", end - from,
		       num_noun(end - from, "step", "steps"));
	for (i = from; i < end; i++)
		step_line(out, f, steps, i, i - from + 1,
			  i == from ||
				  strcmp(rows_str(steps, i, "phase"),
					 rows_str(steps, i - 1, "phase")) != 0);
}

static void
plan_steps(struct buf *out, const struct face *f, const struct rows *steps,
	   bool full)
{
	size_t i, next, folded = 0;

	for (i = 0; i < rows_count(steps); i = next) {
		next = backend_end(steps, i);
		if (full || i == 0 || !same_steps(steps, 0, i)) {
			backend_block(out, f, steps, i);
			continue;
		}
		(void)buf_adds(out, folded++ == 0 ? "\n  " : ", ");
		face_text(out, f, rows_str(steps, i, "backend"));
	}
	if (folded > 0)
		(void)buf_adds(out, ": the same steps, each its own values "
				    "(--full shows them)\n");
}

void
plan_view(struct buf *out, const struct face *f, const struct rows *rollout,
	  const struct rows *steps, bool full)
{
	double work = rows_seconds(rollout, 0, "remaining");

	(void)buf_addf(out, "Plan %s   ", rows_str(rollout, 0, "rollout"));
	face_text(out, f, rows_str(rollout, 0, "fleet"));
	(void)buf_adds(out, "   ");
	face_text(out, f, rows_str(rollout, 0, "procedure"));
	(void)buf_adds(out, " (");
	face_text(out, f, rows_str(rollout, 0, "procedure_version"));
	(void)buf_adds(out, ")   by ");
	face_text(out, f, rows_str(rollout, 0, "created_by"));
	(void)buf_addf(out, "\n  %s backends, one at a time",
		       rows_str(rollout, 0, "backends"));
	if (work > 0) {
		(void)buf_adds(out, "; about ");
		when_span(out, work);
		(void)buf_adds(out, " of work");
	}
	(void)buf_addc(out, '\n');
	if (rows_bool(rollout, 0, "stale"))
		face_tinted(out, f, TINT_WARN,
			    "  STALE: the inventory changed since; plan again");
	if (rows_bool(rollout, 0, "stale"))
		(void)buf_addc(out, '\n');
	plan_steps(out, f, steps, full);
}
