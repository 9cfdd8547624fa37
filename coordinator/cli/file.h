/*
 * file.h - a whole file, or standard input, into memory.
 */
#ifndef DRYDOCK_FILE_H
#define DRYDOCK_FILE_H

#include "cli.h"

/*
 * "-" is standard input.  0 or EXIT_USAGE, said.  Only regular files and
 * pipes, at most `max` bytes.
 */
int file_read(struct cli *cli, const char *path, size_t max, struct buf *out);

#endif
