/* fsm_sql.c - build tool: states and edges of the machines as SQL. */
#include <stdbool.h>
#include <stdio.h>

#include "machine.h"

static void
print_text(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			putchar('\'');
		putchar(*text);
	}
	putchar('\'');
}

static void
print_states(const struct machine *m, const char *end)
{
	for (int i = 0; i < m->nstates; i++) {
		printf("('%s', '%s', %d, %s, %s, ", m->name, m->states[i],
		       i + 1, m->places[i] == STATE_BEGIN ? "true" : "false",
		       m->places[i] == STATE_END ? "true" : "false");
		print_text(m->meanings[i]);
		printf(")%s\n", i + 1 < m->nstates ? "," : end);
	}
}

static void
print_edges(const struct machine *m, const char *end)
{
	for (size_t i = 0; i < m->nedges; i++) {
		const struct edge *edge = &m->edges[i];

		printf("('%s', '%s', '%s', '%s', ", m->name,
		       m->states[edge->from], m->events[edge->event],
		       m->states[edge->to]);
		print_text(edge->why);
		printf(")%s\n", i + 1 < m->nedges ? "," : end);
	}
}

/* PostgreSQL keeps of two with the same way the later; ours is the first. */
static bool
is_first(const struct machine *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (m->edges[k].from == m->edges[i].from &&
		    m->edges[k].to == m->edges[i].to)
			return false;
	return true;
}

static void
print_ways_from(const struct machine *m, int from)
{
	const char *comma = "";

	for (size_t i = 0; i < m->nedges; i++) {
		if (m->edges[i].from != from || !is_first(m, i))
			continue;
		printf("%s\"%s\": \"%s\"", comma, m->states[m->edges[i].to],
		       m->edges[i].why);
		comma = ",\n\t";
	}
}

static void
print_ways(const struct machine *m, const char *end)
{
	printf("\"%s\": {", m->name);
	for (int i = 0; i < m->nstates; i++) {
		if (m->places[i] == STATE_BEGIN)
			printf("\"\": {\"%s\": \"%s\"}", m->states[i],
			       m->meanings[i]);
	}
	for (int i = 0; i < m->nstates; i++) {
		printf(",\n    \"%s\": {", m->states[i]);
		print_ways_from(m, i);
		printf("}");
	}
	printf("}%s\n", end);
}

/*
 * As a constant, which is no statement where it is asked: an advance asks
 * six times.
 */
static void
print_sentence(void)
{
	printf("create or replace function fleet_internal.sentence("
	       "p_machine text,\n\tp_from text, p_to text)\n"
	       "returns text language sql immutable parallel safe as\n"
	       "$$ select $ways${\n");
	for (int i = 0; machines[i] != NULL; i++)
		print_ways(machines[i], machines[i + 1] != NULL ? "," : "");
	printf("}$ways$::jsonb #>> array[p_machine, p_from, p_to] $$;\n"
	       "comment on function fleet_internal.sentence"
	       "(text, text, text) is\n"
	       "\t'The sentence of an edge; null: there is none. "
	       "A machine begins from \"\".';\n");
}

int
main(void)
{
	printf("-- 00_states.sql - states and edges of the durable machines.\n"
	       "-- Printed by fsm_sql from coordinator/model; do not edit.\n\n"
	       "set local role fleet_owner;\n\n"
	       "insert into fleet_internal.state\n"
	       "\t(machine, name, position, initial, final, sentence) values\n");
	for (int i = 0; machines[i] != NULL; i++)
		print_states(machines[i], machines[i + 1] != NULL ? "," : "");
	printf("on conflict (machine, name) do update set\n"
	       "\tposition = excluded.position, "
	       "initial = excluded.initial,\n"
	       "\tfinal = excluded.final, sentence = excluded.sentence;\n\n"
	       "insert into fleet_internal.edge\n"
	       "\t(machine, from_, event, to_, sentence) values\n");
	for (int i = 0; machines[i] != NULL; i++)
		print_edges(machines[i], machines[i + 1] != NULL ? "," : "");
	printf("on conflict (machine, from_, event) do update set\n"
	       "\tto_ = excluded.to_, sentence = excluded.sentence;\n\n");
	print_sentence();
	return 0;
}
