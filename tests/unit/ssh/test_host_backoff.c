/* test_host_backoff.c - 2, 5, 15, 30, 60 s; and a refused key. */
#include "unit.h"

#include "host_backoff.h"

static void
test_delays(void **state)
{
	static const int64_t rows[] = { 2000,  5000,  15000,
					30000, 60000, 60000 };
	struct host_backoff b = { 0 };
	int64_t now = 1000000;

	(void)state;
	assert_int_equal(host_backoff_wait(&b, now), 0);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct host_backoff low = b, high = b;

		host_backoff_failed(&low, now, 0);
		host_backoff_failed(&high, now, 1000);
		host_backoff_failed(&b, now, 500);
		assert_int_equal(host_backoff_wait(&low, now),
				 rows[i] * 8 / 10);
		assert_int_equal(host_backoff_wait(&b, now), rows[i]);
		assert_int_equal(host_backoff_wait(&high, now),
				 rows[i] * 12 / 10);
		now += rows[i];
		assert_int_equal(host_backoff_wait(&b, now), 0);
		assert_false(host_backoff_stopped(&b, now));
	}
	host_backoff_worked(&b);
	host_backoff_failed(&b, now, 500);
	assert_int_equal(host_backoff_wait(&b, now), 2000);
	/* one that serves and ends soon is never called back at once */
	host_backoff_failed(&b, now, 500);
	host_backoff_failed(&b, now, 500);
	assert_int_equal(host_backoff_wait(&b, now), 15000);
	now += 15000;
	for (int i = 0; i < 3; i++) {
		host_backoff_served(&b);
		host_backoff_failed(&b, now, 500);
		assert_int_equal(host_backoff_wait(&b, now), 2000);
		now += 2000;
	}
}

static void
test_auth(void **state)
{
	struct host_backoff b = { 0 };

	(void)state;
	host_backoff_auth_failed(&b, 1000);
	assert_int_equal(host_backoff_wait(&b, 1000), 60000);
	assert_false(host_backoff_stopped(&b, 1000));
	host_backoff_auth_failed(&b, 61000);
	assert_true(host_backoff_stopped(&b, 61000));
	assert_true(host_backoff_stopped(&b, 61000 + 899999));
	assert_false(host_backoff_stopped(&b, 61000 + 900000));
	/* nor does what others were served there make it sooner */
	host_backoff_served(&b);
	host_backoff_failed(&b, 61000, 500);
	assert_true(host_backoff_stopped(&b, 61000 + 899999));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
