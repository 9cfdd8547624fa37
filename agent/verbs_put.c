/*
 * verbs_put.c - contents by their sha256: collected piece by piece, named only
 * when the whole matches.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base64.h"
#include "fault.h"
#include "paths.h"
#include "verbs.h"

struct put {
	const char *sha256, *data;
	int64_t size, offset;
	int dir;
	char part[80];
};

static int
put_parse(struct put *p, const struct json_object *obj, struct err *err)
{
	if (json_get_str(obj, "sha256", 64, &p->sha256, err) < 0 ||
	    json_get_int(obj, "size", 0, WIRE_CONTENT_MAX, &p->size, err) < 0 ||
	    json_get_int(obj, "offset", 0, WIRE_CONTENT_MAX, &p->offset, err) <
		    0 ||
	    json_get_str(obj, "data", WIRE_LINE_MAX, &p->data, err) < 0)
		return -1;
	if (strlen(p->sha256) != 64 ||
	    strspn(p->sha256, "0123456789abcdef") != 64)
		return err_set(err, ERR_USAGE, "sha256: 64 hex digits");
	snprintf(p->part, sizeof(p->part), "%s.part", p->sha256);
	return 0;
}

static int
hash_file(int fd, char text[SHA256_TEXT_SIZE])
{
	char chunk[8192];
	struct sha256 h;
	ssize_t n;

	sha256_begin(&h);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		sha256_add(&h, chunk, (size_t)n);
	sha256_end(&h, text);
	return n < 0 ? -1 : 0;
}

/* Whole: is it what it says it is? */
static int
put_finish(const struct put *p, int fd, struct err *err)
{
	char sha[SHA256_TEXT_SIZE];

	if (hash_file(fd, sha) < 0 || fsync(fd) < 0)
		return err_set_errno(err, "cannot read it back");
	if (strcmp(sha, p->sha256) != 0) {
		(void)unlinkat(p->dir, p->part, 0);
		return err_set(err, ERR_REFUSED, "the content's sha256 is %s",
			       sha);
	}
	if (FAULT("put.written") == FAULT_ERROR ||
	    renameat(p->dir, p->part, p->dir, p->sha256) < 0 ||
	    fsync(p->dir) < 0)
		return err_set_errno(err, "cannot name it");
	(void)FAULT("put.renamed");
	return 0;
}

/* have_r: bytes here; another offset than that adds nothing. */
static int
put_piece(const struct put *p, const struct buf *raw, int64_t *have_r,
	  struct err *err)
{
	struct stat st;
	int rc = 0,
	    fd = openat(p->dir, p->part,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(err, "cannot open %s", p->part);
	*have_r = st.st_size;
	if (p->offset == *have_r && (int64_t)raw->len + p->offset > p->size) {
		rc = err_set(err, ERR_USAGE, "more than `size` bytes");
	} else if (p->offset == *have_r && raw->len > 0) {
		if (pwrite(fd, raw->data, raw->len, p->offset) !=
		    (ssize_t)raw->len)
			rc = err_set_errno(err, "cannot write it");
		else
			*have_r += (int64_t)raw->len;
	}
	if (rc == 0 && *have_r == p->size)
		rc = put_finish(p, fd, err);
	close(fd);
	return rc;
}

static int
put_take(struct put *p, int64_t *have_r, struct err *err)
{
	struct buf raw;
	struct stat st;
	int rc;

	if (fstatat(p->dir, p->sha256, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		/* wanted again: as young as one that was put just now */
		(void)utimensat(p->dir, p->sha256, NULL, AT_SYMLINK_NOFOLLOW);
		*have_r = st.st_size;
		return 0;
	}
	buf_init(&raw, WIRE_CHUNK_MAX);
	rc = base64_decode(&raw, p->data, strlen(p->data), err);
	if (rc == 0)
		rc = put_piece(p, &raw, have_r, err);
	buf_free(&raw);
	return rc;
}

void
verb_put(struct client *c, const struct request *r)
{
	struct answer a;
	struct put p;
	struct err err;
	int64_t have = 0;

	if (put_parse(&p, r->doc, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	p.dir = paths_dir_open(c->runner->state, "content", &err);
	if (p.dir < 0 || put_take(&p, &have, &err) < 0) {
		verbs_no(c, r,
			 err.code == ERR_SYS ? WIRE_CODE_SPACE
					     : WIRE_CODE_USAGE,
			 &err, NULL);
	} else {
		answer_begin(&a, r->id);
		json_out_int(&a.o, "have", have);
		answer_send(&a, &c->conn, r->id);
	}
	if (p.dir >= 0)
		close(p.dir);
}
