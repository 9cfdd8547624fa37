/*
 * buf.h - a growing byte buffer, bounded at birth.
 *
 * The bytes are always followed by a NUL that `len` does not count, so text can
 * be read as a string at any time.  An addition that would pass the bound adds
 * nothing, returns -1 and leaves `over` set: a writer of many pieces may ignore
 * the single answers and ask buf_over() once at the end.
 */
#ifndef DRYDOCK_BUF_H
#define DRYDOCK_BUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* read it with buf_str(): NULL while nothing was added */
	size_t len; /* bytes held */
	size_t max; /* bytes that may be held */
	size_t size; /* private: bytes allocated */
	bool over;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, forgets `over` */

int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Take len bytes (at most what is there) away from the front. */
void buf_drop(struct buf *b, size_t len);

/* Never NULL; valid until the next change. */
const char *buf_str(const struct buf *b);
bool buf_over(const struct buf *b);

/* The string, now the caller's to free(); the buffer is empty again. */
char *buf_take(struct buf *b);

#endif
