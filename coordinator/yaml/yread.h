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

/*
 * What may stand under a key.  The first five are texts here; they differ for
 * who reads the shape alone, as an editor does.
 */
enum yshape_kind {
	YSHAPE_TEXT,
	YSHAPE_BOOL,
	YSHAPE_INT,
	YSHAPE_DURATION,
	YSHAPE_NAME,
	YSHAPE_CHOICE, /* one of `rows` */
	YSHAPE_LIST,   /* each is `of` */
	YSHAPE_MAP,    /* its keys are `rows` */
	YSHAPE_MANY,   /* a mapping of any keys; under each is `of` */
	YSHAPE_TOLD,   /* `of` or `other`; who reads it tells what is wrong */
};

struct yfields;

struct yshape {
	enum yshape_kind kind;
	const struct yfields *rows;
	const struct yshape *of, *other; /* `other` may be NULL */
};

#define YSHAPE(...)    (&(const struct yshape){ __VA_ARGS__ })
#define YTEXT	       YSHAPE(.kind = YSHAPE_TEXT)
#define YBOOL	       YSHAPE(.kind = YSHAPE_BOOL)
#define YINT	       YSHAPE(.kind = YSHAPE_INT)
#define YDURATION      YSHAPE(.kind = YSHAPE_DURATION)
#define YNAME	       YSHAPE(.kind = YSHAPE_NAME)
#define YCHOICE(words) YSHAPE(.kind = YSHAPE_CHOICE, .rows = (words))
#define YLIST(each)    YSHAPE(.kind = YSHAPE_LIST, .of = (each))
#define YMAP(keys)     YSHAPE(.kind = YSHAPE_MAP, .rows = (keys))
#define YMANY(each)    YSHAPE(.kind = YSHAPE_MANY, .of = (each))
#define YTOLD(a)       YSHAPE(.kind = YSHAPE_TOLD, .of = (a))
#define YEITHER(a, b)  YSHAPE(.kind = YSHAPE_TOLD, .of = (a), .other = (b))
/* A text, or a list of texts, as a command is. */
#define YTEXTS YEITHER(YTEXT, YLIST(YTEXT))

/* A mapping's schema: one row a key, read into a slot of the same index. */
struct yfield {
	const char *name;
	const struct yshape *shape; /* NULL: read to be refused in good words */
	bool required;
	const char *text; /* for help: what it is, bounds and default */
};

/* The rows of one mapping, or the words of one choice; for help too. */
struct yfields {
	const struct yfield *row;
	size_t n;
};
/* A word of a choice; its sentence may be NULL. */
#define YWORD(word, sentence)                                                  \
	{                                                                      \
		(word), NULL, false, (sentence)                                \
	}
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
/* One of the words; its index. */
int yread_choice(struct diags *d, const struct ynode *node, const char *what,
		 const struct yfields *words, size_t *out_r);
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
