/* file.h - small files, whole. */
#ifndef DRYDOCK_FILE_H
#define DRYDOCK_FILE_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/* At most `out`'s bound.  dir: AT_FDCWD or a directory. */
int file_read(int dir, const char *path, struct buf *out, struct err *err);
/* Written beside, flushed, renamed; `dir` is flushed too. */
int file_write(int dir, const char *name, const void *data, size_t len,
	       unsigned int mode, struct err *err);

#endif
