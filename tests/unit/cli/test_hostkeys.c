/* test_hostkeys.c - which keys may be pinned, and which lines are refused. */
#include "unit.h"

#include <string.h>

#include "hostkeys.h"

#define ED25519                                                                \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAM2CtClfrxcRTA8k9U9u+WCxI2pOj8P" \
	"C32hyDc4CwPr"
#define ECDSA                                                                  \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYA" \
	"AABBBDm6//7/igNgw7y/mAEDQMqHkELaC4PebuUkSEnEdkDlpT++hItVoA6T3ij2Ov1v" \
	"577GWxu18ASaKNS+RfGQk44="

static void
test_taken(void **state)
{
	static const char *const texts[] = {
		ED25519 "\n",
		ED25519 " root@mail1\n",
		"mail1 " ED25519 "\n",
		"# comment\n\nmail1,10.0.0.11 " ED25519 "\r\n",
		"[10.0.0.11]:2222 " ED25519,
		"mail2 " ECDSA "\nmail1 " ED25519 "\n",
		ED25519 "\n" ED25519 "\n",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		struct hostkeys k;
		struct err err = { 0 };

		if (hostkeys_parse(&k, texts[i], "mail1", "10.0.0.11", &err) <
		    0)
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(k.count, 1);
		assert_string_equal(k.key[0], ED25519);
		hostkeys_free(&k);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "no key in it for mail1 (10.0.0.11)" },
		{ "mail2 " ED25519,
		  "no key of mail1 (10.0.0.11) in it, only other hosts'" },
		{ "|1|abc=|def= " ED25519, "line 1: the host's name is hashed: "
					   "nobody can tell whose key it is" },
		{ "\n@revoked mail1 " ED25519,
		  "line 2: @revoked is not a key to pin" },
		{ "mail1 ssh-rsa AAAAB3NzaC1yc2E=",
		  "line 1: an RSA key cannot be pinned: libssh2 1.10 has no "
		  "rsa-sha2; use the ed25519 key" },
		{ "ssh-rsa AAAAB3NzaC1yc2E=",
		  "line 1: an RSA key cannot be pinned: libssh2 1.10 has no "
		  "rsa-sha2; use the ed25519 key" },
		{ "ssh-dss AAAAB3NzaC1kc3M= root@mail1",
		  "line 1: key type \"ssh-dss\" is not known; ssh-ed25519 or "
		  "ecdsa-sha2-nistp256 is wanted" },
		{ "mail1 ssh-dss AAAA",
		  "line 1: key type \"ssh-dss\" is not known; ssh-ed25519 or "
		  "ecdsa-sha2-nistp256 is wanted" },
		{ "mail1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAM2CtClfrxcRTA8",
		  "line 1: the key's bytes are not a whole ssh-ed25519 key: "
		  "cut, or of another type" },
		{ "mail1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAA",
		  "line 1: the key is not base64, or cut" },
		{ "mail1 ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIAM2CtClf"
		  "rxcRTA8k9U9u+WCxI2pOj8PC32hyDc4CwPr",
		  "line 1: the key's bytes are not a whole ecdsa-sha2-nistp256 "
		  "key: cut, or of another type" },
		{ "nonsense", "line 1: a type and a key are wanted" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct hostkeys k;
		struct err err = { 0 };

		assert_int_equal(hostkeys_parse(&k, rows[i].text, "mail1",
						"10.0.0.11", &err),
				 -1);
		assert_string_equal(err.text, rows[i].why);
		assert_int_equal(k.count, 0);
	}
}

static void
test_shown(void **state)
{
	struct hostkeys k;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(hostkeys_parse(&k, ED25519 "\n" ECDSA "\n", "mail1",
					"10.0.0.11", NULL),
			 0);
	hostkeys_fingerprint(&out, k.key[0]);
	assert_string_equal(buf_str(&out),
			    "SHA256:YG47aYhi4futSH03XdO26SyeLKVvbQ7UsBWGRMf+"
			    "2qE");
	buf_clear(&out);
	hostkeys_fingerprint(&out, k.key[1]);
	assert_string_equal(buf_str(&out),
			    "SHA256:y837QuMS7+bC+LKV42fODeUNvHK1kmyyVqvzWMEa"
			    "X68");
	buf_clear(&out);
	hostkeys_array(&out, &k);
	assert_string_equal(buf_str(&out), "{\"" ED25519 "\",\"" ECDSA "\"}");
	hostkeys_free(&k);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
