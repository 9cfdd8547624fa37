/*
 * rows_csv.c - rows as CSV.
 */
#include "rows_csv.h"

#include <string.h>

#include "utf8.h"

enum { CELL_MAX_BYTES = 4 << 20 };

static void
cell_add(struct buf *out, const char *text, enum cell_kind kind)
{
	struct buf safe;
	const char *p;

	buf_init(&safe, CELL_MAX_BYTES);
	if (kind == CELL_TEXT && *text != '\0' && strchr("=+-@", *text) != NULL)
		(void)buf_addc(&safe, '\'');
	(void)utf8_escape(&safe, text, strlen(text));
	if (strpbrk(buf_str(&safe), ",\"") == NULL) {
		(void)buf_adds(out, buf_str(&safe));
	} else {
		(void)buf_addc(out, '"');
		for (p = buf_str(&safe); *p != '\0'; p++) {
			if (*p == '"')
				(void)buf_addc(out, '"');
			(void)buf_addc(out, *p);
		}
		(void)buf_addc(out, '"');
	}
	buf_free(&safe);
}

void
rows_csv(struct buf *out, const struct rows *r)
{
	size_t row, i;
	const char *cell;

	for (i = 0; i < rows_columns(r); i++) {
		(void)buf_adds(out, i > 0 ? "," : "");
		cell_add(out, rows_name(r, i), CELL_TEXT);
	}
	(void)buf_adds(out, "\r\n");
	for (row = 0; row < rows_count(r); row++) {
		for (i = 0; i < rows_columns(r); i++) {
			(void)buf_adds(out, i > 0 ? "," : "");
			cell = rows_cell(r, row, i);
			if (cell != NULL)
				cell_add(out, cell, rows_kind(r, i));
		}
		(void)buf_adds(out, "\r\n");
	}
}
