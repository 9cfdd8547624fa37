/* test_key_file.c - keys made by ssh-keygen: which are taken, and why not. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "host_key.h"
#include "key_file.h"

static const struct {
	const char *make; /* sh, in an empty folder, makes `k` */
	const char *says; /* NULL: taken */
} rows[] = {
	{ "ssh-keygen -q -t ed25519 -N '' -f k", NULL },
	{ "ssh-keygen -q -t ecdsa -N '' -f k", NULL },
	{ "ssh-keygen -q -t ecdsa -b 384 -N '' -f k", NULL },
	{ "ssh-keygen -q -t ecdsa -b 521 -N '' -f k", NULL },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; chmod 440 k", NULL },
	{ "ssh-keygen -q -t ed25519 -N secret -f k", "is encrypted" },
	{ "ssh-keygen -q -t rsa -b 2048 -N '' -f k", "ssh-keygen -t ed25519" },
	{ "ssh-keygen -q -t ecdsa -m PEM -N '' -f k", "ssh-keygen -p" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; chmod 644 k", "chmod 600" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; chmod 604 k", "chmod 600" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; chmod 660 k", "chmod 600" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; chown 65534 k",
	  "another user" },
	{ "ssh-keygen -q -t ed25519 -N '' -f j; ln -s j k", "symbolic link" },
	{ "mkdir k", "not a regular file" },
	{ "mkfifo -m 600 k", "not a regular file" },
	{ "touch k; chmod 600 k", "not a private key" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; mv k.pub k; chmod 600 k",
	  "not a private key" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; sed -i 2s/^....// k",
	  "damaged" },
	{ "ssh-keygen -q -t ed25519 -N '' -f k; sed -i 3,6d k", "base64" },
	{ "head -c 20000 /dev/zero > k; chmod 600 k", "too long" },
	{ "true", "No such file" },
};

/* Its public half is what ssh-keygen wrote beside it, without the comment. */
static void
key_check(const struct key_file *key, const char *dir)
{
	struct buf text;
	char *command;

	buf_init(&text, HOST_KEY_TEXT_MAX);
	assert_int_equal(host_key_text(key->public.data, key->public.len,
				       &text), 0);
	command = x_asprintf("test \"%s\" = \"$(cut -d' ' -f1,2 %s/k.pub)\"",
			     buf_str(&text), dir);
	assert_non_null(key->type);
	assert_int_equal(system(command), 0);
	free(command);
	buf_free(&text);
}

static void
test_keys(void **state)
{
	char dir[] = "/tmp/drydock-key.XXXXXX";
	char *path, *command;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = x_asprintf("%s/k", dir);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };
		struct key_file key;
		int ret;

		command = x_asprintf("cd %s && rm -rf ./* && umask 077 && %s",
				     dir, rows[i].make);
		assert_int_equal(system(command), 0);
		free(command);
		ret = key_file_read(&key, path, &err);
		if (ret != (rows[i].says == NULL ? 0 : -1))
			fail_msg("%s: %s", rows[i].make, err.text);
		if (ret < 0 && strstr(err.text, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].make, err.text);
		if (ret == 0)
			key_check(&key, dir);
		key_file_free(&key);
	}
	command = x_asprintf("rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	free(command);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
