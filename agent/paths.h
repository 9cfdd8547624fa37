/*
 * paths.h - where things are on this host.
 *
 * /etc/drydock and /var/lib/drydock are compiled in.  Only a test build honours
 * DRYDOCK_AGENT_ROOT, a directory put before both, and before /etc/machine-id
 * and boot_id where it has such files.
 */
#ifndef DRYDOCK_PATHS_H
#define DRYDOCK_PATHS_H

#include "err.h"

#define PATHS_CONF  "/etc/drydock"
#define PATHS_STATE "/var/lib/drydock"

/* "" in what is shipped. */
const char *paths_root(void);
/* PATHS_CONF/name under the root; free() it. */
char *paths_conf(const char *name);
/* The path under the root if it is there, else as it is; free() it. */
char *paths_system(const char *path);

/*
 * The state directory: made (0700) when it is not there, must be ours and
 * nobody else's to write.  Returns its descriptor.
 */
int paths_state_open(struct err *err);
/* A directory of the state directory, made when it is not there. */
int paths_dir_open(int dir, const char *name, struct err *err);

#endif
