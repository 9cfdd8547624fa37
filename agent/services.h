/*
 * services.h - keep the services of packages down while these are changed.
 *
 * Two locks: a policy-rc.d that says no to everybody, with our mark in it, and
 * (where systemd is PID 1) a runtime mask of every unit the packages bring,
 * proven by what systemd then says.  Both go when the change is over.  What is
 * held stands in the state directory first, so whoever comes after a crash can
 * release it.
 */
#ifndef DRYDOCK_SERVICES_H
#define DRYDOCK_SERVICES_H

#include <stdbool.h>

#include "apt.h"
#include "err.h"

#define SERVICES_MAX 64

struct services {
	char *unit[SERVICES_MAX];
	size_t n;
	int state; /* borrowed: the state directory */
};

/*
 * What services_hold() would refuse, found without touching anything: a
 * policy-rc.d of somebody else, a unit whose file wins over a mask.
 */
int services_can_hold(const struct apt_set *set, struct err *err);
/* -1: nothing is held. */
int services_hold(struct services *s, int state, const struct apt_set *set,
		  struct err *err);
/* -1: something stays; the rest is released. */
int services_release(struct services *s, struct err *err);

/*
 * What a change left held down: the units (the caller frees each) and, in
 * since_r, the file that names them.  False: nothing.
 */
struct stat;
bool services_left(int state, struct services *s, struct stat *since_r);
/* Release what a change left that was killed.  True: there was something. */
bool services_end_left(int state);

#endif
