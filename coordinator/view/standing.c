/*
 * standing.c - what a rollout's standing means, and its parts in words.
 */
#include "standing.h"

#include <ctype.h>
#include <string.h>

#include "rows_json.h"
#include "standing_part.h"
#include "when.h"

enum { LINE_MAX_BYTES = 65536, BAR = 28 };

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

void
standing_free(struct standing *s)
{
	rows_free(&s->rollout);
	rows_free(&s->turns);
	rows_free(&s->phases);
	rows_free(&s->steps);
	rows_free(&s->holds);
	rows_free(&s->fleet);
	rows_free(&s->coordinator);
	rows_free(&s->drain);
	rows_free(&s->events);
}

enum standing_end
standing_end(const struct standing *s)
{
	static const char *const bad[] = { "aborted", "cancelled", "incomplete",
					   NULL };
	static const char *const person[] = { "pause", "turn", "approval",
					      NULL };
	const char *state = rows_str(s->rollout, 0, "state");
	size_t i;

	if (strcmp(state, "succeeded") == 0)
		return STANDING_SUCCEEDED;
	if (is_one_of(state, bad))
		return STANDING_ENDED_BADLY;
	for (i = 0; i < rows_count(s->holds); i++)
		if (is_one_of(rows_str(s->holds, i, "kind"), person))
			return STANDING_NEEDS_PERSON;
	return STANDING_GOES_ON;
}

bool
standing_silent(const struct standing *s)
{
	if (rows_count(s->coordinator) == 0)
		return true;
	return rows_text(s->coordinator, 0, "stopped_at") != NULL ||
	       rows_seconds(s->coordinator, 0, "silent_for") > STANDING_SILENT;
}

void
standing_flush(struct buf *out, const struct face *f, struct buf *line)
{
	face_line(out, f, buf_str(line));
	(void)buf_addc(out, '\n');
	buf_clear(line);
}

void
standing_upper(struct buf *out, const struct face *f, const char *text)
{
	char word[40];
	size_t i, len = strlen(text);

	len = len < sizeof(word) - 1 ? len : sizeof(word) - 1;
	for (i = 0; i < len; i++)
		word[i] = (char)toupper((unsigned char)text[i]);
	word[len] = '\0';
	face_tinted(out, f, face_tint(text), word);
}

void
standing_head(struct buf *out, const struct face *f, const struct standing *s)
{
	const struct rows *r = s->rollout;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_addf(&line, "Rollout %s  ", rows_str(r, 0, "rollout"));
	face_text(&line, f, rows_str(r, 0, "fleet"));
	(void)buf_adds(&line, "  ");
	face_text(&line, f, rows_str(r, 0, "procedure"));
	(void)buf_adds(&line, "   ");
	standing_upper(&line, f, rows_str(r, 0, "state"));
	if (rows_text(r, 0, "ending") != NULL)
		face_tinted(&line, f, TINT_WARN, "   being aborted");
	(void)buf_adds(&line, "   by ");
	face_text(&line, f, rows_str(r, 0, "created_by"));
	standing_flush(out, f, &line);
	buf_free(&line);
}

/* "~1h 31m left, about 02:52", "took 1h 49m" */
static void
time_left(struct buf *line, const struct face *f, const struct rows *r)
{
	double left = rows_seconds(r, 0, "remaining");
	double eta = rows_seconds(r, 0, "eta");

	if (rows_text(r, 0, "finished_at") != NULL) {
		(void)buf_adds(line, "   took ");
		when_span(line, rows_seconds(r, 0, "active"));
		return;
	}
	if (left < 0)
		return;
	(void)buf_adds(line, "   ~");
	when_span(line, left);
	(void)buf_adds(line, " left");
	if (eta > f->now) {
		(void)buf_adds(line, ", about ");
		when_minute(line, eta);
	}
}

void
standing_bar(struct buf *out, const struct face *f, const struct standing *s,
	     size_t indent)
{
	const struct rows *r = s->rollout;
	struct buf line;

	if (rows_text(r, 0, "percent") == NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	face_pad(&line, indent);
	face_bar(&line, rows_double(r, 0, "percent"), BAR);
	(void)buf_addf(&line, " %3.0f %%   %lld of %lld backends",
		       rows_double(r, 0, "percent"),
		       (long long)rows_int(r, 0, "backends_done"),
		       (long long)rows_int(r, 0, "backends_total"));
	time_left(&line, f, r);
	standing_flush(out, f, &line);
	buf_free(&line);
}

void
standing_step(struct buf *out, const struct face *f, const struct rows *steps,
	      size_t row)
{
	const char *state = rows_str(steps, row, "state");
	double elapsed = rows_seconds(steps, row, "elapsed");
	double expected = rows_seconds(steps, row, "expected");

	face_text(out, f, rows_str(steps, row, "backend"));
	(void)buf_adds(out, "  ");
	face_text(out, f, rows_str(steps, row, "phase"));
	(void)buf_adds(out, "  ");
	face_text(out, f, rows_str(steps, row, "step"));
	if (strcmp(state, "running") != 0) {
		(void)buf_adds(out, "  ");
		standing_upper(out, f, state);
	}
	if (elapsed >= 0) {
		(void)buf_adds(out, "   ");
		when_span(out, elapsed);
	}
	if (elapsed >= 0 && expected > 0 && strcmp(state, "running") == 0) {
		(void)buf_adds(out, " of about ");
		when_span(out, expected);
	}
	if (rows_text(steps, row, "message") != NULL) {
		(void)buf_adds(out, "   ");
		face_text(out, f, rows_str(steps, row, "message"));
	}
}

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

/* each line of a text, made harmless */
static void
indented(struct buf *out, const struct face *f, const char *label,
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
	indented(out, f, "", rows_str(r, 0, "pause_reason"));
	indented(out, f, "", rows_str(r, 0, "pause_rests"));
	buf_free(&line);
}

void
standing_holds(struct buf *out, const struct face *f, const struct standing *s)
{
	struct buf line;
	size_t i;

	pausing(out, f, s->rollout);
	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->holds); i++) {
		hold_head(&line, f, s->holds, i);
		standing_flush(out, f, &line);
		indented(out, f, "", rows_str(s->holds, i, "why"));
		indented(out, f, "type: ", rows_str(s->holds, i, "type_next"));
	}
	buf_free(&line);
}

void
standing_coordinator(struct buf *out, const struct face *f,
		     const struct standing *s)
{
	const struct rows *c = s->coordinator;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	if (rows_count(c) == 0) {
		face_tinted(&line, f, TINT_BAD, "NO COORDINATOR");
		(void)buf_adds(&line, " has this fleet: nothing moves");
		standing_flush(out, f, &line);
		indented(out, f, "type: ", "systemctl start drydockd");
		buf_free(&line);
		return;
	}
	(void)buf_adds(&line, "coordinator ");
	face_text(&line, f, rows_str(c, 0, "coordinator"));
	if (standing_silent(s))
		face_tinted(&line, f, TINT_BAD,
			    rows_text(c, 0, "stopped_at") != NULL
				    ? " STOPPED"
				    : " SILENT: nothing moves");
	(void)buf_adds(&line, ", heartbeat ");
	when_span(&line, rows_seconds(c, 0, "silent_for"));
	(void)buf_adds(&line, " ago");
	standing_flush(out, f, &line);
	if (standing_silent(s)) {
		(void)buf_adds(&line, "systemctl status drydockd   (on ");
		(void)buf_adds(&line, rows_text(c, 0, "host") != NULL
					      ? rows_str(c, 0, "host")
					      : "its machine");
		(void)buf_addc(&line, ')');
		indented(out, f, "type: ", buf_str(&line));
	}
	buf_free(&line);
}

void
standing_event(struct buf *out, const struct face *f, const struct rows *events,
	       size_t row)
{
	const char *severity = rows_str(events, row, "severity");
	enum tint tint = strcmp(severity, "error") == 0	    ? TINT_BAD
			 : strcmp(severity, "warning") == 0 ? TINT_WARN
							    : TINT_NONE;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	when_clock(&line, rows_seconds(events, row, "at"));
	(void)buf_addc(&line, ' ');
	face_begin(&line, f, tint);
	(void)buf_addf(&line, "%-7s", severity);
	face_end(&line, f, tint);
	(void)buf_addc(&line, ' ');
	if (rows_text(events, row, "backend") != NULL) {
		face_text(&line, f, rows_str(events, row, "backend"));
		(void)buf_addc(&line, ' ');
	}
	face_text(&line, f, rows_str(events, row, "message"));
	if (rows_text(events, row, "actor") != NULL) {
		(void)buf_adds(&line, " (");
		face_text(&line, f, rows_str(events, row, "actor"));
		(void)buf_addc(&line, ')');
	}
	standing_flush(out, f, &line);
	buf_free(&line);
}

void
standing_json(struct buf *out, const struct standing *s)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_object(&o, NULL);
	json_out_int(&o, "api", 1);
	rows_json_one(&o, "rollout", s->rollout, 0);
	rows_json_all(&o, "turns", s->turns);
	rows_json_all(&o, "steps", s->steps);
	rows_json_all(&o, "holds", s->holds);
	rows_json_one(&o, "fleet", s->fleet, 0);
	rows_json_one(&o, "coordinator", s->coordinator, 0);
	json_out_bool(&o, "coordinator_silent", standing_silent(s));
	json_out_end(&o);
	(void)buf_addc(out, '\n');
}
