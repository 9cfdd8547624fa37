/*
 * help_schema.h - what may stand in a file, as a JSON schema for editors.
 */
#ifndef DRYDOCK_HELP_SCHEMA_H
#define DRYDOCK_HELP_SCHEMA_H

#include "buf.h"
#include "language.h"

/*
 * Draft 7, on one line; `name`: "procedure".  It refuses an unknown key and
 * what cannot be of its kind, and never what the readers of the file take;
 * bounds and what one key says of another are theirs to tell.
 */
void help_schema(struct buf *out, const struct language *l, const char *name);

#endif
