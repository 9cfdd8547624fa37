/*
 * db.c - one blocking connection to PostgreSQL, answers as rows.
 */
#include "db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "hint.h"

#define ECHO_CHANNEL "fleet_doctor"

/* type oids are fixed in PostgreSQL's catalogue (pg_type.dat) */
static const struct {
	Oid oid;
	enum cell_kind kind;
} kinds[] = {
	{ 16, CELL_BOOL },     { 20, CELL_NUMBER },  { 21, CELL_NUMBER },
	{ 23, CELL_NUMBER },   { 700, CELL_NUMBER }, { 701, CELL_NUMBER },
	{ 1700, CELL_NUMBER }, { 114, CELL_JSON },   { 3802, CELL_JSON },
	{ 1186, CELL_SPAN },   { 1184, CELL_TIME },  { 1009, CELL_LIST },
	{ 1041, CELL_LIST },
};

/* how the texts in rows.h are written; no name is looked up in public */
static const char session_sql[] =
	"set timezone = 'UTC'; set datestyle = 'ISO, YMD';"
	"set intervalstyle = 'postgres'; set search_path = pg_catalog;"
	"set bytea_output = 'hex'; set statement_timeout = '60s';"
	"set lock_timeout = '10s'; set standard_conforming_strings = on";

void
complaint_free(struct complaint *c)
{
	x_free(&c->what);
	x_free(&c->why);
	x_free(&c->hint);
	*c = (struct complaint){ 0 };
}

/* libpq ends its sentences with a newline */
static char *
sentence(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	return len > 0 ? x_strndup(text, len) : NULL;
}

static void
complaint_lost(struct complaint *c, const PGconn *conn, const char *what)
{
	*c = (struct complaint){
		.code = EXIT_DATABASE,
		.what = x_strdup(what),
		.why = sentence(PQerrorMessage(conn)),
		.hint = x_strdup(
			"check -d CONNINFO, DRYDOCK_DATABASE or PGHOST; "
			"nothing is known about the rollout"),
	};
}

static bool
state_is(const char *sqlstate, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strncmp(sqlstate, *list, strlen(*list)) == 0)
			return true;
	return false;
}

static enum exit_code
state_exit(const char *sqlstate)
{
	static const char *const gone[] = { "08", "57P", "53300", NULL };
	static const char *const usage[] = { "RD004", "22", NULL };

	if (state_is(sqlstate, gone))
		return EXIT_DATABASE;
	return state_is(sqlstate, usage) ? EXIT_USAGE : EXIT_ERROR;
}

static const char *
state_hint(const char *sqlstate)
{
	static const char *const absent[] = { "3F000", "42P01", "42883",
					      "42703", NULL };
	static const char *const denied[] = { "42501", NULL };
	static const char *const time[] = { "22007", "22008", NULL };

	if (state_is(sqlstate, absent))
		return "this database has no drydock, or an older one: "
		       "drydock init";
	if (state_is(sqlstate, time))
		return "a time is 2026-12-01 01:00 or tomorrow 01:00, with a "
		       "zone behind it if not the fleet's: Europe/Helsinki";
	if (state_is(sqlstate, denied))
		return "to look takes the role fleet_reader, to steer "
		       "fleet_operator: grant fleet_operator to NAME";
	return NULL;
}

static void
complaint_result(struct complaint *c, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);

	*c = (struct complaint){
		.what = sentence(
			PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY)),
		.why = sentence(
			PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL)),
	};
	if (state != NULL)
		strncat(c->sqlstate, state, sizeof(c->sqlstate) - 1);
	if (c->what == NULL)
		c->what = sentence(PQresultErrorMessage(res));
	c->code = state_exit(c->sqlstate);
	c->hint = hint != NULL ? hint_translate(hint)
			       : sentence(state_hint(c->sqlstate));
}

static void
complaint_from(struct complaint *c, const PGconn *conn, const PGresult *res)
{
	if (PQstatus(conn) == CONNECTION_OK) {
		complaint_result(c, res);
		return;
	}
	complaint_lost(c, conn, "the connection to the database broke");
	if (PQresultErrorField(res, PG_DIAG_SQLSTATE) != NULL) {
		x_free(&c->why); /* the server's last words say more */
		c->why = sentence(PQresultErrorMessage(res));
	}
}

static void
ignore_notice(void *self, const PGresult *res)
{
	(void)self;
	(void)res;
}

int
db_open(struct db *db, const char *conninfo, struct complaint *c)
{
	/* behind dbname stands what conninfo may not change */
	static const char *const keys[] = { "connect_timeout", "dbname",
					    "client_encoding",
					    "fallback_application_name", NULL };
	const char *values[] = { "10", conninfo, "UTF8", "drydock", NULL };
	PGconn *conn;

	if (conninfo == NULL)
		values[1] = getenv("DRYDOCK_DATABASE");
	conn = PQconnectdbParams(keys, values, 1);
	if (PQstatus(conn) != CONNECTION_OK) {
		complaint_lost(c, conn, "the database cannot be reached");
		PQfinish(conn);
		return -1;
	}
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	db->conn = conn;
	if (db_run(db, session_sql, c) < 0) {
		db_close(db);
		return -1;
	}
	return 0;
}

void
db_close(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

bool
db_alive(const struct db *db)
{
	return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

static enum cell_kind
kind_of(Oid oid)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].oid == oid)
			return kinds[i].kind;
	return CELL_TEXT;
}

static struct rows *
rows_from(const PGresult *res)
{
	int columns = PQnfields(res), i, row;
	struct rows *r = rows_new((size_t)columns);
	const char **cells = x_calloc((size_t)columns + 1, sizeof(*cells));

	for (i = 0; i < columns; i++)
		rows_column(r, (size_t)i, PQfname(res, i),
			    kind_of(PQftype(res, i)));
	for (row = 0; row < PQntuples(res); row++) {
		for (i = 0; i < columns; i++)
			cells[i] = PQgetisnull(res, row, i)
					   ? NULL
					   : PQgetvalue(res, row, i);
		rows_add(r, cells);
	}
	x_free(&cells);
	return r;
}

int
db_query(struct db *db, struct rows **rows_r, const char *sql, size_t nparams,
	 const char *const *params, struct complaint *c)
{
	PGresult *res = PQexecParams(db->conn, sql, (int)nparams, NULL, params,
				     NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(res);
	int ret = -1;

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		if (rows_r != NULL)
			*rows_r = rows_from(res);
		ret = 0;
	} else {
		complaint_from(c, db->conn, res);
	}
	PQclear(res);
	return ret;
}

static bool
asks_send(PGconn *conn, const struct db_ask asks[], size_t n)
{
	if (PQenterPipelineMode(conn) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (PQsendQueryParams(conn, asks[i].sql, (int)asks[i].nparams,
				      NULL, asks[i].params, NULL, NULL,
				      0) != 1)
			return false;
	return PQpipelineSync(conn) == 1;
}

/* behind each answer stands a NULL; *bad_r: the first that is an error */
static void
ask_take(PGconn *conn, const struct db_ask *ask, PGresult **bad_r)
{
	PGresult *res = PQgetResult(conn), *more;

	while (res != NULL && (more = PQgetResult(conn)) != NULL)
		PQclear(more);
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		*ask->rows_r = rows_from(res);
	else if (*bad_r == NULL) {
		*bad_r = res;
		return;
	}
	PQclear(res);
}

int
db_query_all(struct db *db, const struct db_ask asks[], size_t n,
	     struct complaint *c)
{
	PGconn *conn = db->conn;
	PGresult *bad = NULL;
	bool all = true;

	if (!asks_send(conn, asks, n)) {
		complaint_lost(c, conn, "the connection to the database broke");
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		ask_take(conn, &asks[i], &bad);
		all &= *asks[i].rows_r != NULL;
	}
	PQclear(PQgetResult(conn)); /* that of the end */
	(void)PQexitPipelineMode(conn);
	/* asked when all was taken: it may have broken behind the error */
	if (!all)
		complaint_from(c, conn, bad);
	for (size_t i = 0; !all && i < n; i++)
		rows_free(asks[i].rows_r);
	PQclear(bad);
	return all ? 0 : -1;
}

int
db_run(struct db *db, const char *sql, struct complaint *c)
{
	PGresult *res = PQexec(db->conn, sql);
	ExecStatusType status = PQresultStatus(res);
	bool ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
		  status == PGRES_EMPTY_QUERY;

	if (!ok)
		complaint_from(c, db->conn, res);
	PQclear(res);
	return ok ? 0 : -1;
}

char *
db_describe(const struct db *db)
{
	const char *port = PQport(db->conn);
	const char *version = PQparameterStatus(db->conn, "server_version");

	return x_asprintf("%s on %s:%s (PostgreSQL %.*s)", PQdb(db->conn),
			  PQhost(db->conn), port != NULL ? port : "",
			  (int)strcspn(version != NULL ? version : "?", " "),
			  version != NULL ? version : "?");
}

int
db_server_version(const struct db *db)
{
	return PQserverVersion(db->conn);
}

static void
notifications_take(PGconn *conn)
{
	PGnotify *n;

	(void)PQconsumeInput(conn);
	while ((n = PQnotifies(conn)) != NULL)
		PQfreemem(n);
}

bool
db_wait(struct db *db, int fd, int ms)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = db_alive(db) ? PQsocket(db->conn) : -1,
		  .events = POLLIN },
	};

	if (poll(fds, 2, ms) <= 0)
		return false;
	if (fds[1].revents != 0)
		notifications_take(db->conn);
	return fds[0].revents != 0;
}

static bool
echo_heard(PGconn *conn)
{
	bool heard = false;
	PGnotify *n;

	(void)PQconsumeInput(conn);
	while ((n = PQnotifies(conn)) != NULL) {
		heard |= strcmp(n->relname, ECHO_CHANNEL) == 0 &&
			 n->be_pid == PQbackendPID(conn);
		PQfreemem(n);
	}
	return heard;
}

/* Two statements, as they would be on two borrowed connections. */
bool
db_echo(struct db *db, int ms)
{
	int64_t end = clock_boot_ms() + ms, left;
	struct complaint c = { 0 };

	if (db_run(db, "listen " ECHO_CHANNEL, &c) < 0 ||
	    db_run(db, "notify " ECHO_CHANNEL, &c) < 0) {
		complaint_free(&c);
		return false;
	}
	while (!echo_heard(db->conn)) {
		struct pollfd fd = { .fd = PQsocket(db->conn),
				     .events = POLLIN };

		left = end - clock_boot_ms();
		if (left <= 0 || !db_alive(db))
			return false;
		(void)poll(&fd, 1, (int)left);
	}
	return true;
}
