/*
 * ydoc.h - a YAML file as a tree of nodes that know their line and column.
 *
 * The YAML that people need and no more: one document, at most 1 MiB and 32
 * deep, UTF-8; no alias, anchor or tag, no key twice, keys are plain words.
 * Lines end with LF or CRLF.  A byte order mark, a NUL and other control
 * characters are refused with their place.  Every scalar is text: our own
 * schema says what is a number (yread.h), so `010`, `off` and `12:30`
 * surprise nobody.
 */
#ifndef DRYDOCK_YDOC_H
#define DRYDOCK_YDOC_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

#define YDOC_BYTES_MAX (1024 * 1024)
#define YDOC_DEPTH_MAX 32
#define YDOC_NODES_MAX 100000
#define YDOC_KEYS_MAX  512 /* in one mapping */

enum ynode_kind { YNODE_SCALAR, YNODE_LIST, YNODE_MAP };

struct ynode {
	enum ynode_kind kind;
	bool plain; /* a scalar that was not quoted */
	struct mark at;
	unsigned int width;  /* characters, when it ends on its own line */
	size_t off;	     /* where it begins in the source, in bytes */
	char *text;	     /* scalar: ends with a NUL and has no other */
	size_t n;	     /* list, map: how many */
	struct ynode **item; /* list: its members; map: its values */
	struct ynode **key;  /* map: item[i] stands under key[i], a scalar */
};

struct ydoc {
	struct ynode *root; /* never NULL */
	char *source;	    /* a copy; the diags of later readers use it */
	size_t len;
};

/*
 * -1: the diags say why.  The document keeps its own copy of the text, and the
 * diags show source lines from it: free them before the document.
 */
int
ydoc_parse(const char *text, size_t len, struct diags *d, struct ydoc **doc_r);
void ydoc_free(struct ydoc **doc);

/*
 * Where byte `off` of a scalar's text stands in the file.  Exact for scalars
 * without escapes on one line, else where the scalar begins.
 */
struct mark
ynode_mark(const struct ydoc *doc, const struct ynode *node, size_t off);

#endif
