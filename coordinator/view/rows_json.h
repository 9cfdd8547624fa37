/*
 * rows_json.h - rows as JSON: keys are the view's column names.
 *
 * Times are RFC 3339 UTC, spans seconds, jsonb and text[] become what they
 * are.  Control characters leave only as \u escapes.
 */
#ifndef DRYDOCK_ROWS_JSON_H
#define DRYDOCK_ROWS_JSON_H

#include "json.h"
#include "rows.h"

/* one object; null when there is no such row */
void rows_json_one(struct json_out *o, const char *key, const struct rows *r,
		   size_t row);
/* an array of objects */
void rows_json_all(struct json_out *o, const char *key, const struct rows *r);

/* {"api":1,…} and a newline: whatever is printed with -o json */
void doc_begin(struct json_out *o, struct buf *out);
void doc_end(struct json_out *o, struct buf *out);

/* {"api":1,"KEY":[…]} and a newline: what a list command prints */
void rows_json_list(struct buf *out, const char *key, const struct rows *r);

#endif
