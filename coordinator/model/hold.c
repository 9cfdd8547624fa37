/* hold.c - words of holds and gates, and the arithmetic of min_up. */
#include <stdio.h>
#include <string.h>

#include "hold.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kind_words[] = {
#define X(name, word) #word,
	HOLD_KINDS(X)
#undef X
};

static const char *const gate_words[] = {
#define X(name, word, demand) #word,
	GATES(X)
#undef X
};

static const char *const gate_demands[] = {
#define X(name, word, demand) demand,
	GATES(X)
#undef X
};

const char *
hold_kind_word(enum hold_kind kind)
{
	return kind_words[kind];
}

int
hold_kind_of(const char *word)
{
	for (size_t i = 0; i < COUNT(kind_words); i++)
		if (strcmp(kind_words[i], word) == 0)
			return (int)i;
	return -1;
}

const char *
gate_word(enum gate gate)
{
	return gate_words[gate];
}

const char *
gate_demand(enum gate gate)
{
	return gate_demands[gate];
}

int
gate_of(const char *word)
{
	for (size_t i = 0; i < COUNT(gate_words); i++)
		if (strcmp(gate_words[i], word) == 0)
			return (int)i;
	return -1;
}

int
gate_min_up(const char *text, int total)
{
	int n, end = 0;

	if (sscanf(text, "all but %d%n", &n, &end) == 1 && text[end] == '\0')
		return n < 0 ? -1 : n > total ? 0 : total - n;
	end = 0;
	if (sscanf(text, "%d%%%n", &n, &end) == 1 && end > 0 &&
	    text[end] == '\0')
		return n < 0 || n > 100 ? -1 : (total * n + 99) / 100;
	end = 0;
	if (sscanf(text, "%d%n", &n, &end) == 1 && text[end] == '\0')
		return n < 0 ? -1 : n;
	return -1;
}
