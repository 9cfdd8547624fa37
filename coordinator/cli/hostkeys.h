/*
 * hostkeys.h - public host keys out of a file, checked before they are pinned.
 *
 * Lines are those of known_hosts ("mail1,10.0.0.11 ssh-ed25519 AAAA…") or of a
 * .pub file ("ssh-ed25519 AAAA… comment").  Refused, with the line: hashed
 * names, markers (@revoked, @cert-authority), RSA (libssh2 1.10 cannot verify
 * it with SHA-2) and other types, keys whose bytes are not that type.
 */
#ifndef DRYDOCK_HOSTKEYS_H
#define DRYDOCK_HOSTKEYS_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

#define HOSTKEYS_MAX 8

struct hostkeys {
	char *key[HOSTKEYS_MAX]; /* "ssh-ed25519 AAAA…" */
	size_t count;
	size_t others; /* lines that name another host */
};

/*
 * Keys for the host called `name` or `address`; lines without a host's name
 * count too.  -1, ERR_USAGE: "line 3: …", or no key at all.
 */
int hostkeys_parse(struct hostkeys *k, const char *text, const char *name,
		   const char *address, struct err *err);
/* one "type base64" text; ERR_USAGE */
int hostkeys_check(const char *key, struct err *err);
void hostkeys_free(struct hostkeys *k);

/* "SHA256:…", as ssh-keygen -l shows it */
void hostkeys_fingerprint(struct buf *out, const char *key);
/* {"type base64",…} as text[] for PostgreSQL */
void hostkeys_array(struct buf *out, const struct hostkeys *k);

#endif
