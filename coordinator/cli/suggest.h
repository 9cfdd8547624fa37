/*
 * suggest.h - the nearest of many names, for "did you mean".
 */
#ifndef DRYDOCK_SUGGEST_H
#define DRYDOCK_SUGGEST_H

/* start with { .word = what was typed }, offer names, then read best */
struct suggest {
	const char *word;
	const char *best; /* NULL: nothing within two changes */
	unsigned int distance;
};

void suggest_offer(struct suggest *s, const char *name);

#endif
