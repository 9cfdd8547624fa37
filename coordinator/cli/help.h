/*
 * help.h - help, walked from the tree of commands and the lists of flags.
 */
#ifndef DRYDOCK_HELP_H
#define DRYDOCK_HELP_H

#include <stdbool.h>

#include "buf.h"
#include "command.h"
#include "language.h"

/* `path` is what stands before the command's own name ("drydock backend"). */
void help_command(struct buf *out, const struct command *c, const char *path);

/* a topic by its name; -1 when there is none */
int help_topic(struct buf *out, const char *topic);
/* of a topic that tells of a file, and so has a page of section 5 */
bool help_topic_language(const char *topic, struct language *language_r);
/* the names of the topics, with two blanks before each line */
void help_topics(struct buf *out);
const char *help_topic_nearest(const char *word);
/* the name of each, from 0; NULL behind the last */
const char *help_topic_at(size_t nth);

/* one line per command of the whole tree: "path args<TAB>help" */
void help_tree(struct buf *out, const struct command *c, const char *path);

#endif
