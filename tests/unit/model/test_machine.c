/* test_machine.c - every state x event against the tables; small words. */
#include <string.h>

#include "unit.h"

#include "backoff.h"
#include "hold.h"
#include "machine.h"
#include "rollout.h"
#include "step.h"
#include "turn.h"

/* Well formed: a pair once, a sentence each, no way out of nowhere. */
static void
tables_are_well_formed(void **state)
{
	(void)state;
	for (int m = 0; machines[m] != NULL; m++) {
		const struct machine *a = machines[m];

		for (size_t i = 0; i < a->nedges; i++) {
			assert_true(strlen(a->edges[i].why) > 3);
			for (size_t k = i + 1; k < a->nedges; k++)
				assert_false(a->edges[i].from ==
					     a->edges[k].from &&
					     a->edges[i].event ==
					     a->edges[k].event);
		}
		for (int s = 0; s < a->nstates; s++)
			assert_int_equal(machine_state(a, a->states[s]), s);
		assert_int_equal(machine_state(a, "nonsense"), -1);
	}
}

/* Every pair: found exactly when a row says so, and as the row says. */
static void
every_pair_is_in_the_table_or_refused(void **state)
{
	int pairs = 0, edges = 0, rows = 0;

	(void)state;
	for (int m = 0; machines[m] != NULL; m++) {
		const struct machine *a = machines[m];

		rows += (int)a->nedges;
		for (int s = 0; s < a->nstates; s++)
			for (int e = 0; e < a->nevents; e++) {
				const struct edge *edge =
					machine_find(a, s, e);

				pairs++;
				if (edge == NULL)
					continue;
				edges++;
				assert_int_equal(edge->from, s);
				assert_int_equal(edge->event, e);
			}
	}
	assert_int_equal(edges, rows);
	assert_true(pairs > 200);
}

/* Every state but the first of each machine can be reached. */
static void
every_state_is_reached(void **state)
{
	(void)state;
	for (int m = 0; machines[m] != NULL; m++) {
		const struct machine *a = machines[m];
		bool seen[16] = { true };
		bool more = true;

		while (more) {
			more = false;
			for (size_t i = 0; i < a->nedges; i++)
				if (seen[a->edges[i].from] &&
				    !seen[a->edges[i].to])
					more = seen[a->edges[i].to] = true;
		}
		for (int s = 0; s < a->nstates; s++)
			assert_true(seen[s]);
	}
}

/* What must never be possible, whatever the tables grow to. */
static void
what_must_not_be(void **state)
{
	(void)state;
	/* done only from working, and only by a proof */
	for (int s = 0; s < turn_machine.nstates; s++)
		for (int e = 0; e < turn_machine.nevents; e++) {
			const struct edge *edge =
				machine_find(&turn_machine, s, e);

			if (edge != NULL && edge->to == TURN_DONE) {
				assert_int_equal(s, TURN_WORKING);
				assert_int_equal(e, TURN_EV_PROVE);
			}
		}
	/* an unknown step runs again only when it is asked or settled */
	assert_null(machine_find(&step_machine, STEP_UNKNOWN,
				 STEP_EV_START));
	assert_null(machine_find(&step_machine, STEP_UNKNOWN,
				 STEP_EV_RETRY));
	/* what ended stays ended */
	for (int e = 0; e < attempt_machine.nevents; e++)
		assert_null(machine_find(&attempt_machine, ATTEMPT_ENDED, e));
	for (int e = 0; e < rollout_machine.nevents; e++)
		assert_null(machine_find(&rollout_machine, ROLLOUT_SUCCEEDED,
					 e));
}

static void
min_up_counts(void **state)
{
	static const struct {
		const char *text;
		int total, up;
	} rows[] = {
		{ "all but 1", 3, 2 }, { "all but 0", 3, 3 },
		{ "all but 9", 3, 0 }, { "2", 3, 2 }, { "0", 3, 0 },
		{ "50%", 3, 2 }, { "100%", 3, 3 }, { "67%", 3, 3 },
		{ "33%", 3, 1 }, { "all", 3, -1 }, { "101%", 3, -1 },
		{ "", 3, -1 }, { "2 of 3", 3, -1 }, { "-1", 3, -1 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		assert_int_equal(gate_min_up(rows[i].text, rows[i].total),
				 rows[i].up);
}

static void
backoffs_grow_and_end(void **state)
{
	(void)state;
	assert_int_equal(backoff_check_ms(0), 0);
	assert_int_equal(backoff_check_ms(3), 5000);
	assert_int_equal(backoff_check_ms(99), 5000);
	assert_int_equal(backoff_ask_ms(99), 10000);
	assert_int_equal(backoff_retry_ms(0, 0), 1000);
	assert_int_equal(backoff_retry_ms(500, 2), 2000);
	assert_int_equal(backoff_retry_ms(500, 99), 60000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_well_formed),
		cmocka_unit_test(every_pair_is_in_the_table_or_refused),
		cmocka_unit_test(every_state_is_reached),
		cmocka_unit_test(what_must_not_be),
		cmocka_unit_test(min_up_counts),
		cmocka_unit_test(backoffs_grow_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
