/*
 * command.c - the tree of commands: a command is a row, help is a walk.
 */
#include "command.h"

#include <assert.h>
#include <string.h>

#include "nearest.h"

static const struct command *
child_find(const struct command *parent, const char *word)
{
	const struct command *c;

	for (c = parent->sub; c != NULL && c->name != NULL; c++)
		if (strcmp(c->name, word) == 0)
			return c;
	return NULL;
}

const struct command *
command_find(const struct command *root, const char *const *words, size_t count,
	     size_t *used_r, const struct command **stop_r)
{
	const struct command *at = root, *next;
	size_t i;

	assert(root->sub != NULL);
	for (i = 0; at->sub != NULL; i++) {
		next = i < count ? child_find(at, words[i]) : NULL;
		if (next == NULL) {
			*used_r = i;
			*stop_r = at;
			return NULL;
		}
		at = next;
	}
	*used_r = i;
	*stop_r = NULL;
	assert(at->run != NULL);
	return at;
}

void
command_arity(const char *args, size_t *min_r, size_t *max_r)
{
	bool in_word = false, optional = false;
	const char *p;

	*min_r = *max_r = 0;
	for (p = args == NULL ? "" : args; *p != '\0'; p++) {
		if (*p == ' ') {
			in_word = false;
		} else if (!in_word) {
			in_word = true;
			optional = *p == '[';
			*min_r += optional ? 0 : 1;
			*max_r += *max_r == SIZE_MAX ? 0 : 1;
		}
		if (strncmp(p, "…", strlen("…")) == 0)
			*max_r = SIZE_MAX;
	}
}

const char *
command_nearest(const struct command *parent, const char *word)
{
	struct nearest near = { .word = word };
	const struct command *c;

	for (c = parent->sub; c != NULL && c->name != NULL; c++)
		nearest_offer(&near, c->name);
	return near.best;
}
