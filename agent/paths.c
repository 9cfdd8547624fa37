/* paths.c - where things are on this host. */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

const char *
paths_root(void)
{
#ifdef DRYDOCK_TEST
	static char *root; /* for the built-ins too, whose environment is new */

	if (root == NULL && getenv("DRYDOCK_AGENT_ROOT") != NULL)
		root = x_strdup(getenv("DRYDOCK_AGENT_ROOT"));
	if (root != NULL)
		return root;
#endif
	return "";
}

char *
paths_conf(const char *name)
{
	return x_asprintf("%s%s/%s", paths_root(), PATHS_CONF, name);
}

char *
paths_system(const char *path)
{
	char *here = x_asprintf("%s%s", paths_root(), path);

	if (access(here, F_OK) == 0)
		return here;
	x_free(&here);
	return x_strdup(path);
}

/* Each directory on the way; only the last must be ours. */
static void
make_parents(const char *path)
{
	char *copy = x_strdup(path);

	for (char *at = copy + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)mkdir(copy, 0755);
		*at = '/';
	}
	x_free(&copy);
}

static int
dir_check(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	close(fd);
	return err_set(err, ERR_FAILED,
		       "%s must belong to uid %u and be written by nobody else",
		       path, (unsigned int)geteuid());
}

int
paths_state_open(struct err *err)
{
	char *path = x_asprintf("%s%s", paths_root(), PATHS_STATE);
	int fd;

	make_parents(path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		err_set_errno(err, "cannot make %s", path);
		x_free(&path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		err_set_errno(err, "cannot open %s", path);
	else
		fd = dir_check(fd, path, err);
	x_free(&path);
	return fd;
}

int
paths_dir_open(int dir, const char *name, struct err *err)
{
	int fd;

	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_set_errno(err, "cannot make %s/%s", PATHS_STATE,
				     name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set_errno(err, "cannot open %s/%s", PATHS_STATE,
				     name);
	return fd;
}
