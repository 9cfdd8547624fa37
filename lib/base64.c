/* base64.c - RFC 4648, with padding, one line; reading is strict. */
#include "base64.h"

#include <string.h>

static const char base64_abc[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_encode(struct buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len > 0;) {
		size_t n = len < 3 ? len : 3;
		unsigned int v = (unsigned int)p[0] << 16 |
				 (n > 1 ? (unsigned int)p[1] << 8 : 0) |
				 (n > 2 ? (unsigned int)p[2] : 0);
		char quad[4] = {
			base64_abc[v >> 18],
			base64_abc[v >> 12 & 63],
			n > 1 ? base64_abc[v >> 6 & 63] : '=',
			n > 2 ? base64_abc[v & 63] : '=',
		};

		if (buf_add(out, quad, sizeof(quad)) < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* The six bits of c, or -1. */
static int
base64_value(char c)
{
	const char *at = c != '\0' ? strchr(base64_abc, c) : NULL;

	return at != NULL ? (int)(at - base64_abc) : -1;
}

/* One group of four; how many bytes came out (1..3), or -1. */
static int
base64_quad(const char *text, unsigned char bytes[3])
{
	int pad = text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
	unsigned int v = 0;

	for (int i = 0; i < 4; i++) {
		int bits = i < 4 - pad ? base64_value(text[i]) : 0;

		if (bits < 0)
			return -1;
		v = v << 6 | (unsigned int)bits;
	}
	if ((pad == 1 && (v & 0xff) != 0) || (pad == 2 && (v & 0xffff) != 0))
		return -1; /* bits left over: two texts for one value */
	bytes[0] = (unsigned char)(v >> 16);
	bytes[1] = (unsigned char)(v >> 8 & 0xff);
	bytes[2] = (unsigned char)(v & 0xff);
	return 3 - pad;
}

int
base64_decode(struct buf *out, const char *text, size_t len, struct err *err)
{
	unsigned char bytes[3];

	if (len % 4 != 0)
		return err_set(err, ERR_PROTO, "base64: length %zu", len);
	for (size_t i = 0; i < len; i += 4) {
		int n = base64_quad(text + i, bytes);

		if (n < 0 || (n < 3 && i + 4 < len))
			return err_set(err, ERR_PROTO,
				       "base64: wrong at byte %zu", i);
		if (buf_add(out, bytes, (size_t)n) < 0)
			return err_set(err, ERR_PROTO,
				       "base64: more than %zu bytes", out->max);
	}
	return 0;
}
