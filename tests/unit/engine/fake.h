/*
 * fake.h - a transport without wires, a clock without time, and an agent that
 * can be told to misbehave at its k-th deed.
 *
 * Deeds are counted over the whole life of the fake: each opening, each line
 * an agent says, each line it is given.  Nothing happens until fake_run().
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "list.h"
#include "transport.h"

#define FAKE_FAULTS(X)							\
	X(NONE)								\
	X(BREAK)	/* the channel closes instead */		\
	X(SILENCE)	/* that and all that follows on it is lost */	\
	X(GARBAGE)	/* something that is not JSON instead */	\
	X(STRANGER)	/* an answer to a question that nobody asked */	\
	X(TWICE)	/* the same line two times */			\
	X(EXTRA)	/* with a key that does not belong there */	\
	X(TYPE)		/* every number as a string */			\
	X(FULL)		/* the transport takes no line for a while */

enum fake_fault {
#define X(name) FAKE_##name,
	FAKE_FAULTS(X)
#undef X
	FAKE_FAULT_COUNT
};

struct fake;

/*
 * What an agent answers to a probe: exit status and output by (host, words);
 * the output is to be freed.  NULL: it says nothing.
 */
typedef char *fake_probe_fn(void *ctx, const char *host, const char *argv,
			    int *exit_r);

struct fake {
	struct transport transport;	/* first */
	struct call_clock clock;
	int64_t now_ms, wake_ms;
	struct call_set *set;
	struct link chans, queue;
	unsigned int deeds;
	unsigned int fault_at;		/* 0: never */
	enum fake_fault fault;
	unsigned int full;		/* lines still refused */
	const char *noise;		/* said before the magic line */
	const char *hello_name;		/* NULL: the host's own */
	const char *machine_id;
	int64_t given_out;		/* what the last hello said of it */
	unsigned int lost_hellos;	/* whose answers are lost */
	int64_t skew_ms;		/* of every agent's wall clock */
	int64_t epoch_floor;		/* hello below it is refused */
	fake_probe_fn *probe;
	void *probe_ctx;
	bool stuck_put;			/* never has more than before */
	bool refuse_open;
	/* what agents were given, for "was it sent?" */
	unsigned int given_probe, given_change, given_copy, given_put, opened;
	char *said[4096];		/* lines given, in order */
	size_t nsaid;
};

void fake_init(struct fake *f);
void fake_free(struct fake *f);
/* Deliver and tick until *done, or until `until_ms` of its clock. */
void fake_run(struct fake *f, const bool *done, int64_t until_ms);
/* A host named so at that address. */
struct call_host fake_host(const char *name, const char *address);
/* A line from nowhere, on the newest open channel of that host. */
void fake_say(struct fake *f, const char *host, const char *line);
/* What was queued last is delivered first. */
void fake_first(struct fake *f);
/* How many channels are not given back. */
unsigned int fake_held(const struct fake *f);
/* The newest channel of that host ends. */
void fake_break(struct fake *f, const char *host);

#endif
