/* test_expr.c - grammar, canonical print, three truths, and no injection. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "expr.h"

static struct expr *
parse(const char *text, enum expr_mode mode)
{
	struct expr *e;
	struct err err = { 0 };
	size_t off;

	if (expr_parse(text, mode, &e, &off, &err) < 0)
		fail_msg("%s: %zu: %s", text, off, err.text);
	return e;
}

static char *
print(const struct expr *e)
{
	struct buf out;

	buf_init(&out, 65536);
	expr_print(e, &out);
	return buf_take(&out);
}

static const struct {
	const char *text, *canonical; /* NULL: as it is */
} good[] = {
	{ "a.b == 1", NULL },
	{ "a.b==1", "a.b == 1" },
	{ "  a.b\n<=\t-5.5 ", "a.b <= -5.5" },
	{ "(a.b == 1)", "a.b == 1" },
	{ "a.b == 1 and c.d != x", NULL },
	{ "a.b == 1 and (c.d == 1 and e.f == 1)",
	  "a.b == 1 and c.d == 1 and e.f == 1" },
	{ "a.b == 1 or c.d == 1 and e.f == 1", NULL },
	{ "(a.b == 1 or c.d == 1) and e.f == 1", NULL },
	{ "(a.b == 1 or (c.d == 1 or x.y > 2)) and e.f == 1",
	  "(a.b == 1 or c.d == 1 or x.y > 2) and e.f == 1" },
	{ "a.b ~ \"^ring synced\"", NULL },
	{ "a.b ~ \"a\\.b\"", "a.b ~ \"a\\\\.b\"" },
	{ "a.b == \"x\\\"y\"", NULL },
	{ "a.b == \"plain\"", "a.b == plain" },
	{ "a.b == \"and\"", NULL },
	{ "a.b == \"\"", NULL },
	{ "service.state-changed == -", "service.state_changed == -" },
	{ "unit.ActiveState == inactive", NULL },
	{ "a.b >= ${steps.x.y}", NULL },
	{ "a.b >= \"${steps.x.y}\"", "a.b >= ${steps.x.y}" },
	{ "${vars.m} == auto", NULL },
	{ "${vars.m} == auto and mail.text !~ \"^obox:\"", NULL },
	{ "\"x${vars.m}\" == auto", NULL },
	{ "a.b == \"$${x}\"", NULL },
	{ "a.b == \"a b ${vars.x}\"", NULL },
	{ "a.b ~ \"x=y|z\"", NULL },
	{ "true", NULL },
	{ "false or a.b == true", NULL },
};

static void
printed_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct expr *e = parse(good[i].text, EXPR_FIELDS), *again;
		char *once = print(e), *twice;

		if (strcmp(once, good[i].canonical != NULL ? good[i].canonical
							   : good[i].text) != 0)
			fail_msg("%s: %s", good[i].text, once);
		again = parse(once, EXPR_FIELDS);
		twice = print(again);
		assert_string_equal(once, twice);
		free(once);
		free(twice);
		expr_free(&e);
		expr_free(&again);
	}
}

static const struct {
	const char *text;
	size_t off;
	const char *why;
} bad[] = {
	{ "", 0, "an expression is wanted" },
	{ "  ", 2, "too early" },
	{ "a.b", 3, "is wanted here" },
	{ "a.b ==", 6, "a value is missing" },
	{ "a.b == and c.d == 1", 7, "before \"and\"" },
	{ "a.b = 1", 4, "write ==" },
	{ "a.b ! 1", 4, "no \"not\"" },
	{ "not a.b == 1", 0, "no \"not\"" },
	{ "users == 0", 0, "not a field" },
	{ "A.b == 0", 0, "not a field" },
	{ ".b == 0", 0, "not a field" },
	{ "a. == 0", 0, "not a column" },
	{ "a.b == 1 c.d == 1", 9, "\"and\" or \"or\"" },
	{ "a.b == two words", 11, "needs quotes" },
	{ "a.b == 1 && c.d == 1", 9, "write \"and\"" },
	{ "a.b == 1 || c.d == 1", 9, "write \"or\"" },
	{ "a.b == 1 and", 12, "too early" },
	{ "(a.b == 1", 0, "without its" },
	{ "a.b == 1)", 8, "too many" },
	{ ")", 0, "too many" },
	{ "== 1", 0, "field is missing" },
	{ "a.b == \"x", 7, "without its end" },
	{ "a.b == \"x\"y", 10, "blank is missing" },
	{ "a.b == x\"y\"", 8, "middle of a word" },
	{ "a.b == 'x'", 7, "not '…'" },
	{ "\"x\" == 1", 0, "left side is a field" },
	{ "a.b ~ \"[x\"", 6, "POSIX ERE" },
	{ "a.b == ${x", 7, "without its }" },
	{ "a.b == x${}", 8, "name" },
	{ "a.b == ${x y}", 7, "name" },
	{ "a.${x} == 1", 0, "no ${} in it" },
	{ "a.b.c == 1", 0, "not a column" },
	{ "true == 1", 5, "\"and\" or \"or\"" },
};

static void
errors_have_a_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct expr *e;
		struct err err = { 0 };
		size_t off = 99;

		if (expr_parse(bad[i].text, EXPR_FIELDS, &e, &off, &err) == 0)
			fail_msg("%s was accepted", bad[i].text);
		assert_null(e);
		if (off != bad[i].off || strstr(err.text, bad[i].why) == NULL)
			fail_msg("%s: %zu: %s", bad[i].text, off, err.text);
	}
}

static void
columns_alone(void **state)
{
	struct expr *e = parse("state == up and vhosts > 0", EXPR_COLUMNS);
	char *text = print(e);
	struct err err;
	size_t off;

	(void)state;
	assert_string_equal(text, "state == up and vhosts > 0");
	free(text);
	expr_free(&e);
	assert_int_equal(expr_parse("a == 1 and service.vhosts > 0",
				    EXPR_COLUMNS, &e, &off, &err),
			 -1);
	assert_int_equal(off, 11);
}

static void
bounded(void **state)
{
	struct buf b;
	struct expr *e;
	struct err err;

	(void)state;
	buf_init(&b, 65536);
	for (int i = 0; i < EXPR_DEPTH_MAX; i++)
		(void)buf_addc(&b, '(');
	(void)buf_adds(&b, "a.b == 1");
	for (int i = 0; i < EXPR_DEPTH_MAX; i++)
		(void)buf_addc(&b, ')');
	e = parse(buf_str(&b), EXPR_FIELDS);
	expr_free(&e);
	buf_clear(&b);
	for (int i = 0; i <= EXPR_DEPTH_MAX; i++)
		(void)buf_addc(&b, '(');
	assert_int_equal(expr_parse(buf_str(&b), EXPR_FIELDS, &e, NULL, &err),
			 -1);
	assert_non_null(strstr(err.text, "deep"));
	buf_clear(&b);
	for (int i = 0; i <= EXPR_TERMS_MAX; i++)
		(void)buf_addf(&b, "%sa.b == 1", i == 0 ? "" : " and ");
	assert_int_equal(expr_parse(buf_str(&b), EXPR_FIELDS, &e, NULL, &err),
			 -1);
	assert_non_null(strstr(err.text, "comparisons"));
	buf_clear(&b);
	for (int i = 0; i <= EXPR_BYTES_MAX; i++)
		(void)buf_addc(&b, 'a');
	assert_int_equal(expr_parse(buf_str(&b), EXPR_FIELDS, &e, NULL, &err),
			 -1);
	buf_free(&b);
}

#define T TRI_TRUE
#define F TRI_FALSE
#define U TRI_UNKNOWN

static const struct {
	const char *left;
	enum expr_op op;
	const char *right;
	enum tri want;
} compare[] = {
	{ "1", EXPR_EQ, "1", T },
	{ "1", EXPR_EQ, "01", T },
	{ "1.0", EXPR_EQ, "1", T },
	{ "1", EXPR_EQ, "1x", F },
	{ "up", EXPR_EQ, "up", T },
	{ "up", EXPR_EQ, "UP", F },
	{ "", EXPR_EQ, "", T },
	{ "", EXPR_EQ, "0", F },
	{ "1", EXPR_NE, "1.00", F },
	{ "a", EXPR_NE, "b", T },
	{ "9", EXPR_LT, "10", T },
	{ "10", EXPR_LT, "9", F },
	{ "-2", EXPR_LT, "-1", T },
	{ "-0", EXPR_EQ, "0", T },
	{ "0.5", EXPR_GT, "0.45", T },
	{ "2", EXPR_GE, "2", T },
	{ "99999999999999999999998", EXPR_LT, "99999999999999999999999", T },
	{ "10", EXPR_LE, "abc", U },
	{ "", EXPR_GT, "0", U },
	{ "1e3", EXPR_LT, "5", U },
	{ "0x10", EXPR_LT, "99", U },
	{ " 5", EXPR_LT, "9", U },
	{ "5 ", EXPR_EQ, "5", F },
	{ "15m", EXPR_EQ, "900s", T },
	{ "15m", EXPR_LE, "17m", T },
	{ "1h", EXPR_LT, "17m", F },
	{ "0", EXPR_LT, "1s", T },
	{ "15m", EXPR_LT, "17", U },
	{ "15m", EXPR_EQ, "15", F },
	{ "ring synced", EXPR_MATCH, "^ring synced", T },
	{ "not ring synced", EXPR_MATCH, "^ring synced", F },
	{ "x", EXPR_NOMATCH, "y", T },
	{ "x", EXPR_NOMATCH, "x", F },
	{ "x", EXPR_MATCH, "[", U },
	{ "x", EXPR_NOMATCH, "[", U },
	{ "{a b}", EXPR_EQ, "{b a}", T },
	{ "{a b}", EXPR_EQ, "{a c}", F },
	{ "{a b}", EXPR_NE, "{a c}", T },
	{ "{a b}", EXPR_NE, "{b  a }", F },
	{ "{a b c}", EXPR_GE, "{c a}", T },
	{ "{a b c}", EXPR_GE, "{c d}", F },
	{ "{:143 :24}", EXPR_GE, "{:143 :2}", F },
	{ "{a}", EXPR_GE, "{}", T },
	{ "{}", EXPR_GE, "{a}", F },
	{ "{}", EXPR_EQ, "{ }", T },
	{ "{a}", EXPR_LE, "{a b}", T },
	{ "{a b}", EXPR_LE, "{a}", F },
	{ "{a}", EXPR_LT, "{a b}", T },
	{ "{a}", EXPR_LT, "{a}", F },
	{ "{a b}", EXPR_GT, "{b}", T },
	{ "{a b}", EXPR_GT, "{b a}", F },
	{ "{a}", EXPR_GE, "a", U },
	{ "{", EXPR_GE, "}", U },
	{ "{a}", EXPR_MATCH, "a", T },
};

static void
values_compare(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(compare) / sizeof(compare[0]); i++)
		if (expr_compare(compare[i].left, compare[i].op,
				 compare[i].right) != compare[i].want)
			fail_msg("%s %s %s", compare[i].left,
				 expr_op_text(compare[i].op), compare[i].right);
}

/*
 * A world: "t.x" holds for == 1, "f.x" does not, "u.x" is missing; "all.x" is
 * asked on two members whose values are in `pair`; "none.x" on nobody.
 */
static const char *pair[2];

static bool
world(void *ctx, const char *probe, const char *column, size_t n,
      struct expr_value *v)
{
	(void)ctx;
	(void)column;
	if (strcmp(probe, "none") == 0)
		return false;
	if (strcmp(probe, "all") == 0) {
		if (n == 2)
			return false;
		v->member = n == 0 ? "dir1" : "dir2";
		v->text = pair[n];
		v->why = "no such row";
		return true;
	}
	if (n == 1)
		return false;
	if (strcmp(probe, "u") == 0)
		v->why = "the reading was cut";
	else
		v->text = strcmp(probe, "t") == 0 ? "1" : "0";
	return true;
}

static enum tri
eval(const char *text)
{
	struct expr *e = parse(text, EXPR_FIELDS);
	enum tri tri = expr_eval(e, world, NULL, NULL, NULL);

	expr_free(&e);
	return tri;
}

static void
truth_tables(void **state)
{
	static const char probes[] = "tfu";
	static const enum tri tri[] = { T, F, U };
	static const enum tri and_table[3][3] = { { T, F, U },
						  { F, F, F },
						  { U, F, U } };
	static const enum tri or_table[3][3] = { { T, T, T },
						 { T, F, U },
						 { T, U, U } };
	char text[100];

	(void)state;
	for (int a = 0; a < 3; a++) {
		snprintf(text, sizeof(text), "%c.x == 1", probes[a]);
		assert_int_equal(eval(text), tri[a]);
		for (int b = 0; b < 3; b++) {
			snprintf(text, sizeof(text), "%c.x == 1 and %c.x == 1",
				 probes[a], probes[b]);
			assert_int_equal(eval(text), and_table[a][b]);
			snprintf(text, sizeof(text), "%c.x == 1 or %c.x == 1",
				 probes[a], probes[b]);
			assert_int_equal(eval(text), or_table[a][b]);
		}
	}
}

/* What is missing makes no operator true, the negative ones neither. */
static void
missing_is_never_true(void **state)
{
	static const char *const ops[] = {
#define X(name, text, sentence) text,
		EXPR_OPS(X)
#undef X
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		snprintf(text, sizeof(text), "u.x %s 1", ops[i]);
		assert_int_equal(eval(text), U);
		snprintf(text, sizeof(text), "none.x %s 1", ops[i]);
		assert_int_equal(eval(text), U);
	}
}

static void
each_member_must_hold(void **state)
{
	static const struct {
		const char *one, *two;
		enum tri eq, ne;
	} cases[] = {
		{ "0", "0", T, F },  { "0", "1", F, F },   { "1", "0", F, F },
		{ "1", "1", F, T },  { "0", NULL, U, F },  { NULL, "0", U, F },
		{ "1", NULL, F, U }, { NULL, NULL, U, U },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pair[0] = cases[i].one;
		pair[1] = cases[i].two;
		assert_int_equal(eval("all.x == 0"), cases[i].eq);
		assert_int_equal(eval("all.x != 0"), cases[i].ne);
	}
}

static void
reasons(const char *text, const char *want_why, const char *want_seen)
{
	struct expr *e = parse(text, EXPR_FIELDS);
	struct buf why, seen;

	buf_init(&why, 4096);
	buf_init(&seen, 4096);
	(void)expr_eval(e, world, NULL, &why, &seen);
	assert_string_equal(buf_str(&why), want_why);
	assert_string_equal(buf_str(&seen), want_seen);
	buf_free(&why);
	buf_free(&seen);
	expr_free(&e);
}

static void
reasons_name_the_values(void **state)
{
	(void)state;
	pair[0] = "0";
	pair[1] = "100";
	reasons("all.x == 0", "all.x was 100 on dir2, wanted 0",
		"all.x 0 on dir1, 100 on dir2");
	reasons("all.x == 0 and t.x > 5",
		"all.x was 100 on dir2, wanted 0; t.x was 1, wanted > 5",
		"all.x 0 on dir1, 100 on dir2; t.x 1");
	reasons("all.x == 0 or t.x == 1", "",
		"all.x 0 on dir1, 100 on dir2; t.x 1");
	reasons("t.x != 1", "t.x was 1, wanted anything but 1", "t.x 1");
	reasons("u.x == 1", "u.x is not known: the reading was cut", "u.x ?");
	reasons("none.x == 1", "none.x is not known: nobody was asked", "");
	reasons("t.x < abc",
		"t.x was 1, wanted < abc: these cannot be compared", "t.x 1");
	reasons("t.x == ${steps.a.b}", "t.x: ${steps.a.b} is not known yet",
		"");
	pair[0] = "{:143 :993}";
	pair[1] = "{:143 :24 :993}";
	reasons("all.x >= \"{:143 :24 :4190}\"",
		"all.x was \"{:143 :993}\" on dir1, wanted >= "
		"\"{:143 :24 :4190}\": it lacks :24 :4190; "
		"all.x was \"{:143 :24 :993}\" on dir2, wanted >= "
		"\"{:143 :24 :4190}\": it lacks :4190",
		"all.x \"{:143 :993}\" on dir1, \"{:143 :24 :993}\" on dir2");
	pair[0] = "\033[1m two\nlines";
	pair[1] = "";
	reasons("all.x == y",
		"all.x was \"\\x1b[1m two\\x0alines\" on dir1, wanted y; "
		"all.x was \"\" on dir2, wanted y",
		"all.x \"\\x1b[1m two\\x0alines\" on dir1, \"\" on dir2");
}

static enum template_answer
evil(void *ctx, const char *name, struct buf *value, struct err *err)
{
	if (strcmp(name, "open") == 0)
		return TEMPLATE_OPEN;
	if (strcmp(name, "nope") == 0) {
		(void)err_set(err, ERR_USAGE, "no such name");
		return TEMPLATE_UNKNOWN;
	}
	(void)buf_adds(value, ctx);
	return TEMPLATE_VALUE;
}

/* Whatever the value, the expression keeps its shape and reads back. */
static void
values_stay_values(void **state)
{
	static const char *const values[] = {
		"x or t.x == 1",
		"\" or t.x == 1 or a.b == \"",
		"and",
		"",
		"\\",
		"${vars.y}",
		"$${",
		".*",
		"a\nb",
		"1) or (t.x == 1",
		"'",
		"^[(",
		"x\\",
	};
	static const char *const texts[] = {
		"f.x == ${v}", "f.x == \"a ${v} b\"", "${v} == ${open}",
		"f.x ~ ${v}",  "f.x !~ \"^${v}$\"",   "\"q${v}\" ~ \"${open}\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			struct expr *e = parse(texts[k], EXPR_FIELDS), *again;
			char value[100], *once, *twice;
			struct err err;

			snprintf(value, sizeof(value), "%s", values[i]);
			assert_int_equal(expr_fill(e, evil, value, NULL, &err),
					 0);
			once = print(e);
			again = parse(once, EXPR_FIELDS);
			twice = print(again);
			assert_string_equal(once, twice);
			assert_int_not_equal(
				expr_eval(again, world, NULL, NULL, NULL) ==
						T &&
					strstr(texts[k], "!~") == NULL &&
					values[i][0] != '\0',
				true);
			free(once);
			free(twice);
			expr_free(&e);
			expr_free(&again);
		}
}

static void
pattern_values_mean_themselves(void **state)
{
	char dots[] = "a.b*";
	struct expr *e = parse("\"${open}\" ~ \"^x${v}$\"", EXPR_FIELDS);
	struct err err;
	char *text;

	(void)state;
	assert_int_equal(expr_fill(e, evil, dots, NULL, &err), 0);
	text = print(e);
	assert_string_equal(text, "${open} ~ \"^xa\\\\.b\\\\*$\"");
	free(text);
	expr_free(&e);
}

static void
fill_tells_where(void **state)
{
	struct expr *e = parse("a.b == 1 and c.d == x${nope}", EXPR_FIELDS);
	struct err err;
	size_t off = 0;

	(void)state;
	assert_int_equal(expr_fill(e, evil, NULL, &off, &err), -1);
	assert_int_equal(off, 21);
	expr_free(&e);
}

static void
folded(const char *text, const char *value, enum tri tri, const char *want)
{
	struct expr *e = parse(text, EXPR_FIELDS);
	char copy[50], *left;
	struct err err;

	snprintf(copy, sizeof(copy), "%s", value);
	assert_int_equal(expr_fill(e, evil, copy, NULL, &err), 0);
	assert_int_equal(expr_fold(e), tri);
	left = print(e);
	assert_string_equal(left, want);
	free(left);
	expr_free(&e);
}

static void
decided_when_planned(void **state)
{
	static const char move[] = "${v} == before or (${v} == auto and "
				   "mail.text !~ \"^obox:\")";

	(void)state;
	folded("${v} == x", "x", T, "true");
	folded("${v} == x", "y", F, "false");
	folded("${v} < 5", "abc", F, "false");
	folded(move, "before", T, "true");
	folded(move, "after", F, "false");
	folded(move, "auto", U, "mail.text !~ \"^obox:\"");
	folded("${v} == x and a.b == 1 and c.d == 2", "x", U,
	       "a.b == 1 and c.d == 2");
	folded("a.b == 1 and c.d == 2 and ${v} == x", "y", F, "false");
	folded("a.b == 1 and ${v} == ${open}", "y", U,
	       "a.b == 1 and \"y\" == ${open}");
	folded("a.b == 1", "", U, "a.b == 1");
}

static void
count_field(void *ctx, const char *probe, const char *column, enum expr_op op,
	    const char *literal, size_t off)
{
	(void)buf_addf(ctx, "[%s %s %s %s %zu]", probe, column,
		       expr_op_text(op), literal == NULL ? "-" : literal, off);
}

static void
count_name(void *ctx, const char *name, size_t off)
{
	(void)buf_addf(ctx, "[%s %zu]", name, off);
}

static void
fields_and_names(void **state)
{
	struct expr *e =
		parse("${v.m} == 1 or a.b-c != 2 and d.e ~ x${y}", EXPR_FIELDS);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	expr_fields(e, count_field, &out);
	assert_string_equal(buf_str(&out), "[a b_c != 2 15][d e ~ - 30]");
	buf_clear(&out);
	expr_names(e, count_name, &out);
	assert_string_equal(buf_str(&out), "[v.m 0][y 37]");
	buf_free(&out);
	expr_free(&e);
}

/* Anything may come: an error or a tree that prints and reads back. */
static void
noise_is_survived(void **state)
{
	static const char alphabet[] = "ab. ()\"\\=!<>~${}&|'1\nor and";
	unsigned int seed = 1;
	char text[40];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t n;
		struct expr *e;

		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % (sizeof(text) - 1);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] =
				alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[n] = '\0';
		if (expr_parse(text, EXPR_FIELDS, &e, NULL, NULL) == 0) {
			char *once = print(e);
			struct expr *again = parse(once, EXPR_FIELDS);

			expr_free(&again);
			free(once);
		}
		expr_free(&e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printed_is_read_back),
		cmocka_unit_test(errors_have_a_column),
		cmocka_unit_test(columns_alone),
		cmocka_unit_test(bounded),
		cmocka_unit_test(values_compare),
		cmocka_unit_test(truth_tables),
		cmocka_unit_test(missing_is_never_true),
		cmocka_unit_test(each_member_must_hold),
		cmocka_unit_test(reasons_name_the_values),
		cmocka_unit_test(values_stay_values),
		cmocka_unit_test(pattern_values_mean_themselves),
		cmocka_unit_test(fill_tells_where),
		cmocka_unit_test(decided_when_planned),
		cmocka_unit_test(fields_and_names),
		cmocka_unit_test(noise_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
