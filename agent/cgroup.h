/*
 * cgroup.h - a control group (v2) per attempt, where the kernel lets us.
 *
 * Only to find every process of a command again, however often it forked or
 * changed its session.  Without one (no cgroup2, no right to make one) the
 * process group and the environment must do, and every function is harmless.
 */
#ifndef DRYDOCK_CGROUP_H
#define DRYDOCK_CGROUP_H

/* Its directory, below our own group; free() it.  NULL: none. */
char *cgroup_make(const char *attempt);
void cgroup_join(const char *cgroup); /* the calling process */
void cgroup_kill(const char *cgroup);
void cgroup_remove(const char *cgroup); /* stays while a process is in it */

/*
 * End every process of the attempt, of whichever cgroup, and those that have it
 * in their environment.  Returns how many were found.
 */
unsigned int cgroup_end_left(const char *attempt);

#endif
