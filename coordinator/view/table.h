/*
 * table.h - rows as a table for people.
 *
 * A column is a row of a table in turn: title, the view's column, how it is
 * shown.  Columns without any value are left out; when the terminal is too
 * narrow, those with the highest `drop` go first, then the last is cut.
 */
#ifndef DRYDOCK_TABLE_H
#define DRYDOCK_TABLE_H

#include "buf.h"
#include "face.h"
#include "rows.h"

enum show {
	SHOW_TEXT,
	SHOW_STATE, /* sign and word, tinted */
	SHOW_RIGHT, /* numbers */
	SHOW_SPAN,  /* an interval, or seconds */
	SHOW_MS,    /* milliseconds */
	SHOW_SINCE, /* a time, as how long ago */
	SHOW_CLOCK, /* a time, as 01:58:30 */
	SHOW_DAY,   /* a time, as 24 Nov 01:00 */
	SHOW_YES,   /* a bool: yes, no, "?" for null */
	SHOW_LIST,  /* text[]: words */
	SHOW_SHORT, /* the first 12 characters: a sha256 */
};

struct column {
	const char *title;
	const char *name;
	enum show show;
	unsigned int drop; /* 0: never */
};

/* `columns` ends with a row without a title */
void table_write(struct buf *out, const struct face *f, const struct rows *r,
		 const struct column *columns);

/* one cell, as the table would show it, without padding */
void table_cell(struct buf *out, const struct face *f, const struct rows *r,
		size_t row, const struct column *column);

#endif
