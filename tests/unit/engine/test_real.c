/*
 * test_real.c - calls and looks with real agents, each a child process.
 *
 * Two hosts in a directory of their own (DRYDOCK_AGENT_ROOT, test builds only).
 * Needs root, as the agent does: its allow file must be root's.
 */
#include "unit.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "call.h"
#include "json.h"
#include "look.h"
#include "loop.h"
#include "sha256.h"
#include "transport_exec.h"
#include "uuid.h"

#define FLEET "0d9c8f3e-3f57-4f40-8d8e-1f5f2f1f6f02"

struct real {
	char dir[64];
	struct event_base *base;
	struct transport *transport;
	struct call_loop *loop;
	struct call_set *set;
	struct call *call;
	bool done;
	enum call_outcome outcome;
	char code[40], why[400], state[40];
	int64_t exit;
	size_t out_size;
	char text[2000];
	unsigned int up, pushed, down;
	char pushed_attempt[UUID_TEXT_SIZE];
	int64_t seq;
};

static void
write_file(const char *dir, const char *host, const char *name,
	   const char *text)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, host);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s/etc", dir, host);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s/etc/drydock", dir, host);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s/etc/drydock/%s", dir, host,
		       name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
real_host(const char *dir, const char *host)
{
	char conf[100];

	(void)snprintf(conf, sizeof(conf), "name = %s\nfleet = mail-eu\n",
		       host);
	write_file(dir, host, "agent.conf", conf);
	write_file(dir, host, "allow",
		   "read seq 1 <int 1..1000000>\n"
		   "read echo <name>\nread false\n"
		   "read tcp <ip> <port>\n"
		   "change echo <name>\nchange sleep <int 0..100>\n"
		   "change copy <path under /srv>\n");
}

static void
real_up(void *ctx, struct call *call)
{
	(void)call;
	((struct real *)ctx)->up++;
}

static void
real_down(void *ctx, struct call *call, const char *why)
{
	struct real *r = ctx;

	(void)call;
	r->down++;
	(void)snprintf(r->why, sizeof(r->why), "%s", why);
}

static void
real_ended(void *ctx, struct call *call, const char *attempt,
	   const char *state, const struct json_object *result,
	   const char *text)
{
	struct real *r = ctx;

	(void)call;
	(void)result;
	(void)text;
	assert_string_equal(state, "ended");
	r->pushed++;
	(void)snprintf(r->pushed_attempt, sizeof(r->pushed_attempt), "%s",
		       attempt);
}

static const struct call_hooks real_hooks = {
	.up = real_up, .down = real_down, .ended = real_ended,
};

static struct call *
real_call(struct real *r, const char *name, const char *address)
{
	struct call_fleet fleet = { FLEET, "mail-eu", 3 };
	struct call_host host = {
		.name = name, .address = address, .port = 22,
		.user = "drydock", .coordinator = "ops1",
		.fleets = &fleet, .nfleets = 1,
	};

	return call_get(r->set, &host);
}

static int
real_setup(void **state)
{
	struct real *r = x_new(struct real);
	char env[120];
	const char *const argv[] = { "env", env, BIN_DIR "/drydock-agent",
				     NULL };

	*state = r;
	if (geteuid() != 0 || access(argv[2], X_OK) != 0)
		return 0;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/drydock-real-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)chmod(r->dir, 0755);
	(void)snprintf(env, sizeof(env), "DRYDOCK_AGENT_ROOT=%s/%%n", r->dir);
	real_host(r->dir, "mail1");
	real_host(r->dir, "mail2");
	r->base = event_base_new();
	r->transport = transport_exec_new(r->base, argv);
	r->loop = call_loop_new(r->base, r->transport, &real_hooks, r);
	r->set = call_loop_set(r->loop);
	r->call = real_call(r, "mail1", "10.0.0.11");
	return 0;
}

/* Was it started for this directory?  Its environment says so. */
static bool
is_ours(const char *pid, const char *dir)
{
	char path[300], text[4096];
	bool ours;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	n = fread(text, 1, sizeof(text), f);
	ours = memmem(text, n, dir, strlen(dir)) != NULL;
	(void)fclose(f);
	return ours;
}

/* The runners outlive their channels: that is what they are for. */
static void
end_runners(const char *dir)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	assert_non_null(proc);
	while ((entry = readdir(proc)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 1 && pid != getpid() && is_ours(entry->d_name, dir))
			(void)kill((pid_t)pid, SIGKILL);
	}
	(void)closedir(proc);
}

static int
real_teardown(void **state)
{
	struct real *r = *state;
	char command[200];

	call_loop_free(&r->loop);
	transport_free(&r->transport);
	if (r->base != NULL) {
		loop_for(r->base, 10);
		event_base_free(r->base);
	}
	if (r->dir[0] != '\0') {
		end_runners(r->dir);
		(void)snprintf(command, sizeof(command), "rm -rf %s", r->dir);
		assert_int_equal(system(command), 0);
	}
	free(r);
	return 0;
}

static void
need_agent(const struct real *r)
{
	if (r->base == NULL) {
		print_message("no root or no agent here: skipped\n");
		skip();
	}
}

static void
copy_str(const struct json_object *body, const char *key, char *to,
	 size_t size)
{
	const struct json_object *v = json_member(body, key);

	(void)snprintf(to, size, "%s", v == NULL ? "" : json_as_str(v));
}

static void
real_done(void *ctx, const struct call_answer *answer)
{
	struct real *r = ctx;
	const struct json_object *v;

	r->done = true;
	r->outcome = answer->outcome;
	(void)snprintf(r->code, sizeof(r->code), "%s", answer->code);
	(void)snprintf(r->why, sizeof(r->why), "%s", answer->why);
	(void)snprintf(r->text, sizeof(r->text), "%s", answer->text);
	r->out_size = answer->out.size;
	r->exit = -1;
	r->state[0] = '\0';
	if (answer->outcome != CALL_ANSWERED)
		return;
	v = json_member(answer->body, "exit");
	if (v != NULL)
		r->exit = json_as_int(v);
	if (json_member(answer->body, "state") != NULL)
		copy_str(answer->body, "state", r->state, sizeof(r->state));
}

static void
real_wait(struct real *r, enum call_outcome want)
{
	loop_until(r->base, 20000, r->done);
	if (r->outcome != want)
		fail_msg("%s, not %s: %s %s",
			 call_outcome_word(r->outcome),
			 call_outcome_word(want), r->code, r->why);
	r->done = false;
}

static void
test_probe(void **state)
{
	static const char *const many[] = { "seq", "1", "100000", NULL };
	static const char *const no[] = { "false", NULL };
	static const char *const hosts[] = { "cat", "/etc/passwd", NULL };
	struct real *r = *state;

	need_agent(r);
	(void)call_probe(r->call, many, 5000, 1 << 20, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_int_equal(r->exit, 0);
	assert_int_equal(r->out_size, 588895);
	assert_string_equal(call_facts(r->call)->name, "mail1");
	assert_string_equal(call_facts(r->call)->journal, "ok");
	/* no more than was asked for, and it says so */
	(void)call_probe(r->call, many, 5000, 1000, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_in_range(r->out_size, 1, 1000);
	assert_non_null(strstr(r->text, "\"cut\":true"));
	(void)call_probe_counts(r->call, many, 5000, 1000, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_int_equal(r->out_size, 0);
	assert_non_null(strstr(r->text, "\"bytes\":588895,\"lines\":100000"));
	assert_null(strstr(r->text, "\"cut\":true"));
	(void)call_probe(r->call, no, 5000, 1000, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_int_equal(r->exit, 1);
	(void)call_probe(r->call, hosts, 5000, 1000, real_done, r);
	real_wait(r, CALL_REFUSED);
	assert_string_equal(r->code, "allow");
	/* nothing listens on port 1 */
	(void)call_tcp(r->call, "127.0.0.1", 1, 2000, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_non_null(strstr(r->text, "\"connected\":false"));
}

static void
real_change(struct real *r, const char *attempt, const char *step,
	    const char *spec)
{
	char path[200];
	struct call_change change = {
		.verb = "run", .attempt = attempt, .fleet = FLEET, .epoch = 3,
		.seq = ++r->seq, .step = path, .who = "anna, rollout 17",
		.note = "{\"zero.vhosts\":\"100\"}", .timeout_ms = 60000,
		.spec = spec,
	};

	(void)snprintf(path, sizeof(path), FLEET "/mail1/%s", step);
	(void)call_change(r->call, &change, real_done, r);
}

static void
test_change(void **state)
{
	char attempt[UUID_TEXT_SIZE], other[UUID_TEXT_SIZE];
	struct real *r = *state;

	need_agent(r);
	uuid_make(attempt);
	uuid_make(other);
	(void)call_ask(r->call, attempt, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_string_equal(r->state, "none");
	real_change(r, attempt, "hello", "{\"argv\":[\"echo\",\"hello\"]}");
	real_wait(r, CALL_ANSWERED);
	loop_until(r->base, 10000, r->pushed > 0);
	assert_string_equal(r->pushed_attempt, attempt);
	(void)call_ask(r->call, attempt, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_string_equal(r->state, "ended");
	assert_non_null(strstr(r->text, "aGVsbG8K"));
	/* another attempt of that step, as if nobody knew of the first */
	real_change(r, other, "hello", "{\"argv\":[\"echo\",\"hello\"]}");
	real_wait(r, CALL_REFUSED);
	assert_string_equal(r->code, "after");
	assert_non_null(strstr(r->text, attempt));
	real_change(r, other, "other", "{\"argv\":[\"reboot\"]}");
	real_wait(r, CALL_REFUSED);
	assert_string_equal(r->code, "allow");
}

/* The channel goes under a running command: asked again, it is still there. */
static void
test_cut(void **state)
{
	char attempt[UUID_TEXT_SIZE];
	struct real *r = *state;
	struct call_host host = { .name = "mail1", .address = "10.0.0.12",
				  .user = "drydock", .port = 22,
				  .coordinator = "ops1" };
	unsigned int up;

	need_agent(r);
	uuid_make(attempt);
	real_change(r, attempt, "sleep", "{\"argv\":[\"sleep\",\"2\"]}");
	real_wait(r, CALL_ANSWERED);
	assert_string_equal(r->state, "running");
	up = r->up;
	/* another address: the channel is closed and opened again */
	call_config(r->call, &host);
	loop_until(r->base, 10000, r->up > up);
	(void)call_ask(r->call, attempt, real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_string_equal(r->state, "running");
	loop_until(r->base, 10000, r->pushed > 0);
	assert_string_equal(r->pushed_attempt, attempt);
}

static void
test_content(void **state)
{
	static const char text[] = "listen = *\n";
	struct real *r = *state;
	char sha[SHA256_TEXT_SIZE], spec[300];
	char *large = x_alloc(200000);

	need_agent(r);
	memset(large, 'x', 199999);
	(void)call_put(r->call, sha256_of(large, 199999, sha), large, 199999,
		       real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_non_null(strstr(r->text, "\"have\":199999"));
	free(large);
	(void)call_put(r->call, sha256_of(text, strlen(text), sha), text,
		       strlen(text), real_done, r);
	real_wait(r, CALL_ANSWERED);
	(void)snprintf(spec, sizeof(spec), "{\"sha256\":\"%s\",\"to\":"
		       "\"/etc/passwd\"}", sha);
	(void)call_dry(r->call, "copy", spec, false, 10000, real_done, r);
	real_wait(r, CALL_REFUSED);
	assert_string_equal(r->code, "allow");
	(void)call_may(r->call, "[{\"verb\":\"run\",\"argv\":[\"echo\","
		       "\"x\"]},{\"verb\":\"run\",\"argv\":[\"rm\"]}]",
		       "[[\"false\"],[\"true\"],[\"tcp\",\"10.0.0.1\",\"25\"]]",
		       real_done, r);
	real_wait(r, CALL_ANSWERED);
	assert_non_null(strstr(r->text, "\"changes\":[{\"ok\":true},"
			       "{\"ok\":false"));
	assert_non_null(strstr(r->text, "\"reads\":[{\"ok\":true},"
			       "{\"ok\":false"));
}

/* An agent that another coordinator has told a higher epoch. */
static void
test_epoch(void **state)
{
	struct call_fleet fleet = { FLEET, "mail-eu", 7 };
	struct call_host host = {
		.name = "mail1", .address = "10.0.0.11", .port = 22,
		.user = "drydock", .coordinator = "ops1",
		.fleets = &fleet, .nfleets = 1,
	};
	struct real *r = *state;

	need_agent(r);
	call_config(r->call, &host);
	call_open(r->call);
	loop_until(r->base, 10000, r->up > 0);
	assert_int_equal(call_facts(r->call)->fleets[0].epoch, 7);
	fleet.epoch = 6;
	call_config(r->call, &host);
	loop_until(r->base, 10000, r->down > 0);
	assert_int_equal(call_misfit(r->call), CALL_MISFIT_EPOCH);
	assert_int_equal(call_fenced_by(r->call), 7);
	/* a name that is not its own */
	host.backend_address = "192.0.2.77";
	fleet.epoch = 8;
	call_config(r->call, &host);
	call_open(r->call);
	loop_until(r->base, 10000, r->down > 1);
	assert_int_equal(call_misfit(r->call), CALL_MISFIT_ADDRESS);
}

static void
look_done(void *ctx, struct look *look)
{
	(void)look;
	((struct real *)ctx)->done = true;
}

static void
test_look(void **state)
{
	static const char inventory[] =
		"{\"fleet\":\"mail-eu\",\"service\":{\"from\":\"each d\","
		"\"run\":[\"echo\",\"up\"],\"format\":\"text\","
		"\"in\":\"text == up\"},\"groups\":{\"d\":{\"members\":["
		"{\"name\":\"mail1\",\"address\":\"10.0.0.11\"},"
		"{\"name\":\"mail2\",\"address\":\"10.0.0.12\"}]}},"
		"\"backends\":[{\"name\":\"b1\",\"address\":\"10.1.0.1\"}]}";
	struct real *r = *state;
	struct json_object *fleet;
	struct look_roster *roster;
	struct look *look;
	unsigned int nr;

	need_agent(r);
	(void)real_call(r, "mail2", "10.0.0.12");
	assert_int_equal(json_parse_object(inventory, strlen(inventory),
					   &json_limits_doc, &fleet, NULL), 0);
	assert_int_equal(look_roster_parse(fleet, &roster, NULL), 0);
	json_free(&fleet);
	look_roster_calls(roster, r->set);
	look = look_new(roster);
	nr = look_service(look, "b1");
	look_run(look, 0, 10000, look_done, r);
	loop_until(r->base, 10000, r->done);
	assert_int_equal(look_fact(look, nr)->truth, TRI_TRUE);
	assert_string_equal(look_fact(look, nr)->text,
			    "text up on mail1, up on mail2");
	look_free(&look);
	look_roster_free(&roster);
}

#define TEST(name)                                                            \
	cmocka_unit_test_setup_teardown(name, real_setup, real_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_probe), TEST(test_change), TEST(test_cut),
		TEST(test_content), TEST(test_epoch), TEST(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
