/* nearest.h - "did you mean …": the name that is at most two edits away. */
#ifndef DRYDOCK_NEAREST_H
#define DRYDOCK_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64 /* longer words have no nearest name */

/* Insertions, deletions and replacements; more than 2 is just "3". */
unsigned int nearest_distance(const char *a, const char *b);

/* The nearest of n names (some may be NULL), or NULL. */
const char *nearest_name(const char *word, const char *const names[], size_t n);

#endif
