/* test_command.c - finding a command, its arity, the nearest name. */
#include "unit.h"

#include "command.h"

static int
run_nothing(struct cli *cli)
{
	(void)cli;
	return 0;
}

static const struct command sub[] = {
	{ .name = "list", .run = run_nothing },
	{ .name = "show", .args = "NAME", .run = run_nothing },
	{ .name = NULL },
};

static const struct command top[] = {
	{ .name = "pause", .args = "[ROLLOUT]", .run = run_nothing },
	{ .name = "backend", .sub = sub },
	{ .name = NULL },
};

static const struct command root = { .name = "drydock", .sub = top };

static void
test_find(void **state)
{
	const char *const path[] = { "backend", "show", "mail01" };
	const char *const wrong[] = { "backend", "shwo" };
	const struct command *stop;
	size_t used;

	(void)state;
	assert_ptr_equal(command_find(&root, path, 3, &used, &stop), &sub[1]);
	assert_int_equal(used, 2);
	assert_null(command_find(&root, wrong, 2, &used, &stop));
	assert_ptr_equal(stop, &top[1]);
	assert_int_equal(used, 1);
	assert_string_equal(command_nearest(stop, "shwo"), "show");
	assert_null(command_nearest(&root, "frobnicate"));
	assert_null(command_find(&root, path, 1, &used, &stop));
	assert_ptr_equal(stop, &top[1]);
	assert_null(command_find(&root, path, 0, &used, &stop));
	assert_ptr_equal(stop, &root);
}

static void
test_arity(void **state)
{
	static const struct {
		const char *args;
		size_t min, max;
	} rows[] = {
		{ NULL, 0, 0 },		  { "FILE|-", 1, 1 },
		{ "[ROLLOUT]", 0, 1 },	  { "[ROLLOUT] BACKEND", 1, 2 },
		{ "FILE…", 1, SIZE_MAX }, { "[FILE…]", 0, SIZE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		size_t min, max;

		command_arity(rows[i].args, &min, &max);
		assert_int_equal(min, rows[i].min);
		assert_int_equal(max, rows[i].max);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_arity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
