/*
 * journal.c - the journal's file: opened, grown, appended to, written anew.
 */
#include "journal.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "fault.h"
#include "journal_disk.h"
#include "seeded.h"

#define NAME	 "journal"
#define NAME_NEW "journal.new"
#define MARKER	 "journal.made" /* a journal was here: its absence is a loss */

static int
write_all(int fd, const void *data, size_t len, uint64_t at)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Zeroes, really written: a later write into them needs no new block. */
static int
write_zero(int fd, uint64_t from, uint64_t to)
{
	static const char zero[4096];

	while (from < to) {
		size_t n = to - from < sizeof(zero) ? (size_t)(to - from)
						    : sizeof(zero);

		if (write_all(fd, zero, n, from) < 0)
			return -1;
		from += n;
	}
	return 0;
}

/* Header, payload and padding in one write at `at`.  Returns its extent. */
static int
write_record(int fd, uint64_t at, uint64_t number, const char *json, size_t len)
{
	size_t extent = journal_extent(len);
	unsigned char *image = x_alloc(extent);
	struct journal_header h;
	int rc;

	journal_header_make(&h, json, len, number);
	memcpy(image, &h, sizeof(h));
	memcpy(image + sizeof(h), json, len);
	memset(image + sizeof(h) + len, ' ', extent - sizeof(h) - len);
	rc = write_all(fd, image, extent, at);
	x_free(&image);
	return rc;
}

static int
marker_make(int dir, struct err *err)
{
	int fd = openat(dir, MARKER,
			O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set_errno(err, "cannot make %s", MARKER);
	close(fd);
	if (fsync(dir) < 0)
		return err_set_errno(err, "cannot flush the state directory");
	return 0;
}

/* What journal_rewrite() needs while it copies. */
struct rewrite {
	int fd;
	uint64_t at, number;
	journal_record_fn *keep;
	void *self;
};

static int
rewrite_add(struct rewrite *w, const char *json, size_t len, struct err *err)
{
	if (write_record(w->fd, w->at, w->number, json, len) < 0)
		return err_set_errno(err, "cannot write %s", NAME_NEW);
	w->at += journal_extent(len);
	w->number++;
	return 0;
}

static void
rewrite_one(struct rewrite *w, const unsigned char *map, size_t at,
	    const struct journal_header *h, struct err *err)
{
	const char *json = (const char *)map + at + JOURNAL_HEADER_SIZE;
	struct err no;

	err_clear(&no);
	if (w->keep(w->self, at, json, h->length, &no) == 0)
		rewrite_add(w, json, h->length, err);
}

/* Every record that checks out, wherever it stands. */
static int
rewrite_walk(struct rewrite *w, const unsigned char *map, size_t size,
	     struct err *err)
{
	struct journal_header h;

	err_clear(err);
	for (size_t p = 0; p + JOURNAL_HEADER_SIZE <= size;) {
		if (journal_header_read(map + p, &h) &&
		    journal_extent(h.length) <= size - p &&
		    journal_record_good(map + p, &h)) {
			rewrite_one(w, map, p, &h, err);
			if (err->code != ERR_NONE)
				return -1;
			p += journal_extent(h.length);
		} else {
			p += JOURNAL_HEADER_SIZE;
		}
	}
	return 0;
}

static int
map_file(int fd, const unsigned char **map_r, size_t *size_r, struct err *err)
{
	struct stat st;
	void *map;

	*map_r = NULL;
	*size_r = 0;
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "cannot look at the journal");
	if (st.st_size == 0)
		return 0;
	if (st.st_size > (off_t)1 << 30)
		return err_set(err, ERR_FAILED, "the journal is above 1 GiB");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set_errno(err, "cannot map the journal");
	*map_r = map;
	*size_r = (size_t)st.st_size;
	return 0;
}

static void
unmap_file(const unsigned char *map, size_t size)
{
	if (map != NULL)
		munmap((void *)(uintptr_t)map, size);
}

static int
rewrite_from_old(struct rewrite *w, int dir, struct err *err)
{
	const unsigned char *map;
	size_t size;
	int rc, fd;

	fd = openat(dir, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set_errno(err, "cannot open the journal");
	rc = map_file(fd, &map, &size, err);
	if (rc == 0)
		rc = rewrite_walk(w, map, size, err);
	unmap_file(map, size);
	close(fd);
	return rc;
}

static int
rewrite_finish(struct rewrite *w, int dir, const char *old_name,
	       struct err *err)
{
	uint64_t size = (w->at / JOURNAL_CHUNK + 1) * JOURNAL_CHUNK;

	if (write_zero(w->fd, w->at, size) < 0 || fsync(w->fd) < 0)
		return err_set_errno(err, "cannot write %s", NAME_NEW);
	if (old_name != NULL && linkat(dir, NAME, dir, old_name, 0) < 0 &&
	    errno != ENOENT)
		return err_set_errno(err, "cannot keep the old journal");
	(void)FAULT("journal.anew");
	if (renameat(dir, NAME_NEW, dir, NAME) < 0 || fsync(dir) < 0)
		return err_set_errno(err, "cannot put the journal in place");
	(void)FAULT("journal.renamed");
	return marker_make(dir, err);
}

int
journal_rewrite(int dir, const char *first, journal_record_fn *keep, void *self,
		const char *old_name, struct err *err)
{
	struct rewrite w = { .number = 1, .keep = keep, .self = self };
	int rc;

	w.fd = openat(dir, NAME_NEW,
		      O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	if (w.fd < 0)
		return err_set_errno(err, "cannot make %s", NAME_NEW);
	rc = rewrite_add(&w, first, strlen(first), err);
	if (rc == 0 && keep != NULL)
		rc = rewrite_from_old(&w, dir, err);
	if (rc == 0)
		rc = rewrite_finish(&w, dir, old_name, err);
	close(w.fd);
	if (rc < 0)
		unlinkat(dir, NAME_NEW, 0);
	return rc;
}

void
journal_say(struct journal *j, enum journal_state state, const char *why)
{
	j->state = state;
	snprintf(j->why, sizeof(j->why), "%.250s", why);
}

/* The torn write goes, and must be gone before anything is appended. */
static int
journal_cut(struct journal *j, const struct journal_end *end, struct err *err)
{
	if (write_zero(j->fd, end->at, end->at + end->torn) < 0 ||
	    fdatasync(j->fd) < 0)
		return err_set_errno(err, "cannot cut the journal's torn tail");
	j->cut = end->torn;
	snprintf(j->why, sizeof(j->why), "cut %llu bytes: %.160s",
		 (unsigned long long)end->torn, end->why);
	return 0;
}

static int
journal_load(struct journal *j, journal_record_fn *fn, void *self,
	     struct err *err)
{
	const unsigned char *map;
	struct journal_end end;
	size_t size;

	if (map_file(j->fd, &map, &size, err) < 0)
		return -1;
	journal_scan(map, size, fn, self, &end);
	unmap_file(map, size);
	j->at = end.at;
	j->size = size;
	j->number = end.records + 1;
	if (end.verdict == JOURNAL_BAD)
		journal_say(j, JOURNAL_DAMAGED, end.why);
	else if (end.verdict == JOURNAL_TORN)
		return journal_cut(j, &end, err);
	return 0;
}

static int
journal_open_file(struct journal *j)
{
	j->fd = openat(j->dir, NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return j->fd;
}

int
journal_open(struct journal *j, int dir, const char *first,
	     journal_record_fn *fn, void *self, struct err *err)
{
	*j = (struct journal){ .dir = dir, .fd = -1, .state = JOURNAL_OK };
	if (journal_open_file(j) < 0 && errno != ENOENT)
		return err_set_errno(err, "cannot open the journal");
	if (j->fd < 0 && faccessat(dir, MARKER, F_OK, 0) == 0) {
		journal_say(j, JOURNAL_MISSING,
			    "the journal is gone, though there was one");
		return 0;
	}
	if (j->fd < 0) {
		if (journal_rewrite(dir, first, NULL, NULL, NULL, err) < 0)
			return -1;
		if (journal_open_file(j) < 0)
			return err_set_errno(err, "cannot open the journal");
	} else if (marker_make(dir, err) < 0) {
		return -1;
	}
	return journal_load(j, fn, self, err);
}

void
journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

static int
journal_fail(struct journal *j, struct err *err, const char *what)
{
	err_set_errno(err, "%s", what);
	journal_say(j, JOURNAL_FAILED, err != NULL ? err->text : what);
	return -1;
}

bool
journal_in_place(const struct journal *j)
{
	struct stat ours, named;

	return j->fd >= 0 && fstat(j->fd, &ours) == 0 &&
	       fstatat(j->dir, NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int
journal_reserve(struct journal *j, size_t bytes, size_t records,
		struct err *err)
{
	uint64_t need, size;

	assert(j->fd >= 0);
	need = j->at + bytes + records * 2 * JOURNAL_HEADER_SIZE;
	if (need <= j->size)
		return 0;
	size = (need / JOURNAL_CHUNK + 1) * JOURNAL_CHUNK;
	/* The length first, at once: one that is no multiple reads as damage.
	 */
	if (ftruncate(j->fd, (off_t)size) < 0)
		return err_set_errno(err, "no room for the journal");
	if (write_zero(j->fd, j->size, size) < 0) {
		err_set_errno(err, "no room for the journal");
		if (ftruncate(j->fd, (off_t)j->size) < 0)
			return journal_fail(j, err, "cannot cut the journal");
		return -1;
	}
	if (fsync(j->fd) < 0)
		return journal_fail(j, err, "cannot flush the journal");
	j->size = size;
	return 0;
}

int
journal_append(struct journal *j, const char *json, size_t len, uint64_t *at_r,
	       struct err *err)
{
	if (j->state != JOURNAL_OK)
		return err_set(err, ERR_FAILED, "%s", j->why);
	if (len == 0 || len > JOURNAL_RECORD_MAX)
		return err_set(err, ERR_FAILED,
			       "a record of %zu bytes is too long", len);
	if (journal_reserve(j, len, 1, err) < 0)
		return -1;
	if (FAULT("journal.write") == FAULT_ERROR ||
	    write_record(j->fd, j->at, j->number, json, len) < 0)
		return journal_fail(j, err, "cannot write the journal");
	j->flushes++;
	if (FAULT("journal.flush") == FAULT_ERROR ||
	    (!SEEDED(UNFLUSHED) && fdatasync(j->fd) < 0))
		return journal_fail(j, err, "cannot flush the journal");
	if (at_r != NULL)
		*at_r = j->at;
	j->at += journal_extent(len);
	j->number++;
	return 0;
}

int
journal_read(struct journal *j, uint64_t at, struct buf *out, struct err *err)
{
	unsigned char head[JOURNAL_HEADER_SIZE], *image = NULL;
	struct journal_header h;
	size_t extent;
	int rc = -1;

	if (j->fd < 0)
		return err_set(err, ERR_FAILED, "%s", j->why);
	if (pread(j->fd, head, sizeof(head), (off_t)at) != sizeof(head) ||
	    !journal_header_read(head, &h))
		return err_set(err, ERR_FAILED,
			       "the journal changed under us at byte %llu",
			       (unsigned long long)at);
	extent = journal_extent(h.length);
	image = x_alloc(extent);
	if (pread(j->fd, image, extent, (off_t)at) != (ssize_t)extent ||
	    !journal_record_good(image, &h))
		err_set(err, ERR_FAILED,
			"the journal changed under us at byte %llu",
			(unsigned long long)at);
	else
		rc = buf_add(out, image + JOURNAL_HEADER_SIZE, h.length);
	x_free(&image);
	return rc;
}
