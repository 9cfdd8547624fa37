/*
 * standing.c - what a rollout's standing means, and its parts in words.
 */
#include "standing.h"

#include <ctype.h>
#include <string.h>

#include "num.h"
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
	rows_free(&s->choices);
	rows_free(&s->fleet);
	rows_free(&s->coordinator);
	rows_free(&s->nobody);
	rows_free(&s->left_out);
	rows_free(&s->silent);
	rows_free(&s->drain);
	rows_free(&s->events);
}

/* Does it last until somebody comes?  Most gates open by themselves. */
static bool
hold_needs_person(const struct rows *holds, size_t i)
{
	static const char *const always[] = { "pause", "approval", "database",
					      NULL };
	static const char *const critical[] = { "gate", "contact", NULL };
	const char *kind = rows_str(holds, i, "kind");

	return is_one_of(kind, always) || (is_one_of(kind, critical) &&
					   rows_bool(holds, i, "critical"));
}

enum standing_end
standing_end(const struct standing *s)
{
	static const char *const bad[] = { "aborted", "cancelled", "incomplete",
					   NULL };
	const char *state = rows_str(s->rollout, 0, "state");
	size_t i;

	if (strcmp(state, "succeeded") == 0)
		return STANDING_SUCCEEDED;
	if (is_one_of(state, bad))
		return STANDING_ENDED_BADLY;
	/* held, but a person has answered: that is not `halted` any more */
	if (strcmp(state, "halted") == 0)
		return STANDING_NEEDS_PERSON;
	for (i = 0; i < rows_count(s->holds); i++)
		if (hold_needs_person(s->holds, i))
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
	if (rows_text(r, 0, "ending") != NULL &&
	    standing_end(s) != STANDING_ENDED_BADLY)
		face_tinted(&line, f, TINT_WARN, "   being aborted");
	(void)buf_adds(&line, "   by ");
	face_text(&line, f, rows_str(r, 0, "created_by"));
	standing_flush(out, f, &line);
	buf_free(&line);
}

/* "~1h 12m-1h 50m left"; "~40m left, about 02:52"; "took 1h 49m" */
static void
time_left(struct buf *line, const struct face *f, const struct rows *r)
{
	double left = rows_seconds(r, 0, "remaining");
	double low = rows_seconds(r, 0, "remaining_low");
	double high = rows_seconds(r, 0, "remaining_high");
	double eta = rows_seconds(r, 0, "eta");

	if (rows_text(r, 0, "finished_at") != NULL) {
		(void)buf_adds(line, "   took ");
		when_span(line, rows_seconds(r, 0, "active"));
		return;
	}
	if (left < 0)
		return;
	(void)buf_adds(line, "   ~");
	if (low >= 0 && low < high) {
		when_span(line, low);
		(void)buf_adds(line, "-");
		left = high;
		eta = 0; /* a range leaves no room for it */
	}
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
	int64_t total = rows_int(r, 0, "backends_total");
	struct buf line;

	if (rows_text(r, 0, "percent") == NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	face_pad(&line, indent);
	face_bar(&line, rows_double(r, 0, "percent"), BAR);
	(void)buf_addf(&line, " %3.0f %%   %lld of %lld %s",
		       rows_double(r, 0, "percent"),
		       (long long)rows_int(r, 0, "backends_done"),
		       (long long)total,
		       num_noun((uint64_t)total, "backend", "backends"));
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

/* Why nobody drives it, as far as the database knows, and what to type. */
static void
coordinator_nobody(struct buf *out, const struct face *f,
		   const struct standing *s)
{
	if (rows_count(s->nobody) == 0)
		return;
	standing_indented(out, f, "", rows_str(s->nobody, 0, "why"));
	standing_indented(out, f,
			  "type: ", rows_str(s->nobody, 0, "type_next"));
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
	} else {
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
	}
	standing_flush(out, f, &line);
	buf_free(&line);
	if (standing_silent(s))
		coordinator_nobody(out, f, s);
}

void
standing_event(struct buf *out, const struct face *f, const struct rows *events,
	       size_t row)
{
	const char *severity = rows_str(events, row, "severity");
	const char *message = rows_str(events, row, "message");
	const char *backend = rows_str(events, row, "backend");
	/* many a sentence begins with its name */
	bool says_backend = strncmp(message, backend, strlen(backend)) == 0;
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
	if (rows_text(events, row, "backend") != NULL && !says_backend) {
		face_text(&line, f, rows_str(events, row, "backend"));
		(void)buf_addc(&line, ' ');
	}
	face_text(&line, f, message);
	if (rows_text(events, row, "person") != NULL) {
		(void)buf_adds(&line, " (");
		face_text(&line, f, rows_str(events, row, "person"));
		(void)buf_addc(&line, ')');
	}
	standing_flush(out, f, &line);
	buf_free(&line);
}

void
standing_json(struct buf *out, const struct standing *s)
{
	struct json_out o;

	doc_begin(&o, out);
	rows_json_one(&o, "rollout", s->rollout, 0);
	rows_json_all(&o, "turns", s->turns);
	rows_json_all(&o, "steps", s->steps);
	rows_json_all(&o, "holds", s->holds);
	rows_json_all(&o, "choices", s->choices);
	rows_json_one(&o, "fleet", s->fleet, 0);
	rows_json_one(&o, "coordinator", s->coordinator, 0);
	rows_json_one(&o, "no_coordinator", s->nobody, 0);
	rows_json_all(&o, "left_out", s->left_out);
	rows_json_all(&o, "silent_hosts", s->silent);
	json_out_bool(&o, "coordinator_silent", standing_silent(s));
	doc_end(&o, out);
}
