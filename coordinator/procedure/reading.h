/*
 * reading.h - what a probe printed, as rows of named columns.
 *
 * The bytes come from a host and are hostile: whatever is not exactly of the
 * format is an error, and an error is not a row that says no: every operator
 * on it is false, unknown to `when`.  Refused are: an empty output, a row with
 * more or fewer cells than the header, a column named twice, a last line
 * without its end (cut), control characters (ANSI) anywhere but in `text`, NUL
 * and what is not UTF-8, more rows, columns or bytes than the limits.
 *
 * Column names are compared normalised: blanks and hyphens are `_`, the case
 * stays: "mail server ip", "state-changed" and `mail_server_ip`,
 * `state_changed` are the same columns.
 *
 *	format   rows                       columns
 *	text     none                       text value lines bytes set_N
 *	json     one per object             its keys; numbers as written
 *	tab      one per line below header  the header (doveadm -f tab; an
 *	                                    empty line alone: no rows)
 *	kv       one                        the keys of KEY=VALUE lines
 *	duration one                        value ("15 mins" is 15m), text,
 *	                                    plus_30s: value and 30s
 *	counts   none                       lines bytes; what was printed stays
 *	                                    on its host
 *
 * set_N is {…}, the Nth word of each line, sorted, each once (expr.h compares
 * such); a line with fewer words is an error, an empty one is none.
 *
 * `count` is a column of every reading: how many rows (matched).
 */
#ifndef DRYDOCK_READING_H
#define DRYDOCK_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

#define READING_BYTES_MAX   (4 * 1024 * 1024)
#define READING_ROWS_MAX    65536
#define READING_COLUMNS_MAX 64
#define READING_NAME_MAX    64 /* bytes of a column's name */
#define READING_SET_MAX	    1024 /* lines of what is read as a set */

/* X(name, word, sentence) */
#define READING_FORMATS(X)                                                     \
	X(TEXT, "text",                                                        \
	  "as it is, no rows: text (also value), lines, bytes;"                \
	  " set_N, the Nth word of each line, as a set")                       \
	X(JSON, "json",                                                        \
	  "a row per object, one or a list; its keys are the"                  \
	  " columns")                                                          \
	X(TAB, "tab",                                                          \
	  "a line of columns, then a line per row, tabs between"               \
	  " (doveadm -f tab)")                                                 \
	X(KV, "kv", "KEY=VALUE lines, one row; the keys are the columns")      \
	X(DURATION, "duration",                                                \
	  "one time, such as 15 mins: value, text;"                            \
	  " plus_30s, value and 30s")                                          \
	X(COUNTS, "counts",                                                    \
	  "lines and bytes alone; what was printed stays"                      \
	  " on its host")

enum reading_format {
#define X(name, word, sentence) READING_##name,
	READING_FORMATS(X)
#undef X
};

#define X(name, word, sentence) +1
enum { READING_FORMATS_N = READING_FORMATS(X) };
#undef X

struct reading;

/* "set_4": true and 4. */
bool reading_set_column(const char *column, size_t *word_r);
/* "plus_30s": true and 30000. */
bool reading_plus_column(const char *column, int64_t *ms_r);

/* "tab": 0 and the format; -1 for anything else. */
int reading_format_parse(const char *word, enum reading_format *format_r);
const char *reading_format_name(enum reading_format format);

/* ERR_PROTO.  The reading keeps copies, data may go. */
int reading_parse(enum reading_format format, const char *data, size_t len,
		  struct reading **reading_r, struct err *err);
/* Of "counts", when what was printed is elsewhere. */
struct reading *reading_counts(int64_t bytes, int64_t lines);
void reading_free(struct reading **reading);

size_t reading_rows(const struct reading *reading);
size_t reading_columns(const struct reading *reading);
/* Normalised. */
const char *reading_column(const struct reading *reading, size_t column);
/* NULL: no such column, or (json) not in that row.  Any spelling. */
const char *
reading_cell(const struct reading *reading, size_t row, const char *column);

/* All of them must be equal for a row to match; none: every row matches. */
struct reading_match {
	const char *column;
	const char *value;
};
/* The one row that matches: -1 when there is none, or more than one. */
int
reading_find(const struct reading *reading, const struct reading_match match[],
	     size_t n, size_t *row_r, struct err *err);

/* A probe's `row:` (exactly one) or `rows:` (only .count), or neither. */
struct reading_select {
	bool many; /* rows: */
	const struct reading_match *match;
	size_t n;
};

/*
 * The value of PROBE.COLUMN for an expression: added to `value`.  -1 with the
 * reason ("no row with type=self") when there is none.
 */
int reading_field(const struct reading *reading,
		  const struct reading_select *select, const char *column,
		  struct buf *value, struct err *err);

/* Normalise a column's name; -1 when it is none (empty, control, too long). */
int reading_name(const char *name, char out[READING_NAME_MAX + 1]);

/*
 * A duration as programs print it, in milliseconds: "15 mins", "1min 30s",
 * "900 secs", "1h30m", "0", "infinity" (400 days).  ERR_PROTO.
 */
int reading_duration(const char *text, long long *ms_r, struct err *err);

#endif
