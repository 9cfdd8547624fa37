/* fsm_sql.c - build tool: states and edges of the machines as SQL. */
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
	       "\tto_ = excluded.to_, sentence = excluded.sentence;\n");
	return 0;
}
