/*
 * sql.c - pg.h over connections that wait: the world stands still meanwhile.
 *
 * A statement travels, happens, and its answer travels back: three instants,
 * so that a connection that breaks in between loses one or the other.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "pg_private.h"
#include "world.h"

enum { PERSON = COORDINATORS, OWNER, SERVERS, NAMES = 64 };

/* One session of the server for all connections of a coordinator. */
static struct server {
	PGconn *conn;
	int64_t told_ms;		/* what time it is there */
	const char *names[NAMES];	/* prepared */
	int n_names;
} servers[SERVERS];

static PGresult *owner_result;

/* ------------------------------------------------------------ the server */

static void
server_open(struct server *s, const char *conninfo, const char *user)
{
	char *text = x_asprintf("%s user=%s", conninfo, user);

	s->conn = PQconnectdb(text);
	free(text);
	if (PQstatus(s->conn) != CONNECTION_OK) {
		fprintf(stderr, "whole: %s", PQerrorMessage(s->conn));
		exit(2);
	}
	PQclear(PQexec(s->conn, "set timezone = 'UTC'; "
		       "set datestyle = 'ISO'; "
		       "set client_min_messages = warning"));
	s->told_ms = -1;
}

void
sql_open(const char *conninfo)
{
	for (int i = 0; i < COORDINATORS; i++)
		server_open(&servers[i], conninfo, "drydockd");
	server_open(&servers[PERSON], conninfo, "anna");
	server_open(&servers[OWNER], conninfo, "postgres");
	PQclear(PQexec(servers[OWNER].conn, "listen fleet_command"));
}

void
sql_close(void)
{
	PQclear(owner_result);
	for (int i = 0; i < SERVERS; i++)
		PQfinish(servers[i].conn);
}

static void
server_time(struct server *s)
{
	char text[80];

	if (s->told_ms == time_db_ms())
		return;
	s->told_ms = time_db_ms();
	snprintf(text, sizeof(text), "set sim.now_ms = '%lld'",
		 (long long)s->told_ms);
	PQclear(PQexec(s->conn, text));
}

static bool
server_knows(const struct server *s, const char *name)
{
	for (int i = 0; i < s->n_names; i++)
		if (strcmp(s->names[i], name) == 0)
			return true;
	return false;
}

static PGresult *
server_run(struct server *s, const struct pg_call *call)
{
	const char *const *params = (const char *const *)call->params;
	PGresult *result;

	server_time(s);
	world.statements++;
	if (!server_knows(s, call->name)) {
		assert(s->n_names < NAMES);
		result = PQprepare(s->conn, call->name, call->sql, 0, NULL);
		if (!pg_result_good(result))
			return result;
		PQclear(result);
		s->names[s->n_names++] = call->name;
	}
	return PQexecPrepared(s->conn, call->name, (int)call->n_params, params,
			      NULL, NULL, 0);
}

/* --------------------------------------------------------- connections */

struct conn {
	struct link link;
	struct pg pg;			/* what of it is seen outside: up */
	int who;
	struct due state, run, answer, broken, told;
	struct pg_call *call;		/* happened: its answer is on its way */
	struct buf notes;		/* payloads, each with its NUL */
};

/* Those of all coordinators; a notification is for each that listens. */
static struct link conns = { &conns, &conns };

static struct conn *
conn_of(const struct pg *pg)
{
	return LIST_OF(struct conn, pg, pg);
}

static void
call_free(struct pg_call *call)
{
	for (size_t i = 0; i < call->n_params; i++)
		free(call->params[i]);
	free(call->params);
	free(call);
}

static void
call_end(struct conn *c, PGresult *result, const struct pg_error *error)
{
	struct pg_call *call = c->call;
	const void *rows = error == NULL ? (const void *)result : NULL;

	c->call = NULL;
	call->told = true;
	world_note("%d: %s: %s", c->who, call->name, error == NULL ? "ok" :
		   error->sqlstate[0] != '\0' ? error->sqlstate : "lost");
	if (call->done != NULL)
		call->done(call->self, rows, error);
	call_free(call);
}

static bool
is_away(void)
{
	return world.now_ms < world.away_until_ms;
}

static void
conn_up(void *self)
{
	struct conn *c = self;

	if (is_away()) {
		due_in(&c->state, 500, 4000);
		return;
	}
	c->pg.up = true;
	if (!list_empty(&c->pg.queue))
		due_in(&c->run, 0, 3);
	if (c->pg.opt.on_state != NULL)
		c->pg.opt.on_state(c->pg.opt.self, true, NULL);
}

/* The call that was under way may have happened: nobody here knows. */
static void
conn_down(struct conn *c)
{
	struct pg_error error = { .sent = true };
	PGresult *result = c->pg.result;

	(void)err_set(&error.err, ERR_LOST, "the connection broke");
	due_stop(&c->run);
	due_stop(&c->answer);
	due_stop(&c->broken);
	due_in(&c->state, 250, 4000);
	buf_clear(&c->notes);
	c->pg.up = false;
	c->pg.result = NULL;
	PQclear(result);
	if (c->pg.opt.on_state != NULL)
		c->pg.opt.on_state(c->pg.opt.self, false, &error.err);
	if (c->call != NULL)
		call_end(c, NULL, &error);
}

static void
conn_broken(void *self)
{
	conn_down(self);
}

static bool
may_change(const char *name)
{
	static const char *const reads[] = { "BEAT", "LOAD", "FLEET",
		"REVISION", "CONTENT", "PULL_NEXT", NULL };

	for (int i = 0; reads[i] != NULL; i++)
		if (strcmp(name, reads[i]) == 0)
			return false;
	return true;
}

/* It happens, now. */
static void
conn_run(void *self)
{
	struct conn *c = self;
	struct pg_call *call = list_first(struct pg_call, &c->pg.queue, link);

	if (call == NULL || c->call != NULL || !c->pg.up)
		return;
	list_del(&call->link);
	c->call = call;
	if (is_away()) {
		due_in(&c->broken, 10, 2000);
		return;
	}
	c->pg.result = server_run(&servers[c->who], call);
	if (pg_result_good(c->pg.result) && may_change(call->name)) {
		check_database();
		if (strcmp(call->name, "ADVANCE") == 0)
			check_written(c->who, atoll(call->params[1]));
	}
	due_in(&c->answer, 1, 5);
}

static void
conn_answer(void *self)
{
	struct conn *c = self;
	PGresult *result = c->pg.result;
	struct pg_error error = { .sent = true };

	c->pg.result = NULL;
	if (!list_empty(&c->pg.queue))
		due_in(&c->run, 0, 3);
	if (!pg_result_good(result))
		pg_error_fill(&error, result);
	call_end(c, result, error.err.code != ERR_NONE ? &error : NULL);
	PQclear(result);
}

void
sql_cut(int who)
{
	LIST_EACH (struct conn, c, &conns, link)
		if (c->who == who && c->pg.up)
			due_at(&c->broken, world.now_ms);
}

/* ------------------------------------------------------- notifications */

static void
conn_notes(void *self)
{
	struct conn *c = self;
	struct buf notes = c->notes;

	buf_init(&c->notes, 65536);
	for (size_t at = 0; at < notes.len;
	     at += strlen(notes.data + at) + 1)
		c->pg.opt.on_notify(c->pg.opt.self, "fleet_command",
				    notes.data + at);
	buf_free(&notes);
}

/* A question to the server brings what was notified before it. */
static void
notes_take(PGconn *conn)
{
	PGnotify *n;

	while ((n = PQnotifies(conn)) != NULL) {
		LIST_EACH (struct conn, c, &conns, link)
			if (c->pg.opt.listen != NULL && c->pg.up) {
				(void)buf_add(&c->notes, n->extra,
					      strlen(n->extra) + 1);
				if (!list_linked(&c->told.link))
					due_in(&c->told, 1, 5);
			}
		PQfreemem(n);
	}
}

/* What a test asks of the server, and what it says to the owner of all. */
const char *
sql_owner(const char *text)
{
	struct server *s = &servers[OWNER];

	server_time(s);
	PQclear(owner_result);
	owner_result = PQexec(s->conn, text);
	if (!pg_result_good(owner_result)) {
		fprintf(stderr, "whole: %s: %s", text,
			PQerrorMessage(s->conn));
		exit(2);
	}
	notes_take(s->conn);
	return PQntuples(owner_result) == 0 ||
		PQgetisnull(owner_result, 0, 0) ? NULL :
		PQgetvalue(owner_result, 0, 0);
}

/* Refused with a sentence is fine; any other error is a bug of drydock's. */
bool
sql_person(const char *text)
{
	struct server *s = &servers[PERSON];
	struct pg_error error = { .sent = true };
	PGresult *result;
	bool good;

	server_time(s);
	result = PQexec(s->conn, text);
	good = pg_result_good(result);
	if (!good)
		pg_error_fill(&error, result);
	world_note("alice: %s: %s", text, good ?
		   PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "done" :
		   error.err.text);
	if (!good && strncmp(error.sqlstate, "RD", 2) != 0)
		world_wrong("%s: %s", text, error.err.text);
	PQclear(result);
	check_database();
	return good;
}

/* --------------------------------------------------------------- pg.h */

struct pg *
pg_new(struct event_base *base, const struct pg_options *options,
       struct err *err)
{
	struct conn *c = x_new(struct conn);

	(void)base;
	(void)err;
	c->who = world.me;
	c->pg.opt = *options;
	list_init(&c->pg.queue);
	list_add(&conns, &c->link);
	due_init(&c->state, c->who, conn_up, c);
	due_init(&c->run, OUTSIDE, conn_run, c);
	due_init(&c->answer, c->who, conn_answer, c);
	due_init(&c->broken, c->who, conn_broken, c);
	due_init(&c->told, c->who, conn_notes, c);
	buf_init(&c->notes, 65536);
	due_in(&c->state, 1, 20);
	return &c->pg;
}

void
pg_free(struct pg **pgp)
{
	struct conn *c;

	if (*pgp == NULL)
		return;
	c = conn_of(*pgp);
	*pgp = NULL;
	/* what was sent may still happen */
	if (c->call == NULL && list_linked(&c->run.link) &&
	    dice_chance(&world.dice, 50))
		conn_run(c);
	due_stop(&c->state);
	due_stop(&c->run);
	due_stop(&c->answer);
	due_stop(&c->broken);
	due_stop(&c->told);
	buf_free(&c->notes);
	LIST_EACH_SAFE (struct pg_call, call, &c->pg.queue, link)
		call_free(call);
	if (c->call != NULL)
		call_free(c->call);
	PQclear(c->pg.result);
	list_del(&c->link);
	free(c);
}

bool
pg_up(const struct pg *pg)
{
	return pg->up;
}

struct pg_call *
pg_call(struct pg *pg, const char *name, const char *sql,
	const char *const *params, size_t n_params, unsigned int wait_ms,
	pg_done_fn *done, void *self)
{
	struct conn *c = conn_of(pg);
	struct pg_call *call = x_new(struct pg_call);

	assert(name != NULL && wait_ms != 0);
	*call = (struct pg_call){ .pg = pg, .name = name, .sql = sql,
				  .done = done, .self = self,
				  .n_params = n_params };
	call->params = x_calloc(n_params + 1, sizeof(*call->params));
	for (size_t i = 0; i < n_params; i++)
		call->params[i] = x_strdup(params[i]);
	list_add(&pg->queue, &call->link);
	if (pg->up && c->call == NULL)
		due_in(&c->run, 0, 3);
	return call;
}

void
pg_call_cancel(struct pg_call **callp)
{
	struct pg_call *call = *callp;

	*callp = NULL;
	if (call == NULL || call->told)
		return;
	if (conn_of(call->pg)->call == call) {
		call->done = NULL;
		return;
	}
	list_del(&call->link);
	call_free(call);
}
