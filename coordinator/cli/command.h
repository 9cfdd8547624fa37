/*
 * command.h - the tree of commands: a command is a row, help is a walk.
 */
#ifndef DRYDOCK_COMMAND_H
#define DRYDOCK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct args;
struct cli;

/* returns an exit code; what went wrong has been said by then */
typedef int command_fn(struct cli *cli);

/*
 * One row.  `args` is what follows the verb, as the help shows it: words in
 * [] may be missing, a word that ends in … may be repeated; how many words
 * a command takes is read from it.  A row with `sub` has no `run`.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;     /* one line */
	const char *group;    /* heading in the list of commands */
	const char *examples; /* whole lines, or NULL */
	command_fn *run;
	bool rows;	       /* prints the rows of one view: -o csv too */
	uint64_t flags;		   /* FLAG(…) | …, beside the global ones */
	const struct command *sub; /* ends with a row without a name */
};

extern const struct command command_root;

/*
 * The command the words name, starting below `root`; *used_r words were its
 * path.  NULL: *stop_r is the command that had no such child (root: unknown
 * verb) and *used_r the index of the word that fits nothing, or the number
 * of words when the path ends at a group.
 */
const struct command *
command_find(const struct command *root, const char *const *words, size_t count,
	     size_t *used_r, const struct command **stop_r);

/* fewest and most words that `args` admits; *max_r SIZE_MAX: any number */
void command_arity(const char *args, size_t *min_r, size_t *max_r);

/* nearest name among the children (distance <= 2), or NULL */
const char *command_nearest(const struct command *parent, const char *word);

#endif
