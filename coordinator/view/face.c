/*
 * face.c - where text goes: colours, signs, width; and text made harmless.
 */
#include "face.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "utf8.h"

/* longest text of one cell or message; the database bounds reasons at 2,000 */
enum { TEXT_MAX = 65536, FOLD_INDENT = 8, FOLD_LEAST = 20 };

/* the eight ANSI colours only: the user's theme decides what they look like */
static const char *const tint_codes[] = {
	[TINT_NONE] = "",  [TINT_GOOD] = "32", [TINT_BUSY] = "36",
	[TINT_BAD] = "31", [TINT_WARN] = "33", [TINT_DIM] = "2",
	[TINT_BOLD] = "1",
};

#define STATES(X)                                                              \
	X("in service", "●", "+", TINT_GOOD)                                   \
	X("done", "✓", "+", TINT_GOOD)                                         \
	X("passed", "✓", "+", TINT_GOOD)                                       \
	X("succeeded", "✓", "+", TINT_GOOD)                                    \
	X("restored", "✓", "+", TINT_GOOD)                                     \
	X("working", "◐", "*", TINT_BUSY)                                      \
	X("running", "◐", "*", TINT_BUSY)                                      \
	X("restoring", "◐", "*", TINT_BUSY)                                    \
	X("held", "✗", "!", TINT_BAD)                                          \
	X("halted", "✗", "!", TINT_BAD)                                        \
	X("failed", "✗", "!", TINT_BAD)                                        \
	X("aborted", "✗", "!", TINT_BAD)                                       \
	X("out", "○", "o", TINT_BAD)                                           \
	X("not in service", "○", "o", TINT_BAD)                                \
	X("taken over", "○", "o", TINT_WARN)                                   \
	X("not seen", "?", "?", TINT_WARN)                                     \
	X("unknown", "?", "?", TINT_WARN)                                      \
	X("incomplete", "!", "!", TINT_WARN)                                   \
	X("paused", "!", "!", TINT_WARN)                                       \
	X("waiting", "·", ".", TINT_NONE)                                      \
	X("pending", "·", ".", TINT_NONE)                                      \
	X("planned", "·", ".", TINT_NONE)                                      \
	X("scheduled", "·", ".", TINT_NONE)                                    \
	X("cancelled", "–", "-", TINT_DIM)                                     \
	X("excluded", "–", "-", TINT_DIM)                                      \
	X("skipped", "–", "-", TINT_DIM)                                       \
	X("undone", "–", "-", TINT_DIM)

static const struct state_sign {
	const char *state, *sign, *ascii;
	enum tint tint;
} state_signs[] = {
#define X(word, utf8_sign, ascii_sign, state_tint)                             \
	{ .state = word,                                                       \
	  .sign = utf8_sign,                                                   \
	  .ascii = ascii_sign,                                                 \
	  .tint = state_tint },
	STATES(X)
#undef X
};

static const struct state_sign *
state_find(const char *state)
{
	size_t i;

	for (i = 0; i < sizeof(state_signs) / sizeof(state_signs[0]); i++)
		if (strcmp(state_signs[i].state, state) == 0)
			return &state_signs[i];
	return NULL;
}

const char *
face_sign(const struct face *f, const char *state)
{
	const struct state_sign *s = state_find(state);

	if (s == NULL)
		return " ";
	return f->utf8 ? s->sign : s->ascii;
}

enum tint
face_tint(const char *state)
{
	const struct state_sign *s = state_find(state);

	return s != NULL ? s->tint : TINT_NONE;
}

/* a terminal that is not UTF-8 would read our bytes as something else */
static void
ascii_only(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x80)
			(void)buf_addc(out, *text);
		else
			(void)buf_addf(out, "\\x%02x", (unsigned char)*text);
	}
}

void
face_bytes(struct buf *out, const struct face *f, const char *data, size_t len)
{
	struct buf safe;

	buf_init(&safe, TEXT_MAX);
	(void)utf8_escape(&safe, data, len);
	if (f->utf8)
		(void)buf_adds(out, buf_str(&safe));
	else
		ascii_only(out, buf_str(&safe));
	buf_free(&safe);
}

void
face_text(struct buf *out, const struct face *f, const char *text)
{
	face_bytes(out, f, text, strlen(text));
}

static size_t
code_width(uint32_t code)
{
	int width = wcwidth((wchar_t)code);

	return width < 0 ? 1 : (size_t)width;
}

/* length of "ESC [ … m" at text, 0 when it is none */
static size_t
tint_length(const char *text)
{
	size_t n = strspn(text[0] == '\033' && text[1] == '[' ? text + 2 : "",
			  "0123456789;");

	return n > 0 && text[2 + n] == 'm' ? n + 3 : 0;
}

size_t
face_width(const char *text)
{
	size_t width = 0, left = strlen(text), n;
	uint32_t code;

	while (left > 0) {
		n = tint_length(text);
		if (n == 0) {
			n = utf8_next(text, left, &code);
			width += n > 0 ? code_width(code) : 1;
			n = n > 0 ? n : 1;
		}
		text += n;
		left -= n;
	}
	return width;
}

size_t
face_fits(const char *text, size_t width)
{
	size_t at = 0, left = strlen(text), n, w;
	uint32_t code = 0;

	while (left > 0) {
		n = tint_length(text + at);
		if (n == 0) {
			n = utf8_next(text + at, left, &code);
			w = n > 0 ? code_width(code) : 1;
			if (w > width)
				break;
			width -= w;
			n = n > 0 ? n : 1;
		}
		at += n;
		left -= n;
	}
	return at;
}

void
face_clip(struct buf *out, const struct face *f, const char *text, size_t width)
{
	struct buf safe;
	size_t n;

	buf_init(&safe, TEXT_MAX);
	face_text(&safe, f, text);
	if (width == 0 || face_width(buf_str(&safe)) <= width) {
		(void)buf_adds(out, buf_str(&safe));
	} else {
		n = face_fits(buf_str(&safe), width - 1);
		(void)buf_add(out, buf_str(&safe), n);
		(void)buf_adds(out, f->utf8 ? "…" : "~");
	}
	buf_free(&safe);
}

size_t
face_words(const char *text, size_t width)
{
	size_t n = face_fits(text, width), at = n;

	if (text[n] == '\0')
		return n;
	while (at > n / 2 && text[at] != ' ')
		at--;
	return at > n / 2 ? at : n;
}

/* all but the last piece of a line that is too wide; where that begins */
static const char *
line_fold(struct buf *out, const struct face *f, const char *line)
{
	size_t n, width = f->width;

	while (line[n = face_words(line, width)] != '\0') {
		(void)buf_add(out, line, n);
		(void)buf_adds(out, "\n");
		face_pad(out, FOLD_INDENT);
		line += n + (line[n] == ' ' ? 1 : 0);
		width = f->width - FOLD_INDENT;
	}
	return line;
}

void
face_line(struct buf *out, const struct face *f, const char *line)
{
	size_t n;

	if (f->whole && f->width > FOLD_LEAST) {
		line = line_fold(out, f, line);
		n = strlen(line);
	} else {
		n = f->width > 0 ? face_fits(line, f->width) : strlen(line);
	}

	while (n > 0 && line[n - 1] == ' ')
		n--;
	(void)buf_add(out, line, n);
	if (line[n] != '\0' && f->colour)
		(void)buf_adds(out, "\033[0m");
}

void
face_begin(struct buf *out, const struct face *f, enum tint tint)
{
	if (f->colour && tint != TINT_NONE)
		(void)buf_addf(out, "\033[%sm", tint_codes[tint]);
}

void
face_end(struct buf *out, const struct face *f, enum tint tint)
{
	if (f->colour && tint != TINT_NONE)
		(void)buf_adds(out, "\033[0m");
}

void
face_tinted(struct buf *out, const struct face *f, enum tint tint,
	    const char *text)
{
	face_begin(out, f, tint);
	face_text(out, f, text);
	face_end(out, f, tint);
}

void
face_pad(struct buf *out, size_t count)
{
	(void)buf_addf(out, "%*s", (int)count, "");
}

void
face_bar(struct buf *out, double percent, size_t width)
{
	size_t inner = width > 2 ? width - 2 : 1, full, i;

	percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	full = (size_t)(percent * (double)inner / 100.0);
	(void)buf_addc(out, '[');
	for (i = 0; i < inner; i++)
		(void)buf_addc(out, i < full		       ? '='
				    : i == full && percent > 0 ? '>'
							       : '.');
	(void)buf_addc(out, ']');
}

void
face_spark(struct buf *out, const struct face *f, const double *values,
	   size_t count)
{
	static const char *const bars[] = {
		"▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█",
	};
	double most = 0;
	size_t i, height;

	for (i = 0; i < count; i++)
		most = values[i] > most ? values[i] : most;
	for (i = 0; i < count; i++) {
		height = most > 0 && values[i] > 0
				 ? (size_t)(values[i] * 8 / most + 0.5)
				 : 0;
		if (f->utf8)
			(void)buf_adds(out, bars[height]);
		else
			(void)buf_addf(out, "%zu", height);
	}
}
