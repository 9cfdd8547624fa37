/*
 * beneath.h - open paths without ever following a link.
 *
 * openat2(2) with RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; below a root
 * also RESOLVE_BENEATH and RESOLVE_NO_XDEV, so that neither "..", a link nor a
 * mount leads out of it.
 */
#ifndef DRYDOCK_BENEATH_H
#define DRYDOCK_BENEATH_H

#include "err.h"

/* A directory by its clean absolute path.  O_PATH is not set: it can be read.
 */
int beneath_open_dir(const char *path, struct err *err);
/* Below `root`, on its device; name may hold '/', "." is the root itself. */
int beneath_open_at(int root, const char *name, int flags, struct err *err);
/* A regular file by its clean absolute path, for reading. */
int beneath_open_file(const char *path, struct err *err);
/* The directory a path lies in; name_r points into path. */
int beneath_open_parent(const char *path, const char **name_r, struct err *err);

#endif
