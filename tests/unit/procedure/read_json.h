/* read_json.h - a document that a test has as text. */
#ifndef UNIT_READ_JSON_H
#define UNIT_READ_JSON_H

#include <string.h>

#include "unit.h"

#include "err.h"
#include "json.h"

/* NULL for NULL.  json_free() it. */
static inline struct json_object *
read_json(const char *text)
{
	struct json_object *doc = NULL;
	struct err err;

	if (text != NULL && json_parse_object(text, strlen(text),
					      &json_limits_doc, &doc,
					      &err) < 0)
		fail_msg("%s: %s", err.text, text);
	return doc;
}

#endif
