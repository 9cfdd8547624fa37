/* reading_private.h - for reading*.c alone. */
#ifndef DRYDOCK_READING_PRIVATE_H
#define DRYDOCK_READING_PRIVATE_H

#include "reading.h"

struct reading {
	enum reading_format format;
	char *text; /* text, duration: what was printed, no newline behind */
	int64_t bytes, lines;
	char *column[READING_COLUMNS_MAX];
	size_t columns;
	/* rows x READING_COLUMNS_MAX would be too much: rows x width */
	char **cell;
	size_t rows, width, room;
};

/* Index of a new or known column, or -1. */
int reading_column_add(struct reading *r, const char *name, bool *new_r,
		       struct err *err);
/* An empty row with room for `width` cells; its index, or -1. */
int reading_row_add(struct reading *r, struct err *err);
/* Replaces what is there.  Takes the value. */
void
reading_cell_set(struct reading *r, size_t row, size_t column, char *value);

/* "{a b}": that word of each line. */
int reading_set(const char *text, size_t word, struct buf *value,
		struct err *err);

int reading_parse_json(struct reading *r, const char *data, size_t len,
		       struct err *err);
int reading_parse_tab(struct reading *r, const char *data, size_t len,
		      struct err *err);
int reading_parse_kv(struct reading *r, const char *data, size_t len,
		     struct err *err);

#endif
