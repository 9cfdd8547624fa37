/* machine.c - the tables of the four machines, made from their lists. */
#include <assert.h>
#include <string.h>

#include "machine.h"
#include "rollout.h"
#include "step.h"
#include "turn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD(name, word, ...) #word,
#define MEANING(name, word, place, meaning) meaning,
#define PLACE(name, word, place, meaning) STATE_##place,

#define MACHINE(lower, UPPER)						\
	static const char *const lower##_states[] = {			\
		UPPER##_STATES(WORD)					\
	};								\
	static const char *const lower##_meanings[] = {			\
		UPPER##_STATES(MEANING)					\
	};								\
	static const enum state_place lower##_places[] = {		\
		UPPER##_STATES(PLACE)					\
	};								\
	static const char *const lower##_events[] = {			\
		UPPER##_EVENTS(WORD)					\
	};								\
	static const struct edge lower##_edges[] = {			\
		UPPER##_EDGES(UPPER##_ROW)				\
	};								\
	const struct machine lower##_machine = {			\
		.name = #lower,						\
		.states = lower##_states,				\
		.nstates = COUNT(lower##_states),			\
		.meanings = lower##_meanings,				\
		.places = lower##_places,				\
		.events = lower##_events,				\
		.nevents = COUNT(lower##_events),			\
		.edges = lower##_edges,					\
		.nedges = COUNT(lower##_edges),				\
	};

#define ROLLOUT_ROW(from, ev, to, why)					\
	{ ROLLOUT_##from, ROLLOUT_EV_##ev, ROLLOUT_##to, why },
#define TURN_ROW(from, ev, to, why)					\
	{ TURN_##from, TURN_EV_##ev, TURN_##to, why },
#define STEP_ROW(from, ev, to, why)					\
	{ STEP_##from, STEP_EV_##ev, STEP_##to, why },
#define ATTEMPT_ROW(from, ev, to, why)					\
	{ ATTEMPT_##from, ATTEMPT_EV_##ev, ATTEMPT_##to, why },

MACHINE(rollout, ROLLOUT)
MACHINE(turn, TURN)
MACHINE(step, STEP)
MACHINE(attempt, ATTEMPT)

const struct machine *const machines[] = {
	&rollout_machine, &turn_machine, &step_machine, &attempt_machine, NULL
};

const struct edge *
machine_find(const struct machine *machine, int from, int event)
{
	assert(from >= 0 && from < machine->nstates);
	assert(event >= 0 && event < machine->nevents);
	for (size_t i = 0; i < machine->nedges; i++)
		if (machine->edges[i].from == from &&
		    machine->edges[i].event == event)
			return &machine->edges[i];
	return NULL;
}

static int
word_find(const char *const *words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

int
machine_state(const struct machine *machine, const char *name)
{
	return word_find(machine->states, machine->nstates, name);
}

static const char *const ask_words[] = { TURN_ASKS(WORD) };
static const char *const cause_words[] = { TURN_CAUSES(WORD) };

const char *
turn_ask_word(enum turn_ask ask)
{
	return ask_words[ask];
}

int
turn_ask_of(const char *word)
{
	return word_find(ask_words, COUNT(ask_words), word);
}

const char *
turn_cause_word(enum turn_cause cause)
{
	return cause_words[cause];
}

int
turn_cause_of(const char *word)
{
	return word_find(cause_words, COUNT(cause_words), word);
}

#define KIND_WORD(name, word, acts) #word,
static const char *const kind_words[] = { STEP_KINDS(KIND_WORD) };
#define KIND_ACTS(name, word, acts) acts,
static const int kind_acts[] = { STEP_KINDS(KIND_ACTS) };

const char *
step_kind_word(enum step_kind kind)
{
	return kind_words[kind];
}

int
step_kind_of(const char *word)
{
	return word_find(kind_words, COUNT(kind_words), word);
}

int
step_kind_acts(enum step_kind kind)
{
	return kind_acts[kind];
}

const char *
rollout_state_word(enum rollout_state state)
{
	return rollout_states[state];
}
