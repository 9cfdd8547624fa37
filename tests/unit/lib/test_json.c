/* test_json.c - what json-c would forgive and we do not. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"

static int
parse(const char *text, struct json_object **doc_r, struct err *err)
{
	return json_parse(text, strlen(text), &json_limits_wire, doc_r, err);
}

static void
test_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"{",
		"}",
		"{}}",
		"{} {}",
		"{} x",
		"[1,]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{\"n\":1,\"n\":2}",
		"{\"n\":1,\"\\u006e\":2}",
		"{\"a\":{\"n\":1,\"n\":1}}",
		"{\"n\":99999999999999999999999}",
		"{\"n\":9223372036854775808}",
		"{\"n\":01}",
		"{\"n\":1.}",
		"{\"n\":.5}",
		"{\"n\":+1}",
		"{\"n\":-}",
		"{\"n\":1e}",
		"{\"n\\u0000x\":5}",
		"{\"n\":\"a\\u0000\"}",
		"{'n':1}",
		"{\"n\":NaN}",
		"{\"n\":Infinity}",
		"{\"n\":True}",
		"{\"n\":nul}",
		"{\"n\":\"a\nb\"}",
		"{\"a\tb\":1}",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\\x41\"",
		"\"abc",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"/* */ 1",
		"[[[[[[[[[1]]]]]]]]]",
		"]1[",
	};
	struct json_object *doc = NULL;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };

		if (parse(rows[i], &doc, &err) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_null(doc);
		assert_int_equal(err.code, ERR_PROTO);
	}
}

static void
test_accepted(void **state)
{
	static const char *const rows[] = {
		"1",
		"-9223372036854775808",
		"9223372036854775807",
		"0.5e-3",
		"\"\\ud83d\\ude00 \xc3\xa4\"",
		"null",
		" {\"a\" : [ 1 , true , null , \"x\" ] }\n",
		"[[[[[[[[1]]]]]]]]",
		"{}",
		"[]",
		"{\"a\":{\"n\":1},\"b\":{\"n\":1}}",
		"\"a:b,{\"",
	};
	struct json_object *doc;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };

		if (parse(rows[i], &doc, &err) < 0)
			fail_msg("refused: %s (%s)", rows[i], err.text);
		json_free(&doc);
	}
}

static void
test_nul_byte(void **state)
{
	struct json_object *doc;

	(void)state;
	assert_int_equal(json_parse("{}\0", 3, &json_limits_wire, &doc, NULL),
			 -1);
	assert_int_equal(json_parse("\"a\0b\"", 5, &json_limits_wire, &doc,
				    NULL), -1);
}

/* n times "1," in an array */
static char *
ones(size_t n)
{
	char *s = x_alloc(2 * n + 2), *p = s;

	*p++ = '[';
	for (size_t i = 0; i < n; i++) {
		*p++ = '1';
		*p++ = i + 1 < n ? ',' : ']';
	}
	return s;
}

static void
test_limits(void **state)
{
	struct json_object *doc;
	struct err err;
	char *s;

	(void)state;
	s = ones(511);
	assert_int_equal(parse(s, &doc, &err), 0);
	json_free(&doc);
	free(s);
	s = ones(512);
	assert_int_equal(parse(s, &doc, &err), -1);
	assert_int_equal(json_parse(s, strlen(s), &json_limits_doc, &doc, &err),
			 0);
	json_free(&doc);
	free(s);
	s = x_alloc((64 << 10) + 2);
	memset(s, ' ', (64 << 10) + 1);
	s[0] = '[';
	s[64 << 10] = ']';
	assert_int_equal(parse(s, &doc, &err), -1);
	assert_non_null(strstr(err.text, "65537 bytes"));
	/* blanks behind it are bytes as well */
	s[1] = ']';
	s[64 << 10] = ' ';
	assert_int_equal(parse(s, &doc, &err), -1);
	assert_int_equal(json_parse(s, 64 << 10, &json_limits_wire, &doc,
				    &err), 0);
	json_free(&doc);
	free(s);
}

static void
test_getters(void **state)
{
	static const char text[] = "{\"i\":7,\"s\":\"seven\",\"b\":true,"
				   "\"d\":1.5,\"a\":[\"x\",2],\"o\":{},"
				   "\"n\":null}";
	const struct json_object *a;
	struct json_object *doc;
	const char *s = "before";
	int64_t n = 0;
	bool b = false;
	struct err err;

	(void)state;
	assert_int_equal(parse(text, &doc, &err), 0);
	assert_int_equal(json_get_int(doc, "i", 0, 7, &n, &err), 0);
	assert_int_equal(n, 7);
	assert_int_equal(json_get_int(doc, "i", 0, 6, &n, &err), -1);
	assert_string_equal(err.text, "\"i\" is 7, not between 0 and 6");
	assert_int_equal(json_get_int(doc, "s", 0, 9, &n, &err), -1);
	assert_string_equal(err.text, "\"s\" is a string, not an integer");
	assert_int_equal(json_get_int(doc, "b", 0, 9, &n, &err), -1);
	assert_int_equal(json_get_int(doc, "d", 0, 9, &n, &err), -1);
	assert_int_equal(json_get_int(doc, "gone", 0, 9, &n, &err), -1);
	assert_string_equal(err.text, "\"gone\" is missing");
	assert_int_equal(json_opt_str(doc, "n", 9, &s, &err), 0);
	assert_int_equal(json_opt_str(doc, "gone", 9, &s, &err), 0);
	assert_string_equal(s, "before");
	assert_int_equal(json_opt_str(doc, "i", 9, &s, &err), -1);
	assert_int_equal(json_get_str(doc, "s", 4, &s, &err), -1);
	assert_int_equal(json_get_str(doc, "s", 5, &s, &err), 0);
	assert_string_equal(s, "seven");
	assert_int_equal(json_get_bool(doc, "b", &b, &err), 0);
	assert_true(b);
	assert_int_equal(json_get_array(doc, "a", 1, &a, &err), -1);
	assert_int_equal(json_get_array(doc, "a", 2, &a, &err), 0);
	assert_int_equal(json_item_str(a, 1, 9, &s, &err), -1);
	assert_string_equal(err.text, "item 1 is an integer, not a string");
	json_free(&doc);
}

static void
test_only_keys(void **state)
{
	static const char *const keys[] = { "a", "b", NULL };
	struct json_object *doc;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"a\":1,\"c\":2}", &doc, &err), 0);
	assert_int_equal(json_only_keys(doc, keys, &err), -1);
	assert_string_equal(err.text, "unknown key \"c\"");
	json_free(&doc);
	assert_int_equal(parse("{\"b\":1}", &doc, &err), 0);
	assert_int_equal(json_only_keys(doc, keys, &err), 0);
	json_free(&doc);
}

static void
test_writer(void **state)
{
	struct json_object *doc;
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "s", "a\"\\\n\x01\xff\x1b[2J\xe2\x80\xae");
	json_out_int(&o, "i", -5);
	json_out_array(&o, "a");
	json_out_bool(&o, NULL, true);
	json_out_str(&o, NULL, NULL);
	json_out_object(&o, NULL);
	json_out_end(&o);
	json_out_end(&o);
	json_out_strn(&o, "z", "a\0b", 3);
	json_out_double(&o, "d", 0.5);
	json_out_end(&o);
	assert_string_equal(buf_str(&b),
			    "{\"s\":\"a\\\"\\\\\\n\\u0001\\ufffd\\u001b[2J"
			    "\\u202e\",\"i\":-5,\"a\":[true,null,{}],"
			    "\"z\":\"a\\ufffdb\",\"d\":0.5}");
	assert_int_equal(parse(buf_str(&b), &doc, NULL), 0);
	buf_clear(&b);
	json_out_init(&o, &b);
	json_out_value(&o, NULL, doc);
	json_free(&doc);
	assert_int_equal(parse(buf_str(&b), &doc, NULL), 0);
	assert_int_equal(json_count(json_member(doc, "a")), 3);
	json_free(&doc);
	buf_free(&b);
}

static void
test_writer_bound(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	json_out_init(&o, &b);
	json_out_str(&o, NULL, "longer than eight");
	assert_true(buf_over(&b));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_only_keys),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_writer_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
