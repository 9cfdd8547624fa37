/* lines.c - cut a stream of bytes into lines, with a bound on their length. */
#include "lines.h"

#include <assert.h>
#include <string.h>

/* What may lie unread behind us: more than any one read() brings. */
#define LINES_UNREAD_MAX ((size_t)64 << 20)

void
lines_init(struct lines *l, size_t max)
{
	assert(max > 0 && max < LINES_UNREAD_MAX);
	*l = (struct lines){ .max = max };
	buf_init(&l->in, LINES_UNREAD_MAX);
}

void
lines_free(struct lines *l)
{
	buf_free(&l->in);
	l->at = l->partial = 0;
}

static int
lines_too_long(struct lines *l, struct err *err)
{
	l->broken = true;
	return err_set(err, ERR_PROTO, "a line is longer than %zu bytes",
		       l->max);
}

int
lines_add(struct lines *l, const void *data, size_t len, struct err *err)
{
	const char *p = data, *end = p + len, *nl;

	if (l->broken)
		return lines_too_long(l, err);
	buf_drop(&l->in, l->at);
	l->at = 0;
	if (len == 0)
		return 0;
	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (l->partial + (size_t)(nl - p) > l->max)
			return lines_too_long(l, err);
		l->partial = 0;
		p = nl + 1;
	}
	l->partial += (size_t)(end - p);
	if (l->partial > l->max || buf_add(&l->in, data, len) < 0)
		return lines_too_long(l, err);
	return 0;
}

char *
lines_next(struct lines *l, size_t *len_r)
{
	char *line, *nl;

	if (l->broken || l->at >= l->in.len)
		return NULL;
	line = l->in.data + l->at;
	nl = memchr(line, '\n', l->in.len - l->at);
	if (nl == NULL)
		return NULL;
	*nl = '\0';
	*len_r = (size_t)(nl - line);
	l->at += *len_r + 1;
	return line;
}

size_t
lines_partial(const struct lines *l)
{
	return l->partial;
}
