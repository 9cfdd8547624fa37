/*
 * json_get.c - typed values out of a document.
 *
 * Three ways lead to a value (a member that must be there, one that may be, an
 * item of an array) and each type has one check; the rest is their product.
 */
#include <assert.h>
#include <json-c/json.h>
#include <stdarg.h>

#include "json.h"

/* A value and the words that an error calls it by. */
struct place {
	const struct json_object *value; /* NULL: absent or null */
	const char *key;		 /* NULL: item i */
	size_t i;
};

static struct place
place_member(const struct json_object *obj, const char *key)
{
	return (struct place){ .value = json_member(obj, key), .key = key };
}

static struct place
place_item(const struct json_object *array, size_t i)
{
	return (struct place){ .value = json_item(array, i), .i = i };
}

/* "\"port\" is missing"; -1. */
__attribute__((format(printf, 3, 4))) static int
place_bad(const struct place *p, struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)err_vset(err, ERR_PROTO, fmt, ap);
	va_end(ap);
	return p->key != NULL ? err_prefix(err, "\"%.60s\" ", p->key) :
				err_prefix(err, "item %zu ", p->i);
}

static int
place_check(const struct place *p, enum json_kind kind, struct err *err)
{
	if (p->value == NULL)
		return place_bad(p, err, "is missing");
	if (json_kind(p->value) != kind)
		return place_bad(p, err, "is %s, not %s",
				 json_kind_name(json_kind(p->value)),
				 json_kind_name(kind));
	return 0;
}

static int
place_int(const struct place *p, int64_t min, int64_t max, int64_t *out_r,
	  struct err *err)
{
	int64_t n;

	if (place_check(p, JSON_INT, err) < 0)
		return -1;
	n = json_object_get_int64(p->value);
	if (n < min || n > max)
		return place_bad(p, err,
				 "is %lld, not between %lld and %lld",
				 (long long)n, (long long)min, (long long)max);
	*out_r = n;
	return 0;
}

static int
place_bool(const struct place *p, bool *out_r, struct err *err)
{
	if (place_check(p, JSON_BOOL, err) < 0)
		return -1;
	*out_r = json_as_bool(p->value);
	return 0;
}

static int
place_str(const struct place *p, size_t max, const char **out_r,
	  struct err *err)
{
	if (place_check(p, JSON_STRING, err) < 0)
		return -1;
	if ((size_t)json_object_get_string_len(p->value) > max)
		return place_bad(p, err, "is longer than %zu bytes", max);
	*out_r = json_as_str(p->value);
	return 0;
}

static int
place_array(const struct place *p, size_t max,
	    const struct json_object **out_r, struct err *err)
{
	if (place_check(p, JSON_ARRAY, err) < 0)
		return -1;
	if (json_count(p->value) > max)
		return place_bad(p, err, "has more than %zu items", max);
	*out_r = p->value;
	return 0;
}

static int
place_object(const struct place *p, const struct json_object **out_r,
	     struct err *err)
{
	if (place_check(p, JSON_OBJECT, err) < 0)
		return -1;
	*out_r = p->value;
	return 0;
}

int
json_get_int(const struct json_object *obj, const char *key, int64_t min,
	     int64_t max, int64_t *out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return place_int(&p, min, max, out_r, err);
}

int
json_get_bool(const struct json_object *obj, const char *key, bool *out_r,
	      struct err *err)
{
	struct place p = place_member(obj, key);

	return place_bool(&p, out_r, err);
}

int
json_get_str(const struct json_object *obj, const char *key, size_t max,
	     const char **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return place_str(&p, max, out_r, err);
}

int
json_get_array(const struct json_object *obj, const char *key, size_t max,
	       const struct json_object **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return place_array(&p, max, out_r, err);
}

int
json_get_object(const struct json_object *obj, const char *key,
		const struct json_object **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return place_object(&p, out_r, err);
}

int
json_opt_int(const struct json_object *obj, const char *key, int64_t min,
	     int64_t max, int64_t *out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return p.value == NULL ? 0 : place_int(&p, min, max, out_r, err);
}

int
json_opt_bool(const struct json_object *obj, const char *key, bool *out_r,
	      struct err *err)
{
	struct place p = place_member(obj, key);

	return p.value == NULL ? 0 : place_bool(&p, out_r, err);
}

int
json_opt_str(const struct json_object *obj, const char *key, size_t max,
	     const char **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return p.value == NULL ? 0 : place_str(&p, max, out_r, err);
}

int
json_opt_array(const struct json_object *obj, const char *key, size_t max,
	       const struct json_object **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return p.value == NULL ? 0 : place_array(&p, max, out_r, err);
}

int
json_opt_object(const struct json_object *obj, const char *key,
		const struct json_object **out_r, struct err *err)
{
	struct place p = place_member(obj, key);

	return p.value == NULL ? 0 : place_object(&p, out_r, err);
}

int
json_item_str(const struct json_object *array, size_t i, size_t max,
	      const char **out_r, struct err *err)
{
	struct place p = place_item(array, i);

	return place_str(&p, max, out_r, err);
}

int
json_item_object(const struct json_object *array, size_t i,
		 const struct json_object **out_r, struct err *err)
{
	struct place p = place_item(array, i);

	return place_object(&p, out_r, err);
}
