/*
 * test_request.c - requests over a database and agents that are not there.
 *
 * The database is a table of answers, one per statement; what is written down
 * is kept and looked at.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fake.h"
#include "json.h"
#include "log.h"
#include "request.h"

#define INVENTORY							\
	"{\"fleet\":\"mail-eu\",\"service\":{\"from\":\"each director\"," \
	"\"run\":[\"status\"],\"format\":\"tab\",\"key\":\"ip\"," \
	"\"in\":\"state == up\"},\"groups\":{\"director\":{\"members\":[" \
	"{\"name\":\"dir1\",\"address\":\"10.0.0.1\"}," \
	"{\"name\":\"dir2\",\"address\":\"10.0.0.2\"}]}},\"backends\":[" \
	"{\"name\":\"mail1\",\"address\":\"10.0.0.11\"}," \
	"{\"name\":\"mail2\",\"address\":\"10.0.0.12\"}," \
	"{\"name\":\"mail3\",\"address\":\"10.0.0.13\"}]}"

#define FLEET_DOC							\
	"{\"fleet\":{\"revision\":4,\"backends\":[{\"name\":\"mail3\"," \
	"\"excluded\":true}],\"groups\":[]},\"inventory\":" INVENTORY "}"

/* sha256 of "hello\n" */
#define SHA "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

#define PLAN(backend)							\
	"{\"backend\":\"" backend "\",\"plan\":{\"probes\":{\"unit\":{" \
	"\"target\":\"backend\",\"run\":[\"show\"],\"format\":\"kv\"}}," \
	"\"preflight\":[{\"code\":\"ACTIVE\",\"expect\":" \
	"\"unit.state == active\",\"hint\":\"start it\"}]," \
	"\"steps\":[{\"name\":\"zero\",\"kind\":\"run\"," \
	"\"target\":\"director\",\"argv\":[\"update\",\"" backend "\"," \
	"\"0\"],\"remember\":[{\"name\":\"vhosts\",\"value\":" \
	"\"service.vhosts\"}],\"undo\":{\"kind\":\"run\",\"argv\":[" \
	"\"update\",\"" backend "\",\"${steps.zero.vhosts}\"]}}," \
	"{\"name\":\"conf\",\"kind\":\"copy\",\"copy\":{\"sha256\":\"" \
	SHA "\",\"to\":\"/etc/x\"}}," \
	"{\"name\":\"never\",\"kind\":\"run\",\"skip\":\"not asked for\"," \
	"\"argv\":[\"forbidden\"]}," \
	"{\"name\":\"stop\",\"kind\":\"run\",\"argv\":[\"%s\"]}]}}"

struct scene {
	struct fake fake;
	struct requests *requests;
	const char *answers[16];	/* per statement; NULL: an error */
	unsigned int asked[16];
	unsigned int refuse_done;	/* times */
	/* the statement under way */
	enum request_statement statement;
	request_got_fn *got;
	void *got_ctx;
	struct call_timer *timer;
	bool done, refused;
	char ok[8], result[8000], message[400];
	char *findings;
	const char *status;		/* what directors print */
	const char *status_dir2;	/* NULL: the same */
	const char *unit;
};

static void
scene_got(void *ctx)
{
	struct scene *s = ctx;
	request_got_fn *got = s->got;

	call_timer_stop(&s->timer);
	s->got = NULL;
	if (s->statement == REQUEST_DONE && s->refuse_done > 0) {
		s->refuse_done--;
		got(s->got_ctx, NULL, s->refused ? "it is not \"allowed\"" :
		    "the connection broke");
		return;
	}
	if (s->statement == REQUEST_DONE)
		s->done = true;
	got(s->got_ctx, s->answers[s->statement],
	    s->answers[s->statement] == NULL ? "no such row" : NULL);
}

static void
scene_ask(void *self, enum request_statement statement,
	  const char *const *params, request_got_fn *got, void *ctx)
{
	struct scene *s = self;

	assert_null(s->got);
	s->statement = statement;
	s->got = got;
	s->got_ctx = ctx;
	if (s->asked[statement]++ > 0 && statement == REQUEST_TAKE)
		s->answers[statement] = "";
	if (statement == REQUEST_DONE) {
		assert_string_equal(params[0], "7");
		(void)snprintf(s->ok, sizeof(s->ok), "%s", params[2]);
		(void)snprintf(s->result, sizeof(s->result), "%s",
			       params[3] != NULL ? params[3] : "");
		(void)snprintf(s->message, sizeof(s->message), "%s",
			       params[4]);
		x_strset(&s->findings, params[5]);
	}
	s->timer = call_timer_start(s->fake.set, 0, scene_got, s);
}

static bool
scene_refused(void *self)
{
	const struct scene *s = self;

	return s->refused;
}

static void
scene_cancel(void *self)
{
	struct scene *s = self;

	call_timer_stop(&s->timer);
	s->got = NULL;
}

static char *
scene_probe(void *ctx, const char *host, const char *argv, int *exit_r)
{
	struct scene *s = ctx;

	(void)exit_r;
	if (strcmp(argv, "status") == 0 && strcmp(host, "dir2") == 0 &&
	    s->status_dir2 != NULL)
		return x_strdup(s->status_dir2);
	if (strcmp(argv, "status") == 0)
		return x_strdup(s->status);
	assert_string_equal(argv, "show");
	return x_strdup(s->unit);
}

#define STATUS "ip\tstate\tvhosts\n10.0.0.11\tup\t100\n10.0.0.12\tup\t50\n"

static void
scene_begin(struct scene *s, const char *take)
{
	static const char *const hosts[][2] = {
		{ "dir1", "10.0.0.1" }, { "dir2", "10.0.0.2" },
		{ "mail1", "10.0.0.11" }, { "mail2", "10.0.0.12" },
		{ "mail3", "10.0.0.13" },
	};
	const struct request_db db = { scene_ask, scene_refused, scene_cancel,
				       s };
	struct request_env env = { .coordinator = 2, .fleet = 1, .epoch = 3 };

	memset(s, 0, sizeof(*s));
	fake_init(&s->fake);
	s->fake.set = call_set_new(&s->fake.transport, &s->fake.clock, NULL,
				   NULL);
	s->fake.probe = scene_probe;
	s->fake.probe_ctx = s;
	for (size_t i = 0; i < UNIT_COUNT(hosts); i++) {
		struct call_host h = fake_host(hosts[i][0], hosts[i][1]);

		(void)call_get(s->fake.set, &h);
	}
	s->status = STATUS;
	s->unit = "state=active\n";
	s->answers[REQUEST_TAKE] = take;
	s->answers[REQUEST_FLEET] = FLEET_DOC;
	s->answers[REQUEST_DONE] = "";
	s->answers[REQUEST_CONTENT] = "aGVsbG8K";
	env.calls = s->fake.set;
	env.transport = &s->fake.transport;
	s->requests = requests_new(&env, &db);
}

static void
scene_run(struct scene *s)
{
	requests_wake(s->requests);
	fake_run(&s->fake, &s->done, s->fake.now_ms + 300000);
	assert_true(s->done);
	fake_run(&s->fake, NULL, s->fake.now_ms + 100);
	assert_false(requests_busy(s->requests));
	assert_int_equal(s->asked[REQUEST_TAKE], 2);
}

static void
scene_end(struct scene *s)
{
	requests_free(&s->requests);
	free(s->findings);
	fake_free(&s->fake);
}

/* Is there a finding with all of these, and how many? */
static unsigned int
found(const struct scene *s, const char *severity, const char *code,
      const char *host, const char *words)
{
	struct json_object *doc;
	unsigned int n = 0;

	assert_int_equal(json_parse(s->findings, strlen(s->findings),
				    &json_limits_doc, &doc, NULL), 0);
	for (size_t i = 0; i < json_count(doc); i++) {
		const struct json_object *f = json_item(doc, i);
		const char *h = NULL;

		(void)json_opt_str(f, "host", 99, &h, NULL);
		if (h == NULL)
			(void)json_opt_str(f, "backend", 99, &h, NULL);
		n += strcmp(json_as_str(json_member(f, "severity")),
			    severity) == 0 &&
		     strcmp(json_as_str(json_member(f, "code")), code) == 0 &&
		     (host == NULL || (h != NULL && strcmp(h, host) == 0)) &&
		     strstr(json_as_str(json_member(f, "message")), words) !=
			     NULL;
	}
	json_free(&doc);
	return n;
}

#define TAKE(kind, args)						\
	"7 {\"request_id\":7,\"kind\":\"" kind "\",\"fleet_id\":1,\"args\":" \
	args ",\"by\":\"anna\"}"

static void
test_greet(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, TAKE("greet", "{}"));
	scene_run(&s);
	assert_string_equal(s.ok, "true");
	assert_int_equal(found(&s, "ok", "AGENT_REACHABLE", NULL, ""), 4);
	assert_non_null(strstr(s.result, "\"host\":\"dir1\",\"up\":true"));
	/* mail3 is excluded */
	assert_null(strstr(s.result, "mail3"));
	scene_end(&s);

	scene_begin(&s, TAKE("greet", "{}"));
	s.fake.skew_ms = -90000;
	scene_run(&s);
	assert_int_equal(found(&s, "error", "CLOCK_SKEW", NULL,
			       "behind ours"), 4);
	scene_end(&s);

	scene_begin(&s, TAKE("greet", "{}"));
	s.fake.refuse_open = true;
	scene_run(&s);
	assert_string_equal(s.ok, "false");
	assert_int_equal(found(&s, "error", "AGENT_REACHABLE", NULL,
			       "connection refused"), 4);
	scene_end(&s);
}

static void
test_discover(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, TAKE("discover", "{}"));
	s.status = STATUS "10.0.0.77\tup\t100\n";
	scene_run(&s);
	assert_string_equal(s.ok, "true");
	assert_non_null(strstr(s.result, "{\"address\":\"10.0.0.77\","
			       "\"name\":null"));
	assert_non_null(strstr(s.result, "{\"address\":\"10.0.0.12\","
			       "\"name\":\"mail2\""));
	assert_int_equal(found(&s, "notice", "NEW_BACKEND", NULL,
			       "10.0.0.77"), 1);
	assert_int_equal(found(&s, "warning", "NOT_THERE", "mail3", ""), 1);
	scene_end(&s);
}

static void
check_scene(struct scene *s, const char *stop, char *plan, size_t size)
{
	(void)snprintf(plan, size, "{\"turns\":[" PLAN("mail1") ","
		       PLAN("mail2") "]}", "dovecot-stop", stop);
	scene_begin(s, TAKE("check", "{\"rollout\":17}"));
	s->answers[REQUEST_PLAN] = plan;
}

static void
test_check(void **state)
{
	char plan[6000];
	struct scene s;

	(void)state;
	check_scene(&s, "dovecot-stop", plan, sizeof(plan));
	scene_run(&s);
	assert_string_equal(s.ok, "true");
	if (strncmp(s.result, "{\"errors\":0,", 12) != 0)
		fail_msg("%s: %s", s.result, s.findings);
	assert_non_null(strstr(s.message, "would start"));
	assert_int_equal(found(&s, "ok", "IN_SERVICE", NULL, ""), 2);
	assert_int_equal(found(&s, "ok", "ACTIVE", NULL, ""), 2);
	assert_int_equal(found(&s, "ok", "GROUP_READY", NULL, ""), 1);
	assert_int_equal(found(&s, "ok", "MEMBERS_AGREE", NULL, ""), 1);
	assert_int_equal(found(&s, "ok", "COPY", NULL, "conf"), 2);
	/* the file went once to each backend, and nothing was changed */
	assert_int_equal(s.fake.given_put, 2);
	assert_int_equal(s.fake.given_change, 0);
	assert_int_equal(s.asked[REQUEST_CONTENT], 1);
	/* the undo was asked for with today's value */
	for (size_t i = 0; i < s.fake.nsaid; i++) {
		if (strstr(s.fake.said[i], "\"update\",\"mail2\",\"50\""))
			s.done = false;
	}
	assert_false(s.done);
	scene_end(&s);
}

/* in: names state alone; the plan wants the weight to be the same as well. */
static void
test_check_same(void **state)
{
	static const char expect[] = "\"expect\":\"unit.state == active\"",
			  same[] = "\"same\":[\"service.vhosts\"]      ";
	char plan[6000], *at;
	struct scene s;

	(void)state;
	check_scene(&s, "dovecot-stop", plan, sizeof(plan));
	assert_int_equal(sizeof(expect), sizeof(same));
	while ((at = strstr(plan, expect)) != NULL)
		memcpy(at, same, sizeof(same) - 1);
	s.status_dir2 = "ip\tstate\tvhosts\n10.0.0.11\tup\t100\n"
			"10.0.0.12\tup\t5\n";
	scene_run(&s);
	assert_int_equal(found(&s, "ok", "ACTIVE", NULL,
			       "service.vhosts is 100 everywhere"), 1);
	assert_int_equal(found(&s, "error", "ACTIVE", NULL,
			       "service.vhosts is 50 on dir1 and 5 on dir2"),
			 1);
	assert_int_equal(found(&s, "error", "MEMBERS_DISAGREE", NULL,
			       "vhosts is 50 on dir1 and 5 on dir2"), 1);
	scene_end(&s);
}

static void
test_check_errors(void **state)
{
	char plan[6000];
	struct scene s;

	(void)state;
	check_scene(&s, "forbidden", plan, sizeof(plan));
	s.status = "ip\tstate\tvhosts\n10.0.0.11\tdown\t100\n";
	s.unit = "state=failed\n";
	s.answers[REQUEST_CONTENT] = "";
	scene_run(&s);
	assert_string_equal(s.ok, "true");
	assert_non_null(strstr(s.message, "would not start"));
	assert_int_equal(found(&s, "error", "IN_SERVICE", NULL, ""), 2);
	assert_int_equal(found(&s, "error", "ACTIVE", NULL, "failed"), 2);
	assert_int_equal(found(&s, "error", "NOT_ALLOWED", "mail2", "stop"),
			 1);
	assert_int_equal(found(&s, "error", "NOT_ALLOWED", NULL, "never"), 0);
	assert_int_equal(found(&s, "error", "REMEMBER", "mail2", "vhosts"),
			 1);
	assert_int_equal(found(&s, "error", "CONTENT", NULL, "not stored"),
			 1);
	scene_end(&s);
}

/* Every host away: an answer all the same, and in time. */
static void
test_check_silence(void **state)
{
	char plan[6000];
	struct scene s;

	(void)state;
	check_scene(&s, "dovecot-stop", plan, sizeof(plan));
	s.fake.refuse_open = true;
	scene_run(&s);
	assert_int_equal(found(&s, "error", "AGENT_REACHABLE", NULL, ""), 4);
	assert_int_equal(found(&s, "error", "IN_SERVICE", NULL,
			       "nobody knows"), 2);
	assert_non_null(strstr(s.message, "would not start"));
	scene_end(&s);
}

static void
test_unwritten(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, TAKE("greet", "{}"));
	s.refuse_done = 3;
	scene_run(&s);
	assert_int_equal(s.asked[REQUEST_DONE], 4);
	assert_string_equal(s.ok, "true");
	scene_end(&s);
}

/* Who waits for it is told, and not asked to wait for the same again. */
static void
test_refused(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, TAKE("greet", "{}"));
	s.refuse_done = 1;
	s.refused = true;
	scene_run(&s);
	assert_int_equal(s.asked[REQUEST_DONE], 2);
	assert_string_equal(s.ok, "false");
	assert_string_equal(s.result, "");
	assert_string_equal(s.message, "the database refuses the answer: it is "
			    "not \"allowed\"");
	assert_non_null(strstr(s.findings, "\"DATABASE_REFUSES\""));
	assert_non_null(strstr(s.findings, "it is not \\\"allowed\\\""));
	scene_end(&s);

	/* that too: tried again as when it cannot be reached */
	scene_begin(&s, TAKE("greet", "{}"));
	s.refuse_done = 3;
	s.refused = true;
	scene_run(&s);
	assert_int_equal(s.asked[REQUEST_DONE], 4);
	scene_end(&s);
}

static void
test_failures(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, TAKE("scan", "{\"host\":\"x\"}"));
	scene_run(&s);
	assert_string_equal(s.ok, "false");
	scene_end(&s);

	scene_begin(&s, TAKE("check", "{\"rollout\":17}"));
	scene_run(&s);
	assert_string_equal(s.ok, "false");
	assert_string_equal(s.message, "no such row");
	scene_end(&s);

	scene_begin(&s, TAKE("dance", "{}"));
	scene_run(&s);
	assert_string_equal(s.message, "this coordinator cannot dance");
	scene_end(&s);

	scene_begin(&s, TAKE("plan", "{}"));
	scene_run(&s);
	assert_non_null(strstr(s.message, "procedure_sha256"));
	scene_end(&s);

	scene_begin(&s, "7 {\"request_id\":7,\"kind\":\"plan\"}");
	scene_run(&s);
	assert_string_equal(s.ok, "false");
	assert_non_null(strstr(s.message, "makes no sense"));
	scene_end(&s);
}

/* Let go in the middle of it, at every moment. */
static void
test_dropped(void **state)
{
	char plan[6000];

	(void)state;
	for (int ms = 0; ms < 200; ms++) {
		struct scene s;

		check_scene(&s, "dovecot-stop", plan, sizeof(plan));
		requests_wake(s.requests);
		fake_run(&s.fake, &s.done, s.fake.now_ms + ms);
		requests_free(&s.requests);
		fake_run(&s.fake, NULL, s.fake.now_ms + 60000);
		scene_end(&s);
	}
}

/* The database took it for us, and said so to nobody. */
static void
test_lost_take(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, NULL);
	requests_wake(s.requests);
	fake_run(&s.fake, NULL, s.fake.now_ms + 1000);
	assert_false(requests_busy(s.requests));
	s.asked[REQUEST_TAKE] = 0;
	s.answers[REQUEST_TAKE] = TAKE("greet", "{}");
	scene_run(&s);
	scene_end(&s);
}

int
main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greet),
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_same),
		cmocka_unit_test(test_check_errors),
		cmocka_unit_test(test_check_silence),
		cmocka_unit_test(test_unwritten),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_lost_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
