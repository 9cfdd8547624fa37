/* looks.c - the facts that fresh readings and agents gave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "looks.h"

const struct fact *
looks_find(const struct looks *looks, enum fact_kind kind, int id)
{
	for (int i = 0; i < looks->nfacts; i++)
		if (looks->facts[i].kind == kind && looks->facts[i].id == id)
			return &looks->facts[i];
	return NULL;
}

static struct fact *
looks_add(struct looks *looks)
{
	if (looks->nfacts == looks->facts_size) {
		looks->facts_size = looks->facts_size ?
			looks->facts_size * 2 : 16;
		looks->facts = x_realloc(looks->facts,
			(size_t)looks->facts_size,
			sizeof(*looks->facts));
	}
	return memset(&looks->facts[looks->nfacts++], 0,
		      sizeof(*looks->facts));
}

void
looks_note(struct looks *looks, enum fact_kind kind, int id, enum tri value,
	   int64_t at_ms, const char *seen)
{
	struct fact *fact = (struct fact *)looks_find(looks, kind, id);

	if (fact == NULL) {
		fact = looks_add(looks);
		fact->kind = kind;
		fact->id = id;
		fact->since_ms = at_ms;
	} else if (fact->value != value) {
		fact->since_ms = at_ms;
	}
	fact->value = value;
	fact->at_ms = at_ms;
	snprintf(fact->seen, sizeof(fact->seen), "%s", seen);
}

const struct agent_fact *
looks_agent(const struct looks *looks, const char *id)
{
	for (int i = 0; i < looks->nagents; i++)
		if (strcmp(looks->agents[i].id, id) == 0)
			return &looks->agents[i];
	return NULL;
}

struct agent_fact *
looks_agent_get(struct looks *looks, const char *id)
{
	struct agent_fact *agent =
		(struct agent_fact *)looks_agent(looks, id);

	if (agent != NULL)
		return agent;
	if (looks->nagents == looks->agents_size) {
		looks->agents_size = looks->agents_size ?
			looks->agents_size * 2 : 8;
		looks->agents = x_realloc(looks->agents,
			(size_t)looks->agents_size,
			sizeof(*looks->agents));
	}
	agent = memset(&looks->agents[looks->nagents++], 0, sizeof(*agent));
	snprintf(agent->id, sizeof(agent->id), "%s", id);
	return agent;
}

void
looks_agent_drop(struct looks *looks, const char *id)
{
	struct agent_fact *agent =
		(struct agent_fact *)looks_agent(looks, id);

	if (agent != NULL)
		*agent = looks->agents[--looks->nagents];
}

void
looks_forget(struct looks *looks)
{
	looks->nfacts = 0;
}

void
looks_clear(struct looks *looks)
{
	free(looks->facts);
	free(looks->agents);
	*looks = (struct looks){ .nfacts = 0 };
}
