/* test_template.c - values stay values. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

static enum template_answer
lookup(void *ctx, const char *name, struct buf *value, struct err *err)
{
	(void)ctx;
	if (strcmp(name, "a") == 0)
		(void)buf_adds(value, "1");
	else if (strcmp(name, "evil") == 0)
		(void)buf_adds(value, "${a} $${a} \"; x");
	else if (strcmp(name, "dollar") == 0)
		(void)buf_adds(value, "$");
	else if (strncmp(name, "steps.", 6) == 0)
		return TEMPLATE_OPEN;
	else
		return (void)err_set(err, ERR_USAGE, "no %s", name),
		       TEMPLATE_UNKNOWN;
	return TEMPLATE_VALUE;
}

static const struct {
	const char *text;
	const char *filled; /* NULL: an error */
	const char *again;
	size_t off;
} cases[] = {
	{ "", "", "", 0 },
	{ "plain $ $x $$ {}", "plain $ $x $$ {}", "plain $ $x $$ {}", 0 },
	{ "x${a}y", "x1y", "x1y", 0 },
	{ "$${a}", "${a}", "$${a}", 0 },
	{ "$$${a}", "$${a}", "$$${a}", 0 },
	{ "${a}${a}", "11", "11", 0 },
	{ "${evil}", "${a} $${a} \"; x", "$${a} $$${a} \"; x", 0 },
	{ "p${steps.s.x}q", NULL, "p${steps.s.x}q", 1 },
	{ "${dollar}{a}", "${a}", "$${a}", 0 },
	{ "${dollar}${steps.s.x}", NULL, NULL, 9 },
	{ "ab ${nope}", NULL, NULL, 3 },
	{ "ab ${", NULL, NULL, 3 },
	{ "ab ${}", NULL, NULL, 3 },
	{ "ab ${a b}", NULL, NULL, 3 },
	{ "ab ${a", NULL, NULL, 3 },
};

static void
fill(const char *text, enum template_mode mode, const char *want, size_t off)
{
	struct template *tpl = NULL;
	struct err err = { 0 };
	struct buf out;
	size_t at = 99;
	int ret;

	buf_init(&out, 4096);
	ret = template_parse(text, &tpl, &at, &err);
	if (ret == 0)
		ret = template_fill(tpl, lookup, NULL, mode, &out, &at, &err);
	if (want == NULL) {
		if (ret == 0 || at != off || err.text[0] == '\0')
			fail_msg("%s: %d at %zu: %s", text, ret, at, err.text);
	} else if (ret < 0 || strcmp(buf_str(&out), want) != 0) {
		fail_msg("%s: got %s, wanted %s (%s)", text, buf_str(&out),
			 want, err.text);
	}
	template_free(&tpl);
	buf_free(&out);
}

static void
filled_and_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(cases[i].text, TEMPLATE_TEXT, cases[i].filled,
		     cases[i].off);
		fill(cases[i].text, TEMPLATE_AGAIN, cases[i].again,
		     cases[i].off);
		/* what was printed again fills to the same text */
		if (cases[i].again != NULL && cases[i].filled != NULL)
			fill(cases[i].again, TEMPLATE_TEXT, cases[i].filled, 0);
	}
}

static void
text_in_one_call(void **state)
{
	struct err err;
	char *text;

	(void)state;
	assert_int_equal(
		template_fill_text("x ${a}", lookup, NULL, &text, &err), 0);
	assert_string_equal(text, "x 1");
	free(text);
	assert_int_equal(
		template_fill_text("${steps.a.b}", lookup, NULL, &text, &err),
		-1);
	assert_null(text);
	assert_string_equal(err.text, "${steps.a.b} is not known yet");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filled_and_again),
		cmocka_unit_test(text_in_one_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
