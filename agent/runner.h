/*
 * runner.h - the one door of this host.  For runner*.c, work.c and verbs*.c.
 *
 * Exactly one runs: it holds an exclusive lock on the state directory for its
 * life.  It alone writes the journal, knows the epochs and starts commands.  It
 * ends after RUNNER_IDLE_MS without connection and command.
 */
#ifndef DRYDOCK_RUNNER_H
#define DRYDOCK_RUNNER_H

#include <stdbool.h>

#include "answer.h"
#include "book.h"
#include "child.h"
#include "conn.h"
#include "keep.h"
#include "list.h"
#include "loop.h"
#include "refused.h"
#include "spec.h"

#define RUNNER_IDLE_MS	   ((int64_t)10 * 60 * 1000)
#define RUNNER_QUIET_MS	   1000 /* then memory is given back */
#define RUNNER_WORKS_MAX   8
#define RUNNER_CLIENTS_MAX 32
#define RUNNER_SOCKET	   "runner.sock"
#define RUNNER_NO_START	   "the runner does not start"
#define RUNNER_RESULT_MAX  ((size_t)48 * 1024) /* two heads and the data */

struct client {
	struct link link;
	struct runner *runner;
	struct conn conn;
};

/* An attempt at work. */
struct work {
	struct link link;
	struct runner *runner;
	struct attempt *attempt;
	struct child child;
	struct keep out, err;
	struct buf data; /* JSON of a built-in */
};

struct runner {
	struct loop loop;
	struct book book;
	int state, outputs; /* directories */
	struct watch listen, idle, quiet, signals;
	struct link clients, works;
	struct refusals refusals;
	unsigned int n_clients, n_works;
	uint64_t printed; /* bytes in out/ since it was swept */
	bool ending; /* as soon as nothing is at work */
};

/* Until it ends; returns the exit status.  ready is closed when it listens; a
 * start that fails says so there, RUNNER_NO_START first. */
int runner_main(int ready);

/* One request; work.c and verbs.c answer on the connection. */
void verbs_take(struct client *c, const struct request *r);

/*
 * Durably begun, then started.  In *attempt_r even when the start failed: it
 * has then ended with a result that says so.  -1: refused, nothing happened.
 */
int
work_begin(struct runner *r, const struct change *c, const struct request *req,
	   const struct spec *spec, const struct spec *undo,
	   struct attempt **attempt_r, enum wire_code *code_r, struct err *err);

/* Tell whoever is connected how it ended. */
void runner_push(struct runner *r, const struct attempt *a, const char *result);
/* Services that a killed change of packages held down. */
void runner_release(struct runner *r);
/* A connection or a work less: is it time to end? */
void runner_rest(struct runner *r);

#endif
