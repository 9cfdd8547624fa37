/* world_one.h - the world of a test program; for cmocka: new for each test. */
#ifndef WORLD_ONE_H
#define WORLD_ONE_H

#include "world.h"

extern struct world w;

int world_setup(void **state);
int world_teardown(void **state);

#endif
