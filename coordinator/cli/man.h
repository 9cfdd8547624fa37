/*
 * man.h - drydock(1), walked from the tree of commands and the topics of help.
 */
#ifndef DRYDOCK_MAN_H
#define DRYDOCK_MAN_H

#include "buf.h"
#include "command.h"

/* the whole page, for man(1) */
void man_page(struct buf *out, const struct command *root, const char *version);

#endif
