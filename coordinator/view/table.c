/*
 * table.c - rows as a table for people.
 */
#include "table.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "array.h"
#include "when.h"

enum { COLUMNS_MAX = 24, CELL_MAX = 65536, GAP = 2, SHORT = 12 };

struct table {
	const struct face *f;
	const struct rows *r;
	const struct column *column[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	char **text[COLUMNS_MAX]; /* one per row */
	size_t columns;
};

static void
cell_state(struct buf *out, const struct face *f, const char *text)
{
	enum tint tint = face_tint(text);

	face_begin(out, f, tint);
	(void)buf_addf(out, "%s ", face_sign(f, text));
	face_text(out, f, text);
	face_end(out, f, tint);
}

static void
cell_time(struct buf *out, const struct face *f, enum show show, double value)
{
	if (value < 0)
		return;
	if (show == SHOW_CLOCK)
		when_clock(out, value);
	else if (show == SHOW_DAY)
		when_day(out, value, f->now);
	else if (show == SHOW_SINCE)
		when_span(out, f->now > value ? f->now - value : 0);
	else
		when_span(out, value);
}

void
table_cell(struct buf *out, const struct face *f, const struct rows *r,
	   size_t row, const struct column *c)
{
	const char *text = rows_text(r, row, c->name);
	char brief[SHORT + 1] = "";

	if (text == NULL) {
		if (c->show == SHOW_YES)
			(void)buf_adds(out, "?");
		return;
	}
	switch (c->show) {
	case SHOW_STATE:
		cell_state(out, f, text);
		break;
	case SHOW_SPAN:
	case SHOW_SINCE:
	case SHOW_CLOCK:
	case SHOW_DAY:
		cell_time(out, f, c->show, rows_seconds(r, row, c->name));
		break;
	case SHOW_MS:
		when_span(out, rows_double(r, row, c->name) / 1000);
		break;
	case SHOW_YES:
		(void)buf_adds(out, rows_bool(r, row, c->name) ? "yes" : "no");
		break;
	case SHOW_LIST:
		array_write_words(out, f, text);
		break;
	case SHOW_SHORT:
		strncat(brief, text, SHORT);
		face_text(out, f, brief);
		break;
	case SHOW_TEXT:
	case SHOW_RIGHT:
		face_text(out, f, text);
		break;
	}
}

static void
table_fill(struct table *t, const struct column *c)
{
	size_t i, row, width, count = rows_count(t->r);
	char **text = x_calloc(count + 1, sizeof(*text));
	struct buf cell;
	bool any = false;

	buf_init(&cell, CELL_MAX);
	i = t->columns;
	assert(i < COLUMNS_MAX);
	t->width[i] = face_width(c->title);
	for (row = 0; row < count; row++) {
		buf_clear(&cell);
		table_cell(&cell, t->f, t->r, row, c);
		width = face_width(buf_str(&cell));
		t->width[i] = width > t->width[i] ? width : t->width[i];
		any = any || cell.len > 0;
		text[row] = x_strdup(buf_str(&cell));
	}
	buf_free(&cell);
	t->column[i] = c;
	t->text[i] = text;
	t->columns += 1;
	if (any || count == 0)
		return;
	for (row = 0; row < count; row++)
		x_free(&text[row]);
	x_free(&t->text[i]);
	t->columns -= 1;
}

static size_t
table_width(const struct table *t)
{
	size_t i, sum = 0;

	for (i = 0; i < t->columns; i++)
		sum += t->width[i] + (i > 0 ? GAP : 0);
	return sum;
}

static void
table_drop(struct table *t, size_t i)
{
	size_t row;

	for (row = 0; row < rows_count(t->r); row++)
		x_free(&t->text[i][row]);
	x_free(&t->text[i]);
	for (; i + 1 < t->columns; i++) {
		t->column[i] = t->column[i + 1];
		t->width[i] = t->width[i + 1];
		t->text[i] = t->text[i + 1];
	}
	t->columns--;
}

/* take columns away, the least important first, until it fits */
static void
table_narrow(struct table *t)
{
	size_t i, worst;

	while (t->f->width > 0 && table_width(t) > t->f->width) {
		worst = 0;
		for (i = 1; i < t->columns; i++)
			if (t->column[i]->drop >= t->column[worst]->drop)
				worst = i;
		if (t->columns == 0 || t->column[worst]->drop == 0)
			return;
		table_drop(t, worst);
	}
}

static bool
shown_right(enum show show)
{
	return show == SHOW_RIGHT || show == SHOW_SPAN || show == SHOW_MS ||
	       show == SHOW_SINCE;
}

static void
table_line(struct buf *out, const struct table *t, size_t row, bool title)
{
	struct buf line;
	const char *text;
	size_t i, pad;

	buf_init(&line, CELL_MAX * 4);
	for (i = 0; i < t->columns; i++) {
		text = title ? t->column[i]->title : t->text[i][row];
		pad = t->width[i] - face_width(text);
		if (shown_right(t->column[i]->show))
			face_pad(&line, pad);
		(void)buf_adds(&line, text);
		if (i + 1 < t->columns)
			face_pad(&line,
				 GAP + (shown_right(t->column[i]->show) ? 0
									: pad));
	}
	while (line.len > 0 && buf_str(&line)[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	face_line(out, t->f, buf_str(&line));
	(void)buf_addc(out, '\n');
	buf_free(&line);
}

void
table_write(struct buf *out, const struct face *f, const struct rows *r,
	    const struct column *columns)
{
	struct table t = { .f = f, .r = r };
	const struct column *c;
	size_t row;

	for (c = columns; c->title != NULL; c++)
		table_fill(&t, c);
	table_narrow(&t);
	face_begin(out, f, TINT_BOLD);
	table_line(out, &t, 0, true);
	face_end(out, f, TINT_BOLD);
	for (row = 0; row < rows_count(r); row++)
		table_line(out, &t, row, false);
	while (t.columns > 0)
		table_drop(&t, t.columns - 1);
}
