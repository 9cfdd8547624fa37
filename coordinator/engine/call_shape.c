/* call_shape.c - is a message built as it should be? */
#include <string.h>

#include "call_private.h"
#include "json.h"

#define SHAPE_STR_MAX ((size_t)WIRE_LINE_MAX)

struct shape_walk {
	const struct call_shape *shape;
	struct err *err;
	bool bad;
};

static int
shape_items(const struct json_object *array, const struct call_shape *inner,
	    struct err *err)
{
	for (size_t i = 0; i < json_count(array); i++) {
		const struct json_object *item;
		const char *text;

		if (inner == NULL) {
			if (json_item_str(array, i, SHAPE_STR_MAX, &text,
					  err) < 0)
				return -1;
		} else if (json_item_object(array, i, &item, err) < 0 ||
			   call_shape_check(item, inner, err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
shape_member(const struct json_object *obj, const struct call_shape *s,
	     struct err *err)
{
	const struct json_object *value;
	const char *text;
	int64_t number;
	bool truth;

	switch (s->type) {
	case CALL_SHAPE_STR:
		return json_get_str(obj, s->key, SHAPE_STR_MAX, &text, err);
	case CALL_SHAPE_INT:
		return json_get_int(obj, s->key, 0, INT64_MAX, &number, err);
	case CALL_SHAPE_BOOL:
		return json_get_bool(obj, s->key, &truth, err);
	case CALL_SHAPE_OBJECT:
		if (json_get_object(obj, s->key, &value, err) < 0)
			return -1;
		return s->inner == NULL ? 0 :
					  call_shape_check(value, s->inner,
							   err);
	case CALL_SHAPE_ARRAY:
		if (json_get_array(obj, s->key, 512, &value, err) < 0)
			return -1;
		return shape_items(value, s->inner, err);
	}
	return err_set(err, ERR_PROTO, "no such shape");
}

static bool
shape_known(void *self, const char *key, const struct json_object *value)
{
	struct shape_walk *walk = self;
	const struct call_shape *s = walk->shape;

	(void)value;
	while (s->key != NULL && strcmp(s->key, key) != 0)
		s++;
	if (s->key != NULL)
		return true;
	walk->bad = true;
	(void)err_set(walk->err, ERR_PROTO, "unknown key \"%.40s\"", key);
	return false;
}

int
call_shape_check(const struct json_object *obj, const struct call_shape *shape,
		 struct err *err)
{
	struct shape_walk walk = { .shape = shape, .err = err };

	json_each(obj, shape_known, &walk);
	if (walk.bad)
		return -1;
	for (const struct call_shape *s = shape; s->key != NULL; s++) {
		if (!s->must && json_member(obj, s->key) == NULL)
			continue;
		if (shape_member(obj, s, err) < 0)
			return -1;
	}
	return 0;
}
