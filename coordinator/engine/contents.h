/* contents.h - the files that a turn copies, at hand before they are needed. */
#ifndef CONTENTS_H
#define CONTENTS_H

#include <stddef.h>

/*
 * Read from the database as soon as a turn is loaded, so that a committed phase
 * that copies goes on without it.  Kept until another turn is loaded.
 */
struct fleet;

void contents_load(struct fleet *fleet);
void contents_free(struct fleet *fleet);
/* Borrowed until contents_load() or _free(); -1: why_r says why not. */
int contents_get(struct fleet *fleet, const char *sha256, const void **data_r,
		 size_t *size_r, const char **why_r);

#endif
