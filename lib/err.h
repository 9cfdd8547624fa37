/*
 * err.h - why something did not work: a code for the program, a sentence for
 * the person.
 *
 * Fallible functions return 0 or -1 and take `struct err *` last.  The one who
 * knows writes the sentence, callers may put a prefix before it.  Every
 * function here accepts err == NULL ("I do not want to know") and returns -1,
 * so that `return err_set(err, ERR_PROTO, "…");` is a whole way out.
 */
#ifndef DRYDOCK_ERR_H
#define DRYDOCK_ERR_H

#include <stdarg.h>

/*
 * The codes decide policy, so they are few.  LOST is not FAILED: nobody knows
 * whether it happened, and it must be asked again under the same id.
 */
#define ERR_CODES(X)                                                           \
	X(NONE, "none")       /* no error */                                   \
	X(REFUSED, "refused") /* understood, and will not be done */           \
	X(FAILED, "failed")   /* tried, and it did not work */                 \
	X(LOST, "lost")       /* no answer: it may or may not have happened */ \
	X(TIMEOUT, "timeout") /* our own clock ran out; as unknown as LOST */  \
	X(PROTO, "proto")     /* the other side does not speak as agreed */    \
	X(SYS, "sys")         /* the operating system refused */               \
	X(USAGE, "usage")     /* what was typed or configured is wrong */

enum err_code {
#define X(name, text) ERR_##name,
	ERR_CODES(X)
#undef X
};

#define ERR_TEXT_SIZE 512

struct err {
	enum err_code code;
	char text[ERR_TEXT_SIZE]; /* no newline, cut when too long */
};

/* All three return -1. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_vset(struct err *err, enum err_code code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
/* ERR_SYS, and ": " strerror(errno) behind the sentence. */
int err_set_errno(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Put words before the sentence; the code stays.  Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

/* "lost" for ERR_LOST. */
const char *err_code_name(enum err_code code);

#endif
