/*
 * sweep.c - what lies in the state directory and nobody will ask for again.
 *
 * out/ and kept/ belong to attempts: what belongs to none that the book knows
 * is removed.  The rest is bounded by age and by size, oldest first; contents
 * are put again before each change that needs one, so none is missed.
 */
#include "sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "host.h"
#include "num.h"
#include "paths.h"
#include "tree.h"
#include "uuid.h"

#define MINUTE	    ((int64_t)60 * 1000)
#define DAY	    (24 * 60 * MINUTE)
#define SWEEP_AFTER ((uint64_t)16 * 1024 * 1024) /* bytes printed */

/* One file, or a directory of kept/. */
struct found {
	char *name;
	int64_t bytes, age; /* ms */
};

typedef bool spare_fn(const struct runner *r, const char *name);

/* Younger than `young` nothing goes, whatever the size. */
struct bound {
	const char *dir;
	int64_t most_bytes, most_age, young;
	spare_fn *spare;
};

/* The attempt whose id the name begins with, or NULL. */
static const struct attempt *
owner_of(const struct runner *r, const char *name)
{
	struct book *b = (struct book *)(uintptr_t)&r->book;
	char id[UUID_TEXT_SIZE];

	snprintf(id, sizeof(id), "%s", name);
	return book_attempt(b, id);
}

static bool
spare_running(const struct runner *r, const char *name)
{
	const struct attempt *a = owner_of(r, name);

	return a != NULL && a->state == WIRE_STATE_RUNNING;
}

/* The undo of a set of packages installs what was fetched before. */
static bool
spare_packages(const struct runner *r, const char *name)
{
	(void)name;
	LIST_EACH (struct attempt, a, &r->book.attempts, link) {
		if (a->verb == WIRE_PACKAGE)
			return true;
	}
	return false;
}

static const struct bound bounds[] = {
	{ "out", (int64_t)64 << 20, INT64_MAX, 0, spare_running },
	{ "content", (int64_t)256 << 20, 7 * DAY, 60 * MINUTE, NULL },
	{ "debs", (int64_t)2 << 30, 30 * DAY, 7 * DAY, spare_packages },
};

static int64_t
bound_bytes(const struct bound *b)
{
	int64_t most = b->most_bytes;
#ifdef DRYDOCK_TEST
	const char *text = getenv("DRYDOCK_AGENT_OUT_MAX");

	if (text != NULL && strcmp(b->dir, "out") == 0)
		(void)num_parse_int(text, 1, b->most_bytes, &most, NULL);
#endif
	return most;
}

static int
by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->age < y->age) - (x->age > y->age);
}

static int64_t
age_of(const struct stat *st)
{
	return clock_wall_ms() - (int64_t)st->st_mtim.tv_sec * 1000 -
	       st->st_mtim.tv_nsec / 1000000;
}

/* What is in the directory, oldest first; the caller frees it. */
static size_t
list_all(int dir, struct found **all_r)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	struct found *all = NULL;
	struct dirent *de;
	struct stat st;
	size_t n = 0;

	while (list != NULL && (de = readdir(list)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0 ||
		    fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		all = x_realloc(all, n + 1, sizeof(*all));
		all[n++] = (struct found){ x_strdup(de->d_name), st.st_size,
					   age_of(&st) };
	}
	if (list != NULL)
		closedir(list);
	else if (copy >= 0)
		close(copy);
	if (n > 0)
		qsort(all, n, sizeof(*all), by_age);
	*all_r = all;
	return n;
}

static void
list_drop(struct found **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x_free(&(*all)[i].name);
	x_free(all);
}

static void
dir_gone(int parent, const char *name)
{
	struct tree_count removed = { .entries = 0 };
	struct stat st;
	int one = openat(parent, name,
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (one < 0)
		return;
	if (fstat(one, &st) == 0 &&
	    tree_remove(one, st.st_dev, &removed, NULL) == 0)
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	close(one);
}

/* Files and directories of attempts that were forgotten. */
static void
sweep_orphans(struct runner *r, const char *name)
{
	int dir = paths_dir_open(r->state, name, NULL);
	struct found *all;
	size_t n;

	if (dir < 0)
		return;
	n = list_all(dir, &all);
	for (size_t i = 0; i < n; i++) {
		if (owner_of(r, all[i].name) != NULL)
			continue;
		if (unlinkat(dir, all[i].name, 0) < 0)
			dir_gone(dir, all[i].name);
	}
	list_drop(&all, n);
	close(dir);
}

static void
sweep_bound(struct runner *r, const struct bound *b)
{
	int dir = paths_dir_open(r->state, b->dir, NULL);
	int64_t bytes = 0, most = bound_bytes(b);
	unsigned int gone = 0;
	struct found *all;
	size_t n;

	if (dir < 0)
		return;
	n = list_all(dir, &all);
	for (size_t i = 0; i < n; i++)
		bytes += all[i].bytes;
	for (size_t i = 0; i < n && all[i].age >= b->young; i++) {
		if ((bytes <= most && all[i].age <= b->most_age) ||
		    (b->spare != NULL && b->spare(r, all[i].name)) ||
		    unlinkat(dir, all[i].name, 0) < 0)
			continue;
		bytes -= all[i].bytes;
		gone++;
	}
	if (gone > 0)
		host_audit("removed %u old files from %s/%s", gone, PATHS_STATE,
			   b->dir);
	list_drop(&all, n);
	close(dir);
}

void
sweep(struct runner *r)
{
	if (r->book.journal.state != JOURNAL_OK)
		return;
	sweep_orphans(r, "out");
	sweep_orphans(r, "kept");
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		sweep_bound(r, &bounds[i]);
	r->printed = 0;
}

void
sweep_printed(struct runner *r, uint64_t bytes)
{
	uint64_t after = SWEEP_AFTER;

	r->printed += bytes;
	if ((int64_t)after > bound_bytes(&bounds[0]))
		after = (uint64_t)bound_bytes(&bounds[0]);
	if (r->printed >= after)
		sweep(r);
}
