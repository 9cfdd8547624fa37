/* shell_text.c - texts, conditions and hosts of a plan in the words of bash. */
#include <string.h>

#include "alloc.h"
#include "expr_private.h"
#include "shell_private.h"
#include "template.h"
#include "words.h"

const char *
shell_str(const struct json_object *obj, const char *key,
	  const char *otherwise)
{
	const char *text = otherwise;

	if (json_kind(obj) == JSON_OBJECT)
		(void)json_opt_str(obj, key, 1 << 20, &text, NULL);
	return text;
}

int64_t
shell_int(const struct json_object *obj, const char *key, int64_t otherwise)
{
	int64_t n = otherwise;

	if (json_kind(obj) == JSON_OBJECT)
		(void)json_opt_int(obj, key, 0, INT64_MAX, &n, NULL);
	return n;
}

const struct json_object *
shell_in(const struct json_object *obj, const char *key)
{
	return json_kind(obj) == JSON_OBJECT ? json_member(obj, key) : NULL;
}

void
shell_comment(struct shell *s, const char *before, const char *text)
{
	(void)buf_addf(s->out, "# %s", before);
	for (; *text != '\0'; text++)
		(void)buf_addc(s->out, (unsigned char)*text < ' ' ? ' '
								  : *text);
	(void)buf_addc(s->out, '\n');
}

/* What the script itself has to put in. */
static void
name_word(struct shell *s, const char *name)
{
	if (strcmp(name, "rollout.id") == 0)
		(void)buf_adds(s->out, s->rollout);
	else if (strcmp(name, "new_file") == 0)
		(void)buf_adds(s->out, "\"$new_file\"");
	else if (strncmp(name, "steps.", 6) == 0)
		(void)buf_addf(s->out, "\"${S[%s]}\"", name + 6);
	else
		words_for_shell(s->out, name);
}

static void
template_word(struct shell *s, const struct template *tpl)
{
	if (tpl->n == 0)
		(void)buf_adds(s->out, "''");
	for (size_t i = 0; i < tpl->n; i++) {
		if (tpl->part[i].is_name)
			name_word(s, tpl->part[i].text);
		else
			words_for_shell(s->out, tpl->part[i].text);
	}
}

void
shell_word(struct shell *s, const char *text)
{
	struct template *tpl = NULL;

	if (template_parse(text, &tpl, NULL, NULL) < 0) {
		words_for_shell(s->out, text);
		return;
	}
	template_word(s, tpl);
	template_free(&tpl);
}

void
shell_words(struct shell *s, const struct json_object *argv)
{
	for (size_t i = 0; argv != NULL && i < json_count(argv); i++) {
		(void)buf_addc(s->out, ' ');
		shell_word(s, json_as_str(json_item(argv, i)));
	}
}

/* A bare column is one of the service's row. */
static void
term_print(struct shell *s, const struct expr *e)
{
	if (e->column == NULL) {
		(void)buf_adds(s->out, "is ");
		template_word(s, e->left);
	} else if (e->probe != NULL && strcmp(e->probe, "out") == 0) {
		(void)buf_addf(s->out, "is \"$(out %s)\"", e->column);
	} else if (e->probe != NULL && strcmp(e->probe, "peers") == 0) {
		(void)buf_adds(s->out, "is \"$(peers)\"");
	} else {
		(void)buf_addf(s->out, "t %s %s",
			       e->probe != NULL ? e->probe : "service",
			       e->column);
	}
	(void)buf_adds(s->out, " ");
	words_for_shell(s->out, expr_op_text(e->op));
	(void)buf_addc(s->out, ' ');
	template_word(s, e->right);
}

static void
tree_print(struct shell *s, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_TERM:
		term_print(s, e);
		return;
	case EXPR_TRUE:
	case EXPR_FALSE:
		(void)buf_adds(s->out,
			       e->kind == EXPR_TRUE ? "true" : "false");
		return;
	case EXPR_AND:
	case EXPR_OR:
		break;
	}
	(void)buf_adds(s->out, "{ ");
	for (size_t i = 0; i < e->n; i++) {
		if (i > 0)
			(void)buf_adds(s->out, e->kind == EXPR_AND ? " && "
								   : " || ");
		tree_print(s, e->arg[i]);
	}
	(void)buf_adds(s->out, "; }");
}

/* What cannot be read never holds. */
static void
function_print(struct shell *s, const char *name, const char *text,
	       enum expr_mode mode)
{
	struct expr *expr = NULL;

	(void)buf_addf(s->out, "%s() { ", name);
	if (expr_parse(text, mode, &expr, NULL, NULL) == 0)
		tree_print(s, expr);
	else
		(void)buf_adds(s->out, "false");
	(void)buf_adds(s->out, "; }\n");
	expr_free(&expr);
}

void
shell_cond(struct shell *s, const char *text)
{
	function_print(s, "cond", text, EXPR_FIELDS);
}

void
shell_columns(struct shell *s, const char *name, const char *text)
{
	function_print(s, name, text, EXPR_COLUMNS);
}

const struct json_object *
shell_group(const struct shell *s, const char *target)
{
	const struct json_object *groups = shell_in(s->inventory, "groups");

	if (strncmp(target, "each ", 5) == 0)
		target += 5;
	return shell_in(shell_in(groups, target), "members");
}

void
shell_hosts(struct shell *s, const char *target, bool all)
{
	const struct json_object *members = shell_group(s, target);
	size_t n = members == NULL ? 0 : json_count(members);

	if (!all && strncmp(target, "each ", 5) != 0 && n > 1)
		n = 1;
	if (members == NULL)
		words_for_shell(s->out, s->backend);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_addc(s->out, ' ');
		words_for_shell(s->out, shell_str(json_item(members, i), "name", ""));
	}
}
