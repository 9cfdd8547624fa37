/*
 * hostkeys.c - public host keys out of a file, checked before they are pinned.
 */
#include "hostkeys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "sha256.h"

enum { BLOB_MAX = 4096, LINE_MAX_BYTES = 8192, FIELDS = 4 };

static const char *const types[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
};

static bool
type_known(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* RFC 4251 string at *at; moves behind it; -1: cut */
static int
blob_string(const struct buf *blob, size_t *at, const char **s_r, size_t *len_r)
{
	const unsigned char *p = (const unsigned char *)blob->data + *at;
	size_t len;

	if (blob->len - *at < 4)
		return -1;
	len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	      p[3];
	if (len > blob->len - *at - 4)
		return -1;
	*s_r = (const char *)p + 4;
	*len_r = len;
	*at += 4 + len;
	return 0;
}

/* the type's name, then: one string (ed25519) or curve and point (ecdsa) */
static int
blob_check(const struct buf *blob, const char *type)
{
	size_t at = 0, len, want = strcmp(type, "ssh-ed25519") == 0 ? 1 : 2;
	const char *s;

	if (blob_string(blob, &at, &s, &len) < 0 || len != strlen(type) ||
	    memcmp(s, type, len) != 0)
		return -1;
	if (want == 2 && (blob_string(blob, &at, &s, &len) < 0 || len == 0))
		return -1;
	if (blob_string(blob, &at, &s, &len) < 0)
		return -1;
	return at == blob->len && (want == 2 ? len > 32 : len == 32) ? 0 : -1;
}

static int
key_check(const char *type, const char *base64, struct err *err)
{
	struct buf blob;
	int ret = -1;

	if (strcmp(type, "ssh-rsa") == 0 || strncmp(type, "rsa-", 4) == 0)
		return err_set(
			err, ERR_USAGE,
			"an RSA key cannot be pinned: "
			"libssh2 1.10 has no rsa-sha2; use the ed25519 key");
	if (!type_known(type))
		return err_set(err, ERR_USAGE,
			       "key type \"%s\" is not known; "
			       "ssh-ed25519 or ecdsa-sha2-nistp256 is wanted",
			       type);
	buf_init(&blob, BLOB_MAX);
	if (base64_decode(&blob, base64, strlen(base64), NULL) < 0)
		(void)err_set(err, ERR_USAGE, "the key is not base64, or cut");
	else if (blob_check(&blob, type) < 0)
		(void)err_set(err, ERR_USAGE,
			      "the key's bytes are not a whole "
			      "%s key: cut, or of another type",
			      type);
	else
		ret = 0;
	buf_free(&blob);
	return ret;
}

int
hostkeys_check(const char *key, struct err *err)
{
	const char *blank = strchr(key, ' ');
	char *type;
	int ret;

	if (blank == NULL)
		return err_set(err, ERR_USAGE, "\"%s\" is not a key", key);
	type = x_strndup(key, (size_t)(blank - key));
	ret = key_check(type, blank + 1, err);
	x_free(&type);
	return ret;
}

/* "mail1,[10.0.0.11]:2222" names the host? */
static bool
names_host(const char *names, const char *name, const char *address)
{
	char copy[LINE_MAX_BYTES], *save = NULL, *one;

	strcpy(copy, names);
	for (one = strtok_r(copy, ",", &save); one != NULL;
	     one = strtok_r(NULL, ",", &save)) {
		if (*one == '[') {
			one++;
			one[strcspn(one, "]")] = '\0';
		}
		if (strcmp(one, name) == 0 || strcmp(one, address) == 0)
			return true;
	}
	return false;
}

static int
key_add(struct hostkeys *k, const char *type, const char *base64,
	struct err *err)
{
	char *key;
	size_t i;

	if (key_check(type, base64, err) < 0)
		return -1;
	key = x_asprintf("%s %s", type, base64);
	for (i = 0; i < k->count; i++) {
		if (strcmp(k->key[i], key) == 0) {
			x_free(&key);
			return 0;
		}
	}
	if (k->count == HOSTKEYS_MAX) {
		x_free(&key);
		return err_set(err, ERR_USAGE, "more than %d keys",
			       HOSTKEYS_MAX);
	}
	k->key[k->count++] = key;
	return 0;
}

static int
line_parse(struct hostkeys *k, char *line, const char *name,
	   const char *address, struct err *err)
{
	char *field[FIELDS] = { NULL }, *save = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(line, " \t\r", &save); word != NULL && n < FIELDS;
	     word = strtok_r(NULL, " \t\r", &save))
		field[n++] = word;
	if (n == 0 || field[0][0] == '#')
		return 0;
	if (field[0][0] == '@')
		return err_set(err, ERR_USAGE, "%s is not a key to pin",
			       field[0]);
	if (field[0][0] == '|')
		return err_set(err, ERR_USAGE,
			       "the host's name is hashed: "
			       "nobody can tell whose key it is");
	/* every key begins so; a name may stand before its type, or not */
	if (n >= 2 &&
	    (type_known(field[0]) || strncmp(field[1], "AAAA", 4) == 0))
		return key_add(k, field[0], field[1], err);
	if (n < 3)
		return err_set(err, ERR_USAGE, "a type and a key are wanted");
	if (names_host(field[0], name, address))
		return key_add(k, field[1], field[2], err);
	k->others++;
	return 0;
}

int
hostkeys_parse(struct hostkeys *k, const char *text, const char *name,
	       const char *address, struct err *err)
{
	char line[LINE_MAX_BYTES];
	unsigned int number = 0;
	size_t len;

	*k = (struct hostkeys){ .count = 0 };
	while (*text != '\0') {
		number++;
		len = strcspn(text, "\n");
		if (len >= sizeof(line)) {
			hostkeys_free(k);
			return err_set(err, ERR_USAGE, "line %u is too long",
				       number);
		}
		memcpy(line, text, len);
		line[len] = '\0';
		if (line_parse(k, line, name, address, err) < 0) {
			hostkeys_free(k);
			return err_prefix(err, "line %u: ", number);
		}
		text += len + (text[len] == '\n' ? 1 : 0);
	}
	if (k->count == 0)
		return err_set(
			err, ERR_USAGE,
			k->others > 0
				? "no key of %s (%s) in it, only other hosts'"
				: "no key in it for %s (%s)",
			name, address);
	return 0;
}

void
hostkeys_free(struct hostkeys *k)
{
	while (k->count > 0) {
		k->count--;
		x_free(&k->key[k->count]);
	}
}

static unsigned char
hex_byte(const char *hex)
{
	char two[3] = { hex[0], hex[1], '\0' };

	return (unsigned char)strtoul(two, NULL, 16);
}

void
hostkeys_fingerprint(struct buf *out, const char *key)
{
	const char *base64 = strchr(key, ' ');
	char hex[SHA256_TEXT_SIZE];
	unsigned char sum[(SHA256_TEXT_SIZE - 1) / 2];
	struct buf blob;
	size_t i;

	base64 = base64 != NULL ? base64 + 1 : "";
	buf_init(&blob, BLOB_MAX);
	if (base64_decode(&blob, base64, strlen(base64), NULL) == 0) {
		(void)sha256_of(buf_str(&blob), blob.len, hex);
		for (i = 0; i < sizeof(sum); i++)
			sum[i] = hex_byte(hex + 2 * i);
		(void)buf_adds(out, "SHA256:");
		(void)base64_encode(out, sum, sizeof(sum));
		while (out->len > 0 && out->data[out->len - 1] == '=')
			out->data[--out->len] = '\0';
	}
	buf_free(&blob);
}

void
hostkeys_array(struct buf *out, const struct hostkeys *k)
{
	size_t i;

	/* types and base64 have nothing that would need a backslash */
	(void)buf_addc(out, '{');
	for (i = 0; i < k->count; i++)
		(void)buf_addf(out, "%s\"%s\"", i > 0 ? "," : "", k->key[i]);
	(void)buf_addc(out, '}');
}
