/*
 * rows_json.c - rows as JSON: keys are the view's column names.
 */
#include "rows_json.h"

#include <string.h>

#include "array.h"
#include "when.h"

static void
cell_time(struct json_out *o, const char *key, const char *text)
{
	struct buf at;

	buf_init(&at, 100);
	when_rfc3339(&at, text);
	json_out_str(o, key, buf_str(&at));
	buf_free(&at);
}

static void
cell_span(struct json_out *o, const char *key, const char *text)
{
	double seconds;

	if (when_parse_span(text, &seconds) < 0)
		json_out_str(o, key, text);
	else
		json_out_double(o, key, seconds);
}

/* written again, so that its strings are escaped as ours are */
static void
cell_json(struct json_out *o, const char *key, const char *text)
{
	struct json_object *doc = NULL;

	if (json_parse(text, strlen(text), &json_limits_doc, &doc, NULL) < 0)
		json_out_str(o, key, text);
	else
		json_out_value(o, key, doc);
	json_free(&doc);
}

static void
cell_write(struct json_out *o, const char *key, enum cell_kind kind,
	   const char *text)
{
	if (text == NULL) {
		json_out_null(o, key);
		return;
	}
	switch (kind) {
	case CELL_TEXT:
		json_out_str(o, key, text);
		break;
	case CELL_NUMBER:
		if (strcmp(text, "NaN") == 0 || strstr(text, "Inf") != NULL)
			json_out_null(o, key);
		else
			json_out_raw(o, key, text);
		break;
	case CELL_BOOL:
		json_out_bool(o, key, text[0] == 't');
		break;
	case CELL_JSON:
		cell_json(o, key, text);
		break;
	case CELL_SPAN:
		cell_span(o, key, text);
		break;
	case CELL_TIME:
		cell_time(o, key, text);
		break;
	case CELL_LIST:
		array_write_json(o, key, text);
		break;
	}
}

void
rows_json_one(struct json_out *o, const char *key, const struct rows *r,
	      size_t row)
{
	size_t i;

	if (row >= rows_count(r)) {
		json_out_null(o, key);
		return;
	}
	json_out_object(o, key);
	for (i = 0; i < rows_columns(r); i++)
		cell_write(o, rows_name(r, i), rows_kind(r, i),
			   rows_cell(r, row, i));
	json_out_end(o);
}

void
rows_json_all(struct json_out *o, const char *key, const struct rows *r)
{
	size_t i;

	json_out_array(o, key);
	for (i = 0; i < rows_count(r); i++)
		rows_json_one(o, NULL, r, i);
	json_out_end(o);
}

void
doc_begin(struct json_out *o, struct buf *out)
{
	json_out_init(o, out);
	json_out_object(o, NULL);
	json_out_int(o, "api", 1);
}

void
doc_end(struct json_out *o, struct buf *out)
{
	json_out_end(o);
	(void)buf_addc(out, '\n');
}

void
rows_json_list(struct buf *out, const char *key, const struct rows *r)
{
	struct json_out o;

	doc_begin(&o, out);
	rows_json_all(&o, key, r);
	doc_end(&o, out);
}
