/*
 * diag.h - what is wrong in a file, shown the way a compiler shows it.
 *
 *	p.yaml:31:14: error: unknown variable "backend.ip"
 *	   31 |         run: doveadm director update ${backend.ip} 0
 *	      |                                      ^^^^^^^^^^^^^
 *	  hint: did you mean ${backend.address}?
 *
 * A reader goes on after an error, so that one run tells all of them.  After
 * DIAGS_MAX only the count goes on.  Messages may quote the file: they are made
 * harmless when shown.
 */
#ifndef DRYDOCK_DIAG_H
#define DRYDOCK_DIAG_H

#include <stddef.h>

#include "buf.h"

#define DIAGS_MAX 50

/* Lines and columns count from 1, columns in characters; line 0: the file. */
struct mark {
	unsigned int line, col;
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_severity severity;
	struct mark at;
	unsigned int width; /* characters under the caret; 0 is taken as 1 */
	char *message;
	char *hint; /* or NULL */
};

struct diags {
	char *file;
	const char *text; /* the source; the caller's, must outlive us */
	size_t len;
	struct diag item[DIAGS_MAX];
	size_t n;
	unsigned int errors, warnings; /* also those that were not kept */
};

void diags_init(struct diags *d, const char *file);
void diags_free(struct diags *d);
/* What the marks speak of; NULL: no source lines are shown. */
void diags_source(struct diags *d, const char *text, size_t len);

void diag_error(struct diags *d, struct mark at, unsigned int width,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void diag_warning(struct diags *d, struct mark at, unsigned int width,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* For the last one that was added. */
void diag_hint(struct diags *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* In the order of the file. */
void diags_sort(struct diags *d);
void diags_print(const struct diags *d, struct buf *out);

#endif
