/*
 * lines.h - cut a stream of bytes into lines, with a bound on their length.
 *
 *	if (lines_add(&l, data, n, err) < 0)
 *		… the peer sent a line longer than allowed: hang up
 *	while ((line = lines_next(&l, &len)) != NULL)
 *		…
 *
 * A line ends with '\n', which is taken off; nothing else is touched, a NUL or
 * a '\r' stays where it is.  After an error nothing more comes out.
 */
#ifndef DRYDOCK_LINES_H
#define DRYDOCK_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

struct lines {
	struct buf in;
	size_t max;	/* bytes in a line, without its end */
	size_t at;	/* private: where the next line begins */
	size_t partial; /* private: bytes behind the last line end */
	bool broken;
};

void lines_init(struct lines *l, size_t max);
void lines_free(struct lines *l);

/* -1, ERR_PROTO: a line is too long. */
int lines_add(struct lines *l, const void *data, size_t len, struct err *err);

/* NULL: none whole.  The line ends with a NUL and lives until lines_add(). */
char *lines_next(struct lines *l, size_t *len_r);

/* Bytes of a line that has not ended: not 0 at end of file means "cut". */
size_t lines_partial(const struct lines *l);

#endif
