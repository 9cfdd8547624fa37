/* reading.c - rows and columns, and what an expression asks of them. */
#include "reading.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "reading_private.h"
#include "utf8.h"

static const char *const format_names[] = {
#define X(name, word, sentence) [READING_##name] = word,
	READING_FORMATS(X)
#undef X
};

int
reading_format_parse(const char *word, enum reading_format *format_r)
{
	for (size_t i = 0; i < sizeof(format_names) / sizeof(char *); i++) {
		if (strcmp(word, format_names[i]) != 0)
			continue;
		*format_r = (enum reading_format)i;
		return 0;
	}
	return -1;
}

const char *
reading_format_name(enum reading_format format)
{
	return format_names[format];
}

int
reading_name(const char *name, char out[READING_NAME_MAX + 1])
{
	size_t n = strlen(name);

	if (n == 0 || n > READING_NAME_MAX || !utf8_valid(name, n))
		return -1;
	for (size_t i = 0; i <= n; i++) {
		if (name[i] != '\0' && (unsigned char)name[i] < ' ')
			return -1;
		out[i] = name[i] == ' ' || name[i] == '-' ? '_' : name[i];
	}
	return 0;
}

int
reading_column_add(struct reading *r, const char *name, bool *new_r,
		   struct err *err)
{
	char norm[READING_NAME_MAX + 1];

	if (reading_name(name, norm) < 0)
		return err_set(err, ERR_PROTO, "a column without a fit name");
	*new_r = false;
	for (size_t i = 0; i < r->columns; i++)
		if (strcmp(r->column[i], norm) == 0)
			return (int)i;
	if (r->columns == READING_COLUMNS_MAX)
		return err_set(err, ERR_PROTO, "more than %d columns",
			       READING_COLUMNS_MAX);
	*new_r = true;
	r->column[r->columns] = x_strdup(norm);
	return (int)r->columns++;
}

int
reading_row_add(struct reading *r, struct err *err)
{
	if (r->rows == READING_ROWS_MAX)
		return err_set(err, ERR_PROTO, "more than %d rows",
			       READING_ROWS_MAX);
	assert(r->width > 0);
	if (r->rows == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		r->cell = x_realloc(r->cell, r->room * r->width,
				    sizeof(*r->cell));
	}
	memset(r->cell + r->rows * r->width, 0, r->width * sizeof(*r->cell));
	return (int)r->rows++;
}

void
reading_cell_set(struct reading *r, size_t row, size_t column, char *value)
{
	char **cell = &r->cell[row * r->width + column];

	assert(row < r->rows && column < r->width);
	free(*cell);
	*cell = value;
}

void
reading_free(struct reading **reading)
{
	struct reading *r = *reading;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->rows * r->width; i++)
		free(r->cell[i]);
	for (size_t i = 0; i < r->columns; i++)
		free(r->column[i]);
	free(r->cell);
	free(r->text);
	x_free(reading);
}

static int
duration_read(struct reading *r, struct err *err)
{
	char text[NUM_DURATION_SIZE];
	long long ms;
	bool is_new;

	if (reading_duration(r->text, &ms, err) < 0)
		return -1;
	r->width = 1;
	if (reading_column_add(r, "value", &is_new, err) < 0 ||
	    reading_row_add(r, err) < 0)
		return -1;
	reading_cell_set(r, 0, 0, x_strdup(num_format_duration(ms, text)));
	return 0;
}

static int
format_read(struct reading *r, const char *data, size_t len, struct err *err)
{
	switch (r->format) {
	case READING_TEXT:
	case READING_COUNTS:
		return 0;
	case READING_JSON:
		return reading_parse_json(r, data, len, err);
	case READING_TAB:
		return reading_parse_tab(r, data, len, err);
	case READING_KV:
		return reading_parse_kv(r, data, len, err);
	case READING_DURATION:
		return duration_read(r, err);
	}
	abort();
}

static int
bytes_check(enum reading_format format, const char *data, size_t len,
	    struct err *err)
{
	if (len > READING_BYTES_MAX)
		return err_set(err, ERR_PROTO, "more than 4 MiB");
	if (len > 0 && memchr(data, '\0', len) != NULL)
		return err_set(err, ERR_PROTO, "a NUL in it");
	if (format == READING_TEXT || format == READING_COUNTS)
		return 0;
	if (len == 0)
		return err_set(err, ERR_PROTO, "nothing was printed");
	if (!utf8_valid(data, len))
		return err_set(err, ERR_PROTO, "not UTF-8");
	for (size_t i = 0; i < len; i++)
		/* 1 is doveadm's escape character */
		if (((unsigned char)data[i] < ' ' &&
		     strchr("\t\n\r", data[i]) == NULL &&
		     !(data[i] == 1 && format == READING_TAB)) ||
		    data[i] == 0x7f)
			return err_set(err, ERR_PROTO,
				       "a control character at byte %zu", i);
	return 0;
}

int
reading_parse(enum reading_format format, const char *data, size_t len,
	      struct reading **reading_r, struct err *err)
{
	struct reading *r;
	size_t end = len;

	*reading_r = NULL;
	if (bytes_check(format, data, len, err) < 0)
		return -1;
	r = x_new(struct reading);
	r->format = format;
	r->bytes = (int64_t)len;
	for (size_t i = 0; i < len; i++)
		r->lines += data[i] == '\n';
	if (len > 0 && data[len - 1] != '\n')
		r->lines++;
	if (format == READING_TEXT || format == READING_DURATION) {
		while (end > 0 &&
		       (data[end - 1] == '\n' || data[end - 1] == '\r'))
			end--;
		r->text = x_strndup(end == 0 ? "" : data, end);
	}
	if (format_read(r, data, len, err) < 0) {
		(void)err_prefix(err, "not %s: ", format_names[format]);
		reading_free(&r);
		return -1;
	}
	*reading_r = r;
	return 0;
}

struct reading *
reading_counts(int64_t bytes, int64_t lines)
{
	struct reading *r = x_new(struct reading);

	r->format = READING_COUNTS;
	r->bytes = bytes;
	r->lines = lines;
	return r;
}

size_t
reading_rows(const struct reading *reading)
{
	return reading->rows;
}

size_t
reading_columns(const struct reading *reading)
{
	return reading->columns;
}

const char *
reading_column(const struct reading *reading, size_t column)
{
	assert(column < reading->columns);
	return reading->column[column];
}

/* Where a column stands; `columns` when there is none. */
static size_t
column_find(const struct reading *reading, const char *column)
{
	char norm[READING_NAME_MAX + 1];
	size_t i = 0;

	if (reading_name(column, norm) < 0)
		return reading->columns;
	while (i < reading->columns && strcmp(reading->column[i], norm) != 0)
		i++;
	return i;
}

const char *
reading_cell(const struct reading *reading, size_t row, const char *column)
{
	size_t i = column_find(reading, column);

	assert(row < reading->rows);
	return i < reading->columns ? reading->cell[row * reading->width + i] :
				      NULL;
}

/* Where the columns of all matches stand, once for all rows; free() it. */
static size_t *
match_columns(const struct reading *r, const struct reading_match match[],
	      size_t n)
{
	size_t *at = x_calloc(n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++)
		at[i] = column_find(r, match[i].column);
	return at;
}

static bool
row_matches(const struct reading *r, size_t row,
	    const struct reading_match match[], const size_t at[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *cell = at[i] == r->columns ? NULL :
			r->cell[row * r->width + at[i]];

		if (cell == NULL || strcmp(cell, match[i].value) != 0)
			return false;
	}
	return true;
}

static size_t
reading_count(const struct reading *reading, const struct reading_match match[],
	      size_t n)
{
	size_t *at = match_columns(reading, match, n);
	size_t count = 0;

	for (size_t row = 0; row < reading->rows; row++)
		count += row_matches(reading, row, match, at, n);
	free(at);
	return count;
}

static void
match_print(const struct reading_match match[], size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		(void)buf_addf(out, "%s%s=%s", i == 0 ? " with " : ", ",
			       match[i].column, match[i].value);
}

int
reading_find(const struct reading *reading, const struct reading_match match[],
	     size_t n, size_t *row_r, struct err *err)
{
	size_t *at = match_columns(reading, match, n);
	size_t count = 0;
	struct buf text;
	int ret = 0;

	for (size_t row = 0; row < reading->rows; row++) {
		if (!row_matches(reading, row, match, at, n))
			continue;
		if (count++ == 0)
			*row_r = row;
	}
	free(at);
	if (count == 1)
		return 0;
	buf_init(&text, 400);
	match_print(match, n, &text);
	if (count == 0)
		ret = err_set(err, ERR_FAILED, "no row%s", buf_str(&text));
	else
		ret = err_set(err, ERR_FAILED, "%zu rows%s, one was wanted",
			      count, buf_str(&text));
	buf_free(&text);
	return ret;
}

static bool
counted(const struct reading *r)
{
	return r->format == READING_TEXT || r->format == READING_COUNTS;
}

/* What a reading has beside its rows.  1: it was one of them. */
static int
meta_field(const struct reading *r, const struct reading_select *select,
	   const char *column, struct buf *value)
{
	if (strcmp(column, "count") == 0)
		(void)buf_addf(value, "%zu",
			       reading_count(r, select->match, select->n));
	else if (r->text != NULL && strcmp(column, "text") == 0)
		(void)buf_adds(value, r->text);
	else if (r->format == READING_TEXT && strcmp(column, "value") == 0)
		(void)buf_adds(value, r->text);
	else if (counted(r) && strcmp(column, "lines") == 0)
		(void)buf_addf(value, "%lld", (long long)r->lines);
	else if (counted(r) && strcmp(column, "bytes") == 0)
		(void)buf_addf(value, "%lld", (long long)r->bytes);
	else
		return 0;
	return 1;
}

bool
reading_plus_column(const char *column, int64_t *ms_r)
{
	return strncmp(column, "plus_", 5) == 0 &&
	       num_parse_duration(column + 5, 0, NUM_DURATION_MAX, ms_r,
				  NULL) == 0;
}

static int
plus_print(const struct reading *reading, int64_t ms, struct buf *value,
	   struct err *err)
{
	char text[NUM_DURATION_SIZE];
	int64_t read;

	if (num_parse_duration(reading_cell(reading, 0, "value"), 0,
			       NUM_DURATION_MAX, &read, err) < 0)
		return -1;
	(void)buf_adds(value, num_format_duration(read + ms, text));
	return 0;
}

int
reading_field(const struct reading *reading,
	      const struct reading_select *select, const char *column,
	      struct buf *value, struct err *err)
{
	static const struct reading_select all;
	const char *cell;
	size_t row = 0, word;
	int64_t ms;

	if (select == NULL)
		select = &all;
	if (reading->format == READING_TEXT &&
	    reading_set_column(column, &word))
		return reading_set(reading->text, word, value, err);
	if (reading->format == READING_DURATION &&
	    reading_plus_column(column, &ms))
		return plus_print(reading, ms, value, err);
	if (meta_field(reading, select, column, value))
		return 0;
	if (select->many)
		return err_set(err, ERR_FAILED, "only .count is there");
	if (reading_find(reading, select->match, select->n, &row, err) < 0)
		return -1;
	cell = reading_cell(reading, row, column);
	if (cell == NULL)
		return err_set(err, ERR_FAILED, "no column %s", column);
	(void)buf_adds(value, cell);
	return 0;
}
