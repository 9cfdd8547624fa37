/* beneath.c - open paths without ever following a link. */
#include "beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alloc.h"

static int
open_how(int dir, const char *path, int flags, unsigned long long resolve)
{
	struct open_how how = {
		.flags = (unsigned long long)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve =
			resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int
beneath_open_dir(const char *path, struct err *err)
{
	int fd = open_how(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_set_errno(err, "cannot open %s without links", path);
	return fd;
}

int
beneath_open_at(int root, const char *name, int flags, struct err *err)
{
	int fd = open_how(root, name, flags, RESOLVE_BENEATH | RESOLVE_NO_XDEV);

	if (fd < 0)
		return err_set_errno(err, "cannot open it beneath its root");
	return fd;
}

int
beneath_open_file(const char *path, struct err *err)
{
	int fd = open_how(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return err_set_errno(err, "cannot open %s without links", path);
	return fd;
}

int
beneath_open_parent(const char *path, const char **name_r, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == path ? x_strdup("/")
				  : x_strndup(path, (size_t)(slash - path));
	int fd = beneath_open_dir(dir, err);

	*name_r = slash + 1;
	x_free(&dir);
	return fd;
}
