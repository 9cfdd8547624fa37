/* pattern.h - POSIX extended regular expressions, compiled within bounds. */
#ifndef PATTERN_H
#define PATTERN_H

#include <regex.h>

#include "err.h"

/*
 * glibc's regcomp() writes every repetition out: `x+` as `xx*`, `x{200}` as
 * 200 times x, and one around another multiplies, so a line of text can ask
 * for gigabytes (`e++++++++++++++++++++++++++++++`).  And it follows, anew for
 * each place in a loop, every way on which no character is read: 2^n of them
 * through n times `(a*|b*)`.  A pattern may hold what a host printed.  So both
 * are reckoned first, and what is too large is refused: a thousand of each
 * cost milliseconds.  Repeated anchors and back-references cost more than any
 * reckoning says, and serve nobody: they are refused.
 */
enum { PATTERN_MAX = 1000, PATTERN_DEPTH_MAX = 32 };

/* 0: *re is to be freed with regfree(); -1: why it is not taken. */
int pattern_compile(regex_t *re, const char *text, struct err *err);

#endif
