/*
 * pg.c - one PostgreSQL connection that never blocks and comes back by itself.
 *
 * One stepper serves both chains: connecting while `up` is false, a call while
 * it is true.  Callbacks of the owner run only at the very end of a chain or
 * from a timer, with all our own state in order before, since they may free us.
 */
#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "fault.h"
#include "log.h"
#include "pg_private.h"
#include "utf8.h"

#define PG_CONNECT_MS	4000
#define PG_STATEMENT_MS 30000
#define PG_STEP_MS	600000	/* a call's own clock is shorter */
#define PG_CALL_MAX_MS	3600000

static const unsigned int pg_retry_ms[] = { 250, 500, 1000, 2000, 4000, 0 };

static step_fn pg_do_prepare, pg_do_prepare_flush, pg_do_prepare_read,
	pg_do_prepared, pg_do_send, pg_do_flush, pg_do_read, pg_do_end;
static const struct step PG_PREPARE = { "prepare", pg_do_prepare, PG_STEP_MS };
static const struct step PG_PREPARE_FLUSH = { "prepare", pg_do_prepare_flush,
					      PG_STEP_MS };
static const struct step PG_PREPARE_READ = { "prepare", pg_do_prepare_read,
					     PG_STEP_MS };
static const struct step PG_PREPARED = { "prepare", pg_do_prepared,
					 PG_STEP_MS };
static const struct step PG_SEND = { "send", pg_do_send, PG_STEP_MS };
static const struct step PG_FLUSH = { "send", pg_do_flush, PG_STEP_MS };
static const struct step PG_READ = { "answer", pg_do_read, PG_STEP_MS };
static const struct step PG_END = { "answer", pg_do_end, PG_STEP_MS };

static void
pg_arm(struct event *timer, unsigned int ms)
{
	struct timeval tv = { ms / 1000, (long)(ms % 1000) * 1000 };

	(void)evtimer_add(timer, &tv);
}

struct step_ret
pg_fail(struct pg *pg, enum err_code code, const char *what)
{
	if (what == NULL)
		what = PQerrorMessage(pg->conn);
	(void)err_set(&pg->st.err, code, "%s", what);
	pg->st.err.text[strcspn(pg->st.err.text, "\n")] = '\0';
	log_redact(pg->st.err.text);
	return step_fail();
}

struct step_ret
pg_flush(struct pg *pg, const struct step *next)
{
	int left = PQflush(pg->conn);

	if (left < 0)
		return pg_fail(pg, ERR_LOST, NULL);
	if (left == 0)
		return step_goto(next);
	/* the server may wait for us to read before it reads on */
	if (PQconsumeInput(pg->conn) == 0)
		return pg_fail(pg, ERR_LOST, NULL);
	return step_wait(EV_READ | EV_WRITE);
}

/* The last result counts, unless one before was an error. */
static void
pg_keep_result(struct pg *pg, PGresult *result)
{
	if (pg->result != NULL && !pg_result_good(pg->result)) {
		PQclear(result);
		return;
	}
	PQclear(pg->result);
	pg->result = result;
}

struct step_ret
pg_read(struct pg *pg, const struct step *next)
{
	PGresult *result;

	if (PQconsumeInput(pg->conn) == 0 && PQisBusy(pg->conn) != 0)
		return pg_fail(pg, ERR_LOST, NULL);
	while (PQisBusy(pg->conn) == 0) {
		result = PQgetResult(pg->conn);
		if (result == NULL)
			return step_goto(next);
		switch (PQresultStatus(result)) {
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			PQclear(result);
			return pg_fail(pg, ERR_PROTO, "COPY is not for here");
		case PGRES_EMPTY_QUERY:
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
		case PGRES_BAD_RESPONSE:
		case PGRES_NONFATAL_ERROR:
		case PGRES_FATAL_ERROR:
		case PGRES_SINGLE_TUPLE:
		case PGRES_PIPELINE_SYNC:
		case PGRES_PIPELINE_ABORTED:
			pg_keep_result(pg, result);
		}
	}
	return step_wait(EV_READ);
}

/*
 * Run a callback of the owner; false when it freed us.  `freed` lives on the
 * stack of whoever stands at the outside.
 */
#define PG_TELL(pg, call, alive_r)                                             \
	do {                                                                   \
		bool tell_freed = false, *tell_outer = (pg)->freed;            \
                                                                               \
		(pg)->freed = &tell_freed;                                     \
		call;                                                          \
		*(alive_r) = !tell_freed;                                      \
		if (!tell_freed)                                               \
			(pg)->freed = tell_outer;                              \
		else if (tell_outer != NULL)                                   \
			*tell_outer = true;                                    \
	} while (0)

static bool
pg_tell_state(struct pg *pg, bool up, const struct err *why)
{
	bool alive = true;

	if (pg->opt.on_state != NULL)
		PG_TELL(pg, pg->opt.on_state(pg->opt.self, up, why), &alive);
	return alive;
}

static bool
pg_tell_unreplicated(struct pg *pg)
{
	char *text = pg->unreplicated;
	bool alive = true;

	pg->unreplicated = NULL;
	if (text != NULL && pg->opt.on_unreplicated != NULL)
		PG_TELL(pg, pg->opt.on_unreplicated(pg->opt.self, text),
			&alive);
	free(text);
	return alive;
}

static bool
pg_tell_notifies(struct pg *pg)
{
	bool alive = true;
	PGnotify *n;

	while (alive && pg->conn != NULL &&
	       (n = PQnotifies(pg->conn)) != NULL) {
		if (pg->opt.on_notify != NULL)
			PG_TELL(pg, pg->opt.on_notify(pg->opt.self, n->relname,
						      n->extra), &alive);
		PQfreemem(n);
	}
	return alive;
}

void
pg_hang_up(struct pg *pg)
{
	stepper_drop_fd(&pg->st);
	PQclear(pg->result);
	pg->result = NULL;
	PQfinish(pg->conn);
	pg->conn = NULL;
}

/* Let go of the connection, whatever state it is in. */
static void
pg_disconnect(struct pg *pg)
{
	if (pg->idle != NULL)
		event_free(pg->idle);
	pg->idle = NULL;
	(void)event_del(pg->kick);
	pg_hang_up(pg);
	PQfinish(pg->best.conn);
	pg->best.conn = NULL;
	pg->n_names = 0;
	pg->up = false;
}

/* The connection is dead, or never came to be; the next host is tried. */
static bool
pg_down(struct pg *pg, const struct err *why)
{
	pg_disconnect(pg);
	pg->at_host = (pg->at_host + 1) % pg->n_hosts;
	if (pg->at_host != 0)
		pg_arm(pg->retry.timer, 10);
	else
		(void)backoff_next(&pg->retry);
	return pg_tell_state(pg, false, why);
}

static void
pg_on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pg *pg = arg;

	(void)fd;
	(void)what;
	stepper_start(&pg->st, &pg_step_connect, pg->opt.connect_ms);
}

/* Readable while nobody asks: a notification, or the end. */
static void
pg_on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct pg *pg = arg;
	struct err err;

	(void)fd;
	(void)what;
	if (PQconsumeInput(pg->conn) == 0 ||
	    PQstatus(pg->conn) == CONNECTION_BAD) {
		(void)pg_fail(pg, ERR_LOST, NULL);
		err = pg->st.err;
		(void)pg_down(pg, &err);
		return;
	}
	(void)pg_tell_notifies(pg);
}

static void
pg_idle(struct pg *pg)
{
	(void)event_add(pg->idle, NULL);
	pg_arm(pg->kick, 0);
}

/* And no host asked before would do. */
static void
pg_connect_failed(struct pg *pg, const struct err *why)
{
	const struct pg_host *host = &pg->hosts[pg->at_host];
	struct err err = *why;

	if (err.code == ERR_TIMEOUT)
		(void)err_set(&err, ERR_TIMEOUT, "%s: no answer in %u ms",
			      stepper_at(&pg->st), pg->opt.connect_ms);
	(void)err_prefix(&err, "database %s: ",
			 host->host[0] != '\0' ? host->host : host->hostaddr);
	(void)pg_down(pg, &err);
}

/* A host was asked; with a best one at hand the others are, at once. */
static void
pg_connect_done(struct pg *pg, const struct err *why)
{
	bool all = pg_host_asked(pg, why == NULL);

	if (pg->best.conn == NULL) {
		pg_connect_failed(pg, why);
		return;
	}
	if (!all) {
		pg->at_host = (pg->at_host + 1) % pg->n_hosts;
		pg_arm(pg->retry.timer, 0);
		return;
	}
	pg_take_best(pg);
	pg->up = true;
	backoff_reset(&pg->retry);
	pg->idle = event_new(pg->base, PQsocket(pg->conn),
			     EV_READ | EV_PERSIST, pg_on_idle, pg);
	if (pg->idle == NULL)
		abort();
	pg_idle(pg);
	(void)pg_tell_state(pg, true, NULL);
}

static void
pg_call_free(struct pg_call *call)
{
	if (call->late != NULL)
		event_free(call->late);
	for (size_t i = 0; i < call->n_params; i++)
		free(call->params[i]);
	free(call->params);
	free(call);
}

/* The call is off the queue and ours; the last thing anybody does with it. */
static void
pg_call_tell(struct pg_call *call, const PGresult *result,
	     const struct pg_error *error)
{
	struct pg_error lost = { .sent = true };

	call->told = true;
	event_free(call->late);
	call->late = NULL;
	if (FAULT_OF("db.answer", call->name) == FAULT_DROP && error == NULL) {
		(void)err_set(&lost.err, ERR_LOST, "the answer was dropped");
		error = &lost;
	}
	if (call->done != NULL)
		call->done(call->self,
			   error == NULL ? (const void *)result : NULL, error);
	pg_call_free(call);
}

/* What became of the call whose chain ended with `why` (NULL: an answer). */
static void
pg_call_error(const struct pg *pg, const PGresult *result,
	      const struct err *why, struct pg_error *error)
{
	*error = (struct pg_error){ .sent = pg->sent };
	if (why != NULL) {
		error->err = *why;
		error->err.code = ERR_LOST;
	} else if (pg->unreplicated != NULL) {
		(void)err_set(&error->err, ERR_LOST, "no standby has it: %s",
			      pg->unreplicated);
	} else if (result == NULL) {
		(void)err_set(&error->err, ERR_LOST, "no answer");
	} else if (!pg_result_good(result)) {
		pg_error_fill(error, result);
	}
	if (error->err.code == ERR_LOST && !pg->sent) {
		(void)err_prefix(&error->err, "not sent: ");
		error->err.code = ERR_FAILED;
	}
}

static struct pg_call *
pg_call_take(struct pg *pg, struct pg_call *call)
{
	if (pg->busy == call)
		pg->busy = NULL;
	list_del(&call->link);
	pg->queued--;
	return call;
}

static void
pg_call_done(struct pg *pg, const struct err *why)
{
	struct pg_call *call = pg_call_take(pg, pg->busy);
	PGresult *result = pg->result;
	struct pg_error error;
	bool alive, bad = why != NULL || PQstatus(pg->conn) == CONNECTION_BAD;
	struct err down;

	pg->result = NULL;
	pg_call_error(pg, result, why, &error);
	down = error.err;
	if (bad && down.code == ERR_NONE)
		(void)err_set(&down, ERR_LOST, "the connection has ended");
	if (!bad)
		pg_idle(pg);
	alive = pg_tell_unreplicated(pg);
	if (alive && bad)
		alive = pg_down(pg, &down);
	if (alive)
		pg_call_tell(call, result,
			     error.err.code != ERR_NONE ? &error : NULL);
	else
		pg_call_free(call);
	PQclear(result);
}

static void
pg_on_done(void *self, const struct err *why)
{
	struct pg *pg = self;

	if (pg->up)
		pg_call_done(pg, why);
	else
		pg_connect_done(pg, why);
}

static bool
pg_knows(const struct pg *pg, const char *name)
{
	for (size_t i = 0; i < pg->n_names; i++)
		if (strcmp(pg->names[i].name, name) == 0)
			return true;
	return false;
}

static struct step_ret
pg_do_prepare(void *self)
{
	struct pg *pg = self;
	const struct pg_call *call = pg->busy;

	if (call->name == NULL || pg_knows(pg, call->name))
		return step_goto(&PG_SEND);
	if (PQsendPrepare(pg->conn, call->name, call->sql, 0, NULL) == 0)
		return pg_fail(pg, ERR_LOST, NULL);
	return step_goto(&PG_PREPARE_FLUSH);
}

static struct step_ret
pg_do_prepare_flush(void *self)
{
	return pg_flush(self, &PG_PREPARE_READ);
}

static struct step_ret
pg_do_prepare_read(void *self)
{
	return pg_read(self, &PG_PREPARED);
}

static struct step_ret
pg_do_prepared(void *self)
{
	struct pg *pg = self;

	if (!pg_result_good(pg->result))
		return step_done(); /* the answer is the error */
	PQclear(pg->result);
	pg->result = NULL;
	pg->names = x_realloc(pg->names, pg->n_names + 1, sizeof(*pg->names));
	pg->names[pg->n_names++].name = pg->busy->name;
	return step_goto(&PG_SEND);
}

static struct step_ret
pg_do_send(void *self)
{
	struct pg *pg = self;
	const struct pg_call *call = pg->busy;
	const char *const *params = (const char *const *)call->params;
	int ok;

	if (call->name != NULL)
		ok = PQsendQueryPrepared(pg->conn, call->name,
					 (int)call->n_params, params, NULL,
					 NULL, 0);
	else
		ok = PQsendQueryParams(pg->conn, call->sql,
				       (int)call->n_params, NULL, params, NULL,
				       NULL, 0);
	pg->sent = true; /* libpq may have written already, also when failing */
	if (ok == 0)
		return pg_fail(pg, ERR_LOST, NULL);
	return step_goto(&PG_FLUSH);
}

static struct step_ret
pg_do_flush(void *self)
{
	return pg_flush(self, &PG_READ);
}

static struct step_ret
pg_do_read(void *self)
{
	return pg_read(self, &PG_END);
}

static struct step_ret
pg_do_end(void *self)
{
	(void)self;
	return step_done();
}

static void
pg_leave_behind(struct pg *pg)
{
	struct err err;

	(void)err_set(&err, ERR_LOST, "the server was left by a failover: its "
		      "timeline is %lu, the newest is %lu", pg->timeline,
		      *pg->newest);
	(void)pg_down(pg, &err);
}

static void
pg_on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct pg *pg = arg;

	(void)fd;
	(void)what;
	if (!pg_tell_notifies(pg) || !pg->up || pg->busy != NULL)
		return;
	if (pg_left_behind(pg)) {
		pg_leave_behind(pg);
		return;
	}
	LIST_EACH (struct pg_call, call, &pg->queue, link) {
		if (call->bad != NULL)
			continue; /* its own timer tells */
		pg->busy = call;
		pg->sent = false;
		(void)event_del(pg->idle);
		stepper_set_fd(&pg->st, PQsocket(pg->conn));
		stepper_start(&pg->st, &PG_PREPARE, PG_CALL_MAX_MS);
		return;
	}
}

/* The call's own time is up, or it was never fit to be sent. */
static void
pg_on_late(evutil_socket_t fd, short what, void *arg)
{
	struct pg_call *call = arg;
	struct pg *pg = call->pg;
	struct pg_error error = { 0 };
	struct err why;

	(void)fd;
	(void)what;
	if (call == pg->busy) {
		(void)err_set(&why, ERR_LOST, "%s: no answer in %u ms",
			      stepper_at(&pg->st), call->wait_ms);
		stepper_cancel(&pg->st);
		pg_call_done(pg, &why);
		return;
	}
	if (call->bad != NULL)
		(void)err_set(&error.err, ERR_PROTO, "not sent: %s", call->bad);
	else
		(void)err_set(&error.err, ERR_FAILED,
			      "not sent in %u ms: %s", call->wait_ms,
			      pg->up ? "other calls are before it" :
				       "no connection to the database");
	pg_call_tell(pg_call_take(pg, call), NULL, &error);
}

static const char *
pg_call_bad(const struct pg *pg, const char *const *params, size_t n_params)
{
	if (pg->queued >= PG_QUEUE_MAX)
		return "too many calls wait already";
	for (size_t i = 0; i < n_params; i++)
		if (params[i] != NULL &&
		    !utf8_valid(params[i], strlen(params[i])))
			return "a parameter is not UTF-8";
	return NULL;
}

struct pg_call *
pg_call(struct pg *pg, const char *name, const char *sql,
	const char *const *params, size_t n_params, unsigned int wait_ms,
	pg_done_fn *done, void *self)
{
	struct pg_call *call = x_new(struct pg_call);

	assert(n_params <= PG_PARAMS_MAX && wait_ms != 0 && done != NULL);
	call->pg = pg;
	call->name = name;
	call->sql = sql;
	call->done = done;
	call->self = self;
	call->wait_ms = wait_ms;
	call->bad = pg_call_bad(pg, params, n_params);
	call->n_params = n_params;
	call->params = x_calloc(n_params, sizeof(*call->params));
	for (size_t i = 0; i < n_params; i++)
		call->params[i] = x_strdup(params[i]);
	call->late = evtimer_new(pg->base, pg_on_late, call);
	if (call->late == NULL)
		abort();
	pg_arm(call->late, call->bad != NULL ? 0 : wait_ms);
	list_add(&pg->queue, &call->link);
	pg->queued++;
	if (pg->up && pg->busy == NULL)
		pg_arm(pg->kick, 0);
	return call;
}

void
pg_call_cancel(struct pg_call **callp)
{
	struct pg_call *call = *callp;

	*callp = NULL;
	if (call == NULL || call->told)
		return;
	if (call == call->pg->busy)
		call->done = NULL; /* it is on its way: the answer is eaten */
	else
		pg_call_free(pg_call_take(call->pg, call));
}

static bool
pg_is_name(const char *s)
{
	return s[0] != '\0' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

/* What each new connection is told; the answer is about the server. */
static char *
pg_setup_sql(const struct pg *pg)
{
	struct buf b;

	buf_init(&b, 65536);
	(void)buf_addf(&b,
		       "set statement_timeout = %u; set timezone = 'UTC'; "
		       "set datestyle = 'ISO'; ",
		       pg->opt.statement_ms != 0 ? pg->opt.statement_ms :
						   PG_STATEMENT_MS);
	for (const char *const *c = pg->opt.listen; c != NULL && *c != NULL;
	     c++) {
		assert(pg_is_name(*c));
		(void)buf_addf(&b, "listen %s; ", *c);
	}
	/* the first 8 digits of a WAL file's name are its timeline */
	(void)buf_adds(&b, "select current_setting('synchronous_commit'), "
			   "substr(pg_walfile_name(pg_current_wal_lsn()), 1, "
			   "8), "
			   "(pg_control_system()).system_identifier");
	return buf_take(&b);
}

struct pg *
pg_new(struct event_base *base, const struct pg_options *options,
       struct err *err)
{
	struct pg *pg = x_new(struct pg);

	pg->base = base;
	pg->opt = *options;
	pg->conninfo = x_strdup(options->conninfo);
	pg->application_name = x_strdup(options->application_name != NULL ?
						options->application_name :
						"drydock");
	if (pg->opt.connect_ms == 0)
		pg->opt.connect_ms = PG_CONNECT_MS;
	pg->setup_sql = pg_setup_sql(pg);
	list_init(&pg->queue);
	stepper_init(&pg->st, base, pg, pg_on_done);
	backoff_init(&pg->retry, base, pg_retry_ms, pg_on_retry, pg);
	pg->kick = evtimer_new(base, pg_on_kick, pg);
	if (pg->kick == NULL)
		abort();
	if (pg_hosts_init(pg, err) < 0) {
		pg_free(&pg);
		return NULL;
	}
	stepper_start(&pg->st, &pg_step_connect, pg->opt.connect_ms);
	return pg;
}

void
pg_free(struct pg **pgp)
{
	struct pg *pg = *pgp;

	*pgp = NULL;
	if (pg == NULL)
		return;
	if (pg->freed != NULL)
		*pg->freed = true;
	pg_disconnect(pg);
	stepper_close(&pg->st);
	backoff_close(&pg->retry);
	event_free(pg->kick);
	LIST_EACH_SAFE (struct pg_call, call, &pg->queue, link)
		pg_call_free(pg_call_take(pg, call));
	pg_hosts_free(pg);
	free(pg->names);
	free(pg->unreplicated);
	free(pg->setup_sql);
	free(pg->application_name);
	free(pg->conninfo);
	free(pg);
}

bool
pg_up(const struct pg *pg)
{
	return pg->up;
}
