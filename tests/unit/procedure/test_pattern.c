/* test_pattern.c - what is compiled, and what would grow too large. */
#include "unit.h"

#include <string.h>

#include "pattern.h"

static void
assert_pattern(const char *text, const char *why)
{
	struct err err = { ERR_NONE, "" };
	regex_t re;
	int rc = pattern_compile(&re, text, &err);

	if (why != NULL) {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.text, why));
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s", text, err.text);
	regfree(&re);
}

static void
test_what_people_write(void **state)
{
	static const char *const good[] = {
		"^ring synced",	    "^(inactive|failed)$",
		"(^| )lmtp( |$)",   "Panic|Fatal|killed with signal",
		"^obox:",	    "[0-9]+\\.[0-9]+(\\.[0-9]+)*",
		"a{3}",		    "a{2,}",
		"a{1,50}b+",	    "[]x]+",
		"[^]x{9999}]",	    "[[:alpha:]+]{2}",
		"\\(\\+\\+\\+\\)",  "",
		"x*",		    "((((a+)b+)c+)d+)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_pattern(good[i], NULL);
}

/* Each asked glibc for gigabytes, or for hours; "(a*|b*)" doubled the time. */
static void
test_what_grows(void **state)
{
	static const char *const bad[] = {
		"e++++++++++++++++++++++++++++++",
		"((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+",
		"(a{200}){200}",
		"(a{200,})+{200}",
		"((x{100}){0,100}){2,100}",
		"(abcdefghij){2000}",
		"a{99999999999999999999}",
		"((a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)"
		"(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*)(a*|b*))*",
		"(a?|b?){16}(c*)*",
		"((a|)(b|)){0,20}+",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_pattern(bad[i], "too long");
}

static void
test_what_is_wrong(void **state)
{
	char deep[200] = "";

	(void)state;
	assert_pattern("[x", "Unmatched");
	assert_pattern("[[:alpha:", "Unmatched");
	assert_pattern("(x", "Unmatched");
	assert_pattern("(a*)*\\1", "back-reference");
	assert_pattern("((\\b){3,7})*", "anchor");
	assert_pattern("(^| )*x", "anchor");
	for (int i = 0; i < 50; i++)
		strcat(deep, "(");
	assert_pattern(deep, "parentheses");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_people_write),
		cmocka_unit_test(test_what_grows),
		cmocka_unit_test(test_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
