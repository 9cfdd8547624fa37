/* world_one.c - the world of a test program. */
#include "world_one.h"

struct world w;

int
world_setup(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

int
world_teardown(void **state)
{
	(void)state;
	world_clear(&w);
	return 0;
}
