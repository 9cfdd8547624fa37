/*
 * fuzz.h - what every target needs.
 *
 * A target must not crash, leak or read beyond what it was given; where it can
 * it also checks a promise of its module, with FUZZ_MUST().
 */
#ifndef DRYDOCK_FUZZ_H
#define DRYDOCK_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not assert(): a promise of the format, told with its text. */
#define FUZZ_MUST(what)                                                        \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#what);                                        \
			abort();                                               \
		}                                                              \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where the input does, with a NUL behind; free() it. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
