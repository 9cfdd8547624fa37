/*
 * json_get.c - typed values out of a document.
 *
 * Three ways lead to a value (a member that must be there, one that may be, an
 * item of an array) and each type has one check; the rest is their product.
 */
#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

/* A value and the words that an error calls it by. */
struct place {
	const struct json_object *value; /* NULL: absent or null */
	char name[80];
};

static struct place
place_member(const struct json_object *obj, const char *key)
{
	struct place p = { .value = json_member(obj, key) };

	(void)snprintf(p.name, sizeof(p.name), "\"%.60s\"", key);
	return p;
}

static struct place
place_item(const struct json_object *array, size_t i)
{
	struct place p = { .value = json_item(array, i) };

	(void)snprintf(p.name, sizeof(p.name), "item %zu", i);
	return p;
}

static int
place_check(const struct place *p, enum json_kind kind, struct err *err)
{
	if (p->value == NULL)
		return err_set(err, ERR_PROTO, "%s is missing", p->name);
	if (json_kind(p->value) != kind)
		return err_set(err, ERR_PROTO, "%s is %s, not %s", p->name,
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
		return err_set(err, ERR_PROTO,
			       "%s is %lld, not between %lld and %lld", p->name,
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
		return err_set(err, ERR_PROTO, "%s is longer than %zu bytes",
			       p->name, max);
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
		return err_set(err, ERR_PROTO, "%s has more than %zu items",
			       p->name, max);
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
