/*
 * language.h - what may stand in a procedure and in a fleet's file, for help
 * and the manual.
 *
 * The keys and their sentences are those of the tables that the files are read
 * with.
 */
#ifndef DRYDOCK_LANGUAGE_H
#define DRYDOCK_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "yread.h"

/* The words of a format, which both files have. */
extern const struct yfields reading_words;

/* One mapping, or one list of words. */
struct language_part {
	const char *title;
	const char *text;	    /* or NULL */
	const struct yfields *rows; /* each with its text */
	bool names;		    /* what ${…} and expressions may name */
};

struct language {
	const char *what; /* in a few words */
	const char *text;
	const struct language_part *part; /* [0]: the file as a whole */
	size_t n;
	const char *example; /* a whole file */
};

struct language language_procedure(void);
struct language language_fleet(void);

#endif
