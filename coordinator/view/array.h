/*
 * array.h - PostgreSQL's text of a text[]: {a,"b c",NULL}.
 */
#ifndef DRYDOCK_ARRAY_H
#define DRYDOCK_ARRAY_H

#include "buf.h"
#include "face.h"
#include "json.h"

/* as words that a person could type; the text as it stands when it is none */
void array_write_words(struct buf *out, const struct face *f, const char *text);
/* as a JSON array of strings */
void array_write_json(struct json_out *o, const char *key, const char *text);

#endif
