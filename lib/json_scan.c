/*
 * json_scan.c - the look before json-c parses.
 *
 * json-c 0.16, strict and validating, was seen to accept 'x' strings, NaN, raw
 * newlines in strings, lone surrogates (as U+FFFD), a key cut at \u0000,
 * integers of any size (clamped) and duplicate keys.  So its input is walked
 * first, token by token.  That tokens stand in the right order is json-c's
 * part, which it does well.
 */
#include "json_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct scan {
	const char *text;
	size_t len, at;
	unsigned int depth, tokens;
	size_t keys;
	const struct json_limits *limits;
	struct err *err;
};

static int
scan_fail(struct scan *s, const char *why)
{
	return err_set(s->err, ERR_PROTO, "JSON: %s at byte %zu", why, s->at);
}

/* The byte i places ahead, 0 behind the end (a real NUL is refused anyhow). */
static char
scan_peek(const struct scan *s, size_t i)
{
	return s->at + i < s->len ? s->text[s->at + i] : '\0';
}

/* Four hex digits at `ahead`, or -1. */
static long
scan_hex4(const struct scan *s, size_t ahead)
{
	char hex[5] = "";

	for (size_t i = 0; i < 4; i++) {
		hex[i] = scan_peek(s, ahead + i);
		if (!isxdigit((unsigned char)hex[i]))
			return -1;
	}
	return strtol(hex, NULL, 16);
}

/* \uXXXX at the cursor: not NUL, and surrogates only as a pair. */
static int
scan_unicode(struct scan *s)
{
	long code = scan_hex4(s, 2), low;

	if (code < 0)
		return scan_fail(s, "a \\u without four hex digits");
	if (code == 0)
		return scan_fail(s, "\\u0000");
	s->at += 6;
	if (code < 0xd800 || code > 0xdfff)
		return 0;
	low = scan_peek(s, 0) == '\\' && scan_peek(s, 1) == 'u' ?
		      scan_hex4(s, 2) :
		      -1;
	if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return scan_fail(s, "half a surrogate pair");
	s->at += 6;
	return 0;
}

static int
scan_string(struct scan *s)
{
	s->at++;
	while (s->at < s->len) {
		unsigned char c = (unsigned char)s->text[s->at];

		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c < 0x20)
			return scan_fail(s, "a control character in a string");
		if (c != '\\') {
			s->at++;
			continue;
		}
		if (scan_peek(s, 1) == 'u') {
			if (scan_unicode(s) < 0)
				return -1;
			continue;
		}
		if (scan_peek(s, 1) == '\0' ||
		    strchr("\"\\/bfnrt", scan_peek(s, 1)) == NULL)
			return scan_fail(s, "an unknown escape");
		s->at += 2;
	}
	return scan_fail(s, "a string without end");
}

/* Step over digits; false when there is none. */
static bool
scan_digits(struct scan *s)
{
	size_t from = s->at;

	while (isdigit((unsigned char)scan_peek(s, 0)))
		s->at++;
	return s->at > from;
}

/* The integer that ends at the cursor fits int64? */
static bool
scan_int_fits(const struct scan *s, size_t from)
{
	char text[32];
	size_t len = s->at - from;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s->text + from, len);
	text[len] = '\0';
	errno = 0;
	(void)strtoll(text, NULL, 10);
	return errno != ERANGE;
}

static int
scan_number(struct scan *s)
{
	size_t from = s->at;
	bool whole = true;

	if (scan_peek(s, 0) == '-')
		s->at++;
	if (scan_peek(s, 0) == '0' && isdigit((unsigned char)scan_peek(s, 1)))
		return scan_fail(s, "a number with a leading zero");
	if (!scan_digits(s))
		return scan_fail(s, "a number without digits");
	if (scan_peek(s, 0) == '.') {
		whole = false;
		s->at++;
		if (!scan_digits(s))
			return scan_fail(s, "a number without digits");
	}
	if (scan_peek(s, 0) == 'e' || scan_peek(s, 0) == 'E') {
		whole = false;
		s->at++;
		if (scan_peek(s, 0) == '+' || scan_peek(s, 0) == '-')
			s->at++;
		if (!scan_digits(s))
			return scan_fail(s, "a number without digits");
	}
	if (s->at - from > 40)
		return scan_fail(s, "a number that is too long");
	if (whole && !scan_int_fits(s, from))
		return scan_fail(s, "an integer that does not fit 64 bits");
	return 0;
}

static int
scan_literal(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (s->len - s->at >= len &&
		    memcmp(s->text + s->at, words[i], len) == 0) {
			s->at += len;
			return 0;
		}
	}
	return scan_fail(s, "an unexpected character");
}

static int
scan_open(struct scan *s)
{
	if (++s->depth > s->limits->depth)
		return scan_fail(s, "nested too deep");
	s->at++;
	return 0;
}

static int
scan_close(struct scan *s)
{
	if (s->depth == 0)
		return scan_fail(s, "a bracket too many");
	s->depth--;
	s->at++;
	return 0;
}

static int
scan_token(struct scan *s)
{
	char c = s->text[s->at];

	switch (c) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
	case ',':
		s->at++;
		return 0;
	case ':':
		s->keys++;
		s->at++;
		return 0;
	case '}':
	case ']':
		return scan_close(s);
	default:
		break;
	}
	if (++s->tokens > s->limits->tokens)
		return scan_fail(s, "too many values");
	if (c == '{' || c == '[')
		return scan_open(s);
	if (c == '"')
		return scan_string(s);
	if (c == '-' || isdigit((unsigned char)c))
		return scan_number(s);
	return scan_literal(s);
}

int
json_scan(const char *text, size_t len, const struct json_limits *limits,
	  size_t *keys_r, struct err *err)
{
	struct scan s = {
		.text = text, .len = len, .limits = limits, .err = err
	};

	if (len > limits->bytes)
		return err_set(err, ERR_PROTO,
			       "JSON: %zu bytes, at most %zu are taken", len,
			       limits->bytes);
	if (!utf8_valid(text, len))
		return err_set(err, ERR_PROTO, "JSON: not UTF-8");
	while (s.at < len)
		if (scan_token(&s) < 0)
			return -1;
	if (s.depth != 0)
		return scan_fail(&s, "a bracket is missing");
	*keys_r = s.keys;
	return 0;
}
