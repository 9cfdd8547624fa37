/* buf.c - a growing byte buffer, bounded at birth. */
#include "buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

#define BUF_SIZE_FIRST 64

void
buf_init(struct buf *b, size_t max)
{
	assert(max > 0 && max < (size_t)-1 / 4);
	*b = (struct buf){ .max = max };
}

void
buf_free(struct buf *b)
{
	size_t max = b->max;

	x_free(&b->data);
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->over = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for len more bytes and the NUL, or -1. */
static int
buf_room(struct buf *b, size_t len)
{
	size_t size = b->size > 0 ? b->size : BUF_SIZE_FIRST;

	assert(b->len <= b->max);
	if (len > b->max - b->len) {
		b->over = true;
		return -1;
	}
	while (size < b->len + len + 1)
		size *= 2;
	if (size != b->size) {
		b->data = x_realloc(b->data, size, 1);
		b->size = size;
	}
	return 0;
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	if (buf_room(b, len) < 0)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	char *s = x_vasprintf(fmt, ap);
	int ret = buf_adds(b, s);

	free(s);
	return ret;
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return ret;
}

void
buf_drop(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + len, b->len - len);
		b->len -= len;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

bool
buf_over(const struct buf *b)
{
	return b->over;
}

char *
buf_take(struct buf *b)
{
	char *s = b->data != NULL ? b->data : x_strdup("");

	b->data = NULL;
	buf_free(b);
	return s;
}
