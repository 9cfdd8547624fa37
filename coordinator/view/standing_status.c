/*
 * standing_status.c - `drydock status`: where it stands, on half a screen.
 */
#include <string.h>

#include "standing.h"
#include "standing_part.h"
#include "when.h"

enum { LINE_MAX_BYTES = 65536 };

static void
now_lines(struct buf *out, const struct face *f, const struct standing *s)
{
	struct buf line;
	size_t i;

	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->steps); i++) {
		(void)buf_adds(&line, i == 0 ? "  now   " : "        ");
		standing_step(&line, f, s->steps, i);
		standing_flush(out, f, &line);
	}
	buf_free(&line);
}

/* backends whose turn is in `state`, after a label; nothing when none is */
static void
turns_line(struct buf *out, const struct face *f, const struct standing *s,
	   const char *label, const char *state)
{
	struct buf line;
	size_t i, n = 0;

	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->turns); i++) {
		if (strcmp(rows_str(s->turns, i, "state"), state) != 0)
			continue;
		(void)buf_adds(&line, n++ == 0 ? label : ", ");
		face_text(&line, f, rows_str(s->turns, i, "backend"));
	}
	if (n > 0)
		standing_flush(out, f, &line);
	buf_free(&line);
}

static void
count_add(struct buf *line, const struct rows *fleet, const char *name,
	  const char *word)
{
	long long n = (long long)rows_int(fleet, 0, name);

	if (n > 0)
		(void)buf_addf(line, ", %lld %s", n, word);
}

static void
fleet_line(struct buf *out, const struct face *f, const struct rows *fleet)
{
	struct buf line;

	if (rows_count(fleet) == 0)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_addf(&line, "  fleet %lld in service",
		       (long long)rows_int(fleet, 0, "in_service"));
	if (rows_text(fleet, 0, "out_backend") != NULL) {
		(void)buf_adds(&line, ", out: ");
		face_text(&line, f, rows_str(fleet, 0, "out_backend"));
	}
	count_add(&line, fleet, "not_seen", "not seen lately");
	count_add(&line, fleet, "excluded", "excluded");
	(void)buf_adds(&line, "; ");
	face_text(&line, f, rows_str(fleet, 0, "min_up"));
	(void)buf_adds(&line, " must stay up");
	standing_flush(out, f, &line);
	buf_free(&line);
}

/* "  SILENT  mail2  since 3m", and below it why, and what to type */
static void
told_lines(struct buf *out, const struct face *f, const char *word,
	   const char *name, double since, const char *why, const char *type)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_adds(&line, "  ");
	face_tinted(&line, f, TINT_WARN, word);
	(void)buf_adds(&line, "  ");
	face_text(&line, f, name);
	if (since >= 0 && since < f->now) {
		(void)buf_adds(&line, "  since ");
		when_span(&line, f->now - since);
	}
	standing_flush(out, f, &line);
	standing_indented(out, f, "", why);
	standing_indented(out, f, "type: ", type);
	buf_free(&line);
}

static void
left_out_lines(struct buf *out, const struct face *f, const struct rows *left)
{
	for (size_t i = 0; i < rows_count(left); i++)
		told_lines(out, f,
			   rows_bool(left, i, "include_asked") ? "WAITING"
							       : "OUT",
			   rows_str(left, i, "backend"),
			   rows_seconds(left, i, "since"),
			   rows_str(left, i, "why"),
			   rows_str(left, i, "type_next"));
}

static void
silent_lines(struct buf *out, const struct face *f, const struct rows *silent)
{
	for (size_t i = 0; i < rows_count(silent); i++)
		told_lines(out, f, "SILENT", rows_str(silent, i, "host"),
			   rows_seconds(silent, i, "silent_since"),
			   rows_str(silent, i, "why_silent"),
			   rows_str(silent, i, "type_next"));
}

static void
start_line(struct buf *out, const struct face *f, const struct standing *s)
{
	const char *state = rows_str(s->rollout, 0, "state");
	const char *id = rows_str(s->rollout, 0, "rollout");
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	if (strcmp(state, "planned") == 0)
		(void)buf_addf(&line, "      type: drydock start %s", id);
	if (strcmp(state, "scheduled") == 0) {
		(void)buf_adds(&line, "  starts ");
		when_day(&line, rows_seconds(s->rollout, 0, "start_at"),
			 f->now);
		(void)buf_addf(&line, "; to take it back: drydock cancel %s",
			       id);
	}
	if (line.len > 0)
		standing_flush(out, f, &line);
	buf_free(&line);
}

/* what an ended rollout left out of service: no hold says so any more */
static void
left_out(struct buf *out, const struct face *f, const struct standing *s)
{
	struct buf line;
	size_t i;

	if (rows_text(s->rollout, 0, "finished_at") == NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->turns); i++) {
		const char *state = rows_str(s->turns, i, "state");

		if (strcmp(state, "out") != 0 && strcmp(state, "skipped") != 0)
			continue;
		if (standing_choices(&line, f, s,
				     rows_str(s->turns, i, "backend")))
			(void)buf_adds(out, buf_str(&line));
		buf_clear(&line);
	}
	buf_free(&line);
}

void
standing_text(struct buf *out, const struct face *f, const struct standing *s)
{
	standing_head(out, f, s);
	standing_bar(out, f, s, 2);
	start_line(out, f, s);
	now_lines(out, f, s);
	/* whom an ended rollout did not come to has no turn any more */
	turns_line(out, f, s,
		   standing_end(s) == STANDING_ENDED_BADLY ? "  left  "
							   : "  next  ",
		   "waiting");
	turns_line(out, f, s, "  out   ", "out");
	turns_line(out, f, s, "  left  ", "skipped");
	standing_holds(out, f, s, false);
	left_out(out, f, s);
	fleet_line(out, f, s->fleet);
	left_out_lines(out, f, s->left_out);
	silent_lines(out, f, s->silent);
	standing_coordinator(out, f, s);
}

void
standing_idle(struct buf *out, const struct face *f, const struct standing *s)
{
	standing_holds(out, f, s, false);
	fleet_line(out, f, s->fleet);
	left_out_lines(out, f, s->left_out);
	silent_lines(out, f, s->silent);
	standing_coordinator(out, f, s);
}
