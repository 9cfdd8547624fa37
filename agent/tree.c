/* tree.c - count or remove everything in a directory, however deep. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "buf.h"
#include "clock.h"
#include "num.h"
#include "utf8.h"

#define REMOVE_DEPTH   16
#define COUNT_DEPTH    64
#define COUNT_ENTRIES  1000000
#define COUNT_MS       20000
#define COMPLAINTS_MAX 20

struct removal {
	int top;
	dev_t device;
	struct tree_count *removed;
	uint64_t left, moved; /* could not go; came up to be next */
};

static bool
name_is_dots(const char *name)
{
	return name[0] == '.' &&
	       (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static DIR *
dir_list(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (dir == NULL && copy >= 0)
		close(copy);
	return dir;
}

static void
remove_complain(struct removal *r, const char *name)
{
	struct buf text;
	int why = errno;

	if (++r->left > COMPLAINTS_MAX)
		return;
	buf_init(&text, 2048);
	utf8_escape(&text, name, strlen(name));
	fprintf(stderr, "cannot remove \"%s\": %s\n", buf_str(&text),
		strerror(why));
	buf_free(&text);
}

/* Too deep: up with it, under a name that says nothing; it is next. */
static void
remove_later(struct removal *r, int dir, const char *name)
{
	char up[48];

	do {
		snprintf(up, sizeof(up), "deep-%llu",
			 (unsigned long long)r->moved++);
		if (renameat2(dir, name, r->top, up, RENAME_NOREPLACE) == 0)
			return;
	} while (errno == EEXIST);
	remove_complain(r, name);
}

static void remove_inside(struct removal *r, int dir, unsigned int depth);

static void
remove_dir(struct removal *r, int dir, const char *name, unsigned int depth)
{
	int sub = beneath_open_at(dir, name, O_RDONLY | O_DIRECTORY, NULL);
	struct stat st;

	if (sub < 0) {
		if (errno != ENOENT)
			remove_complain(r, name);
		return;
	}
	if (fstat(sub, &st) < 0 || st.st_dev != r->device) {
		errno = EXDEV;
		remove_complain(r, name);
	} else {
		remove_inside(r, sub, depth + 1);
	}
	close(sub);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		r->removed->entries++;
	else if (errno != ENOENT && errno != ENOTEMPTY)
		remove_complain(r, name);
}

static void
remove_one(struct removal *r, int dir, const char *name, unsigned int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode) && depth >= REMOVE_DEPTH) {
		remove_later(r, dir, name);
	} else if (S_ISDIR(st.st_mode)) {
		remove_dir(r, dir, name, depth);
	} else if (unlinkat(dir, name, 0) == 0) {
		r->removed->entries++;
		r->removed->bytes += (uint64_t)st.st_size;
	} else if (errno != ENOENT) {
		remove_complain(r, name);
	}
}

static void
remove_inside(struct removal *r, int dir, unsigned int depth)
{
	DIR *list = dir_list(dir);
	struct dirent *de;

	if (list == NULL) {
		remove_complain(r, ".");
		return;
	}
	while ((de = readdir(list)) != NULL) {
		if (!name_is_dots(de->d_name))
			remove_one(r, dir, de->d_name, depth);
	}
	closedir(list);
}

int
tree_remove(int top, dev_t device, struct tree_count *removed, struct err *err)
{
	struct removal r = { .top = top, .device = device, .removed = removed };
	uint64_t before, came_up;

	/* Again for what came up, and for what readdir() passed over. */
	do {
		before = removed->entries;
		came_up = r.moved;
		r.left = 0;
		remove_inside(&r, top, 0);
	} while (removed->entries > before || r.moved > came_up);
	if (r.left == 0)
		return 0;
	return err_set(err, ERR_FAILED, "%llu %s could not be removed",
		       (unsigned long long)r.left,
		       num_noun(r.left, "entry", "entries"));
}

static void
count_inside(int dir, struct tree_count *count, unsigned int depth,
	     int64_t until)
{
	DIR *list = dir_list(dir);
	struct dirent *de;
	struct stat st;
	int sub;

	if (list == NULL || depth > COUNT_DEPTH) {
		count->at_least = true;
		if (list != NULL)
			closedir(list);
		return;
	}
	while (!count->at_least && (de = readdir(list)) != NULL) {
		if (name_is_dots(de->d_name) ||
		    fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		count->entries++;
		count->bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		count->at_least = count->entries >= COUNT_ENTRIES ||
				  clock_boot_ms() > until;
		if (!S_ISDIR(st.st_mode))
			continue;
		sub = beneath_open_at(dir, de->d_name, O_RDONLY | O_DIRECTORY,
				      NULL);
		if (sub < 0)
			continue;
		count_inside(sub, count, depth + 1, until);
		close(sub);
	}
	closedir(list);
}

void
tree_count(int dir, struct tree_count *count)
{
	count_inside(dir, count, 0, clock_boot_ms() + COUNT_MS);
}
