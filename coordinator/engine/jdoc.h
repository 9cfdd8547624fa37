/* jdoc.h - short reads of documents that our own database made. */
#ifndef JDOC_H
#define JDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

/* A member of that type, or the default; obj may be NULL. */
int64_t jdoc_int(const struct json_object *obj, const char *key, int64_t def);
bool jdoc_bool(const struct json_object *obj, const char *key, bool def);
const char *jdoc_str(const struct json_object *obj, const char *key,
		     const char *def);
/* NULL unless it is an object or an array. */
const struct json_object *jdoc_in(const struct json_object *obj,
				  const char *key);
size_t jdoc_count(const struct json_object *array);
/* Cut to size; "" when there is none. */
void jdoc_copy(const struct json_object *obj, const char *key, char *to,
	       size_t size);
/* Is it there, and not null? */
bool jdoc_has(const struct json_object *obj, const char *key);
/* A value as one line of text, malloc'd. */
char *jdoc_text(const struct json_object *value);

#endif
