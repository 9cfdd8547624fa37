/* test_pg.c - the asynchronous connection against a real PostgreSQL. */
#include "unit.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "loop.h"
#include "pg.h"
#include "timelines.h"

static struct event_base *base;
static char *dir; /* of the cluster */

struct seen {
	struct pg *pg;
	unsigned int ups, downs, notifies, unreplicated;
	char notify[64];
	struct err why;
	bool free_when_down;
};

/* One call and what came back. */
struct answer {
	unsigned int told;
	bool ok, sent;
	size_t rows;
	char value[128], sqlstate[6], hint[64], detail[64];
	struct err err;
	struct pg **free_pg;
};

static void
on_state(void *self, bool up, const struct err *why)
{
	struct seen *s = self;

	s->ups += up;
	s->downs += !up;
	if (why != NULL)
		s->why = *why;
	if (!up && s->free_when_down)
		pg_free(&s->pg);
}

static void
on_notify(void *self, const char *channel, const char *payload)
{
	struct seen *s = self;

	s->notifies++;
	(void)snprintf(s->notify, sizeof(s->notify), "%s:%s", channel, payload);
}

static void
on_unreplicated(void *self, const char *message)
{
	struct seen *s = self;

	assert_non_null(message);
	s->unreplicated++;
}

static void
on_answer(void *self, const struct pg_rows *rows, const struct pg_error *error)
{
	struct answer *a = self;
	const char *text;
	int column;

	a->told++;
	a->ok = error == NULL;
	if (error != NULL) {
		a->err = error->err;
		a->sent = error->sent;
		memcpy(a->sqlstate, error->sqlstate, sizeof(a->sqlstate));
		if (error->hint != NULL)
			(void)snprintf(a->hint, sizeof(a->hint), "%s",
				       error->hint);
		if (error->detail != NULL)
			(void)snprintf(a->detail, sizeof(a->detail), "%s",
				       error->detail);
	} else {
		a->rows = pg_rows_count(rows);
		column = pg_rows_column(rows, "v");
		if (a->rows > 0 && column >= 0) {
			text = pg_rows_get(rows, 0, column);
			(void)snprintf(a->value, sizeof(a->value), "%s",
				       text != NULL ? text : "(null)");
		}
	}
	if (a->free_pg != NULL)
		pg_free(a->free_pg);
}

/* fmt has one %s for the cluster's folder */
static void
begin_with(struct seen *s, struct pg_options *opt, const char *fmt)
{
	char conninfo[512];
	struct err err;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(conninfo, sizeof(conninfo), fmt, dir);
#pragma GCC diagnostic pop
	*s = (struct seen){ 0 };
	opt->conninfo = conninfo;
	opt->self = s;
	opt->on_state = on_state;
	opt->on_notify = on_notify;
	opt->on_unreplicated = on_unreplicated;
	s->pg = pg_new(base, opt, &err);
	if (s->pg == NULL)
		fail_msg("%s", err.text);
}

#define ORDINARY "host=%s user=postgres dbname=postgres"

static void
begin(struct seen *s)
{
	struct pg_options opt = { 0 };

	begin_with(s, &opt, ORDINARY);
	loop_until(base, 5000, s->ups == 1);
}

static void
ask(struct seen *s, struct answer *a, const char *sql, const char *param)
{
	*a = (struct answer){ 0 };
	(void)pg_call(s->pg, NULL, sql, &param, param != NULL ? 1 : 0, 10000,
		      on_answer, a);
	assert_int_equal(a->told, 0);
}

static void
cluster(const char *what)
{
	char *command = x_asprintf("%s/tests/cluster %s", SOURCE_DIR, what);

	if (system(command) != 0) /* a test's own words */
		fail_msg("%s", command);
	free(command);
}

/* The one command with a folder in it, and a text behind. */
static void
cluster_do(const char *verb, const char *text)
{
	char *what = x_asprintf("%s %s %s", verb, dir, text);

	cluster(what);
	free(what);
}

static void
test_select(void **state)
{
	struct answer a;
	struct seen s;

	(void)state;
	begin(&s);
	ask(&s, &a, "select $1::text as v, 5 as \"V\"", "h\xc3\xa4llo");
	loop_until(base, 2000, a.told == 1);
	assert_true(a.ok);
	assert_string_equal(a.value, "h\xc3\xa4llo");
	ask(&s, &a, "select null::int as v", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_string_equal(a.value, "(null)");
	ask(&s, &a, "select current_setting('client_encoding') || ' ' || "
		    "current_setting('statement_timeout') as v", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_string_equal(a.value, "UTF8 30s");
	pg_free(&s.pg);
}

static void
test_prepared_once(void **state)
{
	struct answer a[3];
	struct seen s;

	(void)state;
	begin(&s);
	for (int i = 0; i < 2; i++) {
		a[i] = (struct answer){ 0 };
		(void)pg_call(s.pg, "twice", "select 7 as v", NULL, 0, 5000,
			      on_answer, &a[i]);
	}
	ask(&s, &a[2], "select string_agg(name, ',') as v "
		       "from pg_prepared_statements", NULL);
	loop_until(base, 2000, a[2].told == 1);
	assert_true(a[0].ok && a[1].ok);
	assert_string_equal(a[1].value, "7");
	assert_string_equal(a[2].value, "twice");
	pg_free(&s.pg);
}

static void
test_errors(void **state)
{
	struct answer a;
	struct seen s;

	(void)state;
	begin(&s);
	ask(&s, &a, "do $$begin raise exception 'not now' using errcode = "
		    "'RD007', detail = 'd', hint = 'type this'; end$$", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_REFUSED);
	assert_string_equal(a.err.text, "not now; d, SQLSTATE RD007");
	assert_string_equal(a.hint, "type this");
	assert_string_equal(a.detail, "d");
	ask(&s, &a, "select 1 / 0", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_FAILED);
	assert_string_equal(a.sqlstate, "22012");
	assert_true(a.sent);
	a = (struct answer){ 0 };
	(void)pg_call(s.pg, "broken", "select no_such()", NULL, 0, 5000,
		      on_answer, &a);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_FAILED);
	assert_string_equal(a.sqlstate, "42883");
	assert_false(a.sent);
	ask(&s, &a, "copy pg_class to stdout", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_LOST);
	assert_true(a.sent);
	pg_free(&s.pg);
}

static void
test_not_utf8(void **state)
{
	struct answer a;
	struct seen s;

	(void)state;
	begin(&s);
	ask(&s, &a, "select $1::text as v", "\xff");
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_PROTO);
	assert_false(a.sent);
	ask(&s, &a, "select 1 as v", NULL);
	loop_until(base, 2000, a.told == 1);
	assert_true(a.ok);
	pg_free(&s.pg);
}

/* The server dies under a call: lost; the one behind it is sent later. */
static void
test_lost_and_back(void **state)
{
	struct answer a = { 0 }, b = { 0 };
	struct seen s;

	(void)state;
	begin(&s);
	(void)pg_call(s.pg, "later", "select 'later' as v", NULL, 0, 5000,
		      on_answer, &a);
	loop_until(base, 2000, a.told == 1);
	ask(&s, &a, "select pg_sleep(30)", NULL);
	/* prepared already, but not on the connection that comes next */
	(void)pg_call(s.pg, "later", "select 'later' as v", NULL, 0, 10000,
		      on_answer, &b);
	loop_for(base, 200);
	assert_int_equal(a.told + b.told, 0);
	cluster_do("restart", "immediate");
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_LOST);
	assert_true(a.sent);
	assert_int_equal(s.downs, 1);
	loop_until(base, 8000, b.told == 1);
	assert_true(b.ok);
	assert_string_equal(b.value, "later");
	assert_int_equal(s.ups, 2);
	pg_free(&s.pg);
}

static void
test_idle_loss_is_seen(void **state)
{
	struct answer a;
	struct seen s, killer;

	(void)state;
	begin(&s);
	begin(&killer);
	ask(&s, &a, "select pg_backend_pid() as v", NULL);
	loop_until(base, 2000, a.told == 1);
	{
		char *sql = x_asprintf("select pg_terminate_backend(%s) as v",
				       a.value);

		ask(&killer, &a, sql, NULL);
		loop_until(base, 2000, a.told == 1);
		free(sql);
	}
	loop_until(base, 2000, s.downs == 1);
	loop_until(base, 2000, s.ups == 2);
	pg_free(&s.pg);
	pg_free(&killer.pg);
}

static void
test_no_answer_in_time(void **state)
{
	struct answer a = { 0 }, b;
	struct seen s;

	(void)state;
	begin(&s);
	(void)pg_call(s.pg, NULL, "select pg_sleep(5)", NULL, 0, 200,
		      on_answer, &a);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_LOST);
	assert_string_equal(a.err.text, "answer: no answer in 200 ms");
	ask(&s, &b, "select 1 as v", NULL);
	loop_until(base, 4000, b.told == 1);
	assert_true(b.ok);
	pg_free(&s.pg);
}

static void
test_not_sent(void **state)
{
	struct pg_options opt = { 0 };
	struct answer a = { 0 };
	struct seen s;

	(void)state;
	begin_with(&s, &opt, "host=/nonexistent password=geheim5 user=%.1s");
	(void)pg_call(s.pg, NULL, "select 1", NULL, 0, 300, on_answer, &a);
	loop_until(base, 2000, a.told == 1);
	assert_int_equal(a.err.code, ERR_FAILED);
	assert_false(a.sent);
	assert_true(s.downs > 0);
	assert_null(strstr(s.why.text, "geheim5"));
	assert_non_null(strstr(s.why.text, "/nonexistent"));
	pg_free(&s.pg);
}

/* Its port takes a connection and is silent. */
static int
silent_host(int *port_r)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port_r = ntohs(sin.sin_port);
	return fd;
}

/* The first host is silent; the next one answers. */
static void
test_hosts_in_turn(void **state)
{
	struct pg_options opt = { .connect_ms = 300 };
	struct seen s;
	char *fmt;
	int port, fd = silent_host(&port);

	(void)state;
	fmt = x_asprintf("host=127.0.0.1,%%s port=%d,5432 user=postgres "
			 "dbname=postgres", port);
	begin_with(&s, &opt, fmt);
	loop_until(base, 3000, s.ups == 1);
	assert_int_equal(s.downs, 1);
	assert_int_equal(s.why.code, ERR_TIMEOUT);
	assert_string_equal(s.why.text, "database 127.0.0.1: connect: "
					"no answer in 300 ms");
	pg_free(&s.pg);
	free(fmt);
	(void)close(fd);
}

static void
test_async_commit_refused(void **state)
{
	static const char fmt[] = ORDINARY
		" options='-c synchronous_commit=off'";
	struct pg_options opt = { 0 };
	struct seen s;

	(void)state;
	begin_with(&s, &opt, fmt);
	loop_until(base, 3000, s.downs == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_int_equal(s.ups, 0);
	pg_free(&s.pg);
	opt.allow_async_commit = true;
	begin_with(&s, &opt, fmt);
	loop_until(base, 3000, s.ups == 1);
	pg_free(&s.pg);
}

static void
test_notify(void **state)
{
	static const char *const channels[] = { "fleet_event", "other", NULL };
	struct pg_options opt = { .listen = channels };
	struct seen listener, s;
	struct answer a;

	(void)state;
	begin_with(&listener, &opt, ORDINARY);
	loop_until(base, 3000, listener.ups == 1);
	begin(&s);
	ask(&s, &a, "select pg_notify('fleet_event', 'five')", NULL);
	loop_until(base, 2000, listener.notifies == 1);
	assert_string_equal(listener.notify, "fleet_event:five");
	/* also when it comes while a call is under way */
	ask(&listener, &a, "select pg_notify('other', 'own')", NULL);
	loop_until(base, 2000, listener.notifies == 2);
	assert_string_equal(listener.notify, "other:own");
	pg_free(&listener.pg);
	pg_free(&s.pg);
}

/* statement_timeout does not end a wait for a standby, but a cancel does. */
static void
test_unreplicated_commit(void **state)
{
	struct seen s, other;
	struct answer a, b;

	(void)state;
	cluster_do("sql", "\"alter system set synchronous_standby_names = "
			  "'nobody'\"");
	cluster_do("restart", "");
	begin(&s);
	begin(&other);
	ask(&s, &a, "create table t_sync (n int)", NULL);
	do {
		ask(&other, &b, "select pg_cancel_backend(pid) as v from "
				"pg_stat_activity where wait_event = "
				"'SyncRep'", NULL);
		loop_until(base, 2000, b.told == 1);
	} while (b.rows == 0);
	loop_until(base, 5000, a.told == 1);
	assert_false(a.ok);
	assert_int_equal(a.err.code, ERR_LOST);
	assert_int_equal(s.unreplicated, 1);
	pg_free(&s.pg);
	pg_free(&other.pg);
	cluster_do("sql", "'alter system reset synchronous_standby_names'");
	cluster_do("restart", "");
}

static struct timelines *
timelines_of(const char *where)
{
	struct err err;
	struct timelines *t = timelines_new(where, &err);

	if (t == NULL)
		fail_msg("%s", err.text);
	return t;
}

/* Somebody else saw the cluster with that timeline. */
static void
other_sees(const char *where, const char *system, unsigned long timeline)
{
	struct timelines *t = timelines_of(where);
	const unsigned long *newest;

	assert_int_equal(timelines_see(t, system, timeline, &newest, NULL), 0);
	timelines_free(&t);
}

/* What a failover left is not believed: not any more, and not anew. */
static void
test_left_behind(void **state)
{
	char where[256];
	struct pg_options opt = { 0 };
	const unsigned long *newest;
	struct answer a, id;
	struct seen s;

	(void)state;
	(void)snprintf(where, sizeof(where), "%s/timelines", dir);
	opt.timelines = timelines_of(where);
	begin_with(&s, &opt, ORDINARY);
	loop_until(base, 5000, s.ups == 1);
	ask(&s, &id, "select system_identifier as v from pg_control_system()",
	    NULL);
	loop_until(base, 5000, id.told == 1);
	assert_int_equal(timelines_see(opt.timelines, id.value, 2, &newest,
				       NULL), 0);
	ask(&s, &a, "select 1 as v", NULL);
	loop_until(base, 5000, s.downs == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	assert_int_equal(a.told, 0);
	loop_until(base, 5000, s.downs == 2);
	assert_int_equal(s.why.code, ERR_REFUSED);
	pg_free(&s.pg);
	timelines_free(&opt.timelines);

	other_sees(where, id.value, 3);
	opt.timelines = timelines_of(where);
	begin_with(&s, &opt, ORDINARY);
	loop_until(base, 5000, s.downs == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "its timeline is 1, but 3"));
	assert_int_equal(s.ups, 0);
	pg_free(&s.pg);
	timelines_free(&opt.timelines);
}

/* All are asked before one is up, and who would not do is no news then. */
static void
test_all_hosts(void **state)
{
	char where[256];
	struct pg_options opt = { .connect_ms = 300,
				  .application_name = "several" };
	struct answer a;
	struct seen s;
	char *fmt;
	int port, fd = silent_host(&port), asked = 0;

	(void)state;
	(void)snprintf(where, sizeof(where), "%s/several", dir);
	opt.timelines = timelines_of(where);
	fmt = x_asprintf("host=%%1$s,127.0.0.1,%%1$s port=5432,%d,5432 "
			 "user=postgres dbname=postgres", port);
	begin_with(&s, &opt, fmt);
	loop_for(base, 100);
	assert_int_equal(s.ups, 0);
	pg_free(&s.pg); /* one is kept, another asked */

	begin_with(&s, &opt, fmt);
	loop_until(base, 5000, s.ups == 1);
	assert_int_equal(s.downs, 0);
	do { /* the server may take a moment to see that we hung up */
		ask(&s, &a, "select count(*) as v from pg_stat_activity where "
			    "application_name = 'several' and pg_sleep(0.1) "
			    "is not null", NULL);
		loop_until(base, 5000, a.told == 1);
	} while (strcmp(a.value, "1") != 0 && ++asked < 100);
	assert_string_equal(a.value, "1");
	pg_free(&s.pg);
	timelines_free(&opt.timelines);
	free(fmt);
	(void)close(fd);
}

static void
test_free_in_callbacks(void **state)
{
	struct answer a, b;
	struct seen s;

	(void)state;
	begin(&s);
	ask(&s, &a, "select 1 as v", NULL);
	ask(&s, &b, "select 2 as v", NULL);
	a.free_pg = &s.pg;
	loop_until(base, 2000, a.told == 1);
	loop_for(base, 50);
	assert_true(a.ok);
	assert_null(s.pg);
	assert_int_equal(b.told, 0);

	begin(&s);
	s.free_when_down = true;
	a = (struct answer){ 0 };
	(void)pg_call(s.pg, NULL, "select pg_sleep(5)", NULL, 0, 100,
		      on_answer, &a);
	loop_until(base, 2000, s.pg == NULL);
	loop_for(base, 50);
	assert_int_equal(a.told, 0);
}

static void
test_cancel(void **state)
{
	struct answer a = { 0 }, b = { 0 }, c;
	struct pg_call *first, *second;
	struct seen s;

	(void)state;
	begin(&s);
	first = pg_call(s.pg, NULL, "select pg_sleep(0.2)", NULL, 0, 5000,
			on_answer, &a);
	second = pg_call(s.pg, NULL, "select 1", NULL, 0, 5000, on_answer, &b);
	loop_for(base, 50);
	pg_call_cancel(&first);
	pg_call_cancel(&second);
	assert_null(first);
	ask(&s, &c, "select 3 as v", NULL);
	loop_until(base, 2000, c.told == 1);
	assert_int_equal(a.told + b.told, 0);
	assert_string_equal(c.value, "3");
	pg_free(&s.pg);
}

static void
test_conninfo_errors(void **state)
{
	static const char *const rows[] = {
		"no_such_word=1", "host=a password='x", "service=no-such-one",
	};
	struct pg_options opt = { 0 };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };

		opt.conninfo = rows[i];
		assert_null(pg_new(base, &opt, &err));
		assert_int_equal(err.code, ERR_USAGE);
	}
}

static int
cluster_start(void **state)
{
	char line[256] = "";
	FILE *f = popen(SOURCE_DIR "/tests/cluster start", "r");

	(void)state;
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		return -1;
	line[strcspn(line, "\n")] = '\0';
	dir = x_strdup(line);
	return pclose(f);
}

static int
cluster_stop(void **state)
{
	char *what = x_asprintf("%s/tests/cluster stop %s", SOURCE_DIR, dir);
	int ret = system(what);

	(void)state;
	free(what);
	x_free(&dir);
	return ret;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_prepared_once),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_lost_and_back),
		cmocka_unit_test(test_idle_loss_is_seen),
		cmocka_unit_test(test_no_answer_in_time),
		cmocka_unit_test(test_not_sent),
		cmocka_unit_test(test_hosts_in_turn),
		cmocka_unit_test(test_async_commit_refused),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_unreplicated_commit),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_all_hosts),
		cmocka_unit_test(test_free_in_callbacks),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_conninfo_errors),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, cluster_start, cluster_stop);
	event_base_free(base);
	return failed;
}
