/* nearest.c - Levenshtein over short names. */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#define FAR 3

static unsigned int
min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int
nearest_distance(const char *a, const char *b)
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

const char *
nearest_name(const char *word, const char *const names[], size_t n)
{
	const char *best = NULL;
	unsigned int far = FAR;

	for (size_t i = 0; i < n; i++) {
		unsigned int d;

		if (names[i] == NULL)
			continue;
		d = nearest_distance(word, names[i]);
		/* "x" is two edits from everything short: no suggestion. */
		if (d < far && d < strlen(word)) {
			far = d;
			best = names[i];
		}
	}
	return best;
}
