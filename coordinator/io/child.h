/*
 * child.h - one program run for its effect: fed, listened to, ended in time.
 *
 * The child has its own session and process group, the environment of spawn.h
 * and descriptors 0 to 2.  It reads `input` and then end of file; what it
 * prints on both outputs is kept up to a bound, the rest is read and dropped.
 * When its time is over the group gets TERM, after CHILD_GRACE_MS KILL.  Once
 * the program itself has ended, what is left of its group gets KILL: nobody
 * waits for a grandchild that holds the pipe.
 *
 * The caller ignores SIGPIPE: a program need not read what it is given.
 */
#ifndef DRYDOCK_IO_CHILD_H
#define DRYDOCK_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define CHILD_GRACE_MS 2000

struct child;
struct event_base;

struct child_options {
	const char *const *argv; /* ends with NULL; argv[0] is a path */
	const char *input;	 /* copied */
	size_t input_len;
	unsigned int limit_ms;
	size_t output_max;
};

struct child_end {
	int exit;	/* -1: a signal ended it */
	int signal;	/* 0: none */
	bool timed_out;
	bool cut;	/* it printed more than was kept */
	const char *output; /* lives until the callback returns */
	size_t output_len;
};

/*
 * From the loop, once, as the child's last act: it is reaped, and the owner
 * frees it here or later.
 */
typedef void child_done_fn(void *self, const struct child_end *end);

/* NULL: nothing was started, err says why. */
struct child *child_new(struct event_base *base,
			const struct child_options *options,
			child_done_fn *done, void *self, struct err *err);
/* A running one is ended with KILL and reaped; no done follows.  NULL-safe. */
void child_free(struct child **child);

#endif
