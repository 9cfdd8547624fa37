/*
 * array.h - PostgreSQL's text of a text[]: {a,"b c",NULL}.
 */
#ifndef DRYDOCK_ARRAY_H
#define DRYDOCK_ARRAY_H

#include "buf.h"
#include "face.h"
#include "json.h"

/* Called per element; NULL for a null. */
typedef void array_fn(void *self, const char *element);

/* -1 when it is no one-dimensional array; elements before that were told */
int array_each(const char *text, array_fn *fn, void *self);

/* as words that a person could type; the text as it stands when it is none */
void array_write_words(struct buf *out, const struct face *f, const char *text);
/* as a JSON array of strings */
void array_write_json(struct json_out *o, const char *key, const char *text);

#endif
