/* test_hook_list.c - hooks as a configuration names them. */
#include "unit.h"

#include <string.h>

#include "hook_list.h"

#define TEST_CONF(X) X(hook, NAMED, NULL, "hooks")

struct test_conf {
#define X CONF_MEMBER
	TEST_CONF(X)
#undef X
};

static const struct conf_key test_keys[] = {
#define X(...) CONF_ROW(struct test_conf, __VA_ARGS__)
	TEST_CONF(X)
#undef X
	CONF_END
};

static int
read_text(struct hook_list *list, const char *text, struct err *err)
{
	struct test_conf c;
	int ret;

	*list = (struct hook_list){ 0 };
	conf_init(&c, test_keys);
	ret = conf_read_text(&c, test_keys, text, strlen(text), "t.conf", err);
	if (ret == 0)
		ret = hook_list_read(list, &c.hook, "t.conf", err);
	conf_free(&c, test_keys);
	return ret;
}

static void
test_read(void **state)
{
	struct hook_list l;
	struct err err;

	(void)state;
	assert_int_equal(read_text(&l,
		"hook.mail.on = turn.*  rollout.summary\n"
		"hook.mail = /bin/mail  -x ops@example.net\n"
		"hook.page = /bin/page\n"
		"hook.mail.timeout = 1m\nhook.page.fleet = a b\n", &err), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.hook[0].name, "mail");
	assert_string_equal(l.hook[0].argv[0], "/bin/mail");
	assert_string_equal(l.hook[0].argv[1], "-x");
	assert_string_equal(l.hook[0].argv[2], "ops@example.net");
	assert_null(l.hook[0].argv[3]);
	assert_string_equal(l.hook[0].on[1], "rollout.summary");
	assert_null(l.hook[0].on[2]);
	assert_int_equal(l.hook[0].timeout_ms, 60000);
	assert_null(l.hook[0].fleets);
	assert_int_equal(l.hook[1].timeout_ms, HOOK_TIMEOUT_MS);
	assert_string_equal(l.hook[1].on[0], "severity.error");
	assert_string_equal(l.hook[1].fleets[1], "b");
	hook_list_free(&l);
	assert_int_equal(l.n, 0);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "hook = /bin/x", "t.conf:1: unknown key \"hook\"" },
		{ "hook. = /bin/x", "t.conf:1: unknown key \"hook.\"" },
		{ "hook.a = /bin/x\n\nhook.a = /bin/x",
		  "t.conf:3: a second line for \"hook.a\"" },
		{ "hook.a = bin/x", "t.conf:1: hook.a: \"bin/x\" is no "
		  "absolute path of a program" },
		{ "hook.A = /bin/x", "t.conf:1: hook.A: a hook's name has "
		  "small letters, digits, - and _ only" },
		{ "hook.a.on = turn.*", "t.conf: hook.a says when, but not "
		  "what to run: hook.a = PROGRAM" },
		{ "\nhook.a.on = turn;", "t.conf:2: hook.a.on: \"turn;\" is "
		  "no list of kinds of events, like: turn.* "
		  "rollout.summary" },
		{ "hook.a.on = \"\"", "t.conf:1: hook.a.on: \"\" is no list "
		  "of kinds of events, like: turn.* rollout.summary" },
		{ "hook.a.when = x", "t.conf:1: hook.a.when: a hook has .on, "
		  ".timeout and .fleet, not \".when\"" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct hook_list l;
		struct err err = { 0 };

		assert_int_equal(read_text(&l, rows[i].text, &err), -1);
		assert_string_equal(err.text, rows[i].error);
		assert_int_equal(err.code, ERR_USAGE);
		assert_int_equal(l.n, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
