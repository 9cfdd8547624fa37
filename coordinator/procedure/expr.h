/*
 * expr.h - what must hold, as one line of text.
 *
 *	service.vhosts == 0 and (unit.MainPID == 0 or ring.status ~ "^synced")
 *
 *	expr  = and { "or" and }          and = one { "and" one }
 *	one   = "(" expr ")" | left op VALUE | "true" | "false"
 *	left  = PROBE.COLUMN | a text with ${} in it
 *	op    = == != < <= > >= ~ !~      (~ searches a POSIX ERE)
 *	VALUE = word | "text"             \" and \\ inside; ${} in both
 *
 * There is no `not`, because of the third truth: a row, column or answer that
 * is missing makes every operator unknown, `!=` and `!~` too, and unknown is
 * never success.  Where a probe is asked on several members a term holds when
 * it holds on each of them.
 *
 * Both sides numbers: compared as numbers.  Both durations (15m, 90s):
 * compared as times.  Both sets ({a b}, see reading.h): >= has all of the other
 * and maybe more, <= the other way round.  Else == and != compare text, and
 * < <= > >= are unknown.
 * Hyphens in a column's name are underscores (see reading.h).
 */
#ifndef DRYDOCK_EXPR_H
#define DRYDOCK_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "template.h"
#include "tri.h"

#define EXPR_BYTES_MAX 4096
/* What is printed is read again: a pinned plan, an inventory. */
#define EXPR_TOO_LONG "written out, with its values, it is longer than %d bytes"
#define EXPR_DEPTH_MAX 16
#define EXPR_TERMS_MAX 64

/*
 * X(name, text, sentence); order as in the grammar's table, the longer spelling
 * first.
 */
#define EXPR_OPS(X)                                                            \
	X(EQ, "==",                                                            \
	  "the same: as numbers, durations or sets where both are,"            \
	  " else as text")                                                     \
	X(NE, "!=", "not the same")                                            \
	X(LE, "<=", "at most; of a set: VALUE has all of it")                  \
	X(GE, ">=", "at least; of a set: it has all of VALUE, maybe more")     \
	X(NOMATCH, "!~", "the pattern VALUE is not found in it")               \
	X(LT, "<", "less, of numbers and durations")                           \
	X(GT, ">", "more, of numbers and durations")                           \
	X(MATCH, "~",                                                          \
	  "the pattern VALUE is found in it (an extended"                      \
	  " regular expression)")

enum expr_op {
#define X(name, text, sentence) EXPR_##name,
	EXPR_OPS(X)
#undef X
};

/* What a left side is: `service: in:` and `ready: in:` name columns alone. */
enum expr_mode { EXPR_FIELDS, EXPR_COLUMNS };

struct expr;

/* ERR_USAGE; off_r (NULL allowed): the byte of the text where it is wrong. */
int expr_parse(const char *text, enum expr_mode mode, struct expr **expr_r,
	       size_t *off_r, struct err *err);
void expr_free(struct expr **expr);

/* Canonical: parse(print(e)) is e.  A decided one prints as true or false. */
void expr_print(const struct expr *expr, struct buf *out);

/*
 * Each field once per term; probe is NULL in EXPR_COLUMNS mode.  `off` is where
 * the term began.  The literal is the right side, NULL if it has names in it.
 */
typedef void expr_field_fn(void *ctx, const char *probe, const char *column,
			   enum expr_op op, const char *literal, size_t off);
void expr_fields(const struct expr *expr, expr_field_fn *fn, void *ctx);

/* Each ${name}, with the byte where it stands. */
typedef void expr_name_fn(void *ctx, const char *name, size_t off);
void expr_names(const struct expr *expr, expr_name_fn *fn, void *ctx);

/* Put in what is known of the ${}; in a pattern a value means itself. */
int expr_fill(struct expr *expr, template_lookup_fn *fn, void *ctx,
	      size_t *off_r, struct err *err);

/*
 * Decide the terms that need no probe any more and drop them.  What is left
 * may be one truth: TRI_TRUE or TRI_FALSE, else TRI_UNKNOWN.
 */
enum tri expr_fold(struct expr *expr);

/* One member's value of a field. */
struct expr_value {
	const char *member; /* "dir2"; NULL: there is only one */
	const char *text;   /* NULL: there is none, `why` says so */
	const char *why;    /* "no row with type=self" */
};

/*
 * The n-th member's value (n from 0): false when there is no n-th.  A field
 * with no member at all is unknown.  Strings live until the next call.
 */
typedef bool expr_lookup_fn(void *ctx, const char *probe, const char *column,
			    size_t n, struct expr_value *value_r);

/*
 * why (NULL allowed): the terms that did not hold, with what was seen:
 * "service.vhosts was 100 on dir2, wanted 0".  seen (NULL allowed): every value
 * that was looked at: "service.vhosts 0 on dir1, 100 on dir2; …".  Values in
 * both are cut and escaped.  TRI_UNKNOWN: what is missing could have decided
 * it; treat it as false everywhere but in `when`.
 */
enum tri expr_eval(const struct expr *expr, expr_lookup_fn *fn, void *ctx,
		   struct buf *why, struct buf *seen);

/* Add a value of a host to a sentence: short, and harmless. */
void expr_show(struct buf *out, const char *value);

/* The operator alone, as expr_eval() does it. */
enum tri expr_compare(const char *left, enum expr_op op, const char *right);
const char *expr_op_text(enum expr_op op);

#endif
