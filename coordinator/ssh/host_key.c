/* host_key.c - pinned host keys, compared byte for byte. */
#include "host_key.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base64.h"
#include "sha256.h"

static const char *const host_key_types[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
};

#define HOST_KEY_TYPES (sizeof(host_key_types) / sizeof(host_key_types[0]))

/* The string that a blob begins with: four bytes of length, then the text. */
static bool
host_key_begins(const void *blob, size_t len, const char *type)
{
	const unsigned char *p = blob;
	size_t n = strlen(type);

	return len > 4 + n && p[0] == 0 && p[1] == 0 && p[2] == 0 &&
	       p[3] == n && memcmp(p + 4, type, n) == 0;
}

const char *
host_key_type(const void *blob, size_t len)
{
	for (size_t i = 0; i < HOST_KEY_TYPES; i++)
		if (host_key_begins(blob, len, host_key_types[i]))
			return host_key_types[i];
	return NULL;
}

/* The type that the first word of a pin names; NULL: none of ours. */
static const char *
host_pin_type(const char *text, size_t len)
{
	for (size_t i = 0; i < HOST_KEY_TYPES; i++)
		if (strlen(host_key_types[i]) == len &&
		    memcmp(host_key_types[i], text, len) == 0)
			return host_key_types[i];
	return NULL;
}

int
host_pins_add(struct host_pins *pins, const char *text, struct err *err)
{
	size_t type_len = strcspn(text, " \t");
	const char *type = host_pin_type(text, type_len);
	const char *data = text + type_len + strspn(text + type_len, " \t");
	struct host_key *key = &pins->key[pins->n];

	if (strncmp(text, "ssh-rsa ", 8) == 0 ||
	    strncmp(text, "rsa-sha2-", 9) == 0)
		return err_set(err, ERR_USAGE, "an RSA key is pinned; %s",
			       HOST_KEY_NO_RSA);
	if (type == NULL)
		return err_set(err, ERR_USAGE,
			       "a pinned key must begin with ssh-ed25519 or "
			       "ecdsa-sha2-nistp256, not \"%.40s\"", text);
	if (pins->n == HOST_KEYS_MAX)
		return err_set(err, ERR_USAGE, "more than %d pinned keys",
			       HOST_KEYS_MAX);
	buf_init(&key->blob, HOST_KEY_TEXT_MAX);
	if (base64_decode(&key->blob, data, strcspn(data, " \t\r\n"), err) <
		    0 ||
	    !host_key_begins(buf_str(&key->blob), key->blob.len, type)) {
		buf_free(&key->blob);
		return err_set(err, ERR_USAGE,
			       "a pinned key is damaged: \"%.60s\"", text);
	}
	key->type = type;
	pins->n++;
	return 0;
}

void
host_pins_free(struct host_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		buf_free(&pins->key[i].blob);
	pins->n = 0;
}

bool
host_pins_match(const struct host_pins *pins, const void *blob, size_t len)
{
	for (size_t i = 0; i < pins->n; i++)
		if (pins->key[i].blob.len == len && len > 0 &&
		    memcmp(buf_str(&pins->key[i].blob), blob, len) == 0)
			return true;
	return false;
}

static bool
host_pins_have(const struct host_pins *pins, const char *type)
{
	for (size_t i = 0; i < pins->n; i++)
		if (pins->key[i].type == type)
			return true;
	return pins->n == 0;
}

void
host_pins_methods(const struct host_pins *pins, struct buf *out)
{
	for (size_t i = 0; i < HOST_KEY_TYPES; i++)
		if (host_pins_have(pins, host_key_types[i]))
			(void)buf_addf(out, "%s%s", out->len > 0 ? "," : "",
				       host_key_types[i]);
}

int
host_key_text(const void *blob, size_t len, struct buf *out)
{
	const char *type = host_key_type(blob, len);

	if (type == NULL)
		return -1;
	(void)buf_addf(out, "%s ", type);
	return base64_encode(out, blob, len);
}

void
host_key_fingerprint(const void *blob, size_t len, struct buf *out)
{
	char hex[SHA256_TEXT_SIZE];
	unsigned char raw[32];
	struct buf text;

	(void)sha256_of(blob, len, hex);
	for (size_t i = 0; i < sizeof(raw); i++) {
		unsigned int high = (unsigned char)hex[2 * i];
		unsigned int low = (unsigned char)hex[2 * i + 1];

		high = high <= '9' ? high - '0' : high - 'a' + 10;
		low = low <= '9' ? low - '0' : low - 'a' + 10;
		raw[i] = (unsigned char)(high << 4 | low);
	}
	buf_init(&text, 64);
	(void)base64_encode(&text, raw, sizeof(raw));
	/* ssh-keygen leaves the padding out */
	(void)buf_addf(out, "SHA256:%.43s", buf_str(&text));
	buf_free(&text);
}
