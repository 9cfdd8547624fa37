/* keep.c - what is kept of a stream. */
#include "keep.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base64.h"
#include "wire.h"

const char *
keep_name(char name[KEEP_NAME_SIZE], const char *attempt, const char *end)
{
	snprintf(name, KEEP_NAME_SIZE, "%s.%s", attempt, end);
	return name;
}

void
keep_open(struct keep *k, int dir, const char *attempt, const char *end,
	  bool discard)
{
	*k = (struct keep){ .fd = -1, .dir = dir, .discard = discard };
	buf_init(&k->head, WIRE_HEAD_MAX);
	keep_name(k->name, attempt, end);
}

void
keep_add(struct keep *k, const char *data, size_t len)
{
	size_t n = WIRE_HEAD_MAX - k->head.len;
	ssize_t written;

	if (k->discard)
		return;
	if (k->head.len == 0)
		k->fd = openat(k->dir, k->name, O_WRONLY | O_CREAT | O_TRUNC |
			       O_CLOEXEC | O_NOFOLLOW, 0600);
	buf_add(&k->head, data, n < len ? n : len);
	n = WIRE_KEEP_MAX - (size_t)k->kept;
	if (k->fd < 0 || n == 0)
		return;
	/* A full disk: what is missing is told by `cut`. */
	written = write(k->fd, data, n < len ? n : len);
	if (written > 0)
		k->kept += (uint64_t)written;
	if (written == (ssize_t)(n < len ? n : len))
		return;
	close(k->fd);
	k->fd = -1;
}

void
keep_close(struct keep *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	buf_free(&k->head);
}

void
keep_print(const struct keep *k, struct child_stream *s, struct json_out *o,
	   const char *key)
{
	struct sha256 hash = s->hash;
	char sha[SHA256_TEXT_SIZE];
	struct buf text;

	sha256_end(&hash, sha);
	json_out_object(o, key);
	json_out_int(o, "bytes", (int64_t)s->bytes);
	json_out_int(o, "lines", (int64_t)child_lines(s));
	json_out_str(o, "sha256", sha);
	if (k->discard) {
		json_out_bool(o, "cut", s->bytes > 0);
		json_out_end(o);
		return;
	}
	buf_init(&text, (size_t)2 * WIRE_HEAD_MAX);
	base64_encode(&text, buf_str(&k->head), k->head.len);
	json_out_bool(o, "cut", s->bytes > k->kept);
	json_out_str(o, "head", buf_str(&text));
	json_out_end(o);
	buf_free(&text);
}
