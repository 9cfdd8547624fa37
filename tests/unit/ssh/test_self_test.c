/* test_self_test.c - what this process can do, and then cannot. */
#include "unit.h"

#include <openssl/evp.h>

#include "key_sign.h"
#include "self_test.h"

static void
test_all(void **state)
{
	struct key_sign *key = key_sign_ed25519("a seed that has 32 bytes, or so.",
						32);

	(void)state;
	assert_non_null(key);
	assert_null(self_test(key));
	/* from here on nothing is found, as when a table is not complete */
	assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
	assert_non_null(self_test(key));
	assert_non_null(self_test(key));
	assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
	assert_null(self_test(key));
	key_sign_free(&key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
