/*
 * cgroup.h - a control group (v2) per attempt, where the kernel lets us.
 *
 * Only to find every process of a command again, however often it forked or
 * changed its session.  Without one (no cgroup2, no right to make one) the
 * process group and the environment must do, and every function is harmless.
 */
#ifndef DRYDOCK_CGROUP_H
#define DRYDOCK_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* Its directory, below our own group; free() it.  NULL: none. */
char *cgroup_make(const char *attempt);
/* fork(), the child in that group; to the parent also its pidfd. */
pid_t cgroup_fork(const char *cgroup, int *pidfd_r);
void cgroup_kill(const char *cgroup);
void cgroup_remove(const char *cgroup); /* stays while a process is in it */

/*
 * End every process, of whichever cgroup, that has such an attempt in its
 * cgroup's name or in its environment.  Returns how many were found.
 */
typedef bool cgroup_ours_fn(void *self, const char *attempt);
unsigned int cgroup_end_left(cgroup_ours_fn *ours, void *self);
/* Remove the groups of such attempts that lie empty below our own. */
void cgroup_remove_left(cgroup_ours_fn *ours, void *self);

#endif
