/* sha256.h - SHA-256 of a piece of memory or of a stream. */
#ifndef DRYDOCK_SHA256_H
#define DRYDOCK_SHA256_H

#include <stddef.h>

#define SHA256_TEXT_SIZE 65 /* 64 lower case hex digits and the NUL */

struct sha256 {
	_Alignas(8) unsigned char state[256]; /* libmd's SHA2_CTX */
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);
void sha256_end(struct sha256 *h, char text[SHA256_TEXT_SIZE]);

/* All in one; returns text. */
const char *sha256_of(const void *data, size_t len,
		      char text[SHA256_TEXT_SIZE]);

#endif
