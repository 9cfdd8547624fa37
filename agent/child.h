/*
 * child.h - one command at work: started, listened to, ended in time.
 *
 * The child has its own session and process group, and a cgroup of its own
 * where the kernel lets us make one; standard input is /dev/null, descriptors
 * 0 to 3 and no other, the environment PATH, LANG, TZ and DRYDOCK_ATTEMPT.
 * What it prints is counted and hashed here and handed to `output`; what is
 * kept of it is the user's business.
 *
 * When its time is over the whole group gets TERM, after CHILD_GRACE_MS KILL.
 * Output that a left-over process still holds open is waited for only
 * CHILD_LINGER_MS after the command itself has ended.
 */
#ifndef DRYDOCK_CHILD_H
#define DRYDOCK_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "json.h"
#include "loop.h"
#include "sha256.h"

#define CHILD_GRACE_MS	5000
#define CHILD_LINGER_MS 250
#define CHILD_FD_DATA	3 /* where a built-in writes its JSON */
#define CHILD_DATA_MAX	16384

enum child_fd { CHILD_OUT, CHILD_ERR, CHILD_DATA, CHILD_FDS };

struct child_stream {
	struct watch watch;
	uint64_t bytes, newlines;
	char last;
	struct sha256 hash;
};

/* What runs instead of a program: in the child, returns the exit status. */
typedef int child_main_fn(void *self);

struct child_plan {
	const char *const *argv; /* ends with NULL; NULL: `main` */
	child_main_fn *main;
	void *main_self;
	const char *attempt; /* NULL: a probe */
	int64_t timeout_ms;
};

struct child {
	struct loop *loop;
	pid_t pid;
	struct watch exit; /* pidfd; its moment is the time-out or the KILL */
	struct watch linger;
	struct child_stream stream[CHILD_FDS];
	char *cgroup; /* NULL: none */
	int64_t started_wall, started_boot, ms;
	bool ended, timed_out, killed;
	int status; /* as waitpid() gives it, once `ended` */
	/* The user's: bytes as they come; done is the last call. */
	void (*output)(void *self, enum child_fd fd, const char *data,
		       size_t len);
	void (*done)(void *self);
	void *self;
};

/* output, done, self are set before.  -1: nothing was started. */
int child_start(struct child *c, struct loop *loop,
		const struct child_plan *plan, struct err *err);
/* Do not listen for a while: the child waits on its pipe. */
void child_pause(struct child *c, bool pause);
/* End it now, without `done`. */
void child_drop(struct child *c);

/* exit|signal, timed_out, ms. */
void child_result(const struct child *c, struct json_out *o);
uint64_t child_lines(const struct child_stream *s);

#endif
