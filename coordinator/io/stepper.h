/*
 * stepper.h - one conversation, told as a chain of small steps.
 *
 * A step does one thing that can block and says what comes next.  The contract:
 *
 *  1. `done` is called exactly once, from the loop, never inside
 *     stepper_start().
 *  2. Calling `done` is the stepper's last act: the owner may free everything
 *     in it, or start the next chain.
 *  3. stepper_close() at any time is a cancel: no `done` follows.
 *  4. Each step has a budget, which entering it arms anew, and the whole chain
 *     has a total; both end in ERR_TIMEOUT with the step's name.
 *  5. There is at most one watch on the socket, and after 32 hops others get a
 *     look in.
 *  6. A step that fails says why in `err` first.
 */
#ifndef DRYDOCK_STEPPER_H
#define DRYDOCK_STEPPER_H

#include <stdbool.h>

#include <event2/event.h>

#include "err.h"

struct step;

/* What a step says when it returns: build one with the functions below. */
struct step_ret {
	enum step_kind { STEP_GOTO, STEP_WAIT, STEP_DONE, STEP_FAIL } kind;
	const struct step *next; /* NULL: stay */
	short want;		 /* EV_READ | EV_WRITE, or 0 */
	unsigned int ms;	 /* wait no longer than this; 0: no such end */
};

typedef struct step_ret step_fn(void *self);

struct step {
	const char *name;
	step_fn *run;
	unsigned int budget_ms; /* never 0: no step waits for ever */
};

/* err is NULL for success and lives until the callback returns. */
typedef void stepper_done_fn(void *self, const struct err *err);

struct stepper {
	struct err err; /* filled by the step that fails */
	/* the rest is private */
	struct event_base *base;
	struct event *io, *wake, *late, *over;
	const struct step *at;
	stepper_done_fn *done;
	void *self;
	evutil_socket_t fd;
	bool live;
};

void stepper_init(struct stepper *st, struct event_base *base, void *self,
		  stepper_done_fn *done);
/* Not while a chain is running. */
void stepper_start(struct stepper *st, const struct step *first,
		   unsigned int total_ms);
/* The socket that waits are about; say it again when it changes. */
void stepper_set_fd(struct stepper *st, evutil_socket_t fd);
/* Forget the watch on the socket: before its owner closes it. */
void stepper_drop_fd(struct stepper *st);
/* Cancel the chain, no `done` follows; another may be started. */
void stepper_cancel(struct stepper *st);
/* Cancel and let go for good; harmless a second time and on a zeroed struct. */
void stepper_close(struct stepper *st);

/* The name of the step it stands at, or stood at last. */
const char *stepper_at(const struct stepper *st);

/* Another step (or the same again), now. */
static inline struct step_ret
step_goto(const struct step *next)
{
	return (struct step_ret){ .kind = STEP_GOTO, .next = next };
}

/* Run me again when the socket is ready; the budget goes on. */
static inline struct step_ret
step_wait(short want)
{
	return (struct step_ret){ .kind = STEP_WAIT, .want = want };
}

/* The same, but no later than in `ms` (want may be 0: only sleep). */
static inline struct step_ret
step_wait_ms(short want, unsigned int ms)
{
	return (struct step_ret){ .kind = STEP_WAIT, .want = want, .ms = ms };
}

static inline struct step_ret
step_wait_then(short want, const struct step *next)
{
	return (struct step_ret){ .kind = STEP_WAIT,
				  .want = want,
				  .next = next };
}

static inline struct step_ret
step_done(void)
{
	return (struct step_ret){ .kind = STEP_DONE };
}

static inline struct step_ret
step_fail(void)
{
	return (struct step_ret){ .kind = STEP_FAIL };
}

#endif
