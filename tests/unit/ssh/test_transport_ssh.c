/*
 * test_transport_ssh.c - the client and the drydock-ssh process, both real,
 * against a real sshd.
 */
#include "unit.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "loop.h"
#include "sandbox.h"
#include "spawn.h"
#include "sshd.h"
#include "transport_ssh.h"

#define SILENCE_MS 60000 /* which no test but one comes to */

static struct event_base *base;
static struct sshd server;

struct seen {
	struct chan *chan;
	bool gives; /* one more for each line */
	unsigned int opened, lines, closed;
	char last[256];
	struct err why;
};

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

	s->lines++;
	if (len < sizeof(s->last))
		memcpy(s->last, text, len + 1);
	if (s->gives)
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

static struct transport *
transport_with(const char *key)
{
	const char *const argv[] = { BIN_DIR "/drydock-ssh", "-k", key, NULL };

	return transport_ssh_new(base, argv, SILENCE_MS);
}

static void
begin(struct seen *s, struct transport *t, const struct sshd *d)
{
	const char *key = d->host_key;
	struct transport_host host = { .name = "mail01",
				       .address = "127.0.0.1",
				       .port = d->port,
				       .user = "root",
				       .keys = &key,
				       .n_keys = 1 };

	*s = (struct seen){ 0 };
	s->chan = transport_open(t, &host, &events, s);
}

static void
send_text(struct seen *s, const char *text)
{
	struct err err;

	if (transport_line(s->chan, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
}

/* The next drydock-ssh may not be there yet. */
static void
until_served(struct transport *t)
{
	struct seen s;

	do {
		begin(&s, t, &server);
		(void)transport_line(s.chan, "x", 1, NULL);
		loop_until(base, 10000, s.lines + s.closed > 0);
		transport_close(&s.chan);
		loop_for(base, 20);
	} while (s.lines == 0);
}

static void
test_exchange(void **state)
{
	struct transport *t = transport_with(server.client_key);
	struct seen s;

	(void)state;
	begin(&s, t, &server);
	send_text(&s, "{\"a\":\"\\\"quotes\\\\\"}");
	assert_int_equal(transport_line(s.chan, "a\nb", 3, NULL), -1);
	assert_int_equal(transport_line(s.chan, "\xff", 1, NULL), -1);
	loop_until(base, 10000, s.lines == 1);
	assert_string_equal(s.last, "{\"a\":\"\\\"quotes\\\\\"}");
	assert_int_equal(s.opened, 1);
	transport_close(&s.chan);
	transport_free(&t);
	assert_int_equal(s.closed, 0);
}

static void
test_fifty_at_once(void **state)
{
	struct transport *t = transport_with(server.client_key);
	static struct seen s[50];
	unsigned int done = 0;
	char text[32];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(s); i++) {
		begin(&s[i], t, &server);
		(void)snprintf(text, sizeof(text), "I am %zu", i);
		for (int n = 0; n < 10; n++)
			send_text(&s[i], text);
	}
	while (done < UNIT_COUNT(s)) {
		done = 0;
		loop_once(base, 50);
		for (size_t i = 0; i < UNIT_COUNT(s); i++) {
			if (s[i].closed > 0)
				fail_msg("%zu: %s", i, s[i].why.text);
			done += s[i].lines == 10;
		}
	}
	for (size_t i = 0; i < UNIT_COUNT(s); i++) {
		(void)snprintf(text, sizeof(text), "I am %zu", i);
		assert_string_equal(s[i].last, text);
		transport_close(&s[i].chan);
	}
	transport_free(&t);
}

/* Sixteen lines, and then one for each message about them. */
#define ANSWERS_CREDIT                                                         \
	"l='{\"m\":\"line\",\"chan\":1,\"text\":\"x\"}'; read -r m; "            \
	"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do echo \"$l\"; done "  \
	">&0; while read -r m; do echo \"$l\" >&0; done"

/* Credit goes down by halves, not by lines. */
static void
test_credit_in_halves(void **state)
{
	const char *const argv[] = { "sh", "-c", ANSWERS_CREDIT, NULL };
	struct transport *t = transport_ssh_new(base, argv, SILENCE_MS);
	struct seen s;

	(void)state;
	begin(&s, t, &server);
	s.gives = true;
	loop_until(base, 10000, s.lines == CHAN_CREDIT + 2);
	loop_for(base, 300);
	assert_int_equal(s.lines, CHAN_CREDIT + 2);
	transport_close(&s.chan);
	transport_free(&t);
}

/* The next message of drydock-ssh begins like this. */
static void
raw_must(FILE *from, const char *like)
{
	char line[4096];

	if (fgets(line, sizeof(line), from) == NULL)
		fail_msg("drydock-ssh has ended before %s", like);
	if (strncmp(line, like, strlen(like)) != 0)
		fail_msg("%s is wanted, not %s", like, line);
}

/* A short conversation costs its lines, and no word about each of them. */
static void
test_only_lines(void **state)
{
	const char *const argv[] = { BIN_DIR "/drydock-ssh", "-k",
				     server.client_key, NULL };
	struct spawn spawn = { .argv = argv, .fd_out = SPAWN_NULL,
			       .fd_err = SPAWN_NULL };
	int pair[2];
	FILE *from;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	spawn.fd_in = pair[1];
	assert_int_equal(spawn_start(&spawn, &pid, NULL), 0);
	(void)close(pair[1]);
	from = fdopen(pair[0], "r");
	raw_must(from, "{\"m\":\"ready\"");
	dprintf(pair[0], "{\"m\":\"open\",\"chan\":1,\"host\":\"a\","
		"\"address\":\"127.0.0.1\",\"port\":%u,\"user\":\"root\","
		"\"keys\":[\"%s\"]}\n", server.port, server.host_key);
	raw_must(from, "{\"m\":\"opened\"");
	for (int i = 0; i < CHAN_CREDIT; i++) {
		dprintf(pair[0], "{\"m\":\"line\",\"chan\":1,\"text\":\"x\"}\n");
		raw_must(from, "{\"m\":\"line\"");
	}
	(void)fclose(from);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#ifdef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while */
#define FLOOD_KIB 300000
#else
#define FLOOD_KIB 8192
#endif

/* A host prints for ever; nobody takes it; nobody grows. */
static void
test_flood(void **state)
{
	struct transport *t;
	struct seen s;
	struct sshd d;
	long at_first;
	pid_t pid;

	(void)state;
	sshd_start(&d, "ed25519",
		   "l=$(head -c 60000 /dev/zero | tr '\\\\0' x); "
		   "while :; do echo $l; echo noise 1>&2; done");
	t = transport_with(d.client_key);
	begin(&s, t, &d);
	loop_until(base, 10000, s.lines == CHAN_CREDIT);
	pid = sshd_child("drydock-ssh");
	assert_true(pid > 0);
	at_first = sshd_resident_kib(pid);
	loop_for(base, 1000);
	assert_int_equal(s.lines, CHAN_CREDIT);
	transport_more(s.chan, 200);
	loop_until(base, 20000, s.lines == CHAN_CREDIT + 200);
	if (sshd_resident_kib(pid) > at_first + FLOOD_KIB)
		fail_msg("%ld KiB, then %ld", at_first, sshd_resident_kib(pid));
	transport_close(&s.chan);
	transport_free(&t);
	sshd_stop(&d);
}

static void
test_cut(void **state)
{
	struct transport *t = transport_with(server.client_key);
	struct seen s;

	(void)state;
	begin(&s, t, &server);
	send_text(&s, "x");
	loop_until(base, 10000, s.lines == 1);
	sshd_cut(&server);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	assert_int_equal(transport_line(s.chan, "y", 1, NULL), -1);
	transport_close(&s.chan);
	transport_free(&t);
}

/* The process is killed: all channels are lost, a new one serves the next. */
static void
test_process_dies(void **state)
{
	struct transport *t = transport_with(server.client_key);
	struct seen a, b, c;
	pid_t pid;

	(void)state;
	begin(&a, t, &server);
	begin(&b, t, &server);
	send_text(&a, "x");
	loop_until(base, 10000, a.lines == 1 && b.opened == 1);
	pid = sshd_child("drydock-ssh");
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	loop_until(base, 5000, a.closed == 1 && b.closed == 1);
	assert_int_equal(a.why.code, ERR_LOST);
	assert_non_null(strstr(a.why.text, "drydock-ssh has died"));
	begin(&c, t, &server); /* at once: not running yet */
	assert_int_equal(c.closed, 0);
	loop_until(base, 5000, c.closed == 1);
	transport_close(&c.chan);
	loop_until(base, 5000, sshd_child("drydock-ssh") > 0);
	assert_int_not_equal(sshd_child("drydock-ssh"), pid);
	begin(&c, t, &server);
	send_text(&c, "again");
	loop_until(base, 10000, c.lines == 1);
	transport_close(&a.chan);
	transport_close(&b.chan);
	transport_close(&c.chan);
	transport_free(&t);
}

/*
 * One that lives and answers nothing is replaced as a dead one is; it is left
 * alone while it answers, however little there is to say.
 */
static void
test_process_hangs(void **state)
{
	const char *const argv[] = { BIN_DIR "/drydock-ssh", "-k",
				     server.client_key, NULL };
	struct transport *t = transport_ssh_new(base, argv, 3000);
	struct seen s;
	pid_t pid;

	(void)state;
	begin(&s, t, &server);
	loop_until(base, 10000, s.opened == 1);
	pid = sshd_child("drydock-ssh");
	assert_true(pid > 0);
	loop_for(base, 5000);
	assert_int_equal(s.closed, 0);
	assert_int_equal(sshd_child("drydock-ssh"), pid);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	loop_until(base, 20000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	assert_non_null(strstr(s.why.text, "3 pings in a row were not "
			       "answered within 3000 ms"));
	transport_close(&s.chan);
	until_served(t);
	/* and nobody waits for one that is stopped when all ends */
	pid = sshd_child("drydock-ssh");
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	transport_free(&t);
	assert_int_equal(kill(pid, 0), -1);
}

/*
 * A process that was taken over: the first of it lies, the next one is real.
 * The client lets go of it, says why, and serves the same host by the next.
 */
static void
lies(const char *lie, const char *why)
{
	char dir[64] = "/tmp/drydock-liar.XXXXXX"; /* and "/lied" */
	char *script;
	struct transport *t;
	struct seen s;

	assert_non_null(mkdtemp(dir));
	script = x_asprintf("mkdir %s/lied 2>/dev/null || exec "
			    BIN_DIR "/drydock-ssh -k %s; read -r m; %s",
			    dir, server.client_key, lie);
	t = transport_ssh_new(base, (const char *const[]){ "sh", "-c", script,
							   NULL },
			      SILENCE_MS);
	begin(&s, t, &server);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	if (strstr(s.why.text, why) == NULL)
		fail_msg("%s: %s, not %s", lie, s.why.text, why);
	transport_close(&s.chan);
	until_served(t);
	transport_free(&t);
	free(script);
	assert_int_equal(rmdir(strcat(dir, "/lied")), 0);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(rmdir(dir), 0);
}

/* Each lie is followed by a silence in which nothing else would end it. */
#define SAY(text) "printf '%s\\n' '" text "' >&0; sleep 60"
#define SAY_17(text)                                                           \
	"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do echo '" text    \
	"'; done >&0; sleep 60"

static void
test_liar(void **state)
{
	(void)state;
	lies(SAY("not a message"), "JSON");
	lies(SAY("{\"m\":\"hello\",\"chan\":1}"), "unknown message");
	lies(SAY("{\"m\":\"line\",\"chan\":1}"), "\"text\"");
	lies(SAY("{\"m\":\"sent\",\"chan\":1,\"n\":1}"), "\"n\"");
	lies(SAY_17("{\"m\":\"line\",\"chan\":1,\"text\":\"x\"}"), "credit");
	lies("printf '{\"m\":\"opened\",\"ch' >&0", "has closed");
	lies("head -c 500000 /dev/zero >&0; sleep 60", "longer than");
}

/* Words without end about what nobody has asked: others are served. */
static void
test_babbler(void **state)
{
	const char *const argv[] = {
		"sh", "-c", "read -r m; yes '{\"m\":\"line\",\"chan\":99,"
		"\"text\":\"x\"}' >&0", NULL };
	struct transport *t = transport_ssh_new(base, argv, SILENCE_MS);
	struct transport *other = transport_with(server.client_key);
	struct seen s, o;

	(void)state;
	begin(&s, t, &server);
	loop_for(base, 200);
	begin(&o, other, &server);
	send_text(&o, "x");
	loop_until(base, 20000, o.lines == 1);
	assert_int_equal(s.lines + s.closed, 0);
	transport_close(&s.chan);
	transport_close(&o.chan);
	transport_free(&t);
	transport_free(&other);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* One drydock-ssh for one connection, as systemd does it. */
static pid_t
serve(int listener)
{
	const char *const argv[] = { BIN_DIR "/drydock-ssh", "-k",
				     server.client_key, NULL };
	struct spawn s = { .argv = argv,
			   .fd_in = -1,
			   .fd_out = SPAWN_NULL,
			   .fd_err = STDERR_FILENO };
	pid_t pid;

	loop_until(base, 10000, (s.fd_in = accept4(listener, NULL, NULL,
						   SOCK_CLOEXEC)) >= 0);
	assert_int_equal(spawn_start(&s, &pid, NULL), 0);
	(void)close(s.fd_in);
	return pid;
}

/* Not there yet, there, killed, there again; it ends when we do. */
static void
test_reached(void **state)
{
	char path[] = "/tmp/drydock-reach.XXXXXX";
	struct transport *t;
	struct seen s;
	int listener, status;
	pid_t pid;

	(void)state;
	(void)close(mkstemp(path));
	assert_int_equal(unlink(path), 0);
	t = transport_ssh_reach(base, path, SILENCE_MS);
	begin(&s, t, &server);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	transport_close(&s.chan);
	listener = listen_at(path);
	pid = serve(listener);
	for (int i = 0; i < 2; i++) {
		begin(&s, t, &server);
		send_text(&s, "x");
		loop_until(base, 10000, s.lines == 1);
		if (i > 0)
			break;
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		loop_until(base, 5000, s.closed == 1);
		transport_close(&s.chan);
		pid = serve(listener);
	}
	transport_close(&s.chan);
	transport_free(&t);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(listener);
	(void)unlink(path);
}

/* What a line of /proc/PID/FILE says behind its name. */
static void
process_says(pid_t pid, const char *file, const char *name, const char *wanted)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, name, strlen(name)) == 0;
	(void)fclose(f);
	assert_true(found);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line + strlen(name) + strspn(line + strlen(name), "\t "),
		    wanted, strlen(wanted)) != 0)
		fail_msg("%s: not %s", line, wanted);
}

/* It runs as nobody that matters, and has given up what it can do without. */
static void
test_confined(void **state)
{
	struct transport *t;
	const struct passwd *user = getpwnam(SANDBOX_USER);
	char ids[64];
	struct seen s;
	pid_t pid;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	if (user == NULL)
		user = getpwnam("nobody");
	assert_non_null(user);
	(void)snprintf(ids, sizeof(ids), "%d\t%d\t%d\t%d", (int)user->pw_uid,
		       (int)user->pw_uid, (int)user->pw_uid,
		       (int)user->pw_uid);
	t = transport_with(server.client_key);
	begin(&s, t, &server);
	loop_until(base, 10000, s.opened == 1);
	pid = sshd_child("drydock-ssh");
	assert_true(pid > 0);
	process_says(pid, "status", "Uid:", ids);
	process_says(pid, "status", "CapEff:", "0000000000000000");
	process_says(pid, "status", "NoNewPrivs:", "1");
	process_says(pid, "status", "Seccomp:", "2");
	process_says(pid, "limits", "Max core file size", "0 ");
	transport_close(&s.chan);
	transport_free(&t);
}

struct scanned {
	unsigned int told;
	char key[1024];
	struct err why;
};

static void
on_scan(void *self, const char *key, const struct err *why)
{
	struct scanned *s = self;

	s->told++;
	if (why != NULL)
		s->why = *why;
	else
		(void)snprintf(s->key, sizeof(s->key), "%s", key);
}

static void
test_scan(void **state)
{
	struct transport *t = transport_with(server.client_key);
	struct transport_host host = { .name = "mail01",
				       .address = "127.0.0.1",
				       .port = server.port };
	struct scanned s = { 0 };

	(void)state;
	t->ops->scan(t, &host, on_scan, &s);
	assert_int_equal(s.told, 0);
	loop_until(base, 10000, s.told == 1);
	assert_int_equal(strncmp(s.key, server.host_key, strlen(s.key)), 0);
	assert_true(strlen(s.key) > 60);
	host.port = 1;
	t->ops->scan(t, &host, on_scan, &s);
	loop_until(base, 10000, s.told == 2);
	assert_int_equal(s.why.code, ERR_LOST);
	transport_free(&t);
}

/* No pin, an RSA pin, a wrong user's key: refused, and why. */
static void
test_refusals(void **state)
{
	struct transport *t = transport_with(server.other_key);
	const char *rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB";
	struct transport_host host = { .name = "mail01",
				       .address = "127.0.0.1",
				       .port = server.port,
				       .user = "root" };
	struct seen s = { 0 };

	(void)state;
	s.chan = transport_open(t, &host, &events, &s);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "none is pinned"));
	transport_close(&s.chan);
	host.keys = &rsa;
	host.n_keys = 1;
	s = (struct seen){ 0 };
	s.chan = transport_open(t, &host, &events, &s);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "rsa-sha2"));
	transport_close(&s.chan);
	begin(&s, t, &server);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "auth: "));
	transport_close(&s.chan);
	/* and is now left alone for a minute, for that reason */
	begin(&s, t, &server);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "auth: "));
	assert_non_null(strstr(s.why.text, "tried again in"));
	transport_close(&s.chan);
	transport_free(&t);
}

/* A host that is down is tried again no sooner than in about 2 s. */
static void
test_backoff(void **state)
{
	struct transport *t = transport_with(server.client_key);
	const char *key = server.host_key;
	struct transport_host host = { .name = "down",
				       .address = "127.0.0.1",
				       .port = 1,
				       .user = "root",
				       .keys = &key,
				       .n_keys = 1 };
	struct seen s = { 0 };
	int64_t begun;

	(void)state;
	s.chan = transport_open(t, &host, &events, &s);
	loop_until(base, 5000, s.closed == 1);
	transport_close(&s.chan);
	begun = clock_boot_ms();
	s.chan = transport_open(t, &host, &events, &s);
	loop_until(base, 5000, s.closed == 2);
	assert_true(clock_boot_ms() - begun >= 1500);
	transport_close(&s.chan);
	transport_free(&t);
}

/* When the host closes it again; ms from the wish to the opening. */
static int64_t
visit(struct seen *s, struct transport *t, const struct sshd *d,
      const char *text)
{
	int64_t begun = clock_boot_ms(), ms;

	begin(s, t, d);
	if (text != NULL)
		send_text(s, text);
	loop_until(base, 20000, s->opened + s->closed > 0);
	ms = clock_boot_ms() - begun;
	loop_until(base, 10000, s->closed == 1);
	transport_close(&s->chan);
	return ms;
}

/* One that serves and lets nobody stay is called back after 2 s, each time. */
static void
test_served(void **state)
{
	struct transport *t;
	struct seen s;
	struct sshd d;

	(void)state;
	sshd_start(&d, "ed25519", "read -r l; echo $l");
	t = transport_with(d.client_key);
	for (int i = 0; i < 4; i++) {
		int64_t ms = visit(&s, t, &d, "x");

		if (s.lines != 1)
			fail_msg("%d: %s", i, s.why.text);
		if (i > 0 && (ms < 1500 || ms > 5000))
			fail_msg("%d: after %lld ms", i, (long long)ms);
	}
	transport_free(&t);
	sshd_stop(&d);
}

/* Who says something and closes has served nobody. */
static void
test_unserved(void **state)
{
	struct transport *t;
	struct seen s;
	struct sshd d;

	(void)state;
	sshd_start(&d, "ed25519", "echo hello");
	t = transport_with(d.client_key);
	(void)visit(&s, t, &d, NULL);
	assert_in_range(visit(&s, t, &d, NULL), 1500, 3900);
	assert_in_range(visit(&s, t, &d, NULL), 3900, 10000);
	/* and then a wait that is told */
	(void)visit(&s, t, &d, NULL);
	assert_int_equal(s.opened, 0);
	assert_non_null(strstr(s.why.text, "tried again in"));
	transport_free(&t);
	sshd_stop(&d);
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
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_fifty_at_once),
		cmocka_unit_test(test_credit_in_halves),
		cmocka_unit_test(test_only_lines),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_process_dies),
		cmocka_unit_test(test_process_hangs),
		cmocka_unit_test(test_liar),
		cmocka_unit_test(test_babbler),
		cmocka_unit_test(test_reached),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_unserved),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, start, stop);
	event_base_free(base);
	return failed;
}
