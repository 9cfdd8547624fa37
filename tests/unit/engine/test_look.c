/*
 * test_look.c - each thing asked once, unknown kept apart from no, ages kept.
 *
 * Two directors and three backends over the fake transport; what a probe
 * prints stands in a small table that each test changes.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fake.h"
#include "json.h"
#include "look.h"
#include "look_private.h"

static const char inventory[] =
	"{\"fleet\":\"mail-eu\",\"min_up\":\"all but 1\","
	"\"service\":{\"from\":\"each director\","
	"\"run\":[\"doveadm\",\"-f\",\"tab\",\"director\",\"status\"],"
	"\"format\":\"tab\",\"key\":\"mail server ip\","
	"\"in\":\"state == up and vhosts > 0\",\"strangers\":\"refuse\"},"
	"\"groups\":{\"director\":{\"members\":["
	"{\"name\":\"dir1\",\"address\":\"10.0.0.1\"},"
	"{\"name\":\"dir2\",\"address\":\"10.0.0.2\"}],"
	"\"ready\":{\"run\":[\"ring\"],\"format\":\"tab\","
	"\"row\":{\"type\":\"self\"},\"in\":\"status ~ \\\"^ring synced\\\"\"}"
	"}},"
	"\"backends\":[{\"name\":\"mail1\",\"address\":\"10.0.0.11\"},"
	"{\"name\":\"mail2\",\"address\":\"10.0.0.12\"},"
	"{\"name\":\"mail3\",\"address\":\"10.0.0.13\"}]}";

static const char plan_text[] =
	"{\"probes\":{"
	"\"unit\":{\"target\":\"backend\",\"run\":[\"show\"],"
	"\"format\":\"kv\"},"
	"\"users\":{\"target\":\"each director\",\"run\":[\"users\","
	"\"${steps.zero.vhosts}\"],\"format\":\"text\"},"
	"\"box\":{\"target\":\"backend\",\"run\":[\"box\",\"probe\"],"
	"\"format\":\"kv\"},"
	"\"one\":{\"target\":\"director\",\"run\":[\"one\"],"
	"\"format\":\"text\"},"
	"\"mail\":{\"target\":\"backend\",\"run\":[\"fetch\"],"
	"\"format\":\"counts\"},"
	"\"letter\":{\"target\":\"backend\",\"run\":[\"fetch\"],"
	"\"format\":\"text\"}}}";

#define HEAD "mail server ip\tvhosts\tstate\tusers\n"
#define ROW(n, v, s) "10.0.0.1" #n "\t" #v "\t" s "\t5\n"
#define ALL_UP HEAD ROW(1, 100, "up") ROW(2, 100, "up") ROW(3, 100, "up")

struct says {
	const char *host;		/* NULL: any */
	const char *words;
	const char *out;		/* NULL: silence */
	int exit;
};

struct scene {
	struct fake fake;
	struct look_roster *roster;
	struct json_object *plan;
	struct look_scope scope;
	struct look *look;
	bool done;
	unsigned int dones;
	struct says says[16];
	size_t nsays;
};

static char *
scene_probe(void *ctx, const char *host, const char *argv, int *exit_r)
{
	struct scene *s = ctx;

	/* the newest rule that fits */
	for (size_t i = s->nsays; i-- > 0;) {
		const struct says *say = &s->says[i];

		if ((say->host != NULL && strcmp(say->host, host) != 0) ||
		    strcmp(say->words, argv) != 0)
			continue;
		*exit_r = say->exit;
		return say->out != NULL ? x_strdup(say->out) : NULL;
	}
	fail_msg("%s was asked for \"%s\"", host, argv);
	return NULL;
}

static void
scene_says(struct scene *s, const char *host, const char *words,
	   const char *out, int exit_status)
{
	assert_in_range(s->nsays, 0, UNIT_COUNT(s->says) - 1);
	s->says[s->nsays++] = (struct says){ host, words, out, exit_status };
}

#define STATUS "doveadm -f tab director status"

static const char *
scene_step(void *ctx, const char *step, const char *name)
{
	(void)ctx;
	if (strcmp(step, "zero") == 0 && strcmp(name, "vhosts") == 0)
		return "100";
	if (strcmp(step, "zero") == 0 && strcmp(name, "state") == 0)
		return "passed";
	return NULL;
}

static void
scene_begin(struct scene *s)
{
	static const char *const hosts[][2] = {
		{ "dir1", "10.0.0.1" }, { "dir2", "10.0.0.2" },
		{ "mail1", "10.0.0.11" }, { "mail2", "10.0.0.12" },
		{ "mail3", "10.0.0.13" },
	};
	struct json_object *fleet;
	struct err err = { 0 };

	memset(s, 0, sizeof(*s));
	fake_init(&s->fake);
	s->fake.probe = scene_probe;
	s->fake.probe_ctx = s;
	s->fake.set = call_set_new(&s->fake.transport, &s->fake.clock, NULL,
				   NULL);
	for (size_t i = 0; i < UNIT_COUNT(hosts); i++) {
		struct call_host h = fake_host(hosts[i][0], hosts[i][1]);

		(void)call_get(s->fake.set, &h);
	}
	if (json_parse_object(inventory, strlen(inventory), &json_limits_doc,
			      &fleet, &err) < 0 ||
	    look_roster_parse(fleet, &s->roster, &err) < 0)
		fail_msg("%s", err.text);
	json_free(&fleet);
	look_roster_calls(s->roster, s->fake.set);
	assert_int_equal(json_parse(plan_text, strlen(plan_text),
				    &json_limits_doc, &s->plan, &err), 0);
	s->scope = (struct look_scope){ .backend = "mail1", .plan = s->plan,
					.step_value = scene_step };
	scene_says(s, NULL, STATUS, ALL_UP, 0);
	s->look = look_new(s->roster);
}

static void
scene_done(void *ctx, struct look *look)
{
	struct scene *s = ctx;

	assert_ptr_equal(look, s->look);
	s->done = true;
	s->dones++;
}

static void
scene_run(struct scene *s, int64_t max_age_ms)
{
	s->done = false;
	look_run(s->look, max_age_ms, 10000, scene_done, s);
	assert_false(s->done);
	fake_run(&s->fake, &s->done, s->fake.now_ms + 60000);
	assert_true(s->done);
}

static void
scene_again(struct scene *s)
{
	look_free(&s->look);
	s->look = look_new(s->roster);
}

static void
scene_end(struct scene *s)
{
	look_free(&s->look);
	look_roster_free(&s->roster);
	json_free(&s->plan);
	fake_free(&s->fake);
}

static void
expect(const struct scene *s, unsigned int nr, enum tri truth,
       const char *text)
{
	const struct look_fact *fact = look_fact(s->look, nr);

	if (fact->truth != truth || strstr(fact->text, text) == NULL)
		fail_msg("truth %d, \"%s\" (silent: %s); wanted %d, \"%s\"",
			 fact->truth, fact->text, fact->silent, truth, text);
}

/* What must hold before mail1 is taken: the others, and nobody unknown. */
struct others {
	unsigned int mail2, mail3, rows;
};

static struct others
others_ask(struct scene *s)
{
	return (struct others){ look_service(s->look, "mail2"),
				look_service(s->look, "mail3"),
				look_rows(s->look) };
}

static void
expect_others(struct scene *s, struct others o, enum tri truth,
	      const char *text)
{
	const struct look_fact *two = look_fact(s->look, o.mail2);
	const struct look_fact *three = look_fact(s->look, o.mail3);
	enum tri all = TRI_TRUE;
	struct buf said;

	buf_init(&said, 4096);
	if (two->truth == TRI_UNKNOWN || three->truth == TRI_UNKNOWN)
		all = TRI_UNKNOWN;
	if (two->truth == TRI_FALSE || three->truth == TRI_FALSE ||
	    look_strangers(s->look, o.rows, &said) > 0)
		all = TRI_FALSE;
	if (two->truth != TRI_TRUE)
		(void)buf_addf(&said, "mail2: %s", two->text);
	if (three->truth != TRI_TRUE)
		(void)buf_addf(&said, "mail3: %s", three->text);
	if (all != truth || strstr(buf_str(&said), text) == NULL)
		fail_msg("truth %d, \"%s\"; wanted %d, \"%s\"", all,
			 buf_str(&said), truth, text);
	buf_free(&said);
}

static void
test_once(void **state)
{
	struct scene s;
	unsigned int service, expr;
	struct others others;

	(void)state;
	scene_begin(&s);
	service = look_service(s.look, "mail1");
	others = others_ask(&s);
	expr = look_expr(s.look, &s.scope, "service.vhosts == 100 and "
			 "service.state == up");
	scene_run(&s, 0);
	expect(&s, service, TRI_TRUE, "up on dir1");
	expect_others(&s, others, TRI_TRUE, "");
	expect(&s, expr, TRI_TRUE, "service.vhosts 100 on dir1, 100 on dir2");
	/* five questions, two members: two probes */
	assert_int_equal(s.fake.given_probe, 2);
	assert_int_equal(s.dones, 1);
	assert_non_null(strstr(look_fact(s.look, others.mail2)->evidence,
			       "\"backend\":\"mail2\""));
	scene_end(&s);
}

static void
test_age(void **state)
{
	struct scene s;
	unsigned int nr;
	int64_t asked;

	(void)state;
	scene_begin(&s);
	nr = look_service(s.look, "mail1");
	scene_run(&s, 0);
	asked = look_fact(s.look, nr)->asked_ms;
	assert_true(asked > 0 && look_fact(s.look, nr)->at_ms > asked);
	fake_run(&s.fake, NULL, s.fake.now_ms + 5000);
	/* young enough: not asked again, and its age is told */
	scene_again(&s);
	nr = look_service(s.look, "mail2");
	scene_run(&s, 10000);
	assert_int_equal(s.fake.given_probe, 2);
	assert_int_equal(look_fact(s.look, nr)->asked_ms, asked);
	/* too old */
	scene_again(&s);
	nr = look_service(s.look, "mail2");
	scene_run(&s, 3000);
	assert_int_equal(s.fake.given_probe, 4);
	assert_true(look_fact(s.look, nr)->asked_ms > asked);
	/* half of it old enough: the fact is as old as its oldest part */
	look_roster_exclude(s.roster, "dir1", true);
	fake_run(&s.fake, NULL, s.fake.now_ms + 20000);
	scene_again(&s);
	nr = look_service(s.look, "mail2");
	scene_run(&s, 10000);
	assert_int_equal(s.fake.given_probe, 5);
	asked = look_fact(s.look, nr)->asked_ms;
	look_roster_exclude(s.roster, "dir1", false);
	fake_run(&s.fake, NULL, s.fake.now_ms + 5000);
	scene_again(&s);
	nr = look_service(s.look, "mail2");
	scene_run(&s, 10000);
	assert_int_equal(s.fake.given_probe, 6);
	assert_int_equal(look_fact(s.look, nr)->asked_ms, asked);
	/* forgotten: a change lies between */
	look_roster_forget(s.roster);
	scene_again(&s);
	(void)look_service(s.look, "mail2");
	scene_run(&s, 10000);
	assert_int_equal(s.fake.given_probe, 8);
	scene_end(&s);
}

/* mail1 does not count, whatever it is; nor does who is excluded. */
static void
test_peers(void **state)
{
	static const struct {
		const char *dir1, *dir2;
		enum tri one, two;
		bool without_mail2;
	} row[] = {
		{ ALL_UP, ALL_UP, TRI_TRUE, TRI_TRUE, false },
		{ ALL_UP, ALL_UP, TRI_TRUE, TRI_FALSE, true },
		{ HEAD ROW(1, 100, "up") ROW(2, 0, "up") ROW(3, 100, "up"),
		  ALL_UP, TRI_TRUE, TRI_FALSE, false },
		{ HEAD ROW(1, 100, "up") ROW(2, 0, "up") ROW(3, 9, "down"),
		  ALL_UP, TRI_FALSE, TRI_FALSE, false },
		{ ALL_UP, NULL, TRI_UNKNOWN, TRI_UNKNOWN, false },
	};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(row); i++) {
		unsigned int one, two;

		scene_begin(&s);
		scene_says(&s, "dir1", STATUS, row[i].dir1, 0);
		scene_says(&s, "dir2", STATUS, row[i].dir2, 0);
		look_roster_exclude(s.roster, "mail2", row[i].without_mail2);
		one = look_expr(s.look, &s.scope, "peers.in_service >= 1");
		two = look_expr(s.look, &s.scope, "peers.in_service >= 2 and "
				"service.state == up");
		scene_run(&s, 0);
		expect(&s, one, row[i].one, "peers.in_service");
		expect(&s, two, row[i].two, "peers.in_service");
		assert_int_equal(s.fake.given_probe, 2);
		scene_end(&s);
	}
}

static void
test_silent(void **state)
{
	struct scene s;
	unsigned int service, expr, without;
	struct others others;

	(void)state;
	scene_begin(&s);
	scene_says(&s, "dir2", STATUS, NULL, 0);
	service = look_service(s.look, "mail1");
	others = others_ask(&s);
	expr = look_expr(s.look, &s.scope, "service.vhosts == 0");
	s.scope.without = "dir2";
	without = look_expr(s.look, &s.scope, "service.vhosts == 100");
	scene_run(&s, 0);
	expect(&s, without, TRI_TRUE, "service.vhosts 100 on dir1");
	/* one member silent: unknown, and it is named */
	expect(&s, service, TRI_UNKNOWN, "on dir2");
	expect_others(&s, others, TRI_UNKNOWN, "mail2: ");
	assert_non_null(strstr(look_fact(s.look, service)->silent, "dir2 ("));
	/* the other one alone decides this: no */
	expect(&s, expr, TRI_FALSE, "service.vhosts was 100 on dir1, wanted 0");
	assert_non_null(strstr(look_fact(s.look, expr)->silent, "dir2 ("));
	scene_end(&s);
}

/* Both members gone: nobody says "no". */
static void
test_unreachable(void **state)
{
	struct scene s;
	unsigned int nr;

	(void)state;
	scene_begin(&s);
	s.fake.refuse_open = true;
	nr = look_service(s.look, "mail1");
	scene_run(&s, 0);
	expect(&s, nr, TRI_UNKNOWN, "connection refused");
	assert_non_null(strstr(look_fact(s.look, nr)->silent, "dir1 ("));
	assert_non_null(strstr(look_fact(s.look, nr)->silent, "dir2 ("));
	assert_int_equal(look_fact(s.look, nr)->asked_ms, 0);
	scene_end(&s);
}

static void
test_service(void **state)
{
	struct scene s;
	unsigned int down, missing;

	(void)state;
	scene_begin(&s);
	/* mail2 down on one, mail3 unknown to the ring */
	scene_says(&s, "dir1", STATUS, HEAD ROW(1, 100, "up")
		   ROW(2, 100, "down"), 0);
	scene_says(&s, "dir2", STATUS, HEAD ROW(1, 100, "up")
		   ROW(2, 100, "up"), 0);
	down = look_service(s.look, "mail2");
	missing = look_service(s.look, "mail3");
	scene_run(&s, 0);
	expect(&s, down, TRI_FALSE, "state was down on dir1, wanted up");
	/* whole answers that do not name it: not in service */
	expect(&s, missing, TRI_FALSE, "10.0.0.13");
	scene_end(&s);
}

static void
test_strangers(void **state)
{
	struct scene s;
	struct others others;

	(void)state;
	scene_begin(&s);
	scene_says(&s, "dir2", STATUS, ALL_UP ROW(9, 100, "up"), 0);
	others = others_ask(&s);
	scene_run(&s, 0);
	expect_others(&s, others, TRI_FALSE, "10.0.0.19 on dir2");
	scene_end(&s);
}

/* A failed, an unreadable and a cut answer are reasons, never "no". */
static void
test_failed(void **state)
{
	struct scene s;
	unsigned int nr, exit_status;

	(void)state;
	scene_begin(&s);
	scene_says(&s, "mail1", "show", "ActiveState=active\n", 3);
	nr = look_expr(s.look, &s.scope, "unit.ActiveState != inactive");
	exit_status = look_expr(s.look, &s.scope, "unit.exit == 3");
	scene_run(&s, 0);
	expect(&s, nr, TRI_UNKNOWN, "exit status 3");
	assert_string_equal(look_fact(s.look, nr)->silent, "");
	expect(&s, exit_status, TRI_TRUE, "unit.exit 3");
	scene_says(&s, "mail1", "show", "no equals sign\n", 0);
	scene_again(&s);
	nr = look_expr(s.look, &s.scope, "unit.ActiveState != inactive");
	scene_run(&s, 0);
	expect(&s, nr, TRI_UNKNOWN, "unit.ActiveState is not known");
	/* the service: a director that prints nonsense does not say "no" */
	scene_says(&s, "dir1", STATUS, "nonsense", 0);
	scene_again(&s);
	nr = look_service(s.look, "mail1");
	scene_run(&s, 0);
	expect(&s, nr, TRI_UNKNOWN, "on dir1");
	scene_end(&s);
}

#define TWO HEAD ROW(1, 100, "up") ROW(2, 100, "up")

/*
 * Rows 36 to 38 of bad input: what one director may print while the other says
 * that all are up.  Nothing of it is a clear look; how texts are refused by
 * themselves, long ones too, is test_reading.
 */
static const struct {
	int row;
	const char *says;
	int exit;
	enum tri truth;
	const char *text;
} odd[] = {
	{ 36, "", 0, TRI_UNKNOWN, "on dir2" },
	{ 36, HEAD, 0, TRI_FALSE, "mail2: " },
	{ 36, TWO, 0, TRI_FALSE, "mail3: " },
	{ 36, TWO "10.0.0.13\t100\tup\t5\t9\n", 0, TRI_UNKNOWN, "on dir2" },
	{ 36, ALL_UP ROW(3, 100, "up"), 0, TRI_FALSE, "2 rows" },
	{ 36, TWO ROW(3, -1, "up"), 0, TRI_FALSE, "mail3: " },
	{ 36, TWO ROW(3, 0, "up"), 0, TRI_FALSE, "mail3: " },
	{ 36, TWO ROW(3, cent, "up"), 0, TRI_FALSE, "cannot be" },
	{ 36, TWO ROW(3, 1e2x, "up"), 0, TRI_FALSE, "cannot be" },
	{ 36, TWO ROW(3, 100, "actif"), 0, TRI_FALSE, "mail3: " },
	{ 36, TWO ROW(3, 100, "UP"), 0, TRI_FALSE, "mail3: " },
	{ 36, ALL_UP ROW(9, 100, "up"), 0, TRI_FALSE, "10.0.0.19" },
	{ 36, "adresse\tpoids\tetat\n10.0.0.11\t100\tup\n", 0, TRI_FALSE,
	  "no row with" },
	{ 36, TWO "10.0.0.13\t100\t\033[1mup\t5\n", 0, TRI_UNKNOWN,
	  "on dir2" },
	{ 36, ALL_UP, 75, TRI_UNKNOWN, "exit status 75" },
	{ 37, TWO ROW(3, 100, "down"), 0, TRI_FALSE, "mail3: " },
	{ 38, TWO "10.0.0.13\t100\tup\t5", 0, TRI_UNKNOWN, "on dir2" },
	{ 38, TWO "10.0.0.13\t10", 0, TRI_UNKNOWN, "on dir2" },
};

static void
test_odd_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(odd); i++) {
		struct scene s;
		struct others others;

		scene_begin(&s);
		scene_says(&s, "dir2", STATUS, odd[i].says, odd[i].exit);
		others = others_ask(&s);
		scene_run(&s, 0);
		print_message("row %d, case %zu\n", odd[i].row, i);
		expect_others(&s, others, odd[i].truth, odd[i].text);
		scene_end(&s);
	}
}

static void
test_ready(void **state)
{
	struct scene s;
	unsigned int nr, none;

	(void)state;
	scene_begin(&s);
	scene_says(&s, NULL, "ring", "type\tstatus\nself\tring synced\n"
		   "right\thandshaking\n", 0);
	nr = look_ready(s.look, "director");
	none = look_ready(s.look, "nobody");
	scene_run(&s, 0);
	expect(&s, nr, TRI_TRUE, "ring synced");
	expect(&s, none, TRI_UNKNOWN, "no group nobody");
	scene_says(&s, "dir2", "ring", "type\tstatus\nself\tsyncing\n", 0);
	scene_again(&s);
	nr = look_ready(s.look, "director");
	scene_run(&s, 0);
	expect(&s, nr, TRI_FALSE, "syncing on dir2");
	scene_end(&s);
}

static const char *
scene_mouth(void *ctx, const char *group)
{
	(void)ctx;
	return strcmp(group, "director") == 0 ? "dir2" : NULL;
}

static void
test_targets(void **state)
{
	struct scene s;
	unsigned int nr, steps, open, broken;

	(void)state;
	scene_begin(&s);
	scene_says(&s, NULL, "users 100", "0\n", 0);
	scene_says(&s, "dir2", "users 100", "7\n", 0);
	scene_says(&s, "dir1", "one", NULL, 0);
	scene_says(&s, "dir2", "one", "second\n", 0);
	/* each: a term must hold on every member */
	nr = look_expr(s.look, &s.scope, "users.text == 0");
	steps = look_expr(s.look, &s.scope, "${steps.zero.state} == passed");
	open = look_expr(s.look, &s.scope, "users.text == ${steps.later.x}");
	broken = look_expr(s.look, &s.scope, "nosuch.text == 0");
	scene_run(&s, 0);
	expect(&s, nr, TRI_FALSE, "7 on dir2");
	expect(&s, steps, TRI_TRUE, "");
	expect(&s, open, TRI_UNKNOWN, "not known yet");
	expect(&s, broken, TRI_UNKNOWN, "no probe nosuch");
	assert_int_equal(s.fake.given_probe, 2);
	/* any one: the first that answers; with a mouth: that one alone */
	scene_again(&s);
	nr = look_expr(s.look, &s.scope, "one.text == second");
	scene_run(&s, 0);
	expect(&s, nr, TRI_TRUE, "second on dir2");
	assert_int_equal(s.fake.given_probe, 4);
	scene_again(&s);
	s.scope.mouth = scene_mouth;
	nr = look_expr(s.look, &s.scope, "one.text == second");
	scene_run(&s, 0);
	expect(&s, nr, TRI_TRUE, "second on dir2");
	assert_int_equal(s.fake.given_probe, 5);
	scene_end(&s);
}

static void
test_value(void **state)
{
	struct scene s;
	unsigned int nr;

	(void)state;
	scene_begin(&s);
	nr = look_value(s.look, &s.scope, "service.vhosts");
	scene_run(&s, 0);
	expect(&s, nr, TRI_TRUE, "100");
	assert_string_equal(look_fact(s.look, nr)->text, "100");
	scene_says(&s, "dir2", STATUS, HEAD ROW(1, 50, "up"), 0);
	scene_again(&s);
	nr = look_value(s.look, &s.scope, "service.vhosts");
	scene_run(&s, 0);
	expect(&s, nr, TRI_FALSE, "service.vhosts is 100 on dir1 and 50 on "
	       "dir2");
	scene_says(&s, "dir2", STATUS, HEAD ROW(2, 50, "up"), 0);
	scene_again(&s);
	nr = look_value(s.look, &s.scope, "service.vhosts");
	scene_run(&s, 0);
	expect(&s, nr, TRI_UNKNOWN, "vhosts is not known on dir2");
	scene_end(&s);
}

static void
test_out(void **state)
{
	static const char result[] =
		"{\"exit\":75,\"ms\":3,\"out\":{\"bytes\":3,\"lines\":1,"
		"\"head\":\"b2sK\"},\"err\":{\"bytes\":9000,\"lines\":1,"
		"\"head\":\"b2sK\"}}";
	struct json_object *doc;
	struct scene s;
	unsigned int nr, text, cut, none;

	(void)state;
	scene_begin(&s);
	assert_int_equal(json_parse(result, strlen(result), &json_limits_doc,
				    &doc, NULL), 0);
	s.scope.result = doc;
	s.scope.elapsed_ms = 90000;
	nr = look_expr(s.look, &s.scope, "out.exit == 75 and out.lines == 1 "
		       "and out.elapsed > 1m");
	text = look_expr(s.look, &s.scope, "out.text == ok");
	cut = look_expr(s.look, &s.scope, "out.stderr !~ Error");
	none = look_expr(s.look, &s.scope, "out.signal != 9");
	scene_run(&s, 0);
	expect(&s, nr, TRI_TRUE, "out.exit 75");
	expect(&s, text, TRI_TRUE, "ok");
	/* half a text decides nothing */
	expect(&s, cut, TRI_UNKNOWN, "longer than 8 KiB");
	expect(&s, none, TRI_UNKNOWN, "the result has none");
	assert_int_equal(s.fake.given_probe, 0);
	json_free(&doc);
	scene_end(&s);
}

/* The same words to every backend, or what all members say: no vote. */
static void
test_same(void **state)
{
	unsigned int box, state_of, vhosts, lost;
	struct scene s;

	(void)state;
	scene_begin(&s);
	scene_says(&s, NULL, "box probe", "id=7\n", 0);
	box = look_same(s.look, &s.scope, "box.id");
	vhosts = look_same(s.look, &s.scope, "service.vhosts");
	scene_run(&s, 0);
	expect(&s, box, TRI_TRUE, "box.id is 7 everywhere");
	expect(&s, vhosts, TRI_TRUE, "service.vhosts is 100 everywhere");
	assert_int_equal(s.fake.given_probe, 5);
	/* one backend, and one member, shows another value */
	scene_says(&s, "mail3", "box probe", "id=8 \n", 0);
	scene_says(&s, "dir2", STATUS, HEAD ROW(1, 0, "up")
		   ROW(2, 100, "up") ROW(3, 100, "up"), 0);
	scene_again(&s);
	box = look_same(s.look, &s.scope, "box.id");
	vhosts = look_same(s.look, &s.scope, "service.vhosts");
	state_of = look_same(s.look, &s.scope, "service.state");
	scene_run(&s, 0);
	expect(&s, box, TRI_FALSE, "box.id is 7 on mail1 and \"8 \" on mail3");
	expect(&s, vhosts, TRI_FALSE,
	       "service.vhosts is 100 on dir1 and 0 on dir2");
	expect(&s, state_of, TRI_TRUE, "service.state is up everywhere");
	/* who says nothing might say something else; excluded: not asked */
	scene_says(&s, "mail3", "box probe", NULL, 0);
	scene_again(&s);
	box = look_same(s.look, &s.scope, "box.id");
	lost = look_same(s.look, &s.scope, "nothing.id");
	scene_run(&s, 0);
	expect(&s, box, TRI_UNKNOWN, "not known on mail3");
	expect(&s, lost, TRI_UNKNOWN, "the plan has no probe nothing");
	look_roster_exclude(s.roster, "mail3", true);
	scene_again(&s);
	box = look_same(s.look, &s.scope, "box.id");
	scene_run(&s, 0);
	expect(&s, box, TRI_TRUE, "box.id is 7 everywhere");
	scene_end(&s);
}

/* Freed while it runs: no callback, no probe left behind. */
static void
test_freed(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	(void)look_service(s.look, "mail1");
	look_run(s.look, 0, 10000, scene_done, &s);
	fake_run(&s.fake, NULL, s.fake.now_ms + 3);
	look_free(&s.look);
	fake_run(&s.fake, NULL, s.fake.now_ms + 30000);
	assert_int_equal(s.dones, 0);
	s.look = look_new(s.roster);
	scene_end(&s);
}

static size_t
readings_of(const struct scene *s, const char *host)
{
	size_t n = 0;

	LIST_EACH (struct look_reading, r, &s->roster->readings, link)
		n += strcmp(r->host, host) == 0;
	return n;
}

/* A poll that looks often keeps one answer, and the one that is held. */
static void
test_replaced(void **state)
{
	struct scene s;
	struct look *held;
	unsigned int nr;

	(void)state;
	scene_begin(&s);
	nr = look_service(s.look, "mail1");
	scene_run(&s, 0);
	held = s.look;
	s.look = look_new(s.roster);
	for (int i = 0; i < 20; i++) {
		(void)look_service(s.look, "mail1");
		scene_run(&s, 0);
		scene_again(&s);
	}
	/* the last one, the one before it, the one that is held */
	assert_in_range(readings_of(&s, "dir1"), 2, 3);
	assert_int_equal(look_fact(held, nr)->truth, TRI_TRUE);
	look_free(&held);
	/* a failure replaces no answer that is still young enough */
	scene_says(&s, "dir1", STATUS, "", 1);
	(void)look_service(s.look, "mail1");
	scene_run(&s, 0);
	scene_again(&s);
	nr = look_service(s.look, "mail1");
	scene_run(&s, 30000);
	expect(&s, nr, TRI_TRUE, "up on dir1");
	scene_end(&s);
}

/* The same words asked for their text, and for how much of it there is. */
static void
test_counts(void **state)
{
	unsigned int bytes, lines, text, letter;
	struct scene s;

	(void)state;
	scene_begin(&s);
	scene_says(&s, "mail1", "fetch", "Dear Anna\n", 0);
	bytes = look_value(s.look, &s.scope, "mail.bytes");
	lines = look_expr(s.look, &s.scope, "mail.lines == 1");
	text = look_expr(s.look, &s.scope, "mail.text ~ \"Dear\"");
	scene_run(&s, 0);
	assert_int_equal(s.fake.given_probe, 1);
	expect(&s, bytes, TRI_TRUE, "10");
	expect(&s, lines, TRI_TRUE, "");
	expect(&s, text, TRI_UNKNOWN, "mail.text is not known");
	LIST_EACH (struct look_reading, r, &s.roster->readings, link)
		assert_int_equal(r->out.len, 0);
	scene_again(&s);
	letter = look_value(s.look, &s.scope, "letter.text");
	scene_run(&s, 60000);
	assert_int_equal(s.fake.given_probe, 2);
	expect(&s, letter, TRI_TRUE, "Dear Anna");
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_odd_status),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
