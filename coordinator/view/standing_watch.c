/*
 * standing_watch.c - the screen of `drydock watch`: backends by phases, the
 * drain curve, the last events.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "standing.h"
#include "standing_part.h"
#include "when.h"

enum {
	LINE_MAX_BYTES = 65536,
	PHASES_MAX = 16,
	STATE_WIDTH = 12,
	SPAN_WIDTH = 8,
	SPARK_MAX = 24,
	FOOT = 3, /* a blank line, how to quit, the cursor's line */
};

/* the phases of the rollout, in the order they first appear */
static size_t
phase_names(const struct rows *phases, const char **names)
{
	size_t i, j, n = 0;

	for (i = 0; i < rows_count(phases) && n < PHASES_MAX; i++) {
		const char *name = rows_str(phases, i, "phase");

		for (j = 0; j < n && strcmp(names[j], name) != 0; j++)
			;
		if (j == n)
			names[n++] = name;
	}
	return n;
}

/* as many phase columns as fit beside backend, state and total */
static size_t
phases_fit(const struct face *f, size_t count, size_t backend_width)
{
	size_t fixed = backend_width + 2 + STATE_WIDTH + 2 + SPAN_WIDTH;
	size_t room = f->width > fixed ? f->width - fixed : 0;

	if (f->width == 0)
		return count;
	return count < room / (SPAN_WIDTH + 1) ? count
					       : room / (SPAN_WIDTH + 1);
}

static void
right(struct buf *line, const char *text, size_t width)
{
	size_t used = face_width(text);

	(void)buf_addc(line, ' ');
	face_pad(line, used < width ? width - used : 0);
	(void)buf_adds(line, text);
}

static void
left(struct buf *line, const struct face *f, const char *text, size_t width)
{
	size_t before = line->len, used;

	face_clip(line, f, text, width);
	used = face_width(buf_str(line) + before);
	face_pad(line, used < width ? width - used : 0);
}

static void
phase_cell(struct buf *line, const struct standing *s, const char *backend,
	   const char *phase)
{
	struct buf cell;
	size_t i;

	buf_init(&cell, 100);
	for (i = 0; i < rows_count(s->phases); i++) {
		if (strcmp(rows_str(s->phases, i, "backend"), backend) == 0 &&
		    strcmp(rows_str(s->phases, i, "phase"), phase) == 0 &&
		    rows_text(s->phases, i, "elapsed") != NULL)
			when_span(&cell, rows_seconds(s->phases, i, "elapsed"));
	}
	right(line, buf_str(&cell), SPAN_WIDTH);
	buf_free(&cell);
}

static void
phase_title(struct buf *line, const char *name)
{
	char title[SPAN_WIDTH + 1] = "";
	struct buf text;
	const struct face plain = { .utf8 = false };

	strncat(title, name, SPAN_WIDTH);
	buf_init(&text, 200);
	standing_upper(&text, &plain, title);
	right(line, buf_str(&text), SPAN_WIDTH);
	buf_free(&text);
}

static size_t
backend_width(const struct rows *turns)
{
	size_t i, len, width = strlen("BACKEND");

	for (i = 0; i < rows_count(turns); i++) {
		len = strlen(rows_str(turns, i, "backend"));
		width = len > width ? len : width;
	}
	return width < 20 ? width : 20;
}

static void
state_cell(struct buf *line, const struct face *f, const char *state)
{
	size_t before = line->len, used;

	face_begin(line, f, face_tint(state));
	(void)buf_addf(line, "%s ", face_sign(f, state));
	face_clip(line, f, state, STATE_WIDTH - 2);
	face_end(line, f, face_tint(state));
	used = face_width(buf_str(line) + before);
	face_pad(line, used < STATE_WIDTH ? STATE_WIDTH - used : 0);
}

static void
turn_line(struct buf *line, const struct face *f, const struct standing *s,
	  size_t row, const char *const *phases, size_t count, size_t width)
{
	const char *backend = rows_str(s->turns, row, "backend");
	struct buf total;
	size_t i;

	left(line, f, backend, width);
	(void)buf_adds(line, "  ");
	state_cell(line, f, rows_str(s->turns, row, "state"));
	for (i = 0; i < count; i++)
		phase_cell(line, s, backend, phases[i]);
	buf_init(&total, 100);
	if (rows_text(s->turns, row, "elapsed") != NULL)
		when_span(&total, rows_seconds(s->turns, row, "elapsed"));
	right(line, buf_str(&total), SPAN_WIDTH);
	buf_free(&total);
}

static void
turns_table(struct buf *out, const struct face *f, const struct standing *s)
{
	const char *names[PHASES_MAX];
	size_t i, width = backend_width(s->turns);
	size_t count = phases_fit(f, phase_names(s->phases, names), width);
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	face_begin(&line, f, TINT_BOLD);
	left(&line, f, "BACKEND", width);
	(void)buf_adds(&line, "  ");
	left(&line, f, "STATE", STATE_WIDTH);
	for (i = 0; i < count; i++)
		phase_title(&line, names[i]);
	right(&line, "TOTAL", SPAN_WIDTH);
	face_end(&line, f, TINT_BOLD);
	standing_flush(out, f, &line);
	for (i = 0; i < rows_count(s->turns); i++) {
		turn_line(&line, f, s, i, names, count, width);
		standing_flush(out, f, &line);
	}
	buf_free(&line);
}

static void
steps_block(struct buf *out, const struct face *f, const struct standing *s)
{
	struct buf line;
	size_t i;

	buf_init(&line, LINE_MAX_BYTES);
	for (i = 0; i < rows_count(s->steps); i++) {
		if (i == 0)
			(void)buf_addc(out, '\n');
		standing_step(&line, f, s->steps, i);
		standing_flush(out, f, &line);
	}
	buf_free(&line);
}

static void
drain_line(struct buf *out, const struct face *f, const struct rows *drain)
{
	double values[SPARK_MAX];
	size_t count = rows_count(drain), n, i;
	struct buf line;

	if (count < 2)
		return;
	n = count < SPARK_MAX ? count : SPARK_MAX;
	for (i = 0; i < n; i++)
		values[i] =
			rows_double(drain, i * (count - 1) / (n - 1), "users");
	buf_init(&line, LINE_MAX_BYTES);
	(void)buf_addf(&line, "  users %.0f ", values[0]);
	face_spark(&line, f, values, n);
	(void)buf_addf(&line, " %.0f", values[n - 1]);
	standing_flush(out, f, &line);
	buf_free(&line);
}

static size_t
lines_count(const struct buf *out)
{
	const char *at = buf_str(out);
	size_t n = 0;

	for (; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	return n;
}

/* the last events, as many as the screen has room for */
static void
events_block(struct buf *out, const struct face *f, const struct rows *events)
{
	size_t count = rows_count(events), used = lines_count(out) + FOOT;
	size_t room = f->height == 0	 ? count
		      : f->height > used ? f->height - used
					 : 0;
	size_t i = count > room ? count - room : 0;

	if (i < count)
		(void)buf_addc(out, '\n');
	for (; i < count; i++)
		standing_event(out, f, events, i);
}

void
standing_watch(struct buf *out, const struct face *f, const struct standing *s)
{
	standing_head(out, f, s);
	standing_bar(out, f, s, 0);
	(void)buf_addc(out, '\n');
	turns_table(out, f, s);
	steps_block(out, f, s);
	drain_line(out, f, s->drain);
	if (rows_count(s->holds) > 0)
		(void)buf_addc(out, '\n');
	standing_holds(out, f, s, true);
	if (standing_silent(s))
		standing_coordinator(out, f, s);
	events_block(out, f, s->events);
}
