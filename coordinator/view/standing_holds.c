/*
 * standing_holds.c - why it does not move, since when, and what to type.
 */
#include <string.h>

#include "standing.h"
#include "standing_part.h"
#include "when.h"

/* of commands that have their meaning beside them: it fits in 80 columns */
enum { LINE_MAX_BYTES = 65536, CHOICE_INDENT = 6, CHOICE_WIDTH = 41 };

/* a text on as many lines as it takes, indented, after `label` */
static void
wrapped(struct buf *out, const struct face *f, const char *label,
	const char *text)
{
	size_t margin = 6 + strlen(label), n;
	size_t width = f->width > margin + 10 ? f->width - margin : 0;

	while (*text != '\0') {
		n = width > 0 ? face_words(text, width) : strlen(text);
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

/* Where nothing is cut, what is to be typed is not broken either. */
static struct face
typed(const struct face *f)
{
	struct face t = *f;

	if (f->whole)
		t.width = 0;
	return t;
}

/* one command and what it does: beside it, or below when it is long */
static void
choice(struct buf *out, const struct face *face, const char *command,
       size_t width, const char *what)
{
	const struct face one_line = typed(face), *f = &one_line;
	struct buf line;
	size_t used = face_width(command);

	buf_init(&line, LINE_MAX_BYTES);
	face_pad(&line, CHOICE_INDENT);
	face_text(&line, f, command);
	if (used > width) {
		standing_flush(out, f, &line);
		face_pad(&line, CHOICE_INDENT);
		used = 0;
	}
	face_pad(&line, width - used + 3);
	face_text(&line, f, what);
	standing_flush(out, f, &line);
	buf_free(&line);
}

static bool
choice_of(const struct rows *choices, size_t i, const char *backend)
{
	return strcmp(rows_str(choices, i, "backend"), backend) == 0;
}

bool
standing_choices(struct buf *out, const struct face *f,
		 const struct standing *s, const char *backend)
{
	size_t i, w, width = 0, n = 0;

	for (i = 0; i < rows_count(s->choices); i++) {
		if (!choice_of(s->choices, i, backend))
			continue;
		w = face_width(rows_str(s->choices, i, "command"));
		if (w <= CHOICE_WIDTH)
			width = w > width ? w : width;
		n++;
	}
	if (n > 0)
		(void)buf_adds(out, "    choose one:\n");
	for (i = 0; i < rows_count(s->choices); i++)
		if (choice_of(s->choices, i, backend))
			choice(out, f, rows_str(s->choices, i, "command"),
			       width, rows_str(s->choices, i, "what"));
	return n > 0;
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
	const struct face one_line = typed(f);
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
		else if (!is_turn(s->holds, i) ||
			 !standing_choices(out, f, s,
					   rows_str(s->holds, i, "backend")))
			standing_indented(out, &one_line, "type: ",
					  rows_str(s->holds, i, "type_next"));
	}
	buf_free(&line);
}
