/*
 * help_schema.c - what may stand in a file, as a JSON schema for editors.
 *
 * To an editor a scalar of YAML has a type: 5 is a number and true is no text.
 * To our readers all are texts, so a text may be any of them here.
 */
#include "help_schema.h"

#include "json.h"

static void shape_out(struct json_out *o, const char *key,
		      const struct yshape *shape, const char *text);
static void kind_out(struct json_out *o, const struct yshape *shape);

/* `pattern` is asked of texts alone, and may be NULL */
static void
types_out(struct json_out *o, const char *const types[], const char *pattern)
{
	json_out_array(o, "type");
	for (; *types != NULL; types++)
		json_out_str(o, NULL, *types);
	json_out_end(o);
	if (pattern != NULL)
		json_out_str(o, "pattern", pattern);
}

/* as words in quotes too; YAML's own yes and no are texts to most editors */
static void
bool_out(struct json_out *o)
{
	json_out_array(o, "enum");
	json_out_bool(o, NULL, true);
	json_out_bool(o, NULL, false);
	json_out_str(o, NULL, "yes");
	json_out_str(o, NULL, "no");
	json_out_str(o, NULL, "true");
	json_out_str(o, NULL, "false");
	json_out_end(o);
}

static void
words_out(struct json_out *o, const struct yfields *words)
{
	json_out_array(o, "anyOf");
	for (size_t i = 0; i < words->n; i++) {
		json_out_object(o, NULL);
		json_out_str(o, "const", words->row[i].name);
		if (words->row[i].text != NULL)
			json_out_str(o, "description", words->row[i].text);
		json_out_end(o);
	}
	json_out_end(o);
}

static void
map_out(struct json_out *o, const struct yfields *keys)
{
	const struct yfield *end = keys->row + keys->n;

	json_out_str(o, "type", "object");
	json_out_bool(o, "additionalProperties", false);
	json_out_array(o, "required");
	for (const struct yfield *key = keys->row; key < end; key++)
		if (key->required)
			json_out_str(o, NULL, key->name);
	json_out_end(o);
	json_out_object(o, "properties");
	for (const struct yfield *key = keys->row; key < end; key++)
		if (key->shape != NULL)
			shape_out(o, key->name, key->shape, key->text);
	json_out_end(o);
}

static void
either_out(struct json_out *o, const struct yshape *a, const struct yshape *b)
{
	if (b == NULL) {
		kind_out(o, a);
		return;
	}
	json_out_array(o, "anyOf");
	shape_out(o, NULL, a, NULL);
	shape_out(o, NULL, b, NULL);
	json_out_end(o);
}

static void
kind_out(struct json_out *o, const struct yshape *shape)
{
	static const char *const text[] = { "string", "number", "boolean",
					    "null", NULL };
	static const char *const name[] = { "string", "number", "boolean",
					    NULL };
	static const char *const whole[] = { "integer", "string", NULL };
	static const char *const span[] = { "string", NULL };

	switch (shape->kind) {
	case YSHAPE_TEXT:
		types_out(o, text, NULL);
		return;
	case YSHAPE_BOOL:
		bool_out(o);
		return;
	case YSHAPE_INT:
		types_out(o, whole, "^-?[0-9]+$");
		return;
	case YSHAPE_DURATION:
		types_out(o, span, "^([0-9]+(ms|[smhd]))+$|\\$\\{");
		return;
	case YSHAPE_NAME:
		types_out(o, name, "^[a-z0-9][a-z0-9_-]{0,62}$");
		return;
	case YSHAPE_CHOICE:
		words_out(o, shape->rows);
		return;
	case YSHAPE_LIST:
		json_out_str(o, "type", "array");
		shape_out(o, "items", shape->of, NULL);
		return;
	case YSHAPE_MAP:
		map_out(o, shape->rows);
		return;
	case YSHAPE_MANY:
		json_out_str(o, "type", "object");
		shape_out(o, "additionalProperties", shape->of, NULL);
		return;
	case YSHAPE_TOLD:
		either_out(o, shape->of, shape->other);
		return;
	}
}

static void
shape_out(struct json_out *o, const char *key, const struct yshape *shape,
	  const char *text)
{
	json_out_object(o, key);
	if (text != NULL)
		json_out_str(o, "description", text);
	kind_out(o, shape);
	json_out_end(o);
}

void
help_schema(struct buf *out, const struct language *l, const char *name)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_object(&o, NULL);
	json_out_str(&o, "$schema", "http://json-schema.org/draft-07/schema#");
	json_out_str(&o, "title", name);
	json_out_str(&o, "description", l->what);
	map_out(&o, l->part[0].rows);
	json_out_end(&o);
	(void)buf_addc(out, '\n');
}
