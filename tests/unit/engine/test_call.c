/*
 * test_call.c - one host's conversation, honest, broken at every deed, hostile.
 *
 * What must hold whatever happens: each question ends exactly once; UNSENT is
 * said only of what the agent never saw; nothing wedges, so that the same
 * questions asked again are answered; one host's lies touch no other host.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"
#include "fake.h"
#include "json.h"

#define ATTEMPT "5b2ff4f0-5f0d-4d37-9a9b-2d5f2f1f6f01"
#define COPY	"5b2ff4f0-5f0d-4d37-9a9b-2d5f2f1f6f09"
#define FLEET	"0d9c8f3e-3f57-4f40-8d8e-1f5f2f1f6f02"

struct talk {
	struct fake fake;
	struct call *call;
	unsigned int ended;		/* questions that had their end */
	unsigned int by[4];		/* per outcome */
	unsigned int pushed, up, down;
	unsigned int want;
	bool all;
	char why[400];
	char out[100000];
	size_t out_len;
};

static void
talk_done(void *ctx, const struct call_answer *answer)
{
	struct talk *t = ctx;

	t->ended++;
	t->by[answer->outcome]++;
	t->all = t->ended >= t->want;
	(void)snprintf(t->why, sizeof(t->why), "%s", answer->why);
	if (answer->outcome == CALL_ANSWERED)
		assert_non_null(answer->body);
	if (answer->out.size > 0 && answer->out.size < sizeof(t->out)) {
		memcpy(t->out, answer->out.data, answer->out.size);
		t->out_len = answer->out.size;
	}
}

static void
talk_up(void *ctx, struct call *call)
{
	((struct talk *)ctx)->up++;
	assert_non_null(call_facts(call));
}

static void
talk_down(void *ctx, struct call *call, const char *why)
{
	((struct talk *)ctx)->down++;
	assert_true(strlen(why) > 0);
	assert_false(call_is_up(call));
}

static void
talk_ended(void *ctx, struct call *call, const char *attempt,
	   const char *state, const struct json_object *result,
	   const char *text)
{
	(void)call;
	assert_true(strcmp(attempt, ATTEMPT) == 0 ||
		    strcmp(attempt, COPY) == 0);
	assert_string_equal(state, "ended");
	assert_non_null(result);
	assert_true(text[0] == '{');
	((struct talk *)ctx)->pushed++;
}

static int64_t
talk_given_out(void *ctx, const char *fleet)
{
	(void)ctx;
	assert_string_equal(fleet, FLEET);
	return 41;
}

static const struct call_hooks talk_hooks = {
	.given_out = talk_given_out,
	.up = talk_up, .down = talk_down, .ended = talk_ended,
};

static void
talk_begin(struct talk *t)
{
	struct call_host host = fake_host("mail1", "10.0.0.11");

	memset(t, 0, sizeof(*t));
	fake_init(&t->fake);
	t->fake.set = call_set_new(&t->fake.transport, &t->fake.clock,
				   &talk_hooks, t);
	t->call = call_get(t->fake.set, &host);
}

static void
talk_end(struct talk *t)
{
	fake_free(&t->fake);
}

static const char *const date[] = { "date", "+%s", NULL };

/* One of each kind; how many questions that makes. */
static unsigned int
talk_ask(struct talk *t)
{
	static const char content[70000] = "x";
	static const char sha[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	const struct call_change change = {
		.verb = "run", .attempt = ATTEMPT, .fleet = FLEET,
		.epoch = 3, .seq = 1, .step = FLEET "/mail1/stop",
		.who = "anna, rollout 17", .timeout_ms = 60000,
		.spec = "{\"argv\":[\"systemctl\",\"stop\",\"dovecot\"]}",
	};

	struct call_change copy = change;

	copy.verb = "copy";
	copy.attempt = COPY;
	copy.spec = "{\"to\":\"/etc/x\"}";
	copy.content = (struct call_content){ sha, content, 40000 };
	t->ended = 0;
	t->all = false;
	memset(t->by, 0, sizeof(t->by));
	t->want = 5;
	(void)call_probe(t->call, date, 5000, 4096, talk_done, t);
	(void)call_change(t->call, &change, talk_done, t);
	(void)call_put(t->call, sha, content, sizeof(content), talk_done, t);
	(void)call_ask(t->call, ATTEMPT, talk_done, t);
	(void)call_change(t->call, &copy, talk_done, t);
	assert_int_equal(t->ended, 0);
	return t->want;
}

static void
test_honest(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.fake.noise = "Welcome to mail1. Authorised users only.";
	(void)talk_ask(&t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 100000);
	assert_int_equal(t.by[CALL_ANSWERED], 5);
	assert_int_equal(t.fake.given_put, 3 + 2);
	assert_int_equal(t.fake.given_copy, 1);
	assert_int_equal(t.up, 1);
	assert_string_equal(t.out, "hello\n");
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	assert_int_equal(t.pushed, 2);
	assert_true(call_is_up(t.call));
	/* an hour of nothing: pings keep it */
	fake_run(&t.fake, NULL, t.fake.now_ms + 3600000);
	assert_true(call_is_up(t.call));
	assert_int_equal(t.fake.opened, 1);
	talk_end(&t);
}

/* The k-th deed goes wrong in one way; true: there was a k-th deed. */
static bool
torture(enum fake_fault fault, unsigned int k)
{
	unsigned int probes, changes, copies;
	struct talk t;
	bool hit;

	talk_begin(&t);
	t.fake.noise = "noise";
	t.fake.fault = fault;
	t.fake.fault_at = k;
	(void)talk_ask(&t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 200000);
	/* every question has one end, soon enough */
	assert_int_equal(t.ended, 5);
	probes = t.fake.given_probe;
	copies = t.fake.given_copy;
	changes = t.fake.given_change - copies;
	/* unsent is a promise: what the agent saw is not among them */
	assert_true(t.by[CALL_UNSENT] + (probes > 0) + (changes > 0) +
			    (copies > 0) <= 5);
	assert_true(probes <= 1 && changes <= 1 && copies <= 1);
	assert_int_equal(t.by[CALL_REFUSED], 0);
	hit = t.fake.deeds >= k;
	if (!hit)
		assert_int_equal(t.by[CALL_ANSWERED], 5);
	/* nothing wedged: asked again after a while, all is answered */
	fake_run(&t.fake, NULL, t.fake.now_ms + 200000);
	assert_int_equal(t.ended, 5);
	assert_true(call_is_up(t.call));
	(void)talk_ask(&t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 200000);
	if (t.by[CALL_ANSWERED] != 5 && !(t.fake.deeds >= k && !hit))
		fail_msg("fault %d at %u: second round %u answered (%s)",
			 fault, k, t.by[CALL_ANSWERED], t.why);
	talk_end(&t);
	return hit;
}

static void
test_torture(void **state)
{
	(void)state;
	for (int fault = FAKE_BREAK; fault < FAKE_FAULT_COUNT; fault++) {
		unsigned int k = 1;

		while (torture((enum fake_fault)fault, k))
			k++;
		assert_true(k > 12);
	}
}

/* A line that no agent may say ends the channel, and says why. */
static void
hostile(const char *line, const char *why)
{
	struct talk t;

	talk_begin(&t);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_true(call_is_up(t.call));
	fake_say(&t.fake, "mail1", line);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	if (call_is_up(t.call))
		fail_msg("taken for good: %s", line);
	if (strstr(call_why(t.call), why) == NULL)
		fail_msg("%s: %s", line, call_why(t.call));
	assert_int_equal(t.down, 1);
	talk_end(&t);
}

static void
test_hostile(void **state)
{
	char *deep = x_alloc(70000);

	(void)state;
	memset(deep, '[', 60000);
	hostile(deep, "JSON");
	free(deep);
	hostile("", "JSON");
	hostile("null", "not an object");
	hostile("{}", "\"id\" is missing");
	hostile("{\"id\":0,\"ok\":true}", "\"id\"");
	hostile("{\"id\":-1,\"ok\":true}", "\"id\"");
	hostile("{\"id\":1,\"ok\":true}", "nobody asked");
	hostile("{\"id\":1.5,\"ok\":true}", "\"id\"");
	hostile("{\"id\":77,\"ok\":\"yes\"}", "\"ok\"");
	hostile("{\"id\":77,\"ok\":false,\"code\":\"nonsense\",\"why\":\"\"}",
		"no such code");
	hostile("{\"id\":77,\"chunk\":\"out\",\"data\":\"AAAA\"}",
		"nobody asked");
	hostile("{\"id\":77,\"chunk\":\"third\",\"data\":\"AAAA\"}",
		"no such stream");
	hostile("{\"push\":\"ended\",\"attempt\":\"x\",\"state\":\"ended\","
		"\"result\":{\"ms\":1}}", "no uuid");
	hostile("{\"push\":\"ended\",\"attempt\":\"" ATTEMPT "\",\"state\":"
		"\"ended\",\"result\":{\"ms\":1},\"more\":1}", "unknown key");
	hostile("{\"push\":\"ended\",\"attempt\":\"" ATTEMPT "\",\"state\":"
		"\"ended\",\"result\":{\"ms\":1,\"more\":1}}",
		"unknown key");
	hostile("{\"push\":\"begun\",\"attempt\":\"" ATTEMPT "\","
		"\"state\":\"running\"}", "unknown push");
	hostile("{\"push\":\"ended\",\"attempt\":\"" ATTEMPT "\","
		"\"state\":\"ended\"}", "a result belongs");
	hostile("{\"push\":\"ended\",\"attempt\":\"" ATTEMPT "\","
		"\"state\":\"ended\",\"result\":{\"ms\":-1}}", "\"ms\"");
	hostile("{\"push\":\"ended\",\"attempt\":\"" ATTEMPT "\","
		"\"state\":\"gone\"}", "no such state");
}

/* Noise without end, and a host that never says the magic word. */
static void
test_banner(void **state)
{
	struct talk t;
	char noise[5000];

	(void)state;
	memset(noise, 'x', sizeof(noise) - 1);
	noise[sizeof(noise) - 1] = '\0';
	talk_begin(&t);
	t.fake.noise = noise;
	t.want = 1;
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 100000);
	assert_int_equal(t.by[CALL_UNSENT], 1);
	assert_non_null(strstr(t.why, "no agent speaks there"));
	talk_end(&t);
}

/* Who answers must be who was meant; each misfit has its own name. */
static void
misfit(struct talk *t, const struct call_host *host, enum call_misfit want)
{
	call_config(t->call, host);
	t->want = 1;
	(void)call_probe(t->call, date, 5000, 4096, talk_done, t);
	fake_run(&t->fake, &t->all, t->fake.now_ms + 100000);
	assert_int_equal(t->by[CALL_UNSENT], 1);
	assert_int_equal(t->fake.given_probe, 0);
	assert_int_equal(call_misfit(t->call), want);
	assert_false(call_is_up(t->call));
	talk_end(t);
}

/* Told apart by its id alone, and only for a while. */
static void
test_denied(void **state)
{
	struct call_host host = fake_host("mail1", "10.0.0.11");
	struct talk t;

	(void)state;
	talk_begin(&t);
	host.machine_id = NULL;
	call_config(t.call, &host);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_true(call_is_up(t.call));
	call_deny(t.call, "it is known as mail2");
	for (int i = 0; i < 3; i++) {
		assert_false(call_is_up(t.call));
		assert_int_equal(call_misfit(t.call), CALL_MISFIT_MACHINE);
		assert_string_equal(call_why(t.call), "it is another machine: "
				    "it is known as mail2");
		call_greet(t.call);
		fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	}
	call_close(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 60000);
	call_greet(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_true(call_is_up(t.call));
	talk_end(&t);
}

static void
test_misfits(void **state)
{
	struct call_fleet fleet = { FLEET, "mail-eu", 4 };
	struct call_host host = fake_host("mail1", "10.0.0.11");
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.fake.hello_name = "mail2";
	misfit(&t, &host, CALL_MISFIT_NAME);

	talk_begin(&t);
	host.machine_id = "m2";
	misfit(&t, &host, CALL_MISFIT_MACHINE);
	host.machine_id = "m1";

	talk_begin(&t);
	host.backend_address = "10.0.0.12";
	misfit(&t, &host, CALL_MISFIT_ADDRESS);
	host.backend_address = "10.0.0.11";

	talk_begin(&t);
	host.fleets = &fleet;
	host.nfleets = 1;
	t.fake.epoch_floor = 5;
	call_config(t.call, &host);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_int_equal(call_misfit(t.call), CALL_MISFIT_EPOCH);
	assert_int_equal(call_fenced_by(t.call), 5);
	/* the newer epoch is told at once, on a new channel */
	fleet.epoch = 6;
	call_config(t.call, &host);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_true(call_is_up(t.call));
	assert_int_equal(call_facts(t.call)->fleets[0].epoch, 6);
	assert_int_equal(t.fake.given_out, 41);
	talk_end(&t);
}

/* An answer to hello that never comes is no answer to the next one. */
static void
test_lost_hello(void **state)
{
	struct call_fleet fleet = { FLEET, "mail-eu", 4 };
	struct call_host host = fake_host("mail1", "10.0.0.11");
	struct talk t;

	(void)state;
	host.fleets = &fleet;
	host.nfleets = 1;
	talk_begin(&t);
	call_config(t.call, &host);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	assert_true(call_is_up(t.call));
	t.fake.lost_hellos = 1;
	fleet.epoch = 5;
	call_config(t.call, &host);
	call_greet(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 60000);
	assert_int_equal(t.fake.lost_hellos, 0);
	call_greet(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	assert_true(call_is_up(t.call));
	assert_int_equal(call_facts(t.call)->fleets[0].epoch, 5);
	assert_int_equal(t.fake.opened, 1);
	talk_end(&t);
}

/* Told a new epoch at every moment of the greeting: it ends with the last. */
static void
test_regreet(void **state)
{
	(void)state;
	for (int ms = 0; ms < 12; ms++) {
		struct call_fleet fleet = { FLEET, "mail-eu", 4 };
		struct call_host host = fake_host("mail1", "10.0.0.11");
		struct talk t;

		host.fleets = &fleet;
		host.nfleets = 1;
		talk_begin(&t);
		call_config(t.call, &host);
		call_open(t.call);
		fake_run(&t.fake, NULL, t.fake.now_ms + ms);
		fleet.epoch = 5;
		call_config(t.call, &host);
		fleet.epoch = 6;
		call_config(t.call, &host);
		/* the same again is no reason to speak */
		call_config(t.call, &host);
		fake_run(&t.fake, NULL, t.fake.now_ms + 50);
		assert_true(call_is_up(t.call));
		assert_int_equal(call_facts(t.call)->fleets[0].epoch, 6);
		assert_int_equal(t.down, 0);
		assert_in_range(t.fake.nsaid, 1, 3);
		talk_end(&t);
	}
}

/* More than was asked for is a breach, not a larger buffer. */
static void
test_flood(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.want = 1;
	(void)call_probe(t.call, date, 5000, 3, talk_done, &t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 100000);
	assert_int_equal(t.by[CALL_LOST], 1);
	assert_non_null(strstr(t.why, "at most 3 bytes"));
	talk_end(&t);
}

static uint64_t
talk_copy(struct talk *t, const void *data, size_t size)
{
	static const char sha[] = "bb";
	const struct call_change copy = {
		.verb = "copy", .attempt = COPY, .fleet = FLEET, .epoch = 3,
		.seq = 2, .step = FLEET "/mail1/conf", .who = "anna",
		.timeout_ms = 60000, .spec = "{\"to\":\"/etc/x\"}",
		.content = { sha, data, size },
	};

	t->want = 1;
	return call_change(t->call, &copy, talk_done, t);
}

/* The put is out, the change is not: that is UNSENT, whatever ends it. */
static void
test_put_lost(void **state)
{
	static const char data[100000] = "x";
	struct talk t;

	(void)state;
	talk_begin(&t);
	call_open(t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 20);
	(void)talk_copy(&t, data, sizeof(data));
	assert_int_equal(t.fake.given_put, 1);
	fake_break(&t.fake, "mail1");
	/* the break overtakes the agent's answer */
	fake_first(&t.fake);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 60000);
	assert_int_equal(t.by[CALL_UNSENT], 1);
	assert_int_equal(t.fake.given_copy, 0);
	talk_end(&t);
}

/* An agent that never has more of it than before. */
static void
test_put_stuck(void **state)
{
	static const char data[100000] = "x";
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.fake.stuck_put = true;
	(void)talk_copy(&t, data, sizeof(data));
	fake_run(&t.fake, &t.all, t.fake.now_ms + 60000);
	assert_int_equal(t.by[CALL_UNSENT], 1);
	assert_non_null(strstr(t.why, "after 0"));
	assert_int_equal(t.fake.given_put, 1);
	talk_end(&t);
}

static char *
mute(void *ctx, const char *host, const char *argv, int *exit_r)
{
	(void)host;
	(void)argv;
	(void)exit_r;
	++*(unsigned int *)ctx;
	return NULL;
}

/* No answer: lost in its time, and the late answer harms nobody. */
static void
test_late(void **state)
{
	unsigned int asked = 0;
	struct talk t;
	int64_t began;

	(void)state;
	talk_begin(&t);
	t.fake.probe = mute;
	t.fake.probe_ctx = &asked;
	t.want = 1;
	began = t.fake.now_ms;
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 100000);
	assert_int_equal(t.by[CALL_LOST], 1);
	assert_in_range(t.fake.now_ms - began, 15000, 16000);
	fake_say(&t.fake, "mail1", "{\"id\":2,\"ok\":true,\"exit\":0,"
		 "\"out\":{\"bytes\":0,\"lines\":0,\"sha256\":\"\"},"
		 "\"err\":{\"bytes\":0,\"lines\":0,\"sha256\":\"\"},"
		 "\"ms\":20000}");
	fake_run(&t.fake, NULL, t.fake.now_ms + 100);
	assert_true(call_is_up(t.call));
	assert_int_equal(t.ended, 1);
	talk_end(&t);
}

/* In a back-off the asker is told at once, with the reason. */
static void
test_rest(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.fake.refuse_open = true;
	t.want = 1;
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 100000);
	assert_int_equal(t.by[CALL_UNSENT], 1);
	t.want = 2;
	t.all = false;
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	assert_int_equal(t.ended, 1);
	fake_run(&t.fake, &t.all, t.fake.now_ms + 200);
	assert_int_equal(t.ended, 2);
	assert_non_null(strstr(t.why, "connection refused"));
	/* it comes back: found by itself within the longest rest */
	t.fake.refuse_open = false;
	fake_run(&t.fake, NULL, t.fake.now_ms + 73000);
	assert_true(call_is_up(t.call));
	talk_end(&t);
}

/* Dropped: no callback, whether it was sent or not. */
static void
test_drop(void **state)
{
	struct talk t;
	uint64_t id;

	(void)state;
	talk_begin(&t);
	id = call_probe(t.call, date, 5000, 4096, talk_done, &t);
	call_drop(t.call, id);
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	id = call_probe(t.call, date, 5000, 4096, talk_done, &t);
	call_drop(t.call, id);
	fake_run(&t.fake, NULL, t.fake.now_ms + 60000);
	assert_int_equal(t.ended, 0);
	assert_int_equal(t.fake.given_probe, 1);
	assert_true(call_is_up(t.call));
	talk_end(&t);
}

static void
sweep_in_callback(void *ctx, const struct call_answer *answer)
{
	struct talk *t = ctx;

	talk_done(ctx, answer);
	call_set_round(t->fake.set);
	call_set_sweep(t->fake.set);
}

/* Its channel goes, and no new one is opened, when nobody waits for it. */
static void
test_sweep(void **state)
{
	struct talk t;
	uint64_t dropped;

	(void)state;
	talk_begin(&t);
	(void)call_probe(t.call, date, 5000, 4096, sweep_in_callback, &t);
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	dropped = call_probe(t.call, date, 5000, 4096, talk_done, &t);
	call_drop(t.call, dropped);
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	assert_int_equal(t.by[CALL_ANSWERED], 2);
	assert_null(call_find(t.fake.set, "mail1"));
	assert_int_equal(fake_held(&t.fake), 0);
	fake_run(&t.fake, NULL, t.fake.now_ms + 90000);
	assert_int_equal(t.fake.opened, 1);
	talk_end(&t);
}

/* Who is named stays, also when it was on its way out. */
static void
test_named(void **state)
{
	struct call_host h = fake_host("mail1", "10.0.0.11");
	struct talk t;

	(void)state;
	talk_begin(&t);
	call_set_round(t.fake.set);
	call_config(t.call, &h);
	call_set_sweep(t.fake.set);
	(void)call_probe(t.call, date, 5000, 4096, sweep_in_callback, &t);
	(void)call_probe(t.call, date, 5000, 4096, talk_done, &t);
	t.want = 1;
	fake_run(&t.fake, &t.all, t.fake.now_ms + 1000);
	assert_ptr_equal(call_get(t.fake.set, &h), t.call);
	fake_run(&t.fake, NULL, t.fake.now_ms + 1000);
	assert_ptr_equal(call_find(t.fake.set, "mail1"), t.call);
	assert_true(call_is_up(t.call));
	talk_end(&t);
}

/* The shapes and the words on the wire are one list in two places. */
static void
test_shapes(void **state)
{
	(void)state;
	for (int v = 0; v < WIRE_VERB_COUNT; v++) {
		const struct call_shape *s =
			call_hear_shape((enum wire_verb)v);

		for (; s->key != NULL; s++) {
			if (!wire_answer_key((enum wire_verb)v, s->key))
				fail_msg("%s: %s is not on the wire",
					 wire_verb_name((enum wire_verb)v),
					 s->key);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_torture),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_banner),
		cmocka_unit_test(test_misfits),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_lost_hello),
		cmocka_unit_test(test_regreet),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_put_lost),
		cmocka_unit_test(test_put_stuck),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
