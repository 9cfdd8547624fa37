/* key_sign.c - signatures of our key, by OpenSSL. */
#include "key_sign.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"

static const struct key_curve {
	const char *type, *group;
	const EVP_MD *(*digest)(void);
} curves[] = {
	{ "ecdsa-sha2-nistp256", "P-256", EVP_sha256 },
	{ "ecdsa-sha2-nistp384", "P-384", EVP_sha384 },
	{ "ecdsa-sha2-nistp521", "P-521", EVP_sha512 },
};

struct key_sign {
	EVP_PKEY *pkey;
	const struct key_curve *curve; /* NULL: ed25519 */
};

static struct key_sign *
key_sign_new(EVP_PKEY *pkey, const struct key_curve *curve)
{
	struct key_sign *key;

	if (pkey == NULL)
		return NULL;
	key = x_new(struct key_sign);
	key->pkey = pkey;
	key->curve = curve;
	return key;
}

struct key_sign *
key_sign_ed25519(const void *seed, size_t len)
{
	return key_sign_new(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519,
							 NULL, seed, len),
			    NULL);
}

static EVP_PKEY *
ecdsa_make(OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

struct key_sign *
key_sign_ecdsa(const char *type, const void *point, size_t point_len,
	       const void *secret, size_t secret_len)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(secret, (int)secret_len, NULL);
	const struct key_curve *curve = curves;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey;

	while (strcmp(curve->type, type) != 0)
		curve++;
	if (build != NULL && number != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    curve->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     point, point_len) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) ==
		    1)
		params = OSSL_PARAM_BLD_to_param(build);
	pkey = ecdsa_make(params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	return key_sign_new(pkey, curve);
}

void
key_sign_free(struct key_sign **keyp)
{
	struct key_sign *key = *keyp;

	*keyp = NULL;
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* From ASN.1 to two numbers as SSH writes them, which OpenSSL calls MPI. */
static size_t
ecdsa_blob(const unsigned char *der, size_t len, unsigned char *blob)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int n = 0;

	if (sig == NULL)
		return 0;
	n = BN_bn2mpi(ECDSA_SIG_get0_r(sig), blob);
	n += BN_bn2mpi(ECDSA_SIG_get0_s(sig), blob + n);
	ECDSA_SIG_free(sig);
	return (size_t)n;
}

size_t
key_sign(const struct key_sign *key, const void *data, size_t len,
	 unsigned char signature_r[KEY_SIGNATURE_MAX])
{
	const EVP_MD *digest = key->curve != NULL ? key->curve->digest() : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char made[KEY_SIGNATURE_MAX];
	size_t n = sizeof(made);
	bool ok = ctx != NULL &&
		  EVP_DigestSignInit(ctx, NULL, digest, NULL, key->pkey) == 1 &&
		  EVP_DigestSign(ctx, made, &n, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return 0;
	if (key->curve != NULL)
		return ecdsa_blob(made, n, signature_r);
	memcpy(signature_r, made, n);
	return n;
}
