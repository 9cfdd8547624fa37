/* fuzz_allow.c - an allow file, and behind a NUL a command put to it. */
#include "allow.h"
#include "fuzz.h"

enum { WORDS = 16 };

static void
ask(const struct allow *a, char *command)
{
	const char *argv[WORDS + 1] = { NULL };
	size_t n = 0;
	struct err err;
	const char *root, *unless;

	for (char *w = strtok(command, " "); w != NULL && n < WORDS;
	     w = strtok(NULL, " "))
		argv[n++] = w;
	if (n == 0)
		return;
	(void)allow_argv(a, ALLOW_READ, argv, n, &err);
	(void)allow_argv(a, ALLOW_CHANGE, argv, n, &err);
	(void)allow_tcp(a, argv[0], n > 1 ? argv[1] : "25", &err);
	(void)allow_copy(a, argv[0], n > 1 ? argv[1] : NULL, &err);
	(void)allow_clean(a, argv[0], &root, &unless, &err);
	(void)allow_package(a, argv[0], &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size);
	size_t len = nul != NULL ? (size_t)(nul - data) : size;
	struct allow *a = NULL;
	struct err err;
	char *command;

	if (allow_parse((const char *)data, len, "allow", &a, &err) < 0)
		return 0;
	if (len < size) {
		command = fuzz_text(data + len + 1, size - len - 1);
		ask(a, command);
		free(command);
	}
	allow_free(&a);
	return 0;
}
