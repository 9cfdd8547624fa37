/* self_test.c - each thing that libssh2 asks of libcrypto, done once. */
#include "self_test.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "key_sign.h"

static const unsigned char sample[32] = "what is signed and made secret";

static bool
random_works(const char *name)
{
	unsigned char out[16];

	(void)name;
	return RAND_bytes(out, sizeof(out)) == 1;
}

/* By its name, as libssh2 does: the table of names is another one. */
static bool
digest_works(const char *name)
{
	const EVP_MD *md = EVP_get_digestbyname(name);
	unsigned char out[EVP_MAX_MD_SIZE];

	return md != NULL &&
	       EVP_Digest(sample, sizeof(sample), out, NULL, md, NULL) == 1;
}

static bool
mac_works(const char *name)
{
	const EVP_MD *md = EVP_get_digestbyname(name);
	unsigned char out[EVP_MAX_MD_SIZE];

	return md != NULL && HMAC(md, sample, sizeof(sample), sample,
				  sizeof(sample), out, NULL) != NULL;
}

static bool
cipher_works(const char *name)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbyname(name);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char out[sizeof(sample)];
	int len;
	bool ok = cipher != NULL && ctx != NULL &&
		  EVP_EncryptInit_ex(ctx, cipher, NULL, sample, sample) == 1 &&
		  EVP_EncryptUpdate(ctx, out, &len, sample, sizeof(sample)) ==
			  1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* name: a curve, or what is a kind of key by itself. */
static EVP_PKEY *
key_make(const char *name)
{
	return name[1] == '-' ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", name) :
				EVP_PKEY_Q_keygen(NULL, NULL, name);
}

/* With a key of its own as the other side's. */
static bool
exchange_works(const char *name)
{
	EVP_PKEY *key = key_make(name);
	EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	unsigned char out[64];
	size_t len = sizeof(out);
	bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer(ctx, key) == 1 &&
		  EVP_PKEY_derive(ctx, out, &len) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}

/* Whether a host's signature can be verified takes one that is right. */
static bool
signature_works(const char *name)
{
	EVP_PKEY *key = key_make(name);
	EVP_MD_CTX *make = EVP_MD_CTX_new(), *look = EVP_MD_CTX_new();
	const EVP_MD *md = name[1] == '-' ? EVP_sha256() : NULL;
	unsigned char sig[256];
	size_t len = sizeof(sig);
	bool ok = key != NULL && make != NULL && look != NULL &&
		  EVP_DigestSignInit(make, NULL, md, NULL, key) == 1 &&
		  EVP_DigestSign(make, sig, &len, sample, sizeof(sample)) ==
			  1 &&
		  EVP_DigestVerifyInit(look, NULL, md, NULL, key) == 1 &&
		  EVP_DigestVerify(look, sig, len, sample, sizeof(sample)) ==
			  1;

	EVP_MD_CTX_free(make);
	EVP_MD_CTX_free(look);
	EVP_PKEY_free(key);
	return ok;
}

/*
 * What session_prefer() and host_key.c offer.  Larger curves have nothing of
 * their own but a digest, and take longer than all else together.
 */
static const struct {
	const char *cannot;
	bool (*works)(const char *name);
	const char *name;
} parts[] = {
	{ "make random numbers", random_works, "" },
	{ "hash with SHA-256", digest_works, "sha256" },
	{ "hash with SHA-384", digest_works, "sha384" },
	{ "hash with SHA-512", digest_works, "sha512" },
	{ "authenticate with SHA-256", mac_works, "sha256" },
	{ "authenticate with SHA-512", mac_works, "sha512" },
	{ "encrypt with AES-256", cipher_works, "aes-256-ctr" },
	{ "encrypt with AES-128", cipher_works, "aes-128-ctr" },
	{ "exchange keys with X25519", exchange_works, "X25519" },
	{ "exchange keys with P-256", exchange_works, "P-256" },
	{ "verify what ed25519 signs", signature_works, "ED25519" },
	{ "verify what P-256 signs", signature_works, "P-256" },
};

const char *
self_test(const struct key_sign *key)
{
	unsigned char signature[KEY_SIGNATURE_MAX];
	const char *cannot = NULL;

	for (size_t i = 0; cannot == NULL &&
	     i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!parts[i].works(parts[i].name))
			cannot = parts[i].cannot;
	if (cannot == NULL &&
	    key_sign(key, sample, sizeof(sample), signature) == 0)
		cannot = "sign with our key";
	ERR_clear_error();
	return cannot;
}
