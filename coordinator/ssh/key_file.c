/*
 * key_file.c - our private key, read once and kept in memory.
 *
 * The OpenSSH format ("openssh-key-v1", cipher, kdf, options, number of keys,
 * public key, …; PROTOCOL.key in OpenSSH) tells cipher and type in the clear,
 * so an encrypted or an RSA key is known for what it is here.
 */
#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "host_key.h"

#define KEY_FILE_MAX 16384
#define KEY_BEGIN    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define KEY_END	     "-----END OPENSSH PRIVATE KEY-----"
#define KEY_MAGIC    "openssh-key-v1" /* with its NUL */

static int
key_file_check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s: not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_USAGE,
			       "%s: belongs to another user; chown it", path);
	/* the group may read what is root's: systemd's credentials do that */
	if ((st.st_mode & 07) != 0 || (st.st_mode & 030) != 0 ||
	    ((st.st_mode & 040) != 0 && st.st_uid != 0))
		return err_set(err, ERR_USAGE,
			       "%s: others may read or write the private key; "
			       "chmod 600 it (and make a new key, if it stood "
			       "like this for long)", path);
	return 0;
}

static int
key_file_slurp(int fd, const char *path, struct buf *text, struct err *err)
{
	char chunk[KEY_FILE_MAX];
	ssize_t n;
	int ret = 0;

	while (ret == 0 && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			ret = err_set_errno(err, "%s", path);
		else if (n > 0 && buf_add(text, chunk, (size_t)n) < 0)
			ret = err_set(err, ERR_USAGE,
				      "%s: too long for a private key", path);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return ret;
}

/* The next length-prefixed string of *p; false: there is none. */
static bool
key_string(const unsigned char **p, const unsigned char *end,
	   const unsigned char **s_r, size_t *len_r)
{
	size_t len;

	if (end - *p < 4)
		return false;
	len = (size_t)(*p)[0] << 24 | (size_t)(*p)[1] << 16 |
	      (size_t)(*p)[2] << 8 | (*p)[3];
	if ((size_t)(end - *p) - 4 < len)
		return false;
	*s_r = *p + 4;
	*len_r = len;
	*p += 4 + len;
	return true;
}

/* Cipher and public key, in the clear at the beginning of the blob. */
static int
key_file_look(struct key_file *key, const struct buf *blob, const char *path,
	      struct err *err)
{
	const unsigned char *p = (const unsigned char *)buf_str(blob);
	const unsigned char *end = p + blob->len, *cipher, *skip, *pub;
	size_t cipher_len, skip_len, pub_len;

	if (blob->len < sizeof(KEY_MAGIC) ||
	    memcmp(p, KEY_MAGIC, sizeof(KEY_MAGIC)) != 0)
		goto damaged;
	p += sizeof(KEY_MAGIC);
	if (!key_string(&p, end, &cipher, &cipher_len) ||
	    !key_string(&p, end, &skip, &skip_len) || /* kdf */
	    !key_string(&p, end, &skip, &skip_len) || /* its options */
	    end - p < 4)
		goto damaged;
	p += 4; /* number of keys, always 1 */
	if (!key_string(&p, end, &pub, &pub_len))
		goto damaged;
	if (cipher_len != 4 || memcmp(cipher, "none", 4) != 0)
		return err_set(err, ERR_USAGE,
			       "%s: the key is encrypted and nobody is here to "
			       "type its passphrase; ssh-keygen -p -N '' -f %s",
			       path, path);
	key->type = host_key_type(pub, pub_len);
	if (key->type == NULL)
		return err_set(err, ERR_USAGE,
			       "%s: neither an ed25519 nor an ecdsa key (RSA "
			       "signatures of libssh2 1.10 are refused by "
			       "sshd); ssh-keygen -t ed25519 -N '' -f %s",
			       path, path);
	if (host_key_text(pub, pub_len, &key->public) < 0)
		goto damaged;
	return 0;
damaged:
	return err_set(err, ERR_USAGE, "%s: the key is damaged", path);
}

static int
key_file_parse(struct key_file *key, const char *path, struct err *err)
{
	const char *from = strstr(buf_str(&key->text), KEY_BEGIN);
	const char *to = strstr(buf_str(&key->text), KEY_END);
	struct buf plain, blob;
	int ret;

	if (from == NULL || to == NULL || to < from)
		return err_set(err, ERR_USAGE,
			       "%s: not a private key of OpenSSH's own format; "
			       "ssh-keygen -p -N '' -f %s makes it one", path,
			       path);
	buf_init(&plain, KEY_FILE_MAX);
	buf_init(&blob, KEY_FILE_MAX);
	for (from += strlen(KEY_BEGIN); from < to; from++)
		if (*from != '\n' && *from != '\r')
			(void)buf_addc(&plain, *from);
	ret = base64_decode(&blob, buf_str(&plain), plain.len, err);
	if (ret < 0)
		(void)err_prefix(err, "%s: ", path);
	else
		ret = key_file_look(key, &blob, path, err);
	if (plain.data != NULL)
		explicit_bzero(plain.data, plain.size);
	if (blob.data != NULL)
		explicit_bzero(blob.data, blob.size);
	buf_free(&plain);
	buf_free(&blob);
	return ret;
}

int
key_file_read(struct key_file *key, const char *path, struct err *err)
{
	int fd, ret;

	*key = (struct key_file){ 0 };
	buf_init(&key->text, KEY_FILE_MAX);
	buf_init(&key->public, HOST_KEY_TEXT_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_USAGE,
			       "%s: a symbolic link; name the file itself",
			       path);
	if (fd < 0)
		return err_set_errno(err, "%s", path);
	ret = key_file_check_mode(fd, path, err);
	if (ret == 0)
		ret = key_file_slurp(fd, path, &key->text, err);
	if (ret == 0)
		ret = key_file_parse(key, path, err);
	(void)close(fd);
	if (ret < 0)
		key_file_free(key);
	else
		(void)mlock(key->text.data, key->text.size); /* if allowed */
	return ret;
}

void
key_file_free(struct key_file *key)
{
	if (key->text.data != NULL)
		explicit_bzero(key->text.data, key->text.size);
	buf_free(&key->text);
	buf_free(&key->public);
}
