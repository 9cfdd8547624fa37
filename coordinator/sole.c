/* sole.c - what drydockd is before it does anything: alone, and by itself. */
#include "sole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "alloc.h"

extern char **environ;

void
sole_environment(void)
{
	char **at = environ;

	while (at != NULL && *at != NULL) {
		char *name;

		if (strncmp(*at, "PG", 2) != 0) {
			at++;
			continue;
		}
		name = x_strndup(*at, strcspn(*at, "="));
		if (unsetenv(name) < 0)
			abort();
		free(name);
		at = environ; /* it has moved */
	}
}

int
sole_lock(const char *path, struct err *err)
{
	/* closed by our end, and by no child */
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(err, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		(void)err_set(err, ERR_USAGE, "another drydockd runs with %s; "
			      "a second coordinator needs a file, and a name, "
			      "of its own", path);
	else
		(void)err_set_errno(err, "cannot lock %s", path);
	(void)close(fd);
	return -1;
}
