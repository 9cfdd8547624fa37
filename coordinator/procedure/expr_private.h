/* expr_private.h - the tree, for expr*.c alone. */
#ifndef DRYDOCK_EXPR_PRIVATE_H
#define DRYDOCK_EXPR_PRIVATE_H

#include "expr.h"

enum expr_kind { EXPR_TERM, EXPR_AND, EXPR_OR, EXPR_TRUE, EXPR_FALSE };

struct expr {
	enum expr_kind kind;
	/* AND, OR: at least two, none of the same kind as this one */
	struct expr **arg;
	size_t n;
	/* TERM */
	char *probe;	       /* or NULL */
	char *column;	       /* or NULL: then `left` */
	struct template *left; /* a text with names */
	enum expr_op op;
	struct template *right;
	size_t off, left_off, right_off; /* bytes in the source */
};

bool expr_is_set(const char *text);
/* Both are sets. */
enum tri expr_set_compare(const char *left, enum expr_op op,
			  const char *right);
/* ": it lacks …", when both are sets and left does. */
void expr_set_why(const char *left, const char *right, struct buf *why);

#endif
