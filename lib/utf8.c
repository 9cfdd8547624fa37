/* utf8.c - is it UTF-8, and how to show what may not be. */
#include "utf8.h"

/* Length and first bits of a sequence by its lead byte; 0 for a bad one. */
static size_t
utf8_lead(unsigned char c, uint32_t *code_r)
{
	if (c < 0x80) {
		*code_r = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		*code_r = c & 0x1f;
		return 2;
	}
	if (c >= 0xe0 && c <= 0xef) {
		*code_r = c & 0x0f;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		*code_r = c & 0x07;
		return 4;
	}
	return 0;
}

size_t
utf8_next(const char *text, size_t len, uint32_t *code_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t n;

	if (len == 0)
		return 0;
	n = utf8_lead((unsigned char)text[0], &code);
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_r = code;
	return n;
}

bool
utf8_valid(const char *text, size_t len)
{
	uint32_t code;

	while (len > 0) {
		size_t n = (unsigned char)text[0] < 0x80 ?
			1 : utf8_next(text, len, &code);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

bool
utf8_is_control(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} bad[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (code >= bad[i].first && code <= bad[i].last)
			return true;
	return false;
}

int
utf8_escape(struct buf *out, const char *text, size_t len)
{
	while (len > 0) {
		uint32_t code = 0;
		size_t n = utf8_next(text, len, &code);
		int ret = 0;

		if (n == 1 && code == '\\') {
			ret = buf_add(out, "\\\\", 2);
		} else if (n > 0 && !utf8_is_control(code)) {
			ret = buf_add(out, text, n);
		} else {
			n = n > 0 ? n : 1;
			for (size_t i = 0; i < n && ret == 0; i++)
				ret = buf_addf(out, "\\x%02x",
					       (unsigned char)text[i]);
		}
		if (ret < 0)
			return -1;
		text += n;
		len -= n;
	}
	return 0;
}
