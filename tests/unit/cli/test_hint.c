/* test_hint.c - SQL hints in the words of the command line. */
#include "unit.h"

#include <stdlib.h>

#include "hint.h"

static void
test_translate(void **state)
{
	static const struct {
		const char *sql, *said;
	} rows[] = {
		{ "To go on: select fleet.resume(17);",
		  "To go on: drydock resume 17" },
		{ "Choose one: select fleet.retry(1); select fleet.skip(1, "
		  "'mail02', 'reason', accept_out => true);",
		  "Choose one: drydock retry 1  or drydock skip 1 mail02 "
		  "--reason \"...\" --accept-out" },
		{ "Look, then say: select fleet.settle(1, 'stop', true, "
		  "'reason'); -- or false",
		  "Look, then say: drydock settle 1 stop --done --reason "
		  "\"...\" -- or false" },
		{ "select fleet.settle(1, 'stop', false, 'it''s');",
		  "drydock settle 1 stop --not-done --reason \"it's\"" },
		{ "select fleet.override(1, 'window', 'a `b` $(c)');",
		  "drydock override 1 window --reason 'a `b` $(c)'" },
		{ "select fleet.pause(1, 'reason', 'keep_drained', '2 h');",
		  "drydock pause 1 --reason \"...\" --keep-drained --expires "
		  "\"2 h\"" },
		{ "select fleet.start(3, change_ref => 'CHG-1');",
		  "drydock start 3 --change CHG-1" },
		{ "Name one: select fleet.schedule_add('mail', 'Thu 05:10', "
		  "'restart', change_ref => 'CHG-1');",
		  "Name one: drydock schedule add --fleet mail \"Thu 05:10\" "
		  "restart --change CHG-1" },
		{ "See: select * from fleet.turn where rollout = 12;",
		  "See: drydock status 12" },
		{ "See: select * from fleet.fleet;",
		  "See: drydock fleet list" },
		{ "Watch it: select * from fleet.progress where rollout = 17;",
		  "Watch it: drydock watch 17" },
		{ "select fleet.plan('mail', 'restart');",
		  "drydock plan --fleet mail restart" },
		{ "See: select * from fleet.backend where fleet = 'mail';",
		  "See: drydock backend list --fleet mail" },
		{ "select fleet.override(1, 'window', 'reason', 'mail2');",
		  "drydock override 1 window --reason \"...\" "
		  "--backend mail2" },
		{ "select fleet.override(1, 'value', 'reason', 'm', 's.n', "
		  "'1');",
		  "drydock override 1 --reason \"...\" --backend m "
		  "--value s.n=1" },
		{ "select fleet.override(1, 'value', 'reason', 'm', 's.n', "
		  "'a $b');",
		  "drydock override 1 --reason \"...\" --backend m "
		  "--value s.n='a $b'" },
		{ "select fleet.retry(1, what => 2);",
		  "select fleet.retry(1, what => 2);" },
		{ "select fleet.retry(1", "select fleet.retry(1" },
		{ "select fleet.retry(1;", "select fleet.retry(1;" },
		{ "Plan again.", "Plan again." },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char *said = hint_translate(rows[i].sql);

		assert_string_equal(said, rows[i].said);
		free(said);
	}
	assert_null(hint_translate(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
