/*
 * rows.h - the answer to a query: texts found by row and column name.
 *
 * What the renderers read: fetched once, rendered many ways.  Texts are as
 * PostgreSQL prints them with timezone UTC, datestyle ISO and intervalstyle
 * postgres.  A column that is not there reads as null: views grow.
 */
#ifndef DRYDOCK_ROWS_H
#define DRYDOCK_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cell_kind {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_BOOL,
	CELL_JSON,
	CELL_SPAN, /* interval: "1 day 02:03:04.5" */
	CELL_TIME, /* timestamptz: "2026-11-22 00:32:05.123+00" */
	CELL_LIST, /* text[]: {a,"b c"} */
};

struct rows;

struct rows *rows_new(size_t columns);
void rows_free(struct rows **r); /* NULL-safe */

/* name and kind of column i; before the first rows_add() */
void
rows_column(struct rows *r, size_t i, const char *name, enum cell_kind kind);
/* one text per column, NULL for null; copied */
void rows_add(struct rows *r, const char *const *cells);

/* 0 for NULL */
size_t rows_count(const struct rows *r);
size_t rows_columns(const struct rows *r);
const char *rows_name(const struct rows *r, size_t column);
enum cell_kind rows_kind(const struct rows *r, size_t column);
const char *rows_cell(const struct rows *r, size_t row, size_t column);

/* By name; NULL: null, no such column, no such row. */
const char *rows_text(const struct rows *r, size_t row, const char *name);
/* The text, or "" for NULL. */
const char *rows_str(const struct rows *r, size_t row, const char *name);
/* 0 and false for null */
int64_t rows_int(const struct rows *r, size_t row, const char *name);
double rows_double(const struct rows *r, size_t row, const char *name);
bool rows_bool(const struct rows *r, size_t row, const char *name);
/* seconds: of a span, or since 1970; -1 for null */
double rows_seconds(const struct rows *r, size_t row, const char *name);

#endif
