/*
 * key_file.c - the file with our private key, read once.
 *
 * The OpenSSH format ("openssh-key-v1", cipher, kdf, options, number of keys,
 * public key, own part; PROTOCOL.key in OpenSSH) tells cipher and type in the
 * clear, so an encrypted or an RSA key is known for what it is here.
 */
#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "host_key.h"
#include "key_sign.h"

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

/*
 * The part that a cipher would hide: a number twice, the type, and then of an
 * ed25519 key its public half, and its seed with that behind it; of an ecdsa
 * key its curve, its point and its secret.
 */
static int
key_file_own(struct key_file *key, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len, *part[4];
	size_t n[4];

	if (len < 8 || memcmp(p, p + 4, 4) != 0)
		return -1;
	p += 8;
	for (size_t i = 0; i < 4; i++)
		if (!key_string(&p, end, &part[i], &n[i]))
			return -1; /* the fourth of an ed25519: its comment */
	if (strcmp(key->type, "ssh-ed25519") != 0)
		key->sign = key_sign_ecdsa(key->type, part[2], n[2], part[3],
					   n[3]);
	else if (n[2] == 64)
		key->sign = key_sign_ed25519(part[2], 32);
	return key->sign != NULL ? 0 : -1;
}

/* Cipher and public key, in the clear at the beginning of the blob. */
static int
key_file_look(struct key_file *key, const struct buf *blob, const char *path,
	      struct err *err)
{
	const unsigned char *p = (const unsigned char *)buf_str(blob);
	const unsigned char *end = p + blob->len, *cipher, *skip, *pub,
			    *own;
	size_t cipher_len, skip_len, pub_len, own_len;

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
	if (buf_add(&key->public, pub, pub_len) < 0 ||
	    !key_string(&p, end, &own, &own_len) ||
	    key_file_own(key, own, own_len) < 0)
		goto damaged;
	return 0;
damaged:
	return err_set(err, ERR_USAGE, "%s: the key is damaged", path);
}

static void
key_file_wipe(struct buf *secret)
{
	if (secret->data != NULL)
		explicit_bzero(secret->data, secret->size);
	buf_free(secret);
}

static int
key_file_parse(struct key_file *key, const struct buf *text, const char *path,
	       struct err *err)
{
	const char *from = strstr(buf_str(text), KEY_BEGIN);
	const char *to = strstr(buf_str(text), KEY_END);
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
	key_file_wipe(&plain);
	key_file_wipe(&blob);
	return ret;
}

int
key_file_read(struct key_file *key, const char *path, struct err *err)
{
	struct buf text;
	int fd, ret;

	*key = (struct key_file){ 0 };
	buf_init(&key->public, HOST_KEY_TEXT_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_USAGE,
			       "%s: a symbolic link; name the file itself",
			       path);
	if (fd < 0)
		return err_set_errno(err, "%s", path);
	buf_init(&text, KEY_FILE_MAX);
	ret = key_file_check_mode(fd, path, err);
	if (ret == 0)
		ret = key_file_slurp(fd, path, &text, err);
	if (ret == 0)
		ret = key_file_parse(key, &text, path, err);
	(void)close(fd);
	key_file_wipe(&text);
	if (ret < 0)
		key_file_free(key);
	return ret;
}

void
key_file_free(struct key_file *key)
{
	key_sign_free(&key->sign);
	buf_free(&key->public);
}
