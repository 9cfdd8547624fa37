/* machine.h - durable machines as rows: from, event, to, and a sentence. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>

enum state_place { STATE_BEGIN, STATE_MIDDLE, STATE_END };

struct edge {
	int from, event, to;
	const char *why;	/* log line, event and documentation */
};

struct machine {
	const char *name;
	const char *const *states, *const *events;
	const char *const *meanings;	/* of the states */
	const enum state_place *places;
	int nstates, nevents;
	const struct edge *edges;
	size_t nedges;
};

extern const struct machine rollout_machine, turn_machine, step_machine,
	attempt_machine;

/* All of them; the last element is NULL. */
extern const struct machine *const machines[];

/* NULL when the event has no business in that state. */
const struct edge *machine_find(const struct machine *machine, int from,
				int event);

/* The state of that name, -1 when there is none. */
int machine_state(const struct machine *machine, const char *name);

#endif
