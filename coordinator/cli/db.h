/*
 * db.h - one blocking connection to PostgreSQL, answers as rows.
 */
#ifndef DRYDOCK_DB_H
#define DRYDOCK_DB_H

#include <stdbool.h>
#include <stddef.h>

#include "exits.h"
#include "rows.h"

/* Why the database did not do it: for a person, and the exit code. */
struct complaint {
	enum exit_code code;
	char sqlstate[6]; /* "" when there was no answer */
	char *what;
	char *why;  /* NULL: none */
	char *hint; /* NULL: none */
};

void complaint_free(struct complaint *c);

struct db {
	void *conn; /* PGconn, NULL: closed */
};

/* conninfo NULL: DRYDOCK_DATABASE, else libpq's own defaults.  0 or -1. */
int db_open(struct db *db, const char *conninfo, struct complaint *c);
void db_close(struct db *db);
bool db_alive(const struct db *db);

/* 0 with *rows_r (the caller's; NULL allowed: not wanted), or -1 */
int db_query(struct db *db, struct rows **rows_r, const char *sql,
	     size_t nparams, const char *const *params, struct complaint *c);
/*
 * Some at once, in one transaction: they are sent before the first is answered.
 * All rows, each in a *rows_r that was NULL, or -1 with none.
 */
struct db_ask {
	struct rows **rows_r;
	const char *sql;
	size_t nparams;
	const char *params[2];
};
int db_query_all(struct db *db, const struct db_ask asks[], size_t n,
		 struct complaint *c);
/* several statements without answers, as in a file; stops at the first error */
int db_run(struct db *db, const char *sql, struct complaint *c);

/* "fleet on db1:5432 (PostgreSQL 15.10)"; free() it */
char *db_describe(const struct db *db);
int db_server_version(const struct db *db); /* 150010 */

/* Sleep until a notification or input arrives on `fd` (-1: none), at most ms.
 * Returns true when fd is readable.  Notifications are taken and forgotten:
 * they are hints to look again. */
bool db_wait(struct db *db, int fd, int ms);

/* A notification to ourselves: did it come back? */
bool db_echo(struct db *db, int ms);

#endif
