/*
 * key_file.h - the file with our private key, read once.
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

struct key_sign;

struct key_file {
	const char *type;
	struct buf public; /* as it goes over the wire */
	struct key_sign *sign;
};

/* ERR_USAGE or ERR_SYS, with the path. */
int key_file_read(struct key_file *key, const char *path, struct err *err);
void key_file_free(struct key_file *key);

#endif
