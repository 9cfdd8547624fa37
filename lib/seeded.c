/* seeded.c - which bug this program was started with. */
#include "seeded.h"

#ifdef DRYDOCK_TEST

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define X(name, what, finder) #name,
	SEEDED_BUGS(X)
#undef X
};

static const char *seeded;

/* Before anybody clears the environment. */
__attribute__((constructor)) static void
seeded_start(void)
{
	const char *name = getenv("DRYDOCK_SEEDED");

	for (size_t i = 0; name != NULL && *name != '\0' &&
	     i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			seeded = names[i];
	assert(name == NULL || *name == '\0' || seeded != NULL);
}

bool
seeded_is(const char *name)
{
	return seeded != NULL && strcmp(seeded, name) == 0;
}

#endif
