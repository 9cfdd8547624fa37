/* test_request.c - requests read strictly; the words of the wire. */
#include "unit.h"

#include <string.h>

#include "alloc.h"
#include "request.h"
#include "spec.h"

#define CHANGE                                                                 \
	"{\"id\":1,\"verb\":\"run\",\"attempt\":\"" ID "\",\"fleet\":\"" ID    \
	"\",\"epoch\":3,\"seq\":4,\"step\":\"r/b/s\","                         \
	"\"after\":null,\"note\":{},\"who\":\"anna\",\"timeout_ms\":5000,"     \
	"\"argv\":[\"true\"]}"
#define ID "f1ee7000-0000-4000-8000-000000000001"

/* CHANGE with one piece replaced by another; free() it. */
static char *
changed(const char *from, const char *to)
{
	const char *at = strstr(CHANGE, from);

	assert_non_null(at);
	return x_asprintf("%.*s%s%s", (int)(at - CHANGE), CHANGE, to,
			  at + strlen(from));
}

static int
take(const char *text, char digest[SHA256_TEXT_SIZE], struct err *err)
{
	struct request r;
	struct change c;
	struct spec s;
	int rc;

	if (request_parse(&r, text, strlen(text), err) < 0)
		return -1;
	rc = change_parse(&c, &r, err);
	if (rc == 0)
		rc = spec_parse(&s, r.verb, r.doc, err);
	if (rc == 0 && digest != NULL)
		strcpy(digest, c.digest);
	json_free(&r.doc);
	return rc;
}

static void
test_bad_members(void **state)
{
	static const char *const row[][2] = {
		{ "\"id\":1", "\"id\":0" },
		{ "\"id\":1", "\"id\":\"1\"" },
		{ "\"run\"", "\"walk\"" },
		{ "\"run\"", "1" },
		{ "\"seq\":4", "\"seq\":4,\"colour\":1" },
		{ "\"seq\":4", "\"seq\":4,\"seq\":4" },
		{ "\"seq\":4", "\"seq\":0" },
		{ "\"seq\":4", "\"seq\":-4" },
		{ "\"seq\":4", "\"seq\":4.0" },
		{ "\"seq\":4", "\"seq\":4e0" },
		{ "\"seq\":4", "\"seq\":\"4\"" },
		{ "\"seq\":4", "\"seq\":true" },
		{ "\"seq\":4", "\"seq\":9223372036854775807" },
		{ "\"seq\":4", "\"seq\":9223372036854775808" },
		{ "\"seq\":4", "\"seq\":18446744073709551616" },
		{ "\"epoch\":3", "\"epoch\":0" },
		{ "\"epoch\":3", "\"epoch\":-1" },
		{ "\"epoch\":3", "\"epoch\":9223372036854775807" },
		{ "5000", "0" },
		{ "5000", "86400001" },
		{ "\"r/b/s\"", "\"\"" },
		{ "\"r/b/s\"", "\"a\\u0000b\"" },
		{ "\"anna\"", "\"\\ud800\"" },
		{ "\"after\":null", "\"after\":\"x\"" },
		{ "\"after\":null", "\"after\":\"" ID "0\"" },
		{ "\"after\":null", "\"abandoned\":\"" ID "\"" },
		{ "\"after\":null", "\"abandoned\":[\"x\"]" },
		{ "\"after\":null", "\"abandoned\":[7]" },
		{ "\"note\":{}", "\"note\":[]" },
		{ "[\"true\"]", "[]" },
		{ "[\"true\"]", "[\"\"]" },
		{ "[\"true\"]", "[\"-x\"]" },
		{ "[\"true\"]", "[1]" },
		{ "[\"true\"]", "\"true\"" },
		{ "[\"true\"]", "[\"true\"],\"output\":\"some\"" },
		{ "\"attempt\":\"" ID, "\"attempt\":\"F1EE7000-0000-4000-"
				       "8000-000000000001" },
		{ "\"attempt\":\"" ID, "\"attempt\":\"00000000-0000-0000-"
				       "0000-000000000000" },
	};
	struct err err;

	(void)state;
	assert_int_equal(take(CHANGE, NULL, &err), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *text = changed(row[i][0], row[i][1]);

		if (take(text, NULL, &err) == 0)
			fail_msg("taken: %s", text);
		assert_true(err.text[0] != '\0');
		x_free(&text);
	}
}

static void
test_every_cut_is_refused(void **state)
{
	struct request r;
	struct err err;

	(void)state;
	for (size_t n = 0; n < strlen(CHANGE); n++)
		assert_int_equal(request_parse(&r, CHANGE, n, &err), -1);
}

/* Who asks and under which epoch may differ; what is done may not. */
static void
test_digest(void **state)
{
	static const char *const same[][2] = { { "\"epoch\":3", "\"epoch\":9" },
					       { "anna", "otto" },
					       { "\"id\":1", "\"id\":7" },
					       { "\"note\":{}",
						 "\"note\":{},"
						 "\"abandoned\":[\"" ID
						 "\"]" },
					       { "\"note\":{}",
						 "\"note\":{\"x\":1}" } };
	static const char *const other[][2] = {
		{ "\"seq\":4", "\"seq\":5" },
		{ "r/b/s", "r/b/t" },
		{ "[\"true\"]", "[\"false\"]" },
		{ "[\"true\"]", "[\"true\",\"x\"]" },
		{ "5000", "6000" },
		{ "[\"true\"]", "[\"true\"],\"output\":\"discard\"" },
		{ "\"after\":null", "\"after\":\"" ID "\"" },
	};
	char was[SHA256_TEXT_SIZE], is[SHA256_TEXT_SIZE];
	struct err err;

	(void)state;
	assert_int_equal(take(CHANGE, was, &err), 0);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char *text = changed(same[i][0], same[i][1]);

		assert_int_equal(take(text, is, &err), 0);
		assert_string_equal(was, is);
		x_free(&text);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		char *text = changed(other[i][0], other[i][1]);

		assert_int_equal(take(text, is, &err), 0);
		assert_string_not_equal(was, is);
		x_free(&text);
	}
}

static int
spec(const char *verb, const char *members)
{
	char *text = x_asprintf("{%s}", members);
	struct json_object *doc;
	enum wire_verb v;
	struct spec s;
	struct err err;
	int rc;

	assert_int_equal(wire_verb_find(verb, &v), 0);
	assert_int_equal(json_parse_object(text, strlen(text),
					   &json_limits_wire, &doc, &err),
			 0);
	rc = spec_parse(&s, v, doc, &err);
	json_free(&doc);
	x_free(&text);
	return rc;
}

static void
test_specs(void **state)
{
#define SHA                                                                    \
	"\"sha256\":\"01234567890123456789012345678901"                        \
	"01234567890123456789012345678901\""
	(void)state;
	assert_int_equal(spec("copy", SHA ",\"to\":\"/etc/a\""), 0);
	assert_int_equal(spec("copy", "\"to\":\"/etc/a\""), -1);
	assert_int_equal(spec("copy", "\"sha256\":\"x\",\"to\":\"/a\""), -1);
	assert_int_equal(spec("copy", SHA ",\"staged\":\"/a\",\"to\":\"/b\""),
			 -1);
	assert_int_equal(spec("copy", SHA ",\"to\":\"/a\",\"mode\":\"4755\""),
			 -1);
	assert_int_equal(spec("clean", "\"inside\":\"/var/x\""), 0);
	assert_int_equal(spec("clean", "\"inside\":\"/var\""), -1);
	assert_int_equal(spec("clean", "\"inside\":\"/\""), -1);
	assert_int_equal(spec("clean", "\"inside\":\"\""), -1);
	assert_int_equal(
		spec("clean", "\"inside\":\"/var/x\",\"match\":\"a/b\""), -1);
	assert_int_equal(
		spec("clean", "\"inside\":\"/var/x\",\"purge_of\":\"../x\""),
		-1);
	assert_int_equal(
		spec("clean", "\"inside\":\"/var/x\","
		     "\"unless_running\":\"../x\""), -1);
	assert_int_equal(
		spec("package", "\"match\":\"dovecot-*\",\"version\":\"1\""),
		0);
	assert_int_equal(spec("package", "\"match\":\"*\",\"version\":\"1\""),
			 -1);
	assert_int_equal(spec("package", "\"packages\":[]"), -1);
	assert_int_equal(spec("package", "\"packages\":[{\"name\":\"a-\","
					 "\"version\":\"1\"}]"),
			 -1);
	assert_int_equal(spec("package", "\"packages\":[{\"name\":\"a\","
					 "\"version\":\"1;rm\"}]"),
			 -1);
	assert_int_equal(spec("package", "\"packages\":[{\"name\":\"a\","
					 "\"version\":\"1\",\"x\":1}]"),
			 -1);
}

static void
test_words(void **state)
{
	enum wire_verb verb;
	enum wire_code code;

	(void)state;
	for (int i = 0; i < WIRE_VERB_COUNT; i++) {
		const char *word = wire_verb_name((enum wire_verb)i);

		assert_int_equal(wire_verb_find(word, &verb), 0);
		assert_int_equal(verb, i);
		assert_true(wire_request_key(verb, "id"));
		assert_true(wire_answer_key(verb, "code"));
		assert_false(wire_request_key(verb, ""));
		assert_false(wire_request_key(verb, "attempt fleet"));
	}
	assert_true(wire_request_key(WIRE_RUN, "undo_of"));
	assert_false(wire_request_key(WIRE_PING, "undo_of"));
	assert_int_equal(wire_code_find("epoch", &code), 0);
	assert_string_equal(wire_code_name(code), "epoch");
	assert_int_equal(wire_code_find("none", &code), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_members),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
