/*
 * expr_eval.c - three truths.
 *
 * Without `not` the third one is simple: `and` is the smallest and `or` the
 * largest in the order false, unknown, true, and what is missing can never make
 * anything true.
 */
#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "expr_private.h"
#include "num.h"
#include "pattern.h"
#include "utf8.h"

#define VALUE_SHOWN 100 /* bytes of a value in a sentence */

struct number {
	bool negative;
	const char *whole, *fraction;
	size_t nwhole, nfraction; /* without needless zeros */
};

/* Digits of any length, compared as text: no overflow, no rounding. */
static bool
number_parse(const char *text, struct number *n)
{
	const char *p = text;

	*n = (struct number){ .negative = *p == '-' };
	p += *p == '-' || *p == '+';
	if (*p < '0' || *p > '9')
		return false;
	p += strspn(p, "0");
	n->whole = p;
	n->nwhole = strspn(p, "0123456789");
	p += n->nwhole;
	if (*p == '.') {
		n->fraction = ++p;
		n->nfraction = strspn(p, "0123456789");
		if (n->nfraction == 0)
			return false;
		p += n->nfraction;
		while (n->nfraction > 0 && n->fraction[n->nfraction - 1] == '0')
			n->nfraction--;
	}
	if (n->nwhole == 0 && n->nfraction == 0)
		n->negative = false;
	return *p == '\0';
}

static int
number_compare(const struct number *a, const struct number *b)
{
	size_t n = a->nfraction < b->nfraction ? a->nfraction : b->nfraction;
	int sign = a->negative ? -1 : 1, c;

	if (a->negative != b->negative)
		return sign;
	if (a->nwhole != b->nwhole)
		return a->nwhole > b->nwhole ? sign : -sign;
	c = memcmp(a->whole, b->whole, a->nwhole);
	if (c == 0 && n > 0)
		c = memcmp(a->fraction, b->fraction, n);
	if (c == 0 && a->nfraction != b->nfraction)
		c = a->nfraction > b->nfraction ? 1 : -1;
	return c > 0 ? sign : c < 0 ? -sign : 0;
}

/* A bare 0 is a duration too. */
static bool
duration_parse(const char *text, int64_t *ms)
{
	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return true;
	}
	return num_parse_duration(text, 0, INT64_MAX, ms, NULL) == 0;
}

/* -1, 0, 1; false when there is no order between them. */
static bool
values_order(const char *left, const char *right, int *order_r)
{
	struct number a, b;
	int64_t x, y;

	if (number_parse(left, &a) && number_parse(right, &b)) {
		*order_r = number_compare(&a, &b);
		return true;
	}
	if (duration_parse(left, &x) && duration_parse(right, &y)) {
		*order_r = x < y ? -1 : x > y;
		return true;
	}
	return false;
}

static enum tri
tri_of(bool b)
{
	return b ? TRI_TRUE : TRI_FALSE;
}

static enum tri
pattern_match(const char *text, const char *pattern, bool want)
{
	struct err err;
	regex_t re;
	int rc;

	if (pattern_compile(&re, pattern, &err) < 0)
		return TRI_UNKNOWN;
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	if (rc != 0 && rc != REG_NOMATCH)
		return TRI_UNKNOWN;
	return tri_of((rc == 0) == want);
}

enum tri
expr_compare(const char *left, enum expr_op op, const char *right)
{
	int order = 0;
	bool ordered;

	if (op == EXPR_MATCH || op == EXPR_NOMATCH)
		return pattern_match(left, right, op == EXPR_MATCH);
	if (expr_is_set(left) && expr_is_set(right))
		return expr_set_compare(left, op, right);
	ordered = values_order(left, right, &order);
	switch (op) {
	case EXPR_EQ:
		return tri_of(ordered ? order == 0 : strcmp(left, right) == 0);
	case EXPR_NE:
		return tri_of(ordered ? order != 0 : strcmp(left, right) != 0);
	case EXPR_LT:
		return ordered ? tri_of(order < 0) : TRI_UNKNOWN;
	case EXPR_LE:
		return ordered ? tri_of(order <= 0) : TRI_UNKNOWN;
	case EXPR_GT:
		return ordered ? tri_of(order > 0) : TRI_UNKNOWN;
	case EXPR_GE:
		return ordered ? tri_of(order >= 0) : TRI_UNKNOWN;
	case EXPR_MATCH:
	case EXPR_NOMATCH:
		break;
	}
	abort();
}

struct eval {
	expr_lookup_fn *fn;
	void *ctx;
	struct buf *seen;
};

static void
joint_add(struct buf *out)
{
	if (out->len > 0)
		(void)buf_adds(out, "; ");
}

void
expr_show(struct buf *out, const char *text)
{
	size_t len = strlen(text), cut = len;
	bool bare = len > 0 && strpbrk(text, " \t\n,;\"") == NULL;

	if (cut > VALUE_SHOWN)
		for (cut = VALUE_SHOWN;
		     cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80;)
			cut--;
	if (!bare)
		(void)buf_addc(out, '"');
	(void)utf8_escape(out, text, cut);
	(void)buf_adds(out, cut < len ? "…" : "");
	if (!bare)
		(void)buf_addc(out, '"');
}

static void
term_name(const struct expr *e, struct buf *out)
{
	if (e->column == NULL) {
		template_print(e->left, out);
		return;
	}
	if (e->probe != NULL)
		(void)buf_addf(out, "%s.", e->probe);
	(void)buf_adds(out, e->column);
}

static void
wanted_add(struct buf *out, const struct expr *e, const char *right)
{
	(void)buf_adds(out, ", wanted ");
	if (e->op == EXPR_NE)
		(void)buf_adds(out, "anything but ");
	else if (e->op != EXPR_EQ)
		(void)buf_addf(out, "%s ", expr_op_text(e->op));
	expr_show(out, right);
}

static void
member_add(struct buf *out, const struct expr_value *v)
{
	if (v->member != NULL)
		(void)buf_addf(out, " on %s", v->member);
}

static void
why_add(struct buf *why, const struct expr *e, const struct expr_value *v,
	enum tri tri, const char *right)
{
	joint_add(why);
	term_name(e, why);
	if (v->text == NULL) {
		(void)buf_adds(why, " is not known");
		member_add(why, v);
		(void)buf_adds(why, ": ");
		(void)utf8_escape(
			why, v->why == NULL ? "no answer" : v->why,
			strlen(v->why == NULL ? "no answer" : v->why));
		return;
	}
	(void)buf_adds(why, " was ");
	expr_show(why, v->text);
	member_add(why, v);
	wanted_add(why, e, right);
	if (e->op == EXPR_GE || e->op == EXPR_EQ)
		expr_set_why(v->text, right, why);
	if (tri == TRI_UNKNOWN)
		(void)buf_adds(why, ": these cannot be compared");
}

static void
seen_add(struct buf *seen, const struct expr *e, const struct expr_value *v,
	 size_t n)
{
	if (seen == NULL)
		return;
	if (n == 0) {
		joint_add(seen);
		term_name(e, seen);
	} else {
		(void)buf_addc(seen, ',');
	}
	(void)buf_addc(seen, ' ');
	if (v->text == NULL)
		(void)buf_addc(seen, '?');
	else
		expr_show(seen, v->text);
	member_add(seen, v);
}

static enum tri
tri_min(enum tri a, enum tri b)
{
	if (a == TRI_FALSE || b == TRI_FALSE)
		return TRI_FALSE;
	return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_TRUE;
}

static enum tri
tri_max(enum tri a, enum tri b)
{
	if (a == TRI_TRUE || b == TRI_TRUE)
		return TRI_TRUE;
	return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_FALSE;
}

/* The text of a filled template, or NULL while a name is open. */
static char *
template_text(const struct template *tpl)
{
	struct buf out;

	if (!template_is_plain(tpl))
		return NULL;
	buf_init(&out, TEMPLATE_BYTES_MAX * 2);
	for (size_t i = 0; i < tpl->n; i++)
		(void)buf_adds(&out, tpl->part[i].text);
	if (out.len == 0)
		return x_strdup("");
	return buf_take(&out);
}

/* A term without a probe has one value, its left side. */
static bool
term_value(const struct eval *ev, const struct expr *e, const char *left,
	   size_t n, struct expr_value *v)
{
	*v = (struct expr_value){ 0 };
	if (e->column != NULL)
		return ev->fn != NULL &&
		       ev->fn(ev->ctx, e->probe, e->column, n, v);
	v->text = left;
	v->why = "it is not decided yet";
	return n == 0;
}

static enum tri
members_eval(const struct eval *ev, const struct expr *e, const char *left,
	     const char *right, struct buf *why)
{
	struct expr_value v;
	enum tri all = TRI_TRUE, one;
	size_t n;

	for (n = 0; term_value(ev, e, left, n, &v); n++) {
		seen_add(ev->seen, e, &v, n);
		one = v.text == NULL ? TRI_UNKNOWN
				     : expr_compare(v.text, e->op, right);
		if (one != TRI_TRUE && why != NULL)
			why_add(why, e, &v, one, right);
		all = tri_min(all, one);
	}
	if (n > 0)
		return all;
	v = (struct expr_value){ .why = "nobody was asked" };
	if (why != NULL)
		why_add(why, e, &v, TRI_UNKNOWN, right);
	return TRI_UNKNOWN;
}

static enum tri
term_eval(const struct eval *ev, const struct expr *e, struct buf *why)
{
	char *left = e->left == NULL ? NULL : template_text(e->left);
	char *right = template_text(e->right);
	enum tri tri = TRI_UNKNOWN;

	if (right != NULL) {
		tri = members_eval(ev, e, left, right, why);
	} else if (why != NULL) {
		joint_add(why);
		term_name(e, why);
		(void)buf_adds(why, ": ");
		template_print(e->right, why);
		(void)buf_adds(why, " is not known yet");
	}
	free(left);
	free(right);
	return tri;
}

static enum tri
eval(const struct eval *ev, const struct expr *e, struct buf *why);

/*
 * All arguments are looked at, so that the sentence tells every value; those
 * of a true "or" are not reasons and are forgotten.
 */
static enum tri
args_eval(const struct eval *ev, const struct expr *e, struct buf *why)
{
	enum tri all = e->kind == EXPR_AND ? TRI_TRUE : TRI_FALSE;
	struct buf reasons;

	buf_init(&reasons, why == NULL ? 1 : why->max);
	for (size_t i = 0; i < e->n; i++) {
		enum tri one =
			eval(ev, e->arg[i], why == NULL ? NULL : &reasons);

		all = e->kind == EXPR_AND ? tri_min(all, one)
					  : tri_max(all, one);
	}
	if (why != NULL && all != TRI_TRUE && reasons.len > 0) {
		joint_add(why);
		(void)buf_adds(why, buf_str(&reasons));
	}
	buf_free(&reasons);
	return all;
}

static enum tri
eval(const struct eval *ev, const struct expr *e, struct buf *why)
{
	switch (e->kind) {
	case EXPR_TERM:
		return term_eval(ev, e, why);
	case EXPR_AND:
	case EXPR_OR:
		return args_eval(ev, e, why);
	case EXPR_TRUE:
		return TRI_TRUE;
	case EXPR_FALSE:
		return TRI_FALSE;
	}
	abort();
}

enum tri
expr_eval(const struct expr *expr, expr_lookup_fn *fn, void *ctx,
	  struct buf *why, struct buf *seen)
{
	const struct eval ev = { .fn = fn, .ctx = ctx, .seen = seen };

	return eval(&ev, expr, why);
}
