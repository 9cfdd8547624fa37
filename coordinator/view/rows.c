/*
 * rows.c - the answer to a query: texts found by row and column name.
 */
#include "rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "when.h"

struct column_of {
	char *name;
	enum cell_kind kind;
};

struct rows {
	struct column_of *column;
	size_t columns;
	char **cell; /* columns * count of them */
	size_t count;
	size_t room; /* rows there is memory for */
};

struct rows *
rows_new(size_t columns)
{
	struct rows *r = x_new(struct rows);

	r->column = x_calloc(columns + 1, sizeof(*r->column));
	r->columns = columns;
	return r;
}

void
rows_free(struct rows **rp)
{
	struct rows *r = *rp;
	size_t i;

	*rp = NULL;
	if (r == NULL)
		return;
	for (i = 0; i < r->columns; i++)
		free(r->column[i].name);
	for (i = 0; i < r->columns * r->count; i++)
		free(r->cell[i]);
	free(r->column);
	free(r->cell);
	free(r);
}

void
rows_column(struct rows *r, size_t i, const char *name, enum cell_kind kind)
{
	assert(i < r->columns && r->count == 0);
	x_strset(&r->column[i].name, name);
	r->column[i].kind = kind;
}

void
rows_add(struct rows *r, const char *const *cells)
{
	size_t i;

	if (r->count == r->room) {
		r->room = r->room == 0 ? 8 : r->room * 2;
		r->cell = x_realloc(r->cell, r->room,
				    (r->columns + 1) * sizeof(*r->cell));
	}
	for (i = 0; i < r->columns; i++)
		r->cell[r->count * r->columns + i] = x_strdup(cells[i]);
	r->count++;
}

size_t
rows_count(const struct rows *r)
{
	return r != NULL ? r->count : 0;
}

size_t
rows_columns(const struct rows *r)
{
	return r != NULL ? r->columns : 0;
}

const char *
rows_name(const struct rows *r, size_t column)
{
	assert(column < r->columns);
	return r->column[column].name;
}

enum cell_kind
rows_kind(const struct rows *r, size_t column)
{
	assert(column < r->columns);
	return r->column[column].kind;
}

const char *
rows_cell(const struct rows *r, size_t row, size_t column)
{
	assert(row < r->count && column < r->columns);
	return r->cell[row * r->columns + column];
}

static bool
column_by_name(const struct rows *r, const char *name, size_t *column_r)
{
	size_t i;

	for (i = 0; i < rows_columns(r); i++) {
		if (strcmp(r->column[i].name, name) == 0) {
			*column_r = i;
			return true;
		}
	}
	return false;
}

const char *
rows_text(const struct rows *r, size_t row, const char *name)
{
	size_t column;

	if (row >= rows_count(r) || !column_by_name(r, name, &column))
		return NULL;
	return rows_cell(r, row, column);
}

const char *
rows_str(const struct rows *r, size_t row, const char *name)
{
	const char *text = rows_text(r, row, name);

	return text != NULL ? text : "";
}

int64_t
rows_int(const struct rows *r, size_t row, const char *name)
{
	return strtoll(rows_str(r, row, name), NULL, 10);
}

double
rows_double(const struct rows *r, size_t row, const char *name)
{
	return strtod(rows_str(r, row, name), NULL);
}

bool
rows_bool(const struct rows *r, size_t row, const char *name)
{
	return strcmp(rows_str(r, row, name), "t") == 0;
}

double
rows_seconds(const struct rows *r, size_t row, const char *name)
{
	const char *text = rows_text(r, row, name);
	double seconds;
	size_t column;

	if (text == NULL || !column_by_name(r, name, &column))
		return -1;
	if (r->column[column].kind == CELL_NUMBER)
		return strtod(text, NULL);
	if (r->column[column].kind == CELL_TIME)
		return when_parse_time(text, &seconds) == 0 ? seconds : -1;
	return when_parse_span(text, &seconds) == 0 ? seconds : -1;
}
