/*
 * spawn.h - start a child process cleanly.
 *
 * The child gets its own session, the three descriptors it is given and no
 * other, default signals with an empty mask, and the environment it is given
 * (never ours).  argv[0] is looked up in SPAWN_PATH unless it has a '/'.
 */
#ifndef DRYDOCK_SPAWN_H
#define DRYDOCK_SPAWN_H

#include <sys/types.h>

#include "err.h"

#define SPAWN_PATH                                                             \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SPAWN_NULL (-1) /* /dev/null */

struct spawn {
	const char *const *argv; /* ends with NULL */
	/* ends with NULL; NULL itself: PATH, LANG=C.UTF-8 and nothing else */
	const char *const *env;
	const char *cwd;	    /* NULL: "/" */
	int fd_in, fd_out, fd_err;  /* of ours, kept open here; or SPAWN_NULL */
};

/*
 * Returns when the child runs its program: -1 with ERR_SYS ("cannot run X:
 * No such file or directory") when that could not be done, and then no child is
 * left.  The caller reaps pid_r, which is also its session and process group.
 */
int spawn_start(const struct spawn *s, pid_t *pid_r, struct err *err);

#endif
