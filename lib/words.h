/*
 * words.h - a command as people type it, split into words; nothing expanded.
 *
 *	systemctl show -p 'MainPID' "dove cot"   →   5 words
 *
 * Blanks separate.  '…' is taken as it stands; "…" too, but for \" and \\.
 * Outside quotes a backslash, and everything else a shell would act on ($ * ?
 * | ; < >), is an ordinary character: there is no shell.
 */
#ifndef DRYDOCK_WORDS_H
#define DRYDOCK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

#define WORDS_MAX 256

struct words {
	char **word; /* n words and a NULL: fit for execv() */
	size_t n;
};

/*
 * ERR_USAGE: a quote without end, no word at all, or more than WORDS_MAX.
 * column_r (NULL allowed): where, counted from 1 in bytes.  words_free() what
 * came out; after an error there is nothing to free.
 */
int words_split(const char *text, struct words *w, size_t *column_r,
		struct err *err);
void words_free(struct words *w);

/* Is `word` one of those in `list`, which one blank separates?  No quotes. */
bool words_has(const char *list, const char *word);

/* One text that words_split() reads back as these words.  free() it. */
char *words_join(const char *const *word, size_t n);
/* Adds a word so that a POSIX shell reads it as it is. */
void words_for_shell(struct buf *out, const char *word);

#endif
