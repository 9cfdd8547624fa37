/* test_basics.c - err, base64, crc32c, sha256, uuid, list, clock. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base64.h"
#include "clock.h"
#include "crc32c.h"
#include "err.h"
#include "list.h"
#include "sha256.h"
#include "uuid.h"

static void
test_err(void **state)
{
	struct err err;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_set_errno(&err, "%s", "x"), -1);
	assert_string_equal(err.text, "x: No such file or directory");
	assert_int_equal(err.code, ERR_SYS);
	assert_int_equal(err_prefix(&err, "host %s: ", "a"), -1);
	assert_string_equal(err.text, "host a: x: No such file or directory");
	assert_int_equal(err_set(NULL, ERR_LOST, "x"), -1);
	assert_string_equal(err_code_name(ERR_LOST), "lost");
}

static void
test_base64(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },	    { "f", "Zg==" },	  { "fo", "Zm8=" },
		{ "foo", "Zm9v" },  { "foob", "Zm9vYg==" },
		{ "\xff\xfe\xfd", "//79" },
	};
	static const char *const bad[] = { "Zg=",  "Zg",   "Zh==", "Zm9=",
					   "Z===", "====", "Zg==Zg==", "Z g=",
					   "Zm\n=" };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		buf_clear(&b);
		assert_int_equal(base64_encode(&b, rows[i][0],
					       strlen(rows[i][0])), 0);
		assert_string_equal(buf_str(&b), rows[i][1]);
		buf_clear(&b);
		assert_int_equal(base64_decode(&b, rows[i][1],
					       strlen(rows[i][1]), NULL), 0);
		assert_string_equal(buf_str(&b), rows[i][0]);
	}
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		if (base64_decode(&b, bad[i], strlen(bad[i]), NULL) == 0)
			fail_msg("accepted: %s", bad[i]);
	buf_free(&b);
	buf_init(&b, 2);
	assert_int_equal(base64_decode(&b, "Zm9v", 4, NULL), -1);
	buf_free(&b);
}

static void
test_sums(void **state)
{
	char text[SHA256_TEXT_SIZE];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	assert_string_equal(sha256_of("abc", 3, text),
			    "ba7816bf8f01cfea414140de5dae2223"
			    "b00361a396177a9cb410ff61f20015ad");
}

static void
test_uuid(void **state)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

	(void)state;
	uuid_make(a);
	uuid_make(b);
	assert_string_not_equal(a, b);
	assert_true(uuid_valid(a));
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_false(uuid_valid(""));
	a[0] = 'A';
	assert_false(uuid_valid(a));
	b[8] = '0';
	assert_false(uuid_valid(b));
}

struct item {
	int n;
	struct link link;
};

static int
list_sum(struct link *head)
{
	int sum = 0;

	LIST_EACH (struct item, it, head, link)
		sum = sum * 10 + it->n;
	return sum;
}

static void
test_list(void **state)
{
	struct item items[] = { { .n = 1 }, { .n = 2 }, { .n = 3 } };
	struct link head;

	(void)state;
	list_init(&head);
	assert_null(list_first(struct item, &head, link));
	list_add(&head, &items[1].link);
	list_add(&head, &items[2].link);
	list_add_first(&head, &items[0].link);
	assert_int_equal(list_sum(&head), 123);
	LIST_EACH_SAFE (struct item, it, &head, link)
		if (it->n == 2)
			list_del(&it->link);
	assert_int_equal(list_sum(&head), 13);
	assert_false(list_linked(&items[1].link));
	list_del(&items[1].link);
	assert_int_equal(list_first(struct item, &head, link)->n, 1);
}

static void
test_clock(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	assert_string_equal(clock_format(1000000000007, text),
			    "2001-09-09T01:46:40.007Z");
	assert_true(clock_boot_ms() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err),   cmocka_unit_test(test_base64),
		cmocka_unit_test(test_sums),  cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_list),  cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
