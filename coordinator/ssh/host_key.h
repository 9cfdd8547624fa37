/*
 * host_key.h - pinned host keys, compared byte for byte.
 *
 * libssh2's known_hosts code is not used: it knows no patterns, one bad line
 * spoils the file, and it read out of bounds until 2026.  A pin is a line as in
 * a .pub file; ssh-ed25519 and ecdsa-sha2-nistp256/384/521 are taken.
 */
#ifndef DRYDOCK_HOST_KEY_H
#define DRYDOCK_HOST_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

#define HOST_KEYS_MAX 8
#define HOST_KEY_TEXT_MAX 1024

struct host_key {
	const char *type; /* one of the four names, static */
	struct buf blob;
};

struct host_pins {
	struct host_key key[HOST_KEYS_MAX];
	size_t n;
};

/*
 * Add "TYPE BASE64 [comment]".  ERR_USAGE says what is wrong with it; an
 * ssh-rsa pin gets the reason why it cannot be used.
 */
int host_pins_add(struct host_pins *pins, const char *text, struct err *err);
void host_pins_free(struct host_pins *pins);

bool host_pins_match(const struct host_pins *pins, const void *blob,
		     size_t len);

/*
 * What may be negotiated: the pinned types and no other, so that a host with
 * several keys shows the one we know.  Without pins (a scan): all four.
 */
void host_pins_methods(const struct host_pins *pins, struct buf *out);

/* The type named inside a key blob; NULL: none of ours. */
const char *host_key_type(const void *blob, size_t len);
/* "TYPE BASE64" of a blob; -1: none of ours. */
int host_key_text(const void *blob, size_t len, struct buf *out);
/* "SHA256:…" as ssh-keygen -l shows it. */
void host_key_fingerprint(const void *blob, size_t len, struct buf *out);

/* What to say when a host has no key of a type that we can use. */
#define HOST_KEY_NO_RSA                                                        \
	"a host with only an RSA key cannot be used: libssh2 1.10 knows no "   \
	"rsa-sha2 signatures, and SHA-1 ones are refused for good reason; "    \
	"on the host: ssh-keygen -A, let sshd_config offer "                   \
	"/etc/ssh/ssh_host_ed25519_key, reload sshd, and pin that key"

#endif
