/* pattern.h - POSIX extended regular expressions, compiled within bounds. */
#ifndef PATTERN_H
#define PATTERN_H

#include <regex.h>

#include "err.h"

/*
 * glibc's regcomp() writes every repetition out: `x+` as `xx*`, `x{200}` as
 * 200 times x, and one around another multiplies, so a line of text can ask
 * for gigabytes (`e++++++++++++++++++++++++++++++`).  A pattern may hold what a
 * host printed.  So its size when written out is reckoned first, and what is
 * too large is refused.  Back-references are no POSIX, and can take for ever.
 */
enum { PATTERN_SIZE_MAX = 10000, PATTERN_DEPTH_MAX = 32 };

/* 0: *re is to be freed with regfree(); -1: why it is not taken. */
int pattern_compile(regex_t *re, const char *text, struct err *err);

#endif
