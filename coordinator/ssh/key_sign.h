/*
 * key_sign.h - signatures of our key, which is read once.
 *
 * libssh2 signs too, when it is given the key as text.  But then OpenSSL finds
 * out for each connection what that text is, a quarter of all that a connection
 * costs; and of an ecdsa key 1.10 leaks the secret.
 */
#ifndef DRYDOCK_KEY_SIGN_H
#define DRYDOCK_KEY_SIGN_H

#include <stddef.h>

struct key_sign;

/* Two numbers of 521 bits, each with its length. */
#define KEY_SIGNATURE_MAX 140

/* NULL: that is no such key.  type: "ecdsa-sha2-nistp256", -384, -521. */
struct key_sign *key_sign_ed25519(const void *seed, size_t len);
struct key_sign *key_sign_ecdsa(const char *type, const void *point,
				size_t point_len, const void *secret,
				size_t secret_len);
void key_sign_free(struct key_sign **key);

/* What SSH calls the signature blob: its length, or 0 if OpenSSL cannot. */
size_t key_sign(const struct key_sign *key, const void *data, size_t len,
		unsigned char signature_r[KEY_SIGNATURE_MAX]);

#endif
