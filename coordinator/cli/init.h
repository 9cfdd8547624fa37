/*
 * init.h - the schema inside the program: migrations once, code whole.
 */
#ifndef DRYDOCK_INIT_H
#define DRYDOCK_INIT_H

#include "embedded.h"

/* made by embed_files(); in the order of their names */
extern const struct embedded sql_migrations[];
extern const struct embedded sql_code[];

/* number of the last migration: the schema this program was made with */
int init_schema(void);

#endif
