/* json.c - JSON from strangers, read strictly over json-c. */
#include "json.h"

#include <assert.h>
#include <json-c/json.h>
#include <string.h>

#include "json_scan.h"

const struct json_limits json_limits_wire = { 64 << 10, 8, 512 };
const struct json_limits json_limits_doc = { 4 << 20, 32, 262144 };

/* json-c's getters take a pointer that is not const and change nothing. */
static struct json_object *
json_plain(const struct json_object *value)
{
	return (struct json_object *)(uintptr_t)value;
}

static size_t
json_count_members(struct json_object *value)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			n += 1 + json_count_members(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += json_count_members(
				json_object_array_get_idx(value, i));
	}
	return n;
}

/* The whole text through json-c's tokener. */
static int
json_tokenize(const char *text, size_t len, unsigned int depth,
	      struct json_object **doc_r, struct err *err)
{
	/* one more: json-c counts the value itself as a level */
	struct json_tokener *tok = json_tokener_new_ex((int)depth + 1);
	enum json_tokener_error why;
	struct json_object *doc;
	int ret = 0;

	if (tok == NULL)
		return err_set(err, ERR_SYS, "JSON: out of memory");
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	doc = json_tokener_parse_ex(tok, text, (int)len);
	why = json_tokener_get_error(tok);
	if (why == json_tokener_continue && doc == NULL) {
		/* a number at the very end waits for what ends it */
		doc = json_tokener_parse_ex(tok, "\n", 1);
		why = json_tokener_get_error(tok);
	} else if (json_tokener_get_parse_end(tok) != len) {
		why = json_tokener_error_parse_unexpected;
	}
	if (why != json_tokener_success) {
		json_object_put(doc);
		ret = err_set(err, ERR_PROTO, "JSON: %s",
			      json_tokener_error_desc(why));
	} else {
		*doc_r = doc;
	}
	json_tokener_free(tok);
	return ret;
}

int
json_parse(const char *text, size_t len, const struct json_limits *limits,
	   struct json_object **doc_r, struct err *err)
{
	struct json_object *doc = NULL;
	size_t keys;

	assert(limits->depth <= JSON_DEPTH_MAX && limits->bytes <= 64 << 20);
	*doc_r = NULL;
	if (json_scan(text, len, limits, &keys, err) < 0)
		return -1;
	/* blanks at the end are not json-c's "end of parse" */
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	if (json_tokenize(text, len, limits->depth, &doc, err) < 0)
		return -1;
	if (json_count_members(doc) != keys) {
		json_object_put(doc);
		return err_set(err, ERR_PROTO, "JSON: a key stands twice");
	}
	*doc_r = doc;
	return 0;
}

int
json_parse_object(const char *text, size_t len,
		  const struct json_limits *limits, struct json_object **doc_r,
		  struct err *err)
{
	if (json_parse(text, len, limits, doc_r, err) < 0)
		return -1;
	if (json_object_is_type(*doc_r, json_type_object))
		return 0;
	json_free(doc_r);
	return err_set(err, ERR_PROTO, "JSON: not an object");
}

void
json_free(struct json_object **doc)
{
	(void)json_object_put(*doc);
	*doc = NULL;
}

enum json_kind
json_kind(const struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return JSON_NULL;
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_int:
		return JSON_INT;
	case json_type_double:
		return JSON_DOUBLE;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	}
	return JSON_NULL;
}

const char *
json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	  [JSON_BOOL] = "a boolean",
		[JSON_INT] = "an integer", [JSON_DOUBLE] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[kind];
}

const struct json_object *
json_member(const struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	assert(json_kind(obj) == JSON_OBJECT);
	if (!json_object_object_get_ex(obj, key, &value))
		return NULL;
	return value;
}

int64_t
json_as_int(const struct json_object *value)
{
	assert(json_kind(value) == JSON_INT);
	return json_object_get_int64(value);
}

double
json_as_double(const struct json_object *value)
{
	assert(json_kind(value) == JSON_DOUBLE || json_kind(value) == JSON_INT);
	return json_object_get_double(value);
}

bool
json_as_bool(const struct json_object *value)
{
	assert(json_kind(value) == JSON_BOOL);
	return json_object_get_boolean(value) != 0;
}

const char *
json_as_str(const struct json_object *value)
{
	assert(json_kind(value) == JSON_STRING);
	return json_object_get_string(json_plain(value));
}

void
json_each(const struct json_object *obj, json_member_fn *fn, void *self)
{
	assert(json_kind(obj) == JSON_OBJECT);
	json_object_object_foreach(json_plain(obj), key, value)
	{
		if (!fn(self, key, value))
			return;
	}
}

size_t
json_count(const struct json_object *array)
{
	assert(json_kind(array) == JSON_ARRAY);
	return json_object_array_length(array);
}

const struct json_object *
json_item(const struct json_object *array, size_t i)
{
	assert(i < json_count(array));
	return json_object_array_get_idx(array, i);
}

int
json_only_keys(const struct json_object *obj, const char *const keys[],
	       struct err *err)
{
	json_object_object_foreach(json_plain(obj), key, value)
	{
		size_t i = 0;

		(void)value;
		while (keys[i] != NULL && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i] == NULL)
			return err_set(err, ERR_PROTO, "unknown key \"%.60s\"",
				       key);
	}
	return 0;
}
