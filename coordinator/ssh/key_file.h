/*
 * key_file.h - our private key, read once and kept in memory.
 *
 * Taken is an unencrypted OpenSSH key of type ed25519 or ecdsa in a regular
 * file (no link) that nobody else may read.  Everything else is refused with
 * what to do about it, before any host sees us fail.
 */
#ifndef DRYDOCK_KEY_FILE_H
#define DRYDOCK_KEY_FILE_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

struct key_file {
	struct buf text;   /* as it stands in the file */
	struct buf public; /* "ssh-ed25519 AAAA…" */
	const char *type;
};

/* ERR_USAGE or ERR_SYS, with the path. */
int key_file_read(struct key_file *key, const char *path, struct err *err);
/* Overwrites the memory first. */
void key_file_free(struct key_file *key);

#endif
