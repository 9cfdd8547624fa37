/*
 * template.h - text with ${names} in it.
 *
 * A template is parsed once; values are put in later, so a value is never read
 * as a template, an operator or a second word.  `$${` is a plain `${`; a `$`
 * before anything else is a plain `$`.
 *
 * Names that cannot be known yet (${steps.S.x} in a plan) may stay open: the
 * filled template is then a template again.
 */
#ifndef DRYDOCK_TEMPLATE_H
#define DRYDOCK_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

#define TEMPLATE_BYTES_MAX 65536

struct template_part {
	bool is_name;
	char *text; /* the name, or what stands as it is */
	size_t off; /* where it begins in the text, in bytes */
};

struct template
{
	struct template_part *part;
	size_t n;
};

/* ERR_USAGE; off_r (NULL allowed): the byte where it is wrong. */
int template_parse(const char *text, struct template **tpl_r, size_t *off_r,
		   struct err *err);
void template_free(struct template **tpl);

/* No names in it. */
bool template_is_plain(const struct template *tpl);

enum template_answer {
	TEMPLATE_VALUE,	  /* the value was added to `value` */
	TEMPLATE_OPEN,	  /* not known yet, stays as it is */
	TEMPLATE_UNKNOWN, /* no such name: err says so */
};
typedef enum template_answer
template_lookup_fn(void *ctx, const char *name, struct buf *value,
		   struct err *err);

enum template_mode {
	TEMPLATE_TEXT,	/* the final text; an open name is an error */
	TEMPLATE_AGAIN, /* a template again: what is open stays ${…} */
};

/*
 * Adds to `out`.  off_r (NULL allowed): the byte of the name that failed.
 * TEMPLATE_TEXT is what goes into an argv; TEMPLATE_AGAIN goes into a plan.
 */
int template_fill(const struct template *tpl, template_lookup_fn *fn, void *ctx,
		  enum template_mode mode, struct buf *out, size_t *off_r,
		  struct err *err);

/*
 * All of it for a text out of a plan: parse and fill to the final text.
 * free() *text_r.
 */
int template_fill_text(const char *text, template_lookup_fn *fn, void *ctx,
		       char **text_r, struct err *err);

/* As a text that template_parse() reads back. */
void template_print(const struct template *tpl, struct buf *out);

/* Fill in place what is known. */
int template_fill_self(struct template *tpl, template_lookup_fn *fn, void *ctx,
		       bool ere, size_t *off_r, struct err *err);

#endif
