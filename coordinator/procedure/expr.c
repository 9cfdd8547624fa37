/* expr.c - the tree: let go, printed, walked, filled and folded. */
#include "expr.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "expr_private.h"

static void
expr_clear(struct expr *e)
{
	for (size_t i = 0; i < e->n; i++)
		expr_free(&e->arg[i]);
	x_free(&e->arg);
	e->n = 0;
	x_free(&e->probe);
	x_free(&e->column);
	template_free(&e->left);
	template_free(&e->right);
}

void
expr_free(struct expr **expr)
{
	if (*expr == NULL)
		return;
	expr_clear(*expr);
	x_free(expr);
}

/* Letters, digits and what appears in addresses, names and numbers. */
static bool
plain_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_.:/@%+,-*";

	return text[strspn(text, plain)] == '\0' && strcmp(text, "and") != 0 &&
	       strcmp(text, "or") != 0;
}

static bool
template_plain_word(const struct template *tpl)
{
	for (size_t i = 0; i < tpl->n; i++)
		if (!tpl->part[i].is_name && !plain_word(tpl->part[i].text))
			return false;
	return tpl->n > 0;
}

static void
value_print(const struct template *tpl, struct buf *out)
{
	struct buf text;

	if (template_plain_word(tpl)) {
		template_print(tpl, out);
		return;
	}
	buf_init(&text, TEMPLATE_BYTES_MAX * 2);
	template_print(tpl, &text);
	(void)buf_addc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, text.data[i]);
	}
	(void)buf_addc(out, '"');
	buf_free(&text);
}

/* A left side that begins with plain text reads back only in quotes. */
static void
left_print(const struct template *tpl, struct buf *out)
{
	if (tpl->n > 0 && tpl->part[0].is_name && template_plain_word(tpl)) {
		template_print(tpl, out);
		return;
	}
	(void)buf_addc(out, '"');
	for (size_t i = 0; i < tpl->n; i++) {
		const struct template one = { &tpl->part[i], 1 };
		struct buf text;

		buf_init(&text, TEMPLATE_BYTES_MAX * 2);
		template_print(&one, &text);
		for (size_t k = 0; k < text.len; k++) {
			if (text.data[k] == '"' || text.data[k] == '\\')
				(void)buf_addc(out, '\\');
			(void)buf_addc(out, text.data[k]);
		}
		buf_free(&text);
	}
	(void)buf_addc(out, '"');
}

static void
term_print(const struct expr *e, struct buf *out)
{
	if (e->probe != NULL)
		(void)buf_addf(out, "%s.", e->probe);
	if (e->column != NULL)
		(void)buf_adds(out, e->column);
	else
		left_print(e->left, out);
	(void)buf_addf(out, " %s ", expr_op_text(e->op));
	value_print(e->right, out);
}

void
expr_print(const struct expr *expr, struct buf *out)
{
	switch (expr->kind) {
	case EXPR_TERM:
		term_print(expr, out);
		return;
	case EXPR_TRUE:
	case EXPR_FALSE:
		(void)buf_adds(out, expr->kind == EXPR_TRUE ? "true" : "false");
		return;
	case EXPR_AND:
	case EXPR_OR:
		break;
	}
	for (size_t i = 0; i < expr->n; i++) {
		/* "or" inside "and" */
		bool paren =
			expr->kind == EXPR_AND && expr->arg[i]->kind == EXPR_OR;

		if (i > 0)
			(void)buf_adds(out, expr->kind == EXPR_AND ? " and "
								   : " or ");
		if (paren)
			(void)buf_addc(out, '(');
		expr_print(expr->arg[i], out);
		if (paren)
			(void)buf_addc(out, ')');
	}
}

void
expr_fields(const struct expr *expr, expr_field_fn *fn, void *ctx)
{
	for (size_t i = 0; i < expr->n; i++)
		expr_fields(expr->arg[i], fn, ctx);
	if (expr->kind != EXPR_TERM || expr->column == NULL)
		return;
	fn(ctx, expr->probe, expr->column, expr->op,
	   !template_is_plain(expr->right) ? NULL
	   : expr->right->n == 0	   ? ""
					   : expr->right->part[0].text,
	   expr->off);
}

static void
template_names(const struct template *tpl, size_t off, expr_name_fn *fn,
	       void *ctx)
{
	for (size_t i = 0; tpl != NULL && i < tpl->n; i++)
		if (tpl->part[i].is_name)
			fn(ctx, tpl->part[i].text, off + tpl->part[i].off);
}

void
expr_names(const struct expr *expr, expr_name_fn *fn, void *ctx)
{
	for (size_t i = 0; i < expr->n; i++)
		expr_names(expr->arg[i], fn, ctx);
	template_names(expr->left, expr->left_off, fn, ctx);
	template_names(expr->right, expr->right_off, fn, ctx);
}

int
expr_fill(struct expr *expr, template_lookup_fn *fn, void *ctx, size_t *off_r,
	  struct err *err)
{
	bool ere = expr->op == EXPR_MATCH || expr->op == EXPR_NOMATCH;

	for (size_t i = 0; i < expr->n; i++)
		if (expr_fill(expr->arg[i], fn, ctx, off_r, err) < 0)
			return -1;
	if (expr->left != NULL &&
	    template_fill_self(expr->left, fn, ctx, false, off_r, err) < 0) {
		if (off_r != NULL)
			*off_r += expr->left_off;
		return -1;
	}
	if (expr->right != NULL &&
	    template_fill_self(expr->right, fn, ctx, ere, off_r, err) < 0) {
		if (off_r != NULL)
			*off_r += expr->right_off;
		return -1;
	}
	return 0;
}

static void
expr_become(struct expr *expr, enum expr_kind kind)
{
	expr_clear(expr);
	expr->kind = kind;
}

static void
term_fold(struct expr *e)
{
	if (e->column != NULL || !template_is_plain(e->left) ||
	    !template_is_plain(e->right))
		return;
	/* Unknown (abc < 5) does not hold. */
	expr_become(e, expr_eval(e, NULL, NULL, NULL, NULL) == TRI_TRUE
			       ? EXPR_TRUE
			       : EXPR_FALSE);
}

/* An argument that decides is all; one that says nothing goes. */
static void
args_fold(struct expr *e)
{
	enum expr_kind decides = e->kind == EXPR_AND ? EXPR_FALSE : EXPR_TRUE;
	enum expr_kind neutral = e->kind == EXPR_AND ? EXPR_TRUE : EXPR_FALSE;
	struct expr *last;
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		(void)expr_fold(e->arg[i]);
		if (e->arg[i]->kind == decides) {
			expr_become(e, decides);
			return;
		}
		if (e->arg[i]->kind == neutral) {
			expr_free(&e->arg[i]);
			continue;
		}
		e->arg[n] = e->arg[i];
		if (n++ != i)
			e->arg[i] = NULL;
	}
	e->n = n;
	if (n == 0) {
		expr_become(e, neutral);
	} else if (n == 1) {
		last = e->arg[0];
		free(e->arg);
		*e = *last;
		free(last);
	}
}

enum tri
expr_fold(struct expr *expr)
{
	if (expr->kind == EXPR_TERM)
		term_fold(expr);
	else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR)
		args_fold(expr);
	if (expr->kind == EXPR_TRUE)
		return TRI_TRUE;
	return expr->kind == EXPR_FALSE ? TRI_FALSE : TRI_UNKNOWN;
}
