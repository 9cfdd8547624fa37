/*
 * nearest.h - "did you mean …": the name that was begun, or is at most two
 * edits (insertions, deletions, replacements) away.
 */
#ifndef DRYDOCK_NEAREST_H
#define DRYDOCK_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64 /* longer words have no nearest name */

/* Start with { .word = what was typed }, offer names, then read best. */
struct nearest {
	const char *word;
	const char *best; /* one of those offered; NULL: none is near */
	unsigned int edits;
};

void nearest_offer(struct nearest *nearest, const char *name);

/* The nearest of n names (some may be NULL), or NULL. */
const char *nearest_name(const char *word, const char *const names[], size_t n);

#endif
