/*
 * help_language.h - what may stand in a file, as lines for a terminal.
 */
#ifndef DRYDOCK_HELP_LANGUAGE_H
#define DRYDOCK_HELP_LANGUAGE_H

#include "buf.h"
#include "language.h"

/* all of it, the example last; at most 80 columns */
void help_language(struct buf *out, const struct language *l);
/* one part, and an empty line */
void help_part(struct buf *out, const struct language_part *part);

#endif
