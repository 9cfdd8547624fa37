/* reading_parse.c - json, tab, kv and durations, each read strictly. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "num.h"
#include "reading_private.h"

#define LINE_MAX_BYTES 65536

struct json_row {
	struct reading *r;
	int row;
	struct err *err;
	bool failed;
};

static char *
json_text(const struct json_object *value, struct err *err)
{
	switch (json_kind(value)) {
	case JSON_STRING:
		return x_strdup(json_as_str(value));
	case JSON_INT:
		return x_asprintf("%lld", (long long)json_as_int(value));
	case JSON_DOUBLE:
		return x_asprintf("%.15g", json_as_double(value));
	case JSON_BOOL:
		return x_strdup(json_as_bool(value) ? "true" : "false");
	case JSON_NULL:
		return NULL; /* a cell that is not there */
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	(void)err_set(err, ERR_PROTO, "a value that is not a plain one");
	return NULL;
}

static bool
json_cell(void *self, const char *key, const struct json_object *value)
{
	struct json_row *row = self;
	enum json_kind kind = json_kind(value);
	bool is_new;
	int column = reading_column_add(row->r, key, &is_new, row->err);
	char *text;

	if (column < 0) {
		row->failed = true;
		return false;
	}
	/* "a b" and "a-b" are two keys of JSON but one column. */
	if (!is_new &&
	    row->r->cell[(size_t)row->row * row->r->width + (size_t)column] !=
		    NULL) {
		(void)err_set(row->err, ERR_PROTO, "column %s twice", key);
		row->failed = true;
		return false;
	}
	text = json_text(value, row->err);
	if (text == NULL && kind != JSON_NULL) {
		row->failed = true;
		return false;
	}
	reading_cell_set(row->r, (size_t)row->row, (size_t)column, text);
	return true;
}

static int
json_row_read(struct reading *r, const struct json_object *obj, struct err *err)
{
	struct json_row row = { .r = r, .err = err };

	if (json_kind(obj) != JSON_OBJECT)
		return err_set(err, ERR_PROTO, "a row that is not an object");
	row.row = reading_row_add(r, err);
	if (row.row < 0)
		return -1;
	json_each(obj, json_cell, &row);
	return row.failed ? -1 : 0;
}

int
reading_parse_json(struct reading *r, const char *data, size_t len,
		   struct err *err)
{
	struct json_object *doc;
	int ret = 0;

	if (json_parse(data, len, &json_limits_doc, &doc, err) < 0)
		return -1;
	r->width = READING_COLUMNS_MAX;
	if (json_kind(doc) == JSON_OBJECT)
		ret = json_row_read(r, doc, err);
	else if (json_kind(doc) == JSON_ARRAY)
		for (size_t i = 0; i < json_count(doc) && ret == 0; i++)
			ret = json_row_read(r, json_item(doc, i), err);
	else
		ret = err_set(err, ERR_PROTO, "neither a list nor an object");
	json_free(&doc);
	return ret;
}

/*
 * The next line, cut out of the text and ended with a NUL; NULL at the end.
 * A line without its end was cut on the way: *err.
 */
static char *
line_next(char **at, struct err *err)
{
	char *line = *at, *nl = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	if (nl == NULL) {
		(void)err_set(err, ERR_PROTO, "the last line is cut");
		return NULL;
	}
	if (nl - line > LINE_MAX_BYTES) {
		(void)err_set(err, ERR_PROTO, "a line above 64 KiB");
		return NULL;
	}
	*at = nl + 1;
	if (nl > line && nl[-1] == '\r')
		nl--;
	*nl = '\0';
	return line;
}

/* doveadm escapes what would break its table: \001 and a letter. */
static int
cell_unescape(char *text, struct err *err)
{
	static const char from[] = "1trn", to[] = "\001\t\r\n";
	char *out = text;
	const char *p;

	for (; *text != '\0'; text++) {
		if (*text != '\001') {
			*out++ = *text;
			continue;
		}
		p = text[1] == '\0' ? NULL : strchr(from, text[1]);
		if (p == NULL)
			return err_set(err, ERR_PROTO, "a stray escape");
		*out++ = to[p - from];
		text++;
	}
	*out = '\0';
	return 0;
}

/* Calls `fn` for each cell of the line; the number of cells, or -1. */
static int
cells_each(char *line, struct reading *r, int row,
	   int (*fn)(struct reading *r, int row, size_t i, const char *cell,
		     struct err *err),
	   struct err *err)
{
	size_t n = 0;
	char *cell;

	while ((cell = strsep(&line, "\t")) != NULL) {
		if (cell_unescape(cell, err) < 0 ||
		    fn(r, row, n, cell, err) < 0)
			return -1;
		n++;
	}
	return (int)n;
}

static int
header_cell(struct reading *r, int row, size_t i, const char *cell,
	    struct err *err)
{
	bool is_new;

	(void)row;
	(void)i;
	if (reading_column_add(r, cell, &is_new, err) < 0)
		return -1;
	if (!is_new)
		return err_set(err, ERR_PROTO, "column %.64s twice", cell);
	return 0;
}

static int
row_cell(struct reading *r, int row, size_t i, const char *cell,
	 struct err *err)
{
	if (i >= r->columns)
		return err_set(err, ERR_PROTO,
			       "row %d has more cells than the header",
			       row + 1);
	reading_cell_set(r, (size_t)row, i, x_strdup(cell));
	return 0;
}

static int
tab_rows(struct reading *r, char *at, struct err *err)
{
	struct err cut = { 0 };
	char *line;
	int row, n;

	while ((line = line_next(&at, &cut)) != NULL) {
		row = reading_row_add(r, err);
		if (row < 0)
			return -1;
		n = cells_each(line, r, row, row_cell, err);
		if (n < 0)
			return -1;
		if ((size_t)n != r->columns)
			return err_set(err, ERR_PROTO,
				       "row %d has %d cells, the header %zu",
				       row + 1, n, r->columns);
	}
	if (cut.code != ERR_NONE)
		return err_set(err, cut.code, "%s", cut.text);
	return 0;
}

int
reading_parse_tab(struct reading *r, const char *data, size_t len,
		  struct err *err)
{
	char *copy = x_strndup(data, len), *at = copy, *line;
	struct err cut = { 0 };
	int ret = -1;

	/* doveadm prints a header with the first row: no row, no header. */
	if (strcmp(copy, "\n") == 0) {
		free(copy);
		return 0;
	}
	line = line_next(&at, &cut);
	if (line == NULL)
		(void)err_set(err, ERR_PROTO, "%s",
			      cut.code == ERR_NONE ? "no header" : cut.text);
	else if (cells_each(line, r, 0, header_cell, err) >= 0) {
		r->width = r->columns;
		ret = tab_rows(r, at, err);
	}
	free(copy);
	return ret;
}

static int
kv_line(struct reading *r, char *line, struct err *err)
{
	char *eq = strchr(line, '=');
	bool is_new;
	int column;

	if (eq == NULL || eq == line)
		return err_set(err, ERR_PROTO, "a line without KEY=VALUE");
	*eq = '\0';
	column = reading_column_add(r, line, &is_new, err);
	if (column < 0)
		return -1;
	if (!is_new)
		return err_set(err, ERR_PROTO, "key %.64s twice", line);
	reading_cell_set(r, 0, (size_t)column, x_strdup(eq + 1));
	return 0;
}

int
reading_parse_kv(struct reading *r, const char *data, size_t len,
		 struct err *err)
{
	char *copy = x_strndup(data, len), *at = copy, *line;
	struct err cut = { 0 };
	int ret = 0;

	r->width = READING_COLUMNS_MAX;
	if (reading_row_add(r, err) < 0)
		ret = -1;
	while (ret == 0 && (line = line_next(&at, &cut)) != NULL)
		if (*line != '\0')
			ret = kv_line(r, line, err);
	if (ret == 0 && cut.code != ERR_NONE)
		ret = err_set(err, cut.code, "%s", cut.text);
	if (ret == 0 && r->columns == 0)
		ret = err_set(err, ERR_PROTO, "no KEY=VALUE in it");
	free(copy);
	return ret;
}

/* All the spellings that were met; 0 for a word that is no unit. */
static long long
unit_ms(const char *word, size_t len)
{
	static const struct {
		const char *word;
		long long ms;
	} units[] = {
		{ "ms", 1 },	       { "msec", 1 },
		{ "msecs", 1 },	       { "s", 1000 },
		{ "sec", 1000 },       { "secs", 1000 },
		{ "second", 1000 },    { "seconds", 1000 },
		{ "m", 60000 },	       { "min", 60000 },
		{ "mins", 60000 },     { "minute", 60000 },
		{ "minutes", 60000 },  { "h", 3600000 },
		{ "hour", 3600000 },   { "hours", 3600000 },
		{ "d", 86400000 },     { "day", 86400000 },
		{ "days", 86400000 },  { "w", 604800000 },
		{ "week", 604800000 }, { "weeks", 604800000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].word) == len &&
		    memcmp(units[i].word, word, len) == 0)
			return units[i].ms;
	return 0;
}

#define FOREVER_MS NUM_DURATION_MAX

static int
duration_part(const char **p, long long *ms, struct err *err)
{
	long long n = 0, unit;
	size_t digits = strspn(*p, "0123456789"), len;

	if (digits == 0 || digits > 12)
		return err_set(err, ERR_PROTO, "no number where one is due");
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (*p)[i] - '0';
	*p += digits;
	*p += strspn(*p, " ");
	len = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
	unit = unit_ms(*p, len);
	*p += len;
	*p += strspn(*p, " ");
	if (len == 0 && n == 0)
		return 0;
	if (unit == 0)
		return err_set(err, ERR_PROTO,
			       len == 0 ? "a number without "
					  "its unit"
					: "a unit that nobody knows");
	if (n > FOREVER_MS / unit || *ms + n * unit > FOREVER_MS)
		return err_set(err, ERR_PROTO, "longer than 400 days");
	*ms += n * unit;
	return 0;
}

int
reading_duration(const char *text, long long *ms_r, struct err *err)
{
	const char *p = text + strspn(text, " ");

	if (strcmp(p, "infinity") == 0 || strcmp(p, "unlimited") == 0) {
		*ms_r = FOREVER_MS;
		return 0;
	}
	*ms_r = 0;
	do {
		if (duration_part(&p, ms_r, err) < 0)
			return -1;
	} while (*p != '\0');
	return 0;
}
