/*
 * standing_holds.c - why it does not move, since when, and what to type.
 */
#include <stdarg.h>
#include <string.h>

#include "standing.h"
#include "standing_part.h"
#include "when.h"

enum { LINE_MAX_BYTES = 65536, CHOICE_WIDTH = 48 };

/* break at a blank if there is one in the second half */
static size_t
word_end(const char *text, size_t n)
{
	size_t at = n;

	while (at > n / 2 && text[at] != ' ')
		at--;
	return at > n / 2 ? at : n;
}

/* a text on as many lines as it takes, indented, after `label` */
static void
wrapped(struct buf *out, const struct face *f, const char *label,
	const char *text)
{
	size_t margin = 6 + strlen(label), n;
	size_t width = f->width > margin + 10 ? f->width - margin : 0;

	while (*text != '\0') {
		n = width > 0 ? face_fits(text, width) : strlen(text);
		n = text[n] != '\0' ? word_end(text, n) : n;
		(void)buf_addf(out, "      %s%.*s\n", label, (int)n, text);
		text += n;
		text += *text == ' ' ? 1 : 0;
		/* the next lines stand below the first */
		label = label[0] == '\0' ? "" : "      ";
	}
}

void
standing_indented(struct buf *out, const struct face *f, const char *label,
		  const char *text)
{
	struct buf raw, safe;
	size_t len;

	buf_init(&raw, LINE_MAX_BYTES);
	buf_init(&safe, LINE_MAX_BYTES);
	while (*text != '\0') {
		len = strcspn(text, "\n");
		buf_clear(&raw);
		buf_clear(&safe);
		(void)buf_add(&raw, text, len);
		face_text(&safe, f, buf_str(&raw));
		wrapped(out, f, label, buf_str(&safe));
		label = label[0] == '\0' ? "" : "      ";
		text += len + (text[len] == '\n' ? 1 : 0);
	}
	buf_free(&raw);
	buf_free(&safe);
}

static const char *
hold_word(const char *kind)
{
	static const struct {
		const char *kind, *word;
	} words[] = {
		{ "pause", "PAUSED" },	    { "turn", "HELD" },
		{ "window", "WAITING" },    { "approval", "APPROVAL" },
		{ "gate", "WAITING" },	    { "contact", "NO CONTACT" },
		{ "database", "DATABASE" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].kind, kind) == 0)
			return words[i].word;
	return "HOLD";
}

static void
hold_head(struct buf *line, const struct face *f, const struct rows *holds,
	  size_t i)
{
	bool critical = rows_bool(holds, i, "critical");
	double since = rows_seconds(holds, i, "since");
	double until = rows_seconds(holds, i, "until");

	(void)buf_adds(line, "  ");
	face_tinted(line, f, critical ? TINT_BAD : TINT_WARN,
		    hold_word(rows_str(holds, i, "kind")));
	if (critical)
		face_tinted(line, f, TINT_BAD, " (critical)");
	if (rows_text(holds, i, "backend") != NULL) {
		(void)buf_adds(line, "  ");
		face_text(line, f, rows_str(holds, i, "backend"));
	}
	if (rows_text(holds, i, "gate") != NULL) {
		(void)buf_adds(line, "  ");
		face_text(line, f, rows_str(holds, i, "gate"));
	}
	(void)buf_adds(line, "  since ");
	when_span(line, since >= 0 && f->now > since ? f->now - since : 0);
	if (rows_text(holds, i, "by") != NULL) {
		(void)buf_adds(line, ", by ");
		face_text(line, f, rows_str(holds, i, "by"));
	}
	if (until > 0) {
		(void)buf_adds(line, ", until ");
		when_day(line, until, f->now);
	}
}

/* one command, and beside it what it does */
static void
choice(struct buf *out, const struct face *f, const char *what,
       const char *format, ...) __attribute__((format(printf, 4, 5)));
static void
choice(struct buf *out, const struct face *f, const char *what,
       const char *format, ...)
{
	struct buf line;
	va_list ap;

	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_adds(&line, "      ");
	va_start(ap, format);
	(void)buf_vaddf(&line, format, ap);
	va_end(ap);
	if (f->width == 0 || f->width > CHOICE_WIDTH + 30) {
		face_pad(&line,
			 line.len < CHOICE_WIDTH ? CHOICE_WIDTH - line.len : 1);
		(void)buf_addf(&line, " %s", what);
	}
	standing_flush(out, f, &line);
	buf_free(&line);
}

/* the step of a held backend of which nobody knows whether it happened */
static const char *
unknown_step(const struct rows *steps, const char *backend)
{
	size_t i;

	for (i = 0; i < rows_count(steps); i++)
		if (strcmp(rows_str(steps, i, "backend"), backend) == 0 &&
		    strcmp(rows_str(steps, i, "state"), "unknown") == 0)
			return rows_str(steps, i, "step");
	return NULL;
}

/* what a person may decide about a held backend; its name is [a-z0-9.-] */
static void
turn_choices(struct buf *out, const struct face *f, const struct standing *s,
	     const char *backend)
{
	const char *id = rows_str(s->rollout, 0, "rollout");
	const char *step = unknown_step(s->steps, backend);
	const char *gone = rows_text(s->fleet, 0, "out_backend");
	bool is_out = gone != NULL && strcmp(gone, backend) == 0;

	(void)buf_adds(out, "    choose one:\n");
	choice(out, f, "see what it printed",
	       "drydock log %s --backend %s --output", id, backend);
	if (step != NULL)
		choice(out, f, "look there, then say what happened",
		       "drydock settle %s %s --done|--not-done", id, step);
	else
		choice(out, f, "the failed step again, then on",
		       "drydock retry %s %s", id, backend);
	choice(out, f, "undo it, prove it, return it", "drydock restore %s %s",
	       id, backend);
	choice(out, f,
	       is_out ? "it stays out and is yours"
		      : "leave it, go on with the next",
	       "drydock skip %s %s%s", id, backend,
	       is_out ? " --accept-out" : "");
	choice(out, f, "end the rollout", "drydock abort %s", id);
}

static void
turn_brief(struct buf *out, const struct face *f, const struct standing *s)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_addf(&line, "drydock status %s   shows what can be done",
		       rows_str(s->rollout, 0, "rollout"));
	standing_indented(out, f, "type: ", buf_str(&line));
	buf_free(&line);
}

static bool
is_turn(const struct rows *holds, size_t i)
{
	return strcmp(rows_str(holds, i, "kind"), "turn") == 0 &&
	       rows_text(holds, i, "backend") != NULL;
}

/* a pause that was asked for and has not come to rest is no hold yet */
static void
pausing(struct buf *out, const struct face *f, const struct rows *r)
{
	struct buf line;

	if (rows_text(r, 0, "pause_mode") == NULL ||
	    rows_text(r, 0, "paused_at") != NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_adds(&line, "  ");
	face_tinted(&line, f, TINT_WARN, "PAUSING");
	(void)buf_adds(&line, "  by ");
	face_text(&line, f, rows_str(r, 0, "paused_by"));
	standing_flush(out, f, &line);
	standing_indented(out, f, "", rows_str(r, 0, "pause_reason"));
	standing_indented(out, f, "", rows_str(r, 0, "pause_rests"));
	buf_free(&line);
}

void
standing_holds(struct buf *out, const struct face *f, const struct standing *s,
	       bool brief)
{
	struct buf line;
	size_t i;

	pausing(out, f, s->rollout);
	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->holds); i++) {
		hold_head(&line, f, s->holds, i);
		standing_flush(out, f, &line);
		standing_indented(out, f, "", rows_str(s->holds, i, "why"));
		if (is_turn(s->holds, i) && brief)
			turn_brief(out, f, s);
		else if (is_turn(s->holds, i))
			turn_choices(out, f, s,
				     rows_str(s->holds, i, "backend"));
		else
			standing_indented(out, f, "type: ",
					  rows_str(s->holds, i, "type_next"));
	}
	buf_free(&line);
}
