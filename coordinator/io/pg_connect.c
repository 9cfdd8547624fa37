/*
 * pg_connect.c - from nothing to an ordinary connection, as a chain of steps.
 *
 * libpq ignores connect_timeout when it is polled, and a black hole as first
 * host of several would eat minutes: so each attempt names one host, and the
 * next attempt takes the next.
 *
 * A failover may leave a primary that nobody told, as writable as ever: only
 * the timeline of the promoted one says so, and whoever did not see that one
 * yet cannot know.  So the first host that would do is kept, and is believed
 * when all others were asked.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "log.h"
#include "pg_private.h"
#include "seeded.h"
#include "timelines.h"

#define PG_CONNECT_MAX_MS 60000 /* a step's budget; the real one is the total */

static step_fn pg_do_connect, pg_do_poll, pg_do_setup, pg_do_setup_flush,
	pg_do_setup_read, pg_do_setup_check;
const struct step pg_step_connect = { "connect", pg_do_connect,
				      PG_CONNECT_MAX_MS };
static const struct step PG_POLL = { "connect", pg_do_poll, PG_CONNECT_MAX_MS };
static const struct step PG_SETUP = { "setup", pg_do_setup, 10000 };
static const struct step PG_SETUP_FLUSH = { "setup", pg_do_setup_flush, 10000 };
static const struct step PG_SETUP_READ = { "setup", pg_do_setup_read, 10000 };
static const struct step PG_SETUP_CHECK = { "setup", pg_do_setup_check, 10000 };

/* The n-th of a comma-separated list, "" behind its end; free() it. */
static char *
pg_item(const char *list, size_t n)
{
	for (; n > 0; n--) {
		list += strcspn(list, ",");
		if (*list == ',')
			list++;
	}
	return x_strndup(list, strcspn(list, ","));
}

static size_t
pg_items(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static const char *
pg_option(const PQconninfoOption *options, const char *name)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, name) == 0)
			return options->val != NULL ? options->val : "";
	return "";
}

static void
pg_hosts_fill(struct pg *pg, const PQconninfoOption *options)
{
	const char *host = pg_option(options, "host");
	const char *hostaddr = pg_option(options, "hostaddr");
	const char *port = pg_option(options, "port");

	pg->n_hosts = pg_items(hostaddr[0] != '\0' ? hostaddr : host);
	pg->hosts = x_calloc(pg->n_hosts, sizeof(*pg->hosts));
	for (size_t i = 0; i < pg->n_hosts; i++) {
		pg->hosts[i] = (struct pg_host){
			.host = pg_item(host, i),
			.hostaddr = pg_item(hostaddr, i),
			/* one port serves all hosts */
			.port = pg_item(port, pg_items(port) > 1 ? i : 0),
		};
	}
}

/*
 * Ask libpq itself what the conninfo means: a service file and a URL are
 * resolved by nobody else.  An sslmode that does not exist stops it before
 * it opens a socket.
 */
int
pg_hosts_init(struct pg *pg, struct err *err)
{
	const char *const keys[] = { "dbname", "sslmode", NULL };
	const char *const values[] = { pg->conninfo, "only-parse", NULL };
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(pg->conninfo, &why);
	PGconn *conn;

	if (options == NULL) {
		(void)err_set(err, ERR_USAGE, "conninfo: %s",
			      why != NULL ? why : "out of memory");
		PQfreemem(why);
		goto bad;
	}
	PQconninfoFree(options);
	conn = PQconnectStartParams(keys, values, 1);
	options = conn != NULL ? PQconninfo(conn) : NULL;
	if (options == NULL ||
	    strstr(PQerrorMessage(conn), "only-parse") == NULL) {
		(void)err_set(err, ERR_USAGE, "conninfo: %s",
			      conn != NULL ? PQerrorMessage(conn) :
					     "out of memory");
		PQconninfoFree(options);
		PQfinish(conn);
		goto bad;
	}
	log_secret(pg_option(options, "password"));
	pg_hosts_fill(pg, options);
	PQconninfoFree(options);
	PQfinish(conn);
	return 0;
bad:
	if (err != NULL) {
		err->text[strcspn(err->text, "\n")] = '\0';
		log_redact(err->text);
	}
	return -1;
}

void
pg_hosts_free(struct pg *pg)
{
	for (size_t i = 0; i < pg->n_hosts; i++) {
		free(pg->hosts[i].host);
		free(pg->hosts[i].hostaddr);
		free(pg->hosts[i].port);
	}
	x_free(&pg->hosts);
	pg->n_hosts = 0;
}

static void
pg_on_notice(void *arg, const PGresult *res)
{
	struct pg *pg = arg;
	const char *severity =
		PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *from = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (text == NULL)
		return;
	/* the function's name is the one part that is never translated */
	if (from != NULL && strcmp(from, "SyncRepWaitForLSN") == 0 &&
	    !SEEDED(UNREPLICATED)) {
		log_error("database: %s", text);
		x_strset(&pg->unreplicated, text); /* told with the answer */
		return;
	}
	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		log_warn("database: %s", text);
	else
		log_debug("database: %s", text);
}

static struct step_ret
pg_do_connect(void *self)
{
	struct pg *pg = self;
	const struct pg_host *host = &pg->hosts[pg->at_host];
	/* before dbname: defaults that the conninfo may change; behind: ours */
	const char *const keys[] = {
		"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "target_session_attrs", "gssencmode",
		"dbname",
		"keepalives", "client_encoding", "application_name",
		"host", "hostaddr", "port", NULL
	};
	const char *const values[] = {
		"5", "2", "3",
		"10000", "read-write", "disable",
		pg->conninfo,
		"1", "UTF8", pg->application_name,
		host->host, host->hostaddr, host->port, NULL
	};

	assert(pg->conn == NULL);
	pg->conn = PQconnectStartParams(keys, values, 1);
	if (pg->conn == NULL)
		return pg_fail(pg, ERR_SYS, "out of memory");
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return pg_fail(pg, ERR_FAILED, NULL);
	PQsetNoticeReceiver(pg->conn, pg_on_notice, pg);
	/* "as if PQconnectPoll() had said: writing" */
	stepper_set_fd(&pg->st, PQsocket(pg->conn));
	return step_wait_then(EV_WRITE, &PG_POLL);
}

static struct step_ret
pg_do_poll(void *self)
{
	struct pg *pg = self;
	PostgresPollingStatusType status = PQconnectPoll(pg->conn);

	/* any poll may have opened another socket */
	stepper_set_fd(&pg->st, PQsocket(pg->conn));
	switch (status) {
	case PGRES_POLLING_READING:
		return step_wait(EV_READ);
	case PGRES_POLLING_WRITING:
		return step_wait(EV_WRITE);
	case PGRES_POLLING_OK:
		return step_goto(&PG_SETUP);
	case PGRES_POLLING_ACTIVE:
	case PGRES_POLLING_FAILED:
		break;
	}
	return pg_fail(pg, ERR_FAILED, NULL);
}

static struct step_ret
pg_do_setup(void *self)
{
	struct pg *pg = self;

	if (PQsetnonblocking(pg->conn, 1) < 0 ||
	    PQsendQuery(pg->conn, pg->setup_sql) == 0)
		return pg_fail(pg, ERR_FAILED, NULL);
	return step_goto(&PG_SETUP_FLUSH);
}

static struct step_ret
pg_do_setup_flush(void *self)
{
	return pg_flush(self, &PG_SETUP_READ);
}

static struct step_ret
pg_do_setup_read(void *self)
{
	return pg_read(self, &PG_SETUP_CHECK);
}

bool
pg_left_behind(const struct pg *pg)
{
	return pg->newest != NULL && pg->timeline < *pg->newest;
}

static bool
pg_best_left_behind(const struct pg *pg)
{
	const struct pg_best *best = &pg->best;

	return best->newest != NULL && best->timeline < *best->newest;
}

bool
pg_host_asked(struct pg *pg, bool good)
{
	if (pg->hosts_left == 0)
		pg->hosts_left = pg->opt.timelines != NULL ? pg->n_hosts : 1;
	if (good && (pg->best.conn == NULL || pg_best_left_behind(pg))) {
		PQfinish(pg->best.conn);
		pg->best = (struct pg_best){ pg->conn, pg->at_host,
					     pg->timeline, pg->newest };
		pg->conn = NULL;
	}
	pg_hang_up(pg);
	return --pg->hosts_left == 0;
}

void
pg_take_best(struct pg *pg)
{
	pg->conn = pg->best.conn;
	pg->at_host = pg->best.host;
	pg->timeline = pg->best.timeline;
	pg->newest = pg->best.newest;
	pg->best.conn = NULL;
}

/* The old primary, back and as writable as ever, must not be believed. */
static struct step_ret
pg_check_timeline(struct pg *pg)
{
	if (pg->opt.timelines == NULL)
		return step_done();
	pg->timeline = strtoul(PQgetvalue(pg->result, 0, 1), NULL, 16);
	if (timelines_see(pg->opt.timelines, PQgetvalue(pg->result, 0, 2),
			  pg->timeline, &pg->newest, &pg->st.err) < 0)
		return step_fail();
	return step_done();
}

/* The last result is that of the last statement. */
static struct step_ret
pg_do_setup_check(void *self)
{
	struct pg *pg = self;
	struct pg_error error = { 0 };
	const char *commit;

	if (!pg_result_good(pg->result)) {
		pg_error_fill(&error, pg->result);
		return pg_fail(pg, ERR_FAILED, error.err.text);
	}
	if (PQntuples(pg->result) != 1)
		return pg_fail(pg, ERR_PROTO, "setup: no answer");
	commit = PQgetvalue(pg->result, 0, 0);
	if (strcmp(commit, "off") == 0 && !pg->opt.allow_async_commit)
		return pg_fail(pg, ERR_REFUSED,
			       "synchronous_commit is off: a crash would "
			       "forget what was already done; set it to on for "
			       "this database or role");
	return pg_check_timeline(pg);
}
