/* sha256.c - SHA-256 over libmd. */
#include "sha256.h"

#include <sha2.h>
#include <stdint.h>
#include <stdio.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(struct sha256),
	       "struct sha256 holds libmd's context");

void
sha256_begin(struct sha256 *h)
{
	SHA256Init((SHA2_CTX *)(void *)h->state);
}

void
sha256_add(struct sha256 *h, const void *data, size_t len)
{
	SHA256Update((SHA2_CTX *)(void *)h->state, data, len);
}

void
sha256_end(struct sha256 *h, char text[SHA256_TEXT_SIZE])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256Final(digest, (SHA2_CTX *)(void *)h->state);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

const char *
sha256_of(const void *data, size_t len, char text[SHA256_TEXT_SIZE])
{
	struct sha256 h;

	sha256_begin(&h);
	sha256_add(&h, data, len);
	sha256_end(&h, text);
	return text;
}
