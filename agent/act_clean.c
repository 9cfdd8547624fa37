/*
 * act_clean.c - empty a directory: children are renamed aside, purged later.
 *
 * The renames into .drydock-trash-ATTEMPT (same directory, same device) are the
 * step: atomic each, repeatable, and the undo is the same the other way round.
 * The purge is another change (purge_of), to be run when nobody wants the
 * undo any more.  Directories are opened once, without links and beneath the
 * root of the allow file; from then on there are descriptors and names in them,
 * never a path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "beneath.h"
#include "fault.h"
#include "file.h"
#include "num.h"
#include "running.h"
#include "tree.h"
#include "utf8.h"

#define MARK                                                                   \
	"clean" /* in kept/ATTEMPT: from here on something may be aside        \
		 */

struct clean {
	int dir;      /* the directory to be emptied */
	int trash;    /* -1: not there */
	char *name;   /* of the trash */
	dev_t device; /* of both */
};

/* A name for people: whatever bytes it has. */
static void
complain(const char *what, const char *name)
{
	struct buf text;
	int why = errno;

	buf_init(&text, 2048);
	utf8_escape(&text, name, strlen(name));
	fprintf(stderr, "%s \"%s\": %s\n", what, buf_str(&text), strerror(why));
	buf_free(&text);
}

static int
clean_open(struct act *a, struct clean *c, const char **unless_r,
	   struct err *err)
{
	const char *inside = a->spec->clean.inside, *root, *rest;
	struct stat st;
	int fd;

	if (allow_clean(a->allow, inside, &root, unless_r, err) < 0)
		return -1;
	fd = beneath_open_dir(root, err);
	if (fd < 0)
		return -1;
	rest = inside + strlen(root);
	c->dir = beneath_open_at(fd, rest[0] == '/' ? rest + 1 : ".",
				 O_RDONLY | O_DIRECTORY, err);
	close(fd);
	if (c->dir < 0)
		return err_prefix(err, "%s: ", inside);
	if (fstat(c->dir, &st) < 0)
		return err_set_errno(err, "cannot look at %s", inside);
	c->device = st.st_dev;
	return 0;
}

static int
trash_open(struct clean *c, const char *attempt, bool make, struct err *err)
{
	c->name = x_asprintf(WIRE_TRASH "%s", attempt);
	if (make && mkdirat(c->dir, c->name, 0700) < 0 && errno != EEXIST)
		return err_set_errno(err, "cannot make %s", c->name);
	c->trash =
		beneath_open_at(c->dir, c->name, O_RDONLY | O_DIRECTORY, err);
	return c->trash < 0 ? -1 : 0;
}

static bool
name_counts(const struct act *a, const char *name)
{
	const char *match = a->spec->clean.match;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strncmp(name, WIRE_TRASH, strlen(WIRE_TRASH)) == 0)
		return false;
	return match == NULL || fnmatch(match, name, FNM_PERIOD) == 0;
}

/* A descriptor of its own: readdir() moves the offset. */
static DIR *
dir_list(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (dir == NULL && copy >= 0)
		close(copy);
	return dir;
}

/* Nothing is touched when one of the children is another device. */
static int
children_check(struct act *a, struct clean *c, uint64_t *n_r, struct err *err)
{
	DIR *dir = dir_list(c->dir);
	struct dirent *de;
	struct stat st;
	int rc = 0;

	*n_r = 0;
	if (dir == NULL)
		return err_set_errno(err, "cannot list %s",
				     a->spec->clean.inside);
	while (rc == 0 && (de = readdir(dir)) != NULL) {
		if (!name_counts(a, de->d_name))
			continue;
		++*n_r;
		if (fstatat(c->dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			    0 &&
		    st.st_dev != c->device) {
			errno = EXDEV;
			complain("a file system is mounted at", de->d_name);
			rc = err_set(err, ERR_REFUSED,
				     "%s holds another file system",
				     a->spec->clean.inside);
		}
	}
	closedir(dir);
	return rc;
}

/* One pass; moved_r and left_r count. */
static int
move_pass(const struct act *a, int from, int to, bool all, uint64_t *moved_r,
	  uint64_t *left_r, struct err *err)
{
	DIR *dir = dir_list(from);
	struct dirent *de;

	*left_r = 0;
	if (dir == NULL)
		return err_set_errno(err, "cannot list it");
	while ((de = readdir(dir)) != NULL) {
		const char *name = de->d_name;

		if (all ? strcmp(name, ".") == 0 || strcmp(name, "..") == 0
			: !name_counts(a, name))
			continue;
		(void)FAULT("clean.aside");
		if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0) {
			++*moved_r;
		} else if (errno != ENOENT) {
			if (++*left_r <= 20)
				complain("cannot move", name);
		}
	}
	closedir(dir);
	return 0;
}

/* Until a pass moves nothing: readdir() may miss what moves meanwhile. */
static int
move_all(const struct act *a, int from, int to, bool all, uint64_t *moved_r,
	 struct err *err)
{
	uint64_t left, before;

	*moved_r = 0;
	do {
		before = *moved_r;
		if (move_pass(a, from, to, all, moved_r, &left, err) < 0)
			return -1;
	} while (*moved_r > before && left == 0);
	(void)FAULT("clean.moved");
	if (fsync(from) < 0 || fsync(to) < 0)
		return err_set_errno(err, "cannot flush the directories");
	if (left > 0)
		return err_set(err, ERR_FAILED, "%llu could not be moved",
			       (unsigned long long)left);
	return 0;
}

static int
kept_mark(struct act *a, struct err *err)
{
	int kept = act_kept(a, a->attempt, true, err), rc;

	if (kept < 0)
		return -1;
	rc = file_write(kept, MARK, "", 0, 0600, err);
	close(kept);
	return rc;
}

static int
clean_do(struct act *a, struct clean *c, struct err *err)
{
	uint64_t n, moved;
	int rc;

	if (children_check(a, c, &n, err) < 0 || kept_mark(a, err) < 0 ||
	    trash_open(c, a->attempt, true, err) < 0)
		return -1;
	rc = move_all(a, c->dir, c->trash, false, &moved, err);
	json_out_int(&a->o, "entries", (int64_t)moved);
	json_out_str(&a->o, "trash", c->name);
	printf("%llu %s of %s went into %s\n", (unsigned long long)moved,
	       num_noun(moved, "entry", "entries"), a->spec->clean.inside,
	       c->name);
	return rc;
}

static int
clean_undo(struct act *a, struct clean *c, struct err *err)
{
	uint64_t moved;

	if (trash_open(c, a->undo_of, false, err) < 0)
		return err_set(err, ERR_FAILED,
			       "%s is not in %s: it was purged", c->name,
			       a->spec->clean.inside);
	if (move_all(a, c->trash, c->dir, true, &moved, err) < 0)
		return err_prefix(err, "some names are taken again: ");
	json_out_int(&a->o, "entries", (int64_t)moved);
	printf("%llu %s back in %s\n", (unsigned long long)moved,
	       num_noun(moved, "entry is", "entries are"),
	       a->spec->clean.inside);
	if (unlinkat(c->dir, c->name, AT_REMOVEDIR) < 0 || fsync(c->dir) < 0)
		return err_set_errno(err, "cannot remove %s", c->name);
	return 0;
}

static int
clean_purge(struct act *a, struct clean *c, struct err *err)
{
	struct tree_count removed = { .entries = 0 };
	int rc;

	if (trash_open(c, a->spec->clean.purge_of, false, NULL) < 0) {
		if (errno != ENOENT)
			return err_set_errno(err, "cannot open %s", c->name);
		printf("%s is not there: nothing to purge\n", c->name);
		json_out_int(&a->o, "entries", 0);
		return 0;
	}
	(void)FAULT("clean.purge");
	rc = tree_remove(c->trash, c->device, &removed, err);
	(void)FAULT("clean.purged");
	json_out_int(&a->o, "entries", (int64_t)removed.entries);
	json_out_int(&a->o, "bytes", (int64_t)removed.bytes);
	printf("purged %llu %s, %llu bytes\n",
	       (unsigned long long)removed.entries,
	       num_noun(removed.entries, "entry", "entries"),
	       (unsigned long long)removed.bytes);
	if (rc == 0 && unlinkat(c->dir, c->name, AT_REMOVEDIR) < 0)
		rc = err_set_errno(err, "cannot remove %s", c->name);
	return rc;
}

static int
clean_dry(struct act *a, struct clean *c, struct err *err)
{
	struct tree_count count = { .entries = 0 };
	uint64_t n;

	if (children_check(a, c, &n, err) < 0)
		return -1;
	tree_count(c->dir, &count);
	json_out_int(&a->o, "entries", (int64_t)n);
	json_out_int(&a->o, "files", (int64_t)count.entries);
	json_out_int(&a->o, "bytes", (int64_t)count.bytes);
	json_out_bool(&a->o, "at_least", count.at_least);
	printf("%s: %llu %s; %s%llu %s, %llu bytes beneath\n",
	       a->spec->clean.inside, (unsigned long long)n,
	       num_noun(n, "entry", "entries"),
	       count.at_least ? "at least " : "",
	       (unsigned long long)count.entries,
	       num_noun(count.entries, "file", "files"),
	       (unsigned long long)count.bytes);
	return 0;
}

/* What the owner of the host names must stand still, and what the step does. */
static int
clean_still(const struct act *a, const char *unless, struct err *err)
{
	const char *unit = a->spec->clean.unless_running;

	if (unless != NULL && running_check(unless, err) < 0)
		return -1;
	return unit != NULL ? running_check(unit, err) : 0;
}

int
act_clean(struct act *a, struct err *err)
{
	struct clean c = { .dir = -1, .trash = -1 };
	const char *unless = NULL;
	int rc = -1;

	if (clean_open(a, &c, &unless, err) < 0)
		goto out;
	if (a->spec->clean.purge_of != NULL)
		rc = clean_purge(a, &c, err);
	else if (a->attempt == NULL)
		rc = clean_dry(a, &c, err);
	else if (clean_still(a, unless, err) < 0)
		rc = -1;
	else if (a->undo_of != NULL)
		rc = clean_undo(a, &c, err);
	else
		rc = clean_do(a, &c, err);
out:
	if (c.trash >= 0)
		close(c.trash);
	if (c.dir >= 0)
		close(c.dir);
	x_free(&c.name);
	return rc;
}
