/* running.h - does a service run?  What is not known counts as running. */
#ifndef DRYDOCK_RUNNING_H
#define DRYDOCK_RUNNING_H

#include "err.h"

/*
 * 0: it does not run: no process has its name, /run/UNIT/master.pid names no
 * live process, and systemd (where it is PID 1) says inactive or failed.
 */
int running_check(const char *unit, struct err *err);

#endif
