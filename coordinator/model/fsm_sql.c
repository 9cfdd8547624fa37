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
print_states(const struct machine *m)
{
	printf("insert into fleet_internal.%s_state (name) values\n",
	       m->name);
	for (int i = 0; i < m->nstates; i++)
		printf("\t('%s')%s\n", m->states[i],
		       i + 1 < m->nstates ? "," : "");
	printf("on conflict do nothing;\n\n");
}

static void
print_edges(const struct machine *m)
{
	printf("insert into fleet_internal.%s_edge (from_state, event, "
	       "to_state, sentence) values\n", m->name);
	for (size_t i = 0; i < m->nedges; i++) {
		const struct edge *edge = &m->edges[i];

		printf("\t('%s', '%s', '%s', ", m->states[edge->from],
		       m->events[edge->event], m->states[edge->to]);
		print_text(edge->why);
		printf(")%s\n", i + 1 < m->nedges ? "," : "");
	}
	printf("on conflict (from_state, event) do update set\n"
	       "\tto_state = excluded.to_state, "
	       "sentence = excluded.sentence;\n\n");
}

int
main(void)
{
	printf("-- made by fsm_sql from coordinator/model\n\n");
	for (int i = 0; machines[i] != NULL; i++) {
		print_states(machines[i]);
		print_edges(machines[i]);
	}
	return 0;
}
