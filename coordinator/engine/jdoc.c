/* jdoc.c - short reads of documents that our own database made. */
#include <stdio.h>

#include "jdoc.h"

int64_t
jdoc_int(const struct json_object *obj, const char *key, int64_t def)
{
	const struct json_object *m = obj ? json_member(obj, key) : NULL;

	return json_kind(m) == JSON_INT ? json_as_int(m) : def;
}

bool
jdoc_bool(const struct json_object *obj, const char *key, bool def)
{
	const struct json_object *m = obj ? json_member(obj, key) : NULL;

	return json_kind(m) == JSON_BOOL ? json_as_bool(m) : def;
}

const char *
jdoc_str(const struct json_object *obj, const char *key, const char *def)
{
	const struct json_object *m = obj ? json_member(obj, key) : NULL;

	return json_kind(m) == JSON_STRING ? json_as_str(m) : def;
}

const struct json_object *
jdoc_in(const struct json_object *obj, const char *key)
{
	const struct json_object *m = obj ? json_member(obj, key) : NULL;
	enum json_kind kind = json_kind(m);

	return kind == JSON_OBJECT || kind == JSON_ARRAY ? m : NULL;
}

size_t
jdoc_count(const struct json_object *array)
{
	return json_kind(array) == JSON_ARRAY ? json_count(array) : 0;
}

void
jdoc_copy(const struct json_object *obj, const char *key, char *to,
	  size_t size)
{
	snprintf(to, size, "%s", jdoc_str(obj, key, ""));
}

bool
jdoc_has(const struct json_object *obj, const char *key)
{
	return obj != NULL && json_member(obj, key) != NULL;
}

char *
jdoc_text(const struct json_object *value)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 8 << 20);
	json_out_init(&out, &buf);
	json_out_value(&out, NULL, value);
	return buf_take(&buf);
}
