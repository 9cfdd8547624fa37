/* json_out.c - one-line JSON, written piece by piece. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

void
json_out_init(struct json_out *o, struct buf *to)
{
	*o = (struct json_out){ .to = to };
}

/* How much at its beginning needs no second look: nearly all of most texts. */
static size_t
json_plain(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' &&
	       s[n] != '\\')
		n++;
	return n;
}

static void
json_out_quote(struct buf *to, const char *s, size_t len)
{
	(void)buf_addc(to, '"');
	while (len > 0) {
		size_t n = json_plain(s, len);
		uint32_t code = 0;

		if (n > 0) {
			(void)buf_add(to, s, n);
			s += n;
			len -= n;
			continue;
		}
		n = utf8_next(s, len, &code);
		if (n == 0 || code == 0) {
			(void)buf_adds(to, "\\ufffd");
			n = 1;
		} else if (code == '"' || code == '\\') {
			(void)buf_addc(to, '\\');
			(void)buf_addc(to, (char)code);
		} else if (code == '\n') {
			(void)buf_adds(to, "\\n");
		} else if (code == '\t') {
			(void)buf_adds(to, "\\t");
		} else if (code < 0x10000 && utf8_is_control(code)) {
			(void)buf_addf(to, "\\u%04x", code);
		} else {
			(void)buf_add(to, s, n);
		}
		s += n;
		len -= n;
	}
	(void)buf_addc(to, '"');
}

/* Comma and key before a value. */
static void
json_out_lead(struct json_out *o, const char *key)
{
	if (o->comma[o->depth])
		(void)buf_addc(o->to, ',');
	o->comma[o->depth] = true;
	assert((key != NULL) == (o->depth > 0 && o->close[o->depth] == '}'));
	if (key != NULL) {
		json_out_quote(o->to, key, strlen(key));
		(void)buf_addc(o->to, ':');
	}
}

static void
json_out_open(struct json_out *o, const char *key, char open, char close)
{
	json_out_lead(o, key);
	(void)buf_addc(o->to, open);
	assert(o->depth < JSON_DEPTH_MAX);
	o->depth++;
	o->comma[o->depth] = false;
	o->close[o->depth] = close;
}

void
json_out_object(struct json_out *o, const char *key)
{
	json_out_open(o, key, '{', '}');
}

void
json_out_array(struct json_out *o, const char *key)
{
	json_out_open(o, key, '[', ']');
}

void
json_out_end(struct json_out *o)
{
	assert(o->depth > 0);
	(void)buf_addc(o->to, o->close[o->depth]);
	o->depth--;
}

void
json_out_strn(struct json_out *o, const char *key, const char *s, size_t len)
{
	json_out_lead(o, key);
	json_out_quote(o->to, s, len);
}

void
json_out_str(struct json_out *o, const char *key, const char *s)
{
	if (s == NULL)
		json_out_null(o, key);
	else
		json_out_strn(o, key, s, strlen(s));
}

void
json_out_int(struct json_out *o, const char *key, int64_t n)
{
	json_out_lead(o, key);
	(void)buf_addf(o->to, "%lld", (long long)n);
}

void
json_out_double(struct json_out *o, const char *key, double n)
{
	if (!isfinite(n)) {
		json_out_null(o, key);
		return;
	}
	json_out_lead(o, key);
	(void)buf_addf(o->to, "%.12g", n);
}

void
json_out_bool(struct json_out *o, const char *key, bool b)
{
	json_out_raw(o, key, b ? "true" : "false");
}

void
json_out_null(struct json_out *o, const char *key)
{
	json_out_raw(o, key, "null");
}

void
json_out_raw(struct json_out *o, const char *key, const char *json)
{
	json_out_lead(o, key);
	(void)buf_adds(o->to, json);
}

static bool
json_out_member(void *self, const char *key, const struct json_object *value)
{
	json_out_value(self, key, value);
	return true;
}

static void
json_out_items(struct json_out *o, const struct json_object *array)
{
	for (size_t i = 0; i < json_count(array); i++)
		json_out_value(o, NULL, json_item(array, i));
}

void
json_out_value(struct json_out *o, const char *key,
	       const struct json_object *value)
{
	switch (json_kind(value)) {
	case JSON_NULL:
		json_out_null(o, key);
		break;
	case JSON_BOOL:
		json_out_bool(o, key, json_as_bool(value));
		break;
	case JSON_INT:
		json_out_int(o, key, json_as_int(value));
		break;
	case JSON_DOUBLE:
		json_out_double(o, key, json_as_double(value));
		break;
	case JSON_STRING:
		json_out_str(o, key, json_as_str(value));
		break;
	case JSON_ARRAY:
		json_out_array(o, key);
		json_out_items(o, value);
		json_out_end(o);
		break;
	case JSON_OBJECT:
		json_out_object(o, key);
		json_each(value, json_out_member, o);
		json_out_end(o);
		break;
	}
}
