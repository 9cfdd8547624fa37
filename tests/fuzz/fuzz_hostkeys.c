/* fuzz_hostkeys.c - a file of host keys that is to be pinned. */
#include "fuzz.h"
#include "hostkeys.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct hostkeys k = { .count = 0 };
	struct buf print, array;
	struct err err;

	if (hostkeys_parse(&k, text, "mail1", "10.0.0.1", &err) == 0) {
		FUZZ_MUST(k.count > 0 && k.count <= HOSTKEYS_MAX);
		buf_init(&print, 65536);
		for (size_t i = 0; i < k.count; i++) {
			FUZZ_MUST(hostkeys_check(k.key[i], &err) == 0);
			hostkeys_fingerprint(&print, k.key[i]);
		}
		buf_init(&array, 1 << 20);
		hostkeys_array(&array, &k);
		buf_free(&array);
		buf_free(&print);
	}
	hostkeys_free(&k);
	free(text);
	return 0;
}
