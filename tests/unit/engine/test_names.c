/* test_names.c - hosts and backends found by name, whatever their order. */
#include "unit.h"

#include <string.h>

#include "jdoc.h"
#include "names.h"

static struct json_object *
read_json(const char *text)
{
	struct json_object *doc;
	struct err err;

	if (json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static void
test_found(void **state)
{
	struct json_object *doc = read_json(
		"{\"hosts\":[{\"name\":\"mail2\",\"n\":2},"
		"{\"name\":\"mail10\",\"n\":10},{\"name\":\"dir1\",\"n\":1}],"
		"\"backends\":[{\"name\":\"mail10\",\"n\":110},"
		"{\"name\":\"mail2\",\"n\":102}]}");
	struct names names = { 0 };

	(void)state;
	assert_null(names_host(&names, "mail2"));
	names_make(&names, doc);
	assert_int_equal(jdoc_int(names_host(&names, "mail2"), "n", 0), 2);
	assert_int_equal(jdoc_int(names_host(&names, "mail10"), "n", 0), 10);
	assert_int_equal(jdoc_int(names_host(&names, "dir1"), "n", 0), 1);
	assert_int_equal(jdoc_int(names_backend(&names, "mail2"), "n", 0),
			 102);
	assert_null(names_backend(&names, "dir1"));
	assert_null(names_host(&names, "mail"));
	assert_null(names_host(&names, ""));
	names_free(&names);
	json_free(&doc);
}

/* A document may have none, and there may be none. */
static void
test_nothing(void **state)
{
	struct json_object *doc = read_json("{\"hosts\":[],\"backends\":null}");
	struct names names = { 0 };

	(void)state;
	names_make(&names, doc);
	assert_null(names_host(&names, "a"));
	names_make(&names, NULL);
	assert_null(names_backend(&names, "a"));
	names_free(&names);
	json_free(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
