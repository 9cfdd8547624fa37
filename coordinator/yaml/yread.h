/*
 * yread.h - what the schema wants of a node.
 *
 * Each reader returns 0, or -1 after it told the diags; it never stops the
 * reading of the rest.  Out parameters keep what the caller put there.
 */
#ifndef DRYDOCK_YREAD_H
#define DRYDOCK_YREAD_H

#include <stdint.h>

#include "ydoc.h"

/* A mapping's schema: one row a key, read into a slot of the same index. */
enum yfield_kind {
	YFIELD_ANY,
	YFIELD_TEXT,
	YFIELD_LIST,
	YFIELD_MAP,
};

struct yfield {
	const char *name;
	enum yfield_kind kind;
	bool required;
	const char *text; /* for help: what it is, bounds and default */
};

/* The rows of one mapping, for help. */
struct yfields {
	const struct yfield *row;
	size_t n;
};
#define YFIELDS(rows)                                                          \
	{                                                                      \
		(rows), sizeof(rows) / sizeof((rows)[0])                       \
	}

/*
 * What stands under the keys; NULL where a key is absent or has the wrong
 * kind.  Unknown keys are told with the nearest name, missing ones at the
 * mapping.  `what`: "a step".
 */
int yfields_read(struct diags *d, const struct ynode *node, const char *what,
		 const struct yfield fields[], size_t n,
		 const struct ynode *out_r[]);

const struct ynode *ynode_get(const struct ynode *map, const char *key);

int yread_bool(struct diags *d, const struct ynode *node, const char *what,
	       bool *out_r);
int yread_int(struct diags *d, const struct ynode *node, const char *what,
	      int64_t min, int64_t max, int64_t *out_r);
/* "15m": the unit is required; milliseconds. */
int yread_duration(struct diags *d, const struct ynode *node, const char *what,
		   int64_t min_ms, int64_t max_ms, int64_t *out_r);
/* One of n words; its index. */
int yread_choice(struct diags *d, const struct ynode *node, const char *what,
		 const char *const words[], size_t n, size_t *out_r);
/* Lower case letter or digit first, then also - and _; at most 63. */
int yread_name(struct diags *d, const struct ynode *node, const char *what,
	       const char **out_r);
bool yname_valid(const char *name);

/* At a node, with its width. */
void ynode_error(struct diags *d, const struct ynode *node, const char *fmt,
		 ...) __attribute__((format(printf, 3, 4)));
/* ": did you mean X?" as the hint of the last error, when one is near. */
void ynode_suggest(struct diags *d, const char *word, const char *const names[],
		   size_t n);

#endif
