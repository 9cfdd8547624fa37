/* plan_env.c - the values of one backend, and texts filled with them. */
#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "nearest.h"
#include "num.h"
#include "plan_private.h"

static int
env_fail(struct env *e, const char *what, const char *why)
{
	diag_error(e->d, (struct mark){ 0 }, 0, "%s: %s", what, why);
	return -1;
}

static int
backend_find(struct env *e, const char *name)
{
	const struct json_object *list, *item;
	const char *names[256], *have;
	struct err err;
	size_t n = 0;

	if (json_get_array(e->inventory, "backends", 100000, &list, &err) < 0)
		return env_fail(e, "the inventory", err.text);
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_item_object(list, i, &item, &err) < 0 ||
		    json_get_str(item, "name", 255, &have, &err) < 0)
			return env_fail(e, "the inventory", err.text);
		if (strcmp(have, name) == 0) {
			e->backend = item;
			return 0;
		}
		if (n < 256)
			names[n++] = have;
	}
	diag_error(e->d, (struct mark){ 0 }, 0,
		   "the fleet has no backend \"%s\"", name);
	ynode_suggest(e->d, name, names, n);
	return -1;
}

/* The text of a variable as it came in JSON; NULL: of no use. */
static char *
value_text(const struct json_object *value, const char *joint)
{
	struct buf all;

	switch (json_kind(value)) {
	case JSON_STRING:
		return x_strdup(json_as_str(value));
	case JSON_INT:
		return x_asprintf("%lld", (long long)json_as_int(value));
	case JSON_BOOL:
		return x_strdup(json_as_bool(value) ? "true" : "false");
	case JSON_ARRAY:
		break;
	case JSON_NULL:
	case JSON_DOUBLE:
	case JSON_OBJECT:
		return NULL;
	}
	buf_init(&all, 65536);
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json_object *item = json_item(value, i);

		if (json_kind(item) != JSON_STRING) {
			buf_free(&all);
			return NULL;
		}
		(void)buf_addf(&all, "%s%s", i == 0 ? "" : joint,
			       json_as_str(item));
	}
	return all.len == 0 ? x_strdup("") : buf_take(&all);
}

static char *
default_list(const struct ynode *def)
{
	struct buf all;

	buf_init(&all, 65536);
	for (size_t i = 0; i < def->n; i++)
		(void)buf_addf(&all, "%s%s", i == 0 ? "" : ",",
			       def->item[i]->text);
	return all.len == 0 ? x_strdup("") : buf_take(&all);
}

static void
value_bad(struct env *e, const struct var *var, const char *why)
{
	diag_error(e->d, var->node->at, var->node->width,
		   "the value of \"%s\" does not fit: %s", var->name, why);
	diag_hint(e->d, "it is of type %s: -e %s=…",
		  var_words.row[var->type].name, var->name);
}

static char *
value_default(struct env *e, const struct var *var)
{
	struct text def = { var->def, var->tpl };

	if (var->def != NULL && var->def->kind == YNODE_LIST)
		return default_list(var->def);
	if (var->tpl != NULL)
		return env_text(e, &def);
	if (var->required) {
		diag_error(e->d, var->node->at, var->node->width,
			   "variable \"%s\" has no value", var->name);
		diag_hint(e->d, "give it: -e %s=…", var->name);
	}
	return NULL;
}

static void
value_take(struct env *e, size_t i)
{
	const struct var *var = &e->proc->var[i];
	const struct json_object *given =
		e->vars == NULL ? NULL : json_member(e->vars, var->name);
	unsigned int before = e->d->errors;
	struct err err;
	char *text;

	if (var->type == VAR_FILE) {
		if (env_file(e, var) == NULL && var->required)
			value_bad(e, var, "a file is wanted");
		return;
	}
	text = given != NULL ? value_text(given, ",") : value_default(e, var);
	if (given != NULL && text == NULL)
		value_bad(e, var, "a plain value is wanted");
	else if (text != NULL && e->d->errors == before &&
		 var_value_check(var, text, &err) < 0)
		value_bad(e, var, err.text);
	e->value[i] = text;
}

static bool
given_known(void *self, const char *key, const struct json_object *value)
{
	struct env *e = self;
	const char *names[256];
	size_t n = 0;

	(void)value;
	if (var_find(e->proc, key) != NULL)
		return true;
	for (size_t i = 0; i < e->proc->vars && n < 256; i++)
		names[n++] = e->proc->var[i].name;
	diag_error(e->d, (struct mark){ 0 }, 0, "%s has no variable \"%s\"",
		   e->proc->name, key);
	ynode_suggest(e->d, key, names, n);
	return true;
}

int
env_init(struct env *e, const struct procedure *proc,
	 const struct plan_input *in, struct diags *d)
{
	*e = (struct env){
		.proc = proc,
		.d = d,
		.inventory = in->inventory,
		.vars = in->vars,
		.files = in->files,
		.rollout = in->rollout,
		.backend_name = in->backend,
		.errors = d->errors,
	};
	diags_source(d, proc->doc->source, proc->doc->len);
	e->value = x_calloc(proc->vars + 1, sizeof(*e->value));
	if (backend_find(e, in->backend) < 0)
		return -1;
	if (e->vars != NULL)
		json_each(e->vars, given_known, e);
	if (e->files != NULL)
		json_each(e->files, given_known, e);
	for (size_t i = 0; i < proc->vars; i++)
		value_take(e, i);
	return e->d->errors > e->errors ? -1 : 0;
}

void
env_clear(struct env *e)
{
	for (size_t i = 0; e->value != NULL && i < e->proc->vars; i++)
		free(e->value[i]);
	x_free(&e->value);
}

const char *
env_var(const struct env *e, const struct var *var)
{
	return e->value[var - e->proc->var];
}

const struct json_object *
env_file(const struct env *e, const struct var *var)
{
	const struct json_object *file =
		e->files == NULL ? NULL : json_member(e->files, var->name);

	return json_kind(file) == JSON_OBJECT ? file : NULL;
}

static enum template_answer
lookup_label(const struct env *e, const char *label, struct buf *value,
	     struct err *err)
{
	const struct json_object *labels = NULL;
	const char *text = NULL;

	if (json_opt_object(e->backend, "labels", &labels, err) < 0 ||
	    (labels != NULL &&
	     json_opt_str(labels, label, 4096, &text, err) < 0))
		return TEMPLATE_UNKNOWN;
	if (text == NULL) {
		(void)err_set(err, ERR_USAGE, "backend %s has no label \"%s\"",
			      e->backend_name, label);
		return TEMPLATE_UNKNOWN;
	}
	(void)buf_adds(value, text);
	return TEMPLATE_VALUE;
}

static enum template_answer
lookup_var(const struct env *e, const char *name, struct buf *value,
	   struct err *err)
{
	const struct var *var = var_find(e->proc, name);
	const char *text = var == NULL ? NULL : env_var(e, var);

	if (text == NULL) {
		(void)err_set(err, ERR_USAGE, "variable \"%s\" has no value",
			      name);
		return TEMPLATE_UNKNOWN;
	}
	(void)buf_adds(value, text);
	return TEMPLATE_VALUE;
}

/* A template_lookup_fn; ctx is the env. */
static enum template_answer
env_lookup(void *ctx, const char *name, struct buf *value, struct err *err)
{
	const struct env *e = ctx;
	const char *text = NULL;

	if (strncmp(name, "vars.", 5) == 0)
		return lookup_var(e, name + 5, value, err);
	if (strncmp(name, "backend.labels.", 15) == 0)
		return lookup_label(e, name + 15, value, err);
	if (strncmp(name, "steps.", 6) == 0 || strcmp(name, "new_file") == 0)
		return TEMPLATE_OPEN;
	if (strcmp(name, "rollout.id") == 0) {
		if (e->rollout == NULL)
			return TEMPLATE_OPEN;
		(void)buf_adds(value, e->rollout);
		return TEMPLATE_VALUE;
	}
	if (strcmp(name, "fleet.name") == 0) {
		if (json_get_str(e->inventory, "fleet", 255, &text, err) < 0)
			return TEMPLATE_UNKNOWN;
	} else if (strcmp(name, "backend.name") == 0 ||
		   strcmp(name, "backend.address") == 0) {
		if (json_get_str(e->backend, name + 8, 255, &text, err) < 0)
			return TEMPLATE_UNKNOWN;
	} else {
		(void)err_set(err, ERR_USAGE, "unknown variable \"%s\"", name);
		return TEMPLATE_UNKNOWN;
	}
	(void)buf_adds(value, text);
	return TEMPLATE_VALUE;
}

/* At the name that failed, which stands somewhere in the node. */
static void
fill_failed(struct env *e, const struct ynode *node, size_t off,
	    const struct err *err)
{
	diag_error(e->d, ynode_mark(e->proc->doc, node, off), 2, "%s",
		   err->text);
	if (strstr(err->text, "label") != NULL)
		diag_hint(e->d, "add it to labels: in the inventory, or give "
				"the variable with -e");
}

static char *
env_fill(struct env *e, const struct text *text, enum template_mode mode)
{
	struct buf out;
	struct err err;
	size_t off = 0;

	assert(text->tpl != NULL);
	buf_init(&out, TEMPLATE_BYTES_MAX);
	if (template_fill(text->tpl, env_lookup, e, mode, &out, &off, &err) <
	    0) {
		fill_failed(e, text->node, off, &err);
		buf_clear(&out);
	}
	return out.len == 0 ? (buf_free(&out), x_strdup("")) : buf_take(&out);
}

char *
env_text(struct env *e, const struct text *text)
{
	return env_fill(e, text, TEMPLATE_AGAIN);
}

char *
env_final(struct env *e, const struct text *text)
{
	return env_fill(e, text, TEMPLATE_TEXT);
}

int64_t
env_span(struct env *e, const struct span *span, int64_t otherwise)
{
	int64_t ms = otherwise;
	struct err err;
	char *text;

	if (span->text.tpl == NULL)
		return otherwise;
	text = env_text(e, &span->text);
	if (num_parse_duration(text, span->min_ms, span->max_ms, &ms, &err) <
	    0) {
		ynode_error(e->d, span->text.node, "%s: %s", span->what,
			    err.text);
		ms = otherwise;
	}
	free(text);
	return ms;
}

char *
env_cond(struct env *e, const struct cond *cond, enum tri *tri_r)
{
	enum tri tri = TRI_UNKNOWN;
	struct expr *expr;
	struct buf out;
	struct err err;
	size_t off = 0;

	if (cond->expr == NULL)
		return NULL;
	buf_init(&out, EXPR_BYTES_MAX);
	/* The procedure's own stays as it is: parsed again. */
	if (expr_parse(cond->node->text, EXPR_FIELDS, &expr, NULL, &err) < 0)
		abort();
	if (expr_fill(expr, env_lookup, e, &off, &err) < 0)
		fill_failed(e, cond->node, off, &err);
	else
		tri = expr_fold(expr);
	expr_print(expr, &out);
	if (buf_over(&out))
		ynode_error(e->d, cond->node, EXPR_TOO_LONG, EXPR_BYTES_MAX);
	expr_free(&expr);
	if (tri_r != NULL)
		*tri_r = tri;
	return buf_take(&out);
}

void
env_target(const struct env *e, const struct target *target)
{
	const struct json_object *groups = NULL, *group;

	if (target->group == NULL)
		return;
	(void)json_opt_object(e->inventory, "groups", &groups, NULL);
	group = groups == NULL ? NULL : json_member(groups, target->group);
	if (group != NULL)
		return;
	ynode_error(e->d, target->node, "the fleet has no group \"%s\"",
		    target->group);
	diag_hint(e->d, "groups are listed under \"groups\" in the "
			"inventory");
}
