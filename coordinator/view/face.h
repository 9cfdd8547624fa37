/*
 * face.h - where text goes: colours, signs, width; and text made harmless.
 *
 * Never colour alone: a tint always stands beside a word.  All texts that
 * come from the database, a host or a person go through face_text().
 */
#ifndef DRYDOCK_FACE_H
#define DRYDOCK_FACE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct face {
	bool colour;
	bool utf8;     /* signs and texts may leave ASCII */
	bool whole;    /* what is wider goes on below; else it is cut */
	size_t width;  /* columns; 0: no bound (a pipe) */
	size_t height; /* lines; 0: no bound */
	double now;    /* the database's clock, seconds since 1970 */
};

enum tint {
	TINT_NONE,
	TINT_GOOD,
	TINT_BUSY,
	TINT_BAD,
	TINT_WARN,
	TINT_DIM,
	TINT_BOLD,
};

/* the text with everything that could lead a terminal astray escaped */
void face_text(struct buf *out, const struct face *f, const char *text);
void
face_bytes(struct buf *out, const struct face *f, const char *data, size_t len);
/* the same, cut to `width` columns ("…" or "~" marks the cut) */
void face_clip(struct buf *out, const struct face *f, const char *text,
	       size_t width);

/* the escape sequence that begins or ends a tint; nothing without colour */
void face_begin(struct buf *out, const struct face *f, enum tint tint);
void face_end(struct buf *out, const struct face *f, enum tint tint);
/* begin, text, end */
void face_tinted(struct buf *out, const struct face *f, enum tint tint,
		 const char *text);

/* a line made by these functions, cut or folded to the width of the face */
void face_line(struct buf *out, const struct face *f, const char *line);

/* bytes of the longest head of text that takes at most `width` columns */
size_t face_fits(const char *text, size_t width);
/* the same up to the last blank, unless that lies in its first half */
size_t face_words(const char *text, size_t width);
/* columns that a line takes on a terminal; our own tints take none */
size_t face_width(const char *text);
/* `count` blanks */
void face_pad(struct buf *out, size_t count);

/* "[======>.....]" of `width` columns in all, percent 0 to 100 */
void face_bar(struct buf *out, double percent, size_t width);
/* one bar per value, the largest is full; ASCII: digits 0 to 8 */
void face_spark(struct buf *out, const struct face *f, const double *values,
		size_t count);

/* the sign and the tint of a state word of a backend, turn, step, rollout */
const char *face_sign(const struct face *f, const char *state);
enum tint face_tint(const char *state);

#endif
