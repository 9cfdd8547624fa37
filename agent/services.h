/*
 * services.h - keep the services of packages down while these are changed.
 *
 * Two locks: a policy-rc.d that says no to everybody, with our mark in it, and
 * (where systemd is PID 1) a runtime mask of every unit the packages bring,
 * proven by what systemd then says.  Both go when the change is over; a
 * policy-rc.d that stayed after a crash is found by its mark.
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
	bool policy, masked;
};

/* -1: nothing is held. */
int
services_hold(struct services *s, const struct apt_set *set, struct err *err);
/* -1: something stays; the rest is released. */
int services_release(struct services *s, struct err *err);

/* Take away a policy-rc.d of ours that was left.  True: there was one. */
bool services_end_left(void);

#endif
