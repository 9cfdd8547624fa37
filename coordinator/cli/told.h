/*
 * told.h - functions of the database that answer with a sentence.
 */
#ifndef DRYDOCK_TOLD_H
#define DRYDOCK_TOLD_H

#include "cli.h"

/*
 * Runs `sql` and prints its column `told` (lines of text), as text or JSON.
 * 0, or an exit code.
 */
int told_run(struct cli *cli, const char *sql, size_t nparams,
	     const char *const *params);

/* lines of text, each ended; what the database says is not trusted */
void told_write(struct buf *out, const struct face *face, const char *told);

#endif
