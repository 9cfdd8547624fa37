/* proc_text.c - scalars of a procedure: texts, commands, conditions. */
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "procedure_private.h"
#include "words.h"

struct mark
name_mark(const struct ydoc *doc, const struct ynode *node, const char *name)
{
	char *ref = x_asprintf("${%s}", name);
	const char *at =
		node->kind == YNODE_SCALAR ? strstr(node->text, ref) : NULL;
	struct mark mark = node->at;

	if (at != NULL)
		mark = ynode_mark(doc, node, (size_t)(at - node->text));
	free(ref);
	return mark;
}

void
text_clear(struct text *text)
{
	template_free(&text->tpl);
}

void
cond_clear(struct cond *cond)
{
	expr_free(&cond->expr);
}

void
argv_clear(struct argv *argv)
{
	for (size_t i = 0; i < argv->n; i++)
		template_free(&argv->word[i]);
	x_free(&argv->word);
	x_free(&argv->at);
	argv->n = 0;
}

void
text_read(struct proc_reader *r, const struct ynode *node, struct text *text)
{
	struct err err;
	size_t off;

	if (node == NULL)
		return;
	text->node = node;
	if (node->kind != YNODE_SCALAR) {
		ynode_error(r->d, node, "a text is wanted here");
		return;
	}
	if (template_parse(node->text, &text->tpl, &off, &err) == 0)
		return;
	diag_error(r->d, ynode_mark(r->proc->doc, node, off), 2, "%s",
		   err.text);
	diag_hint(r->d, "write $${ for a plain ${");
}

void
span_read(struct proc_reader *r, const struct ynode *node, const char *what,
	  int64_t min_ms, int64_t max_ms, struct span *span)
{
	int64_t ms;

	span->what = what;
	span->min_ms = min_ms;
	span->max_ms = max_ms;
	text_read(r, node, &span->text);
	if (span->text.tpl != NULL && template_is_plain(span->text.tpl))
		(void)yread_duration(r->d, node, what, min_ms, max_ms, &ms);
}

void
cond_read(struct proc_reader *r, const struct ynode *node, struct cond *cond)
{
	struct err err;
	size_t off;

	if (node == NULL)
		return;
	cond->node = node;
	if (node->kind != YNODE_SCALAR) {
		ynode_error(r->d, node,
			    "an expression is wanted here: "
			    "PROBE.COLUMN == VALUE");
		diag_hint(r->d, "quote it when it has a ${} inside [ ] or { }");
		return;
	}
	if (expr_parse(node->text, EXPR_FIELDS, &cond->expr, &off, &err) < 0)
		diag_error(r->d, ynode_mark(r->proc->doc, node, off), 1, "%s",
			   err.text);
}

static void
word_add(struct proc_reader *r, struct argv *argv, const struct ynode *at,
	 const char *word)
{
	struct template *tpl;
	struct err err;

	if (template_parse(word, &tpl, NULL, &err) < 0) {
		const char *p = strstr(at->text, "${");

		diag_error(r->d,
			   ynode_mark(r->proc->doc, at,
				      p == NULL ? 0 : (size_t)(p - at->text)),
			   2, "%s", err.text);
		diag_hint(r->d, "write $${ for a plain ${");
		return;
	}
	argv->word = x_realloc(argv->word, argv->n + 1, sizeof(*argv->word));
	argv->at = x_realloc(argv->at, argv->n + 1, sizeof(*argv->at));
	argv->word[argv->n] = tpl;
	argv->at[argv->n++] = at;
}

static void
argv_split(struct proc_reader *r, const struct ynode *node, struct argv *argv)
{
	struct words w;
	struct err err;
	size_t col = 1;

	if (words_split(node->text, &w, &col, &err) < 0) {
		diag_error(r->d, ynode_mark(r->proc->doc, node, col - 1), 1,
			   "%s", err.text);
		return;
	}
	for (size_t i = 0; i < w.n; i++)
		word_add(r, argv, node, w.word[i]);
	words_free(&w);
}

void
argv_read(struct proc_reader *r, const struct ynode *node, struct argv *argv)
{
	if (node == NULL)
		return;
	argv->node = node;
	if (node->kind == YNODE_SCALAR) {
		argv_split(r, node, argv);
	} else if (node->kind == YNODE_MAP || node->n == 0 ||
		   node->n > WORDS_MAX) {
		ynode_error(r->d, node,
			    "a command is a text or a list of its "
			    "words");
	} else {
		for (size_t i = 0; i < node->n; i++) {
			if (node->item[i]->kind == YNODE_SCALAR)
				word_add(r, argv, node->item[i],
					 node->item[i]->text);
			else
				ynode_error(r->d, node->item[i],
					    "a word of the command is wanted");
		}
	}
	if (argv->n > 0 && argv->word[0]->n == 0)
		ynode_error(r->d, argv->at[0], "the command is empty");
}

void
target_read(struct proc_reader *r, const struct ynode *node,
	    struct target *target)
{
	const char *name;

	if (node == NULL)
		return;
	if (node->kind != YNODE_SCALAR) {
		ynode_error(r->d, node,
			    "a target is backend, GROUP or each GROUP");
		return;
	}
	target->node = node;
	name = node->text;
	if (strncmp(name, "each ", 5) == 0) {
		target->each = true;
		name += 5;
	}
	if (!yname_valid(name) ||
	    (target->each && strcmp(name, "backend") == 0))
		ynode_error(r->d, node,
			    "a target is backend, GROUP or each GROUP");
	else if (strcmp(name, "backend") != 0)
		target->group = name;
}

void
field_read(struct proc_reader *r, const struct ynode *node, struct field *field)
{
	char norm[READING_NAME_MAX + 1];
	const char *dot;

	if (node == NULL)
		return;
	field->node = node;
	dot = node->kind == YNODE_SCALAR ? strchr(node->text, '.') : NULL;
	if (dot == NULL || dot == node->text || strpbrk(dot, " \t${}") ||
	    reading_name(dot + 1, norm) < 0) {
		ynode_error(r->d, node,
			    "a field is wanted here, such as "
			    "service.vhosts");
		return;
	}
	field->text = x_asprintf("%.*s.%s", (int)(dot - node->text), node->text,
				 norm);
}

const struct var *
text_var(const struct procedure *proc, const struct text *text)
{
	if (text->tpl == NULL || text->tpl->n != 1 ||
	    !text->tpl->part[0].is_name ||
	    strncmp(text->tpl->part[0].text, "vars.", 5) != 0)
		return NULL;
	return var_find(proc, text->tpl->part[0].text + 5);
}
