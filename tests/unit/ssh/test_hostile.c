/*
 * test_hostile.c - hosts that do what no SSH server should, all at once, over
 * one real drydock-ssh: each is let go of in its time and with a reason, the
 * process lives and stays small, and another host is served all the while.
 */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "loop.h"
#include "spawn.h"
#include "sshd.h"
#include "transport_ssh.h"

/* What a step may take is in session.c; the rest is for a machine at work. */
#define ALL_MS	120000
#define ECHO_MS 30000
#ifdef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while */
#define GROWTH_KIB 4000000
#else
#define GROWTH_KIB 65536
#endif

/* A case of hostile.py, and how it must end; ERR_NONE: it is still served. */
static const struct row {
	const char *name;
	enum err_code code;
	const char *says;
} rows[] = {
	{ "honest", ERR_NONE, "" },
	{ "banner-300", ERR_LOST, "handshake" },
	{ "banner-endless", ERR_LOST, "handshake" },
	{ "lines-endless", ERR_TIMEOUT, "handshake" },
	{ "banner-eof", ERR_LOST, "handshake" },
	{ "banner-silent", ERR_TIMEOUT, "handshake" },
	{ "garbage", ERR_LOST, "handshake" },
	{ "no-common-kex", ERR_REFUSED, "no cipher of ours" },
	{ "cert-host-key", ERR_REFUSED, "of the pinned type" },
	{ "length-0", ERR_LOST, "handshake" },
	{ "length-max", ERR_LOST, "handshake" },
	{ "ignore-plain", ERR_TIMEOUT, "handshake" },
	{ "debug-plain", ERR_TIMEOUT, "handshake" },
	{ "kex-eof", ERR_LOST, "handshake" },
	{ "kex-short", ERR_LOST, "handshake" },
	{ "kex-no-key", ERR_LOST, "handshake" },
	{ "bad-mac", ERR_LOST, "MAC" },
	{ "auth-silent", ERR_TIMEOUT, "auth" },
	{ "auth-debug", ERR_TIMEOUT, "auth" },
	{ "auth-eof", ERR_LOST, "auth" },
	{ "open-failure", ERR_LOST, "channel" },
	{ "window-0", ERR_LOST, "taken nothing" },
	{ "packet-0", ERR_LOST, "taken nothing" },
	{ "exec-failure", ERR_REFUSED, "exec" },
	{ "exec-eof", ERR_LOST, "exec" },
	{ "exit-signal", ERR_LOST, "" },
	{ "lengths", ERR_LOST, "" },
	{ "packet-35k", ERR_LOST, "" },
	{ "eof-first", ERR_LOST, "the agent has ended" },
	{ "close-alone", ERR_LOST, "the agent has ended" },
	{ "unknown-endless", ERR_LOST, "" },
	{ "data-elsewhere", ERR_NONE, "" },
	{ "past-the-window", ERR_NONE, "" },
	{ "ignore-endless", ERR_NONE, "" },
};

struct seen {
	const struct row *row; /* NULL: the good one */
	struct chan *chan;
	unsigned int opened, lines, closed;
	struct err why;
};

static struct event_base *base;
static struct seen seen[UNIT_COUNT(rows)], good;
static struct sshd server;

static void
on_open(void *self)
{
	struct seen *s = self;

	s->opened++;
}

static void
on_line(void *self, const char *text, size_t len)
{
	struct seen *s = self;

	(void)text;
	(void)len;
	s->lines++;
	if (s->row == NULL)
		transport_more(s->chan, 1);
}

static void
on_closed(void *self, const struct err *why)
{
	struct seen *s = self;

	s->closed++;
	s->why = *why;
}

static const struct chan_events events = { on_open, on_line, on_closed };

static void
begin(struct seen *s, struct transport *t, const char *key, unsigned int port)
{
	struct transport_host host = { .name = s->row != NULL ? s->row->name :
								"good",
				       .address = "127.0.0.1",
				       .port = port,
				       .user = "root",
				       .keys = &key,
				       .n_keys = 1 };
	struct err err;

	s->chan = transport_open(t, &host, &events, s);
	if (transport_line(s->chan, "hello", 5, &err) < 0)
		fail_msg("%s", err.text);
}

/* All cases, in their order; what they print is read from *out_r. */
static pid_t
hostile_start(int *in_r, FILE **out_r)
{
	const char *argv[UNIT_COUNT(rows) + 3] = {
		"/usr/bin/python3", SOURCE_DIR "/tests/unit/ssh/hostile.py"
	};
	struct spawn s = { .argv = argv, .fd_err = STDERR_FILENO };
	int in[2], out[2];
	pid_t pid;

	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		argv[2 + i] = rows[i].name;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	s.fd_in = in[0];
	s.fd_out = out[1];
	assert_int_equal(spawn_start(&s, &pid, NULL), 0);
	(void)close(in[0]);
	(void)close(out[1]);
	*in_r = in[1];
	*out_r = fdopen(out[0], "r");
	assert_non_null(*out_r);
	return pid;
}

static char *
line_of(FILE *f)
{
	static char line[512];

	if (fgets(line, sizeof(line), f) == NULL)
		fail_msg("hostile.py says nothing (python3-cryptography?)");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The other host answers; how long it took, in ms. */
static int64_t
good_answers(void)
{
	unsigned int before = good.lines;
	int64_t begun = clock_boot_ms();
	struct err err;

	if (transport_line(good.chan, "and you?", 8, &err) < 0)
		fail_msg("%s", err.text);
	loop_until(base, ECHO_MS, good.lines > before);
	return clock_boot_ms() - begun;
}

static bool
all_ended(void)
{
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		if (rows[i].code != ERR_NONE && seen[i].closed == 0)
			return false;
	return true;
}

static void
judge(const struct seen *s)
{
	const struct row *row = s->row;

	if (row->code == ERR_NONE && s->closed == 0 && s->opened == 1)
		return;
	if (row->code != ERR_NONE && s->why.code == ERR_TIMEOUT)
		return; /* on a busy machine before it came to that */
	if (row->code == ERR_NONE || s->closed != 1 ||
	    s->why.code != row->code ||
	    strstr(s->why.text, row->says) == NULL)
		fail_msg("%s: opened %u, closed %u, %s: %s", row->name,
			 s->opened, s->closed, err_code_name(s->why.code),
			 s->why.text);
}

static void
test_hostile_hosts(void **state)
{
	const char *const argv[] = { BIN_DIR "/drydock-ssh", "-k",
				     server.client_key, NULL };
	struct transport *t = transport_ssh_new(base, argv, 60000);
	int64_t end = clock_boot_ms() + ALL_MS, worst = 0;
	int in;
	FILE *out;
	pid_t pid = hostile_start(&in, &out), process;
	char *key = x_strdup(line_of(out));
	long at_first;

	(void)state;
	begin(&good, t, server.host_key, server.port);
	loop_until(base, ECHO_MS, good.lines == 1);
	process = sshd_child("drydock-ssh");
	at_first = sshd_resident_kib(process);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		seen[i].row = &rows[i];
		begin(&seen[i], t, key,
		      (unsigned int)strtoul(line_of(out), NULL, 10));
	}
	while (!all_ended() && clock_boot_ms() < end) {
		int64_t ms = good_answers();

		worst = ms > worst ? ms : worst;
		loop_for(base, 50);
	}
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		judge(&seen[i]);
		transport_close(&seen[i].chan);
	}
	assert_true(seen[0].lines > 0);
	assert_int_equal(good.closed, 0);
	assert_int_equal(sshd_child("drydock-ssh"), process);
	print_message("the other host answered within %lld ms, %ld KiB more\n",
		      (long long)worst, sshd_resident_kib(process) - at_first);
	assert_in_range(sshd_resident_kib(process), 1, at_first + GROWTH_KIB);
	transport_close(&good.chan);
	transport_free(&t);
	(void)close(in);
	(void)fclose(out);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	free(key);
}

static int
start(void **state)
{
	(void)state;
	sshd_start(&server, "ed25519", "cat");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	sshd_stop(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_hosts),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, start, stop);
	event_base_free(base);
	return failed;
}
