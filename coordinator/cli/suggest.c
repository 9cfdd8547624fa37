/*
 * suggest.c - the nearest of many names, for "did you mean".
 */
#include "suggest.h"

#include <stddef.h>
#include <string.h>

enum { NAME_MAX_LEN = 40, DISTANCE_MAX = 2 };

static unsigned int
min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein, one row at a time; too long a name is just "far" */
static unsigned int
distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1], diagonal, above;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] =
				min3(above + 1, row[j - 1] + 1,
				     diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
			diagonal = above;
		}
	}
	return row[lb];
}

void
suggest_offer(struct suggest *s, const char *name)
{
	unsigned int d = distance(s->word, name);

	/* two changes turn any three letters into others: no suggestion */
	if (d > DISTANCE_MAX || d >= strlen(s->word))
		return;
	if (s->best == NULL || d < s->distance) {
		s->best = name;
		s->distance = d;
	}
}
