/* sole.h - what drydockd is before it does anything: alone, and by itself. */
#ifndef SOLE_H
#define SOLE_H

#include "err.h"

/*
 * Where the database is stands in the configuration and nowhere else: libpq
 * would fill from PGHOST, PGSERVICE and their like what the conninfo leaves
 * out, from the shell of whoever starts us by hand.
 */
void sole_environment(void);

/*
 * One process for a configuration file, for as long as it lives.  Two would
 * run under one name and take the fleets from each other without end.
 */
int sole_lock(const char *path, struct err *err);

#endif
