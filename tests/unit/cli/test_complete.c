/* test_complete.c - what a tab offers, without a database. */
#include "unit.h"

#include "complete.h"
#include "flags.h"

static int
run_nothing(struct cli *cli)
{
	(void)cli;
	return 0;
}

static const struct command sub[] = {
	{ .name = "list", .run = run_nothing },
	{ .name = "show", .args = "BACKEND", .run = run_nothing },
	{ .name = NULL },
};

static const struct command top[] = {
	{ .name = "pause",
	  .args = "[ROLLOUT]",
	  .run = run_nothing,
	  .flags = FLAG(REASON) | FLAG(AFTER) },
	{ .name = "plan", .args = "PROCEDURE|PLAN", .run = run_nothing },
	{ .name = "skip", .args = "[ROLLOUT] BACKEND", .run = run_nothing },
	{ .name = "import", .args = "FILE|-", .run = run_nothing },
	{ .name = "help", .args = "[man] [TOPIC]", .run = run_nothing },
	{ .name = "backend", .sub = sub },
	{ .name = NULL },
};

static const struct command root = { .name = "drydock", .sub = top };

#define NAME(id) (1U << COMPLETE_##id)

static void
test_words(void **state)
{
	static const struct {
		const char *words[4];
		const char *begin, *offered;
		unsigned names;
	} rows[] = {
		{ { NULL }, "p", "pause\nplan\n", 0 },
		{ { NULL }, "x", "", 0 },
		{ { "backend" }, "", "list\nshow\n", 0 },
		{ { "backend", "show" }, "ma", "", NAME(BACKEND) },
		{ { "backend", "nope" }, "", "", 0 },
		{ { "plan" }, "", "", NAME(PROCEDURE) | NAME(PLAN) },
		{ { "import" }, "", "", 0 },
		{ { "help" }, "pro", "procedure\n", 0 },
		{ { "help", "man" }, "f", "fleet\n", 0 },
		{ { "help", "schema" }, "f", "fleet\n", 0 },
		/* the rollout may be missing */
		{ { "skip" }, "", "", NAME(ROLLOUT) | NAME(BACKEND) },
		{ { "skip", "17" }, "", "", NAME(BACKEND) },
		{ { "skip", "17", "mail01" }, "", "", 0 },
		/* flags, wherever they stand */
		{ { "pause" }, "--rea", "--reason\n", 0 },
		{ { "pause" }, "--only", "", 0 },
		{ { "pause", "--after" }, "b", "backend\n", 0 },
		{ { "pause", "--after", "backend" }, "", "", NAME(ROLLOUT) },
		{ { "--fleet" }, "", "", NAME(FLEET) },
		{ { "--fleet", "mail", "pause" }, "", "", NAME(ROLLOUT) },
		{ { "--yes", "pause" }, "", "", NAME(ROLLOUT) },
		{ { "pause", "-o" }, "j", "json\n", 0 },
		/* the value of a flag may look like one */
		{ { "pause", "--reason", "--after" }, "", "", NAME(ROLLOUT) },
		{ { "pause", "--reason", "--after", "17" }, "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		size_t n = 0;
		struct buf out;
		unsigned names;

		while (n < 4 && rows[i].words[n] != NULL)
			n++;
		buf_init(&out, 4096);
		names = complete_words(&out, &root, rows[i].words, n,
				       rows[i].begin);
		assert_string_equal(buf_str(&out), rows[i].offered);
		assert_int_equal(names, rows[i].names);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
