/* test_lines.c - lines out of a stream, cut anywhere. */
#include "unit.h"

#include <string.h>

#include "lines.h"

static const char stream[] = "one\n\ntwo and a half\nthree\r\ncut";

/* Feed the stream in pieces of n bytes; the lines joined by '|'. */
static void
feed(size_t n, struct buf *out)
{
	struct lines l;
	size_t len, total = sizeof(stream) - 1;
	char *line;

	lines_init(&l, 14);
	for (size_t at = 0; at < total; at += n) {
		assert_int_equal(lines_add(&l, stream + at,
					   total - at < n ? total - at : n,
					   NULL), 0);
		while ((line = lines_next(&l, &len)) != NULL) {
			assert_int_equal(len, strlen(line));
			(void)buf_addf(out, "%s|", line);
		}
	}
	assert_int_equal(lines_partial(&l), 3);
	lines_free(&l);
}

static void
test_every_cut(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t n = 1; n <= sizeof(stream); n++) {
		buf_clear(&out);
		feed(n, &out);
		assert_string_equal(buf_str(&out),
				    "one||two and a half|three\r|");
	}
	buf_free(&out);
}

static void
test_too_long(void **state)
{
	struct lines l;
	struct err err;
	size_t len;

	(void)state;
	lines_init(&l, 4);
	assert_int_equal(lines_add(&l, "1234\n123", 8, &err), 0);
	assert_non_null(lines_next(&l, &len));
	assert_int_equal(lines_add(&l, "45", 2, &err), -1);
	assert_int_equal(err.code, ERR_PROTO);
	assert_null(lines_next(&l, &len));
	assert_int_equal(lines_add(&l, "\nok\n", 4, &err), -1);
	lines_free(&l);
	lines_init(&l, 4);
	assert_int_equal(lines_add(&l, "ok\n12345\n", 9, &err), -1);
	assert_null(lines_next(&l, &len));
	lines_free(&l);
}

static void
test_nul(void **state)
{
	struct lines l;
	size_t len;
	char *line;

	(void)state;
	lines_init(&l, 10);
	assert_int_equal(lines_add(&l, "a\0b\n", 4, NULL), 0);
	line = lines_next(&l, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(line, "a\0b", 4);
	lines_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
