/* utf8.h - is it UTF-8, and how to show what may not be. */
#ifndef DRYDOCK_UTF8_H
#define DRYDOCK_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Read one character at text[0..len).  Returns its length 1..4 and the code
 * point, or 0 when the bytes there are not UTF-8 (overlong forms, surrogates
 * and what is above U+10FFFF are not).
 */
size_t utf8_next(const char *text, size_t len, uint32_t *code_r);

bool utf8_valid(const char *text, size_t len);

/*
 * Is this a character that moves a cursor, hides or reorders text: C0 (with tab
 * and newline), DEL, C1, line separators, zero-width and bidi controls?
 */
bool utf8_is_control(uint32_t code);

/*
 * Add the text to `out` so that no terminal and no log is led astray: control
 * characters and bytes that are not UTF-8 appear as \xNN of their bytes, a
 * backslash as \\.  -1 when the bound of `out` is passed (what fits is there).
 */
int utf8_escape(struct buf *out, const char *text, size_t len);

#endif
