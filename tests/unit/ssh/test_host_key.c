/* test_host_key.c - pins: what is taken, what is the same, what is asked. */
#include "unit.h"

#include <string.h>

#include "host_key.h"

#define ED                                                                     \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBYmQdTlUbx2mLdJNwHwGl1Iu0XRPmr7" \
	"s0hp7aXpwfqr"
#define EC                                                                     \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYA" \
	"AABBBGd0"

static void
test_add(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: taken */
	} rows[] = {
		{ ED, NULL },
		{ ED " root@mail01", NULL },
		{ EC, NULL },
		{ "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB", "rsa-sha2" },
		{ "ssh-dss AAAA", "must begin with" },
		{ "ssh-ed25519-cert-v01@openssh.com AAAA", "must begin with" },
		{ "", "must begin with" },
		{ "ssh-ed25519", "damaged" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "damaged" },
		{ "ssh-ed25519 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=", "damaged" },
		{ "ssh-ed25519 !!!!", "damaged" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct host_pins pins = { 0 };
		struct err err = { 0 };
		int ret = host_pins_add(&pins, rows[i].text, &err);

		if (ret != (rows[i].says == NULL ? 0 : -1))
			fail_msg("%s: %d %s", rows[i].text, ret, err.text);
		if (ret < 0)
			assert_non_null(strstr(err.text, rows[i].says));
		assert_int_equal(pins.n, ret == 0);
		host_pins_free(&pins);
	}
}

static void
test_match_and_methods(void **state)
{
	struct host_pins pins = { 0 };
	unsigned char other[200];
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	host_pins_methods(&pins, &b);
	assert_string_equal(buf_str(&b),
			    "ssh-ed25519,ecdsa-sha2-nistp256,"
			    "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521");
	assert_false(host_pins_match(&pins, "x", 1));
	assert_int_equal(host_pins_add(&pins, ED " a", NULL), 0);
	buf_clear(&b);
	host_pins_methods(&pins, &b);
	assert_string_equal(buf_str(&b), "ssh-ed25519");

	memcpy(other, buf_str(&pins.key[0].blob), pins.key[0].blob.len);
	assert_true(host_pins_match(&pins, other, pins.key[0].blob.len));
	assert_false(host_pins_match(&pins, other, pins.key[0].blob.len - 1));
	assert_false(host_pins_match(&pins, other, 0));
	for (size_t i = 0; i < pins.key[0].blob.len; i++) {
		other[i] ^= 1;
		assert_false(
			host_pins_match(&pins, other, pins.key[0].blob.len));
		other[i] ^= 1;
	}
	buf_clear(&b);
	assert_int_equal(host_key_text(other, pins.key[0].blob.len, &b), 0);
	assert_string_equal(buf_str(&b), ED);
	buf_clear(&b);
	host_key_fingerprint("abc", 3, &b);
	/* printf abc | openssl dgst -sha256 -binary | base64 */
	assert_string_equal(buf_str(&b), "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOW"
					 "F3qctBD/YfIAFa0");
	host_pins_free(&pins);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_match_and_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
