/*
 * act.h - the built-in changes (copy clean package): what runs in the child.
 *
 * A built-in is a child like any command: it prints for people on its standard
 * output, errors on standard error, one JSON object of facts on descriptor
 * CHILD_FD_DATA, and its exit status is 0 or 1.  It finds the state directory
 * and the allow file by itself: nothing but the plan crosses.
 */
#ifndef DRYDOCK_ACT_H
#define DRYDOCK_ACT_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "spec.h"

struct act {
	const struct spec *spec;
	const char *attempt; /* NULL: a dry run */
	const char *undo_of; /* NULL: do it */
	bool fetch;	     /* dry package: download */
	/* set by act_main() */
	int state; /* directory */
	struct allow *allow;
	struct buf data;
	struct json_out o; /* facts go here */
};

int act_main(void *act);

/* The acts; 0 or -1. */
int act_copy(struct act *a, struct err *err);
int act_clean(struct act *a, struct err *err);
int act_package(struct act *a, struct err *err);

/* state/kept/ATTEMPT, made when it is not there (make) or else an error. */
int
act_kept(const struct act *a, const char *attempt, bool make, struct err *err);

/* An undo of what changed nothing: say so; 0. */
int act_nothing(const struct act *a);

/*
 * Run a program and wait; its output is ours, or goes to `out` (standard output
 * only, bounded).  env adds "NAME=value" entries, ends with NULL; may be NULL.
 * Returns its exit status, -1 when it could not be run or died of a signal.
 */
int act_run(const char *const *argv, const char *const *env, struct buf *out,
	    struct err *err);

#endif
