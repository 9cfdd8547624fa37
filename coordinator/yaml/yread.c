/* yread.c - see yread.h. */
#include "yread.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "nearest.h"
#include "num.h"

#define FIELDS_MAX 64 /* of one mapping */

static const char *const kind_names[] = {
	[YNODE_SCALAR] = "a text",
	[YNODE_LIST] = "a list",
	[YNODE_MAP] = "a mapping",
};

void
ynode_error(struct diags *d, const struct ynode *node, const char *fmt, ...)
{
	va_list ap;
	char *message;

	va_start(ap, fmt);
	message = x_vasprintf(fmt, ap);
	va_end(ap);
	diag_error(d, node->at, node->width, "%s", message);
	x_free(&message);
}

void
ynode_suggest(struct diags *d, const char *word, const char *const names[],
	      size_t n)
{
	const char *near = nearest_name(word, names, n);

	if (near != NULL)
		diag_hint(d, "did you mean \"%s\"?", near);
}

const struct ynode *
ynode_get(const struct ynode *map, const char *key)
{
	assert(map->kind == YNODE_MAP);
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->key[i]->text, key) == 0)
			return map->item[i];
	return NULL;
}

static int
kind_want(struct diags *d, const struct ynode *node, enum ynode_kind kind,
	  const char *what)
{
	if (node->kind == kind)
		return 0;
	ynode_error(d, node, "%s must be %s, this is %s", what,
		    kind_names[kind], kind_names[node->kind]);
	return -1;
}

/* As a list for nearest_name(), and with `between` as a text for people. */
static void
names_of(const struct yfield fields[], size_t n, const char *between,
	 const char *names_r[FIELDS_MAX], struct buf *all)
{
	assert(n <= FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		names_r[i] = fields[i].name;
		(void)buf_addf(all, "%s%s", i == 0 ? "" : between, names_r[i]);
	}
}

static int
key_unknown(struct diags *d, const struct ynode *key, const char *what,
	    const struct yfield fields[], size_t n)
{
	const char *names[FIELDS_MAX];
	struct buf all;

	ynode_error(d, key, "unknown key \"%s\" in %s", key->text, what);
	buf_init(&all, 4096);
	names_of(fields, n, " ", names, &all);
	diag_hint(d, "%s may have: %s", what, buf_str(&all));
	ynode_suggest(d, key->text, names, n);
	buf_free(&all);
	return -1;
}

/* Who reads it is left to tell what is wrong with it. */
static bool
shape_is_open(const struct yshape *shape)
{
	return shape == NULL || shape->kind == YSHAPE_TOLD;
}

static enum ynode_kind
shape_node(const struct yshape *shape)
{
	switch (shape->kind) {
	case YSHAPE_LIST:
		return YNODE_LIST;
	case YSHAPE_MAP:
	case YSHAPE_MANY:
		return YNODE_MAP;
	case YSHAPE_TEXT:
	case YSHAPE_BOOL:
	case YSHAPE_INT:
	case YSHAPE_DURATION:
	case YSHAPE_NAME:
	case YSHAPE_CHOICE:
	case YSHAPE_TOLD:
		break;
	}
	return YNODE_SCALAR;
}

static int
field_take(struct diags *d, const struct ynode *item, const struct yfield *f,
	   const struct ynode **out_r)
{
	char what[80];

	snprintf(what, sizeof(what), "\"%s\"", f->name);
	if (!shape_is_open(f->shape) &&
	    kind_want(d, item, shape_node(f->shape), what) < 0)
		return -1;
	*out_r = item;
	return 0;
}

static size_t
field_find(const struct yfield fields[], size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(fields[i].name, name) != 0)
		i++;
	return i;
}

int
yfields_read(struct diags *d, const struct ynode *node, const char *what,
	     const struct yfield fields[], size_t n,
	     const struct ynode *out_r[])
{
	int ret = 0;

	for (size_t i = 0; i < n; i++)
		out_r[i] = NULL;
	if (kind_want(d, node, YNODE_MAP, what) < 0)
		return -1;
	for (size_t k = 0; k < node->n; k++) {
		size_t i = field_find(fields, n, node->key[k]->text);

		if (i == n)
			ret = key_unknown(d, node->key[k], what, fields, n);
		else if (out_r[i] == NULL &&
			 field_take(d, node->item[k], &fields[i], &out_r[i]) <
				 0)
			ret = -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (!fields[i].required || ynode_get(node, fields[i].name))
			continue;
		diag_error(d, node->at, 1, "%s needs \"%s\"", what,
			   fields[i].name);
		ret = -1;
	}
	return ret;
}

int
yread_bool(struct diags *d, const struct ynode *node, const char *what,
	   bool *out_r)
{
	if (kind_want(d, node, YNODE_SCALAR, what) < 0)
		return -1;
	if (strcmp(node->text, "true") == 0 || strcmp(node->text, "yes") == 0)
		*out_r = true;
	else if (strcmp(node->text, "false") == 0 ||
		 strcmp(node->text, "no") == 0)
		*out_r = false;
	else {
		ynode_error(d, node, "%s must be true or false", what);
		return -1;
	}
	return 0;
}

int
yread_int(struct diags *d, const struct ynode *node, const char *what,
	  int64_t min, int64_t max, int64_t *out_r)
{
	struct err err;

	if (kind_want(d, node, YNODE_SCALAR, what) < 0)
		return -1;
	if (num_parse_int(node->text, min, max, out_r, &err) == 0)
		return 0;
	ynode_error(d, node, "%s: %s", what, err.text);
	return -1;
}

int
yread_duration(struct diags *d, const struct ynode *node, const char *what,
	       int64_t min_ms, int64_t max_ms, int64_t *out_r)
{
	struct err err;

	if (kind_want(d, node, YNODE_SCALAR, what) < 0)
		return -1;
	if (num_parse_duration(node->text, min_ms, max_ms, out_r, &err) == 0)
		return 0;
	ynode_error(d, node, "%s: %s", what, err.text);
	if (node->text[strspn(node->text, "0123456789")] == '\0')
		diag_hint(d, "a duration has a unit: %ss, %sm", node->text,
			  node->text);
	return -1;
}

int
yread_choice(struct diags *d, const struct ynode *node, const char *what,
	     const struct yfields *words, size_t *out_r)
{
	const char *names[FIELDS_MAX];
	size_t found;
	struct buf all;

	if (kind_want(d, node, YNODE_SCALAR, what) < 0)
		return -1;
	found = field_find(words->row, words->n, node->text);
	if (found < words->n) {
		*out_r = found;
		return 0;
	}
	buf_init(&all, 4096);
	names_of(words->row, words->n, " | ", names, &all);
	ynode_error(d, node, "%s must be one of: %s", what, buf_str(&all));
	ynode_suggest(d, node->text, names, words->n);
	buf_free(&all);
	return -1;
}

bool
yname_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return len > 0 && len <= 63 && name[len] == '\0' && name[0] != '-' &&
	       name[0] != '_';
}

int
yread_name(struct diags *d, const struct ynode *node, const char *what,
	   const char **out_r)
{
	if (kind_want(d, node, YNODE_SCALAR, what) < 0)
		return -1;
	if (!yname_valid(node->text)) {
		ynode_error(d, node, "%s: \"%s\" is not a name", what,
			    node->text);
		diag_hint(d,
			  "names have a-z, 0-9, - and _, begin with a letter "
			  "or digit, and have at most 63");
		return -1;
	}
	*out_r = node->text;
	return 0;
}
