/* nearest.c - Levenshtein over short names. */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#define FAR 3 /* as far as everything that is farther */

static unsigned int
min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned int
distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned int row[NEAREST_MAX + 1], left, diagonal, above;

	if (n > NEAREST_MAX || m > NEAREST_MAX)
		return FAR;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		diagonal = row[0];
		left = row[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++) {
			above = row[j];
			left = min3(left + 1, above + 1,
				    diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
			row[j] = left;
		}
	}
	return row[m] < FAR ? row[m] : FAR;
}

/* Whoever typed the beginning of a name meant that one. */
static bool
begun(const char *word, const char *name)
{
	size_t len = strlen(word);

	return len > 1 && strncmp(word, name, len) == 0;
}

void
nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned int d = begun(nearest->word, name) ? 0 :
		distance(nearest->word, name);

	/* "x" is two edits from everything short: no suggestion */
	if (d >= FAR || d >= strlen(nearest->word))
		return;
	if (nearest->best == NULL || d < nearest->edits) {
		nearest->best = name;
		nearest->edits = d;
	}
}

const char *
nearest_name(const char *word, const char *const names[], size_t n)
{
	struct nearest nearest = { .word = word };

	for (size_t i = 0; i < n; i++) {
		if (names[i] != NULL)
			nearest_offer(&nearest, names[i]);
	}
	return nearest.best;
}
