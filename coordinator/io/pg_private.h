/* pg_private.h - between the pg_*.c files; nobody else. */
#ifndef DRYDOCK_PG_PRIVATE_H
#define DRYDOCK_PG_PRIVATE_H

#include <libpq-fe.h>

#include "backoff_timer.h"
#include "list.h"
#include "pg.h"
#include "stepper.h"

struct pg_call {
	struct link link;
	struct pg *pg;
	const char *name, *sql;
	char **params;
	size_t n_params;
	pg_done_fn *done; /* NULL: cancelled, the answer is thrown away */
	void *self;
	struct event *late;
	unsigned int wait_ms;
	const char *bad; /* why it will not be sent at all */
	bool told;	 /* its callback runs, or ran */
};

struct pg_host {
	char *host, *hostaddr, *port;
};

/* A name that is prepared on the connection at hand. */
struct pg_name {
	const char *name;
};

/* A host that would do, while others are asked; its conn is NULL when none. */
struct pg_best {
	PGconn *conn;
	size_t host;
	unsigned long timeline;
	const unsigned long *newest;
};

struct pg {
	struct event_base *base;
	struct pg_options opt;
	char *conninfo, *application_name;

	struct pg_host *hosts;
	size_t n_hosts, at_host;
	size_t hosts_left; /* to be asked in this round; 0: a new one begins */
	struct pg_best best;
	struct backoff retry;

	PGconn *conn;
	struct stepper st;    /* the chain of the moment: connect or call */
	struct event *idle;   /* readable while no call is under way */
	struct event *kick;   /* take the next call from the queue */
	struct pg_name *names;
	size_t n_names;
	char *setup_sql; /* what a new connection is told */

	struct link queue;
	size_t queued;
	struct pg_call *busy;
	PGresult *result; /* of the statement under way: the last, or error */
	char *unreplicated; /* a commit's warning, told with the call */
	unsigned long timeline; /* of the server at hand */
	const unsigned long *newest; /* that anybody saw of its cluster */
	bool up, sent;
	bool *freed; /* set when freed under a callback */
};

/* pg_connect.c: the chain from nothing to an ordinary connection. */
extern const struct step pg_step_connect;
/* Another connection saw a server that was promoted after ours. */
bool pg_left_behind(const struct pg *pg);
/*
 * A host was asked, and is hung up on unless it is the best so far; `good`: it
 * would do.  True when it was the last one of a round.
 */
bool pg_host_asked(struct pg *pg, bool good);
/* The best is the connection now. */
void pg_take_best(struct pg *pg);
int pg_hosts_init(struct pg *pg, struct err *err);
void pg_hosts_free(struct pg *pg);

/* pg.c: what both chains use. */
/* NULL: what libpq says about the connection. */
struct step_ret pg_fail(struct pg *pg, enum err_code code, const char *what);
void pg_hang_up(struct pg *pg);
struct step_ret pg_flush(struct pg *pg, const struct step *next);
/*
 * Read results until the statement is over, then `next`; pg->result holds the
 * last one.  The caller's step is run again for each wait.
 */
struct step_ret pg_read(struct pg *pg, const struct step *next);

/* pg_rows.c */
void pg_error_fill(struct pg_error *error, const PGresult *result);
bool pg_result_good(const PGresult *result);

#endif
