/*
 * man.h - drydock(1), walked from the tree of commands and the topics of help;
 * and a page of section 5 for each topic that tells of a file.
 */
#ifndef DRYDOCK_MAN_H
#define DRYDOCK_MAN_H

#include "buf.h"
#include "command.h"

/* the whole page, for man(1) */
void man_page(struct buf *out, const struct command *root, const char *version);
/* drydock-TOPIC(5); -1: the topic has none */
int man_topic_page(struct buf *out, const char *topic, const char *version);

#endif
