/*
 * test_session.c - SSH sessions against a real sshd, in this process, so that
 * the sanitizers see every way out.
 */
#include "unit.h"

#include <libssh2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"
#include "session_private.h"
#include "sshd.h"
#include "transport.h"

static struct event_base *base;
static struct sshd server;
static struct key_file client_key, other_key;

struct seen {
	struct session *s;
	struct host_pins pins;
	unsigned int opened, lines, sent, closed;
	size_t bytes;
	char last[256], key[1024];
	struct err why;
};

/* The session that is being let go of, and how often its descriptor was free
 * to become another's while libssh2 still had it. */
static const struct session *watched;
static unsigned int closed_early;

/* In place of libc's, for all of this program. */
int
close(int fd)
{
	if (watched != NULL && watched->fd == fd && watched->ssh != NULL)
		closed_early++;
	return (int)syscall(SYS_close, fd);
}

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
	s->bytes += len;
	if (len < sizeof(s->last))
		memcpy(s->last, text, len + 1);
}

static void
on_sent(void *self, unsigned int lines)
{
	struct seen *s = self;

	s->sent += lines;
}

static void
on_key(void *self, const char *key)
{
	struct seen *s = self;

	assert_true(strlen(key) < sizeof(s->key));
	memcpy(s->key, key, strlen(key) + 1);
}

static void
on_closed(void *self, const struct err *why)
{
	struct seen *s = self;

	s->closed++;
	s->why = *why;
	session_free(&s->s);
}

static const struct session_events events = { on_open, on_line, on_sent, on_key,
					      on_closed };

static void
begin(struct seen *s, unsigned int port, const char *pin,
      const struct key_file *key, bool scan)
{
	struct session_target target = { .address = "127.0.0.1",
					 .port = port,
					 .user = "root",
					 .pins = &s->pins,
					 .key = key,
					 .scan = scan };

	*s = (struct seen){ 0 };
	if (pin != NULL)
		assert_int_equal(host_pins_add(&s->pins, pin, NULL), 0);
	s->s = session_new(base, &target, &events, s);
	session_start(s->s);
	assert_int_equal(s->opened + s->closed, 0);
}

static void
finish(struct seen *s)
{
	watched = s->s;
	session_free(&s->s);
	watched = NULL;
	assert_int_equal(closed_early, 0);
	host_pins_free(&s->pins);
}

static void
send_text(struct seen *s, const char *text)
{
	assert_int_equal(session_send(s->s, text, strlen(text), NULL), 0);
}

static void
test_exchange(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, server.port, server.host_key, &client_key, false);
	send_text(&s, "before it stands");
	loop_until(base, 10000, s.lines == 1);
	assert_string_equal(s.last, "before it stands");
	send_text(&s, "and h\xc3\xa4ter");
	loop_until(base, 5000, s.lines == 2);
	assert_string_equal(s.last, "and h\xc3\xa4ter");
	assert_int_equal(s.opened, 1);
	assert_int_equal(s.sent, 2);
	finish(&s);
	assert_int_equal(s.closed, 0);
}

/* Lines of all sizes up to the limit, more than both windows hold. */
static void
test_bulk(void **state)
{
	static char text[CHAN_LINE_MAX];
	unsigned int sent = 0;
	size_t bytes = 0;
	struct seen s;

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(&s, server.port, server.host_key, &client_key, false);
	session_more(s.s, 1000);
	while (s.lines < 400) {
		size_t len = sent * 977 % sizeof(text);

		if (sent < 400 && sent - s.sent < CHAN_UNSENT_MAX) {
			assert_int_equal(session_send(s.s, text, len, NULL), 0);
			bytes += len;
			sent++;
			continue;
		}
		loop_once(base, 50);
		if (s.closed != 0)
			fail_msg("%s", s.why.text);
	}
	assert_int_equal(s.bytes, bytes);
	finish(&s);
}

/*
 * Both directions full over a narrow line: writes stop in the midst of a
 * packet, and so do the window adjustments that reads must send.
 */
static void
test_narrow_line(void **state)
{
	static char text[CHAN_LINE_MAX];
	unsigned int port, sent = 0;
	static const int narrow = 8192;
	pid_t pid = proxy_start(server.port, PROXY_SLOW, "", &port);
	struct seen s;

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(&s, port, server.host_key, &client_key, false);
	session_more(s.s, 1000);
	loop_until(base, 10000, s.opened == 1);
	assert_int_equal(setsockopt(s.s->fd, SOL_SOCKET, SO_SNDBUF, &narrow,
				    sizeof(narrow)), 0);
	while (s.lines < 60) {
		if (sent < 60 && sent - s.sent < CHAN_UNSENT_MAX) {
			assert_int_equal(session_send(s.s, text, sizeof(text),
						      NULL), 0);
			sent++;
			continue;
		}
		loop_once(base, 50);
		if (s.closed > 0)
			fail_msg("%s", s.why.text);
	}
	assert_int_equal(s.bytes, 60 * sizeof(text));
	finish(&s);
	proxy_stop(pid);
}

static void
test_wrong_host_key(void **state)
{
	static const char pin[] =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBYmQdTlUbx2mLdJNwHwGl1Iu0"
		"XRPmr7s0hp7aXpwfqr";
	struct sshd other;
	struct seen s;

	(void)state;
	sshd_start(&other, "ed25519", "cat");
	begin(&s, other.port, pin, &client_key, false);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "which is not pinned"));
	assert_non_null(strstr(s.why.text, "SHA256:"));
	/* nothing was shown to it: not even a user's name */
	assert_true(sshd_log_has(&other, "Connection from"));
	assert_false(sshd_log_has(&other, "userauth-request"));
	finish(&s);
	/* the right pin gets that far: the log would have shown it */
	begin(&s, other.port, other.host_key, &client_key, false);
	loop_until(base, 10000, s.closed == 1);
	assert_true(sshd_log_has(&other, "userauth-request"));
	finish(&s);
	sshd_stop(&other);
}

static void
test_auth_refused(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, server.port, server.host_key, &other_key, false);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "auth: "));
	finish(&s);
}

/* Ours is an ed25519 key everywhere else. */
static void
test_ecdsa_client(void **state)
{
	struct key_file key;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(server.ecdsa_key); i++) {
		assert_int_equal(key_file_read(&key, server.ecdsa_key[i],
					       NULL), 0);
		begin(&s, server.port, server.host_key, &key, false);
		loop_until(base, 10000, s.opened == 1);
		finish(&s);
		key_file_free(&key);
	}
}

static void
test_rsa_only_host(void **state)
{
	struct sshd rsa;
	struct seen s;

	(void)state;
	sshd_start(&rsa, "rsa", "cat");
	begin(&s, rsa.port, server.host_key, &client_key, false);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_REFUSED);
	assert_non_null(strstr(s.why.text, "libssh2 1.10 knows no rsa-sha2"));
	assert_non_null(strstr(s.why.text, "ssh-keygen -A"));
	finish(&s);
	begin(&s, rsa.port, NULL, NULL, true);
	loop_until(base, 10000, s.closed == 1);
	assert_non_null(strstr(s.why.text, "libssh2 1.10 knows no rsa-sha2"));
	finish(&s);
	sshd_stop(&rsa);
}

static void
test_ecdsa_and_scan(void **state)
{
	struct sshd ec;
	struct seen s;

	(void)state;
	sshd_start(&ec, "ecdsa", "cat");
	begin(&s, ec.port, NULL, NULL, true);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_NONE);
	assert_int_equal(strncmp(s.key, ec.host_key, strlen(s.key)), 0);
	assert_true(strlen(s.key) > 100);
	assert_false(sshd_log_has(&ec, "userauth-request"));
	finish(&s);
	sshd_stop(&ec);
}

static void
test_cut_is_lost(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, server.port, server.host_key, &client_key, false);
	send_text(&s, "one");
	loop_until(base, 10000, s.lines == 1);
	sshd_cut(&server);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	loop_for(base, 50);
	assert_int_equal(s.closed, 1);
	finish(&s);
}

/* Let the first server's client in at this one, too. */
static void
trust(const struct sshd *d)
{
	shell("sed -i \"s|ssh-ed25519 .*|$(cat %s/client.pub)|\" %s/auth",
	      server.dir, d->dir);
}

/* Writing goes on while nobody takes lines, far beyond one window. */
static void
test_write_without_credit(void **state)
{
	static char text[CHAN_LINE_MAX];
	struct seen s;
	struct sshd d;

	(void)state;
	memset(text, 'x', sizeof(text));
	sshd_start(&d, "ed25519", "cat > /dev/null");
	trust(&d);
	begin(&s, d.port, d.host_key, &client_key, false);
	session_hold(s.s, true);
	loop_until(base, 10000, s.opened == 1);
	for (unsigned int n = 1; n <= 96; n += 32) {
		for (int i = 0; i < 32; i++)
			assert_int_equal(session_send(s.s, text, sizeof(text),
						      NULL), 0);
		loop_until(base, 10000, s.sent == n + 31);
	}
	finish(&s);
	sshd_stop(&d);
}

/* What the agent said last is told; what it sent before is delivered. */
static void
test_agent_ends(void **state)
{
	struct sshd d;
	struct seen s;

	(void)state;
	sshd_start(&d, "ed25519",
		   "echo line; echo noise 1>&2; printf 'sudo: no\\033[2J' 1>&2");
	trust(&d);
	begin(&s, d.port, d.host_key, &client_key, false);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.lines, 1);
	assert_string_equal(s.last, "line");
	assert_int_equal(s.why.code, ERR_LOST);
	assert_non_null(strstr(s.why.text, "sudo: no\\x1b[2J"));
	finish(&s);
	sshd_stop(&d);
}

static void
test_not_text(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, server.port, server.host_key, &client_key, false);
	assert_int_equal(session_send(s.s, "\xff\xfe", 2, NULL), 0);
	loop_until(base, 10000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_PROTO);
	finish(&s);
}

static void
test_no_credit_no_lines(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, server.port, server.host_key, &client_key, false);
	for (int i = 0; i < 40; i++)
		send_text(&s, "line");
	loop_until(base, 10000, s.lines == CHAN_CREDIT);
	loop_for(base, 100);
	assert_int_equal(s.lines, CHAN_CREDIT);
	session_more(s.s, 4);
	loop_until(base, 5000, s.lines == CHAN_CREDIT + 4);
	session_hold(s.s, true);
	session_more(s.s, 100);
	loop_for(base, 100);
	assert_int_equal(s.lines, CHAN_CREDIT + 4);
	session_hold(s.s, false);
	loop_until(base, 5000, s.lines == 40);
	finish(&s);
}

/* Nobody is there; somebody is there and says nothing, or not SSH. */
static void
test_no_ssh_there(void **state)
{
	static const struct {
		const char *says;
		enum err_code code;
	} rows[] = {
		{ "", ERR_NONE }, /* still waiting: freed in the midst */
		{ "SSH-2.0-silent\r\n", ERR_NONE },
		{ "SSH-2.0-x\r\n\xff\xff\xff\xff garbage garbage", ERR_LOST },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", ERR_NONE },
	};
	struct seen s;

	(void)state;
	begin(&s, 1, server.host_key, &client_key, false);
	loop_until(base, 5000, s.closed == 1);
	assert_int_equal(s.why.code, ERR_LOST);
	assert_non_null(strstr(s.why.text, "connect: Connection refused"));
	finish(&s);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		unsigned int port;
		pid_t pid = proxy_start(0, -1, rows[i].says, &port);

		begin(&s, port, server.host_key, &client_key, false);
		if (rows[i].code != ERR_NONE) {
			loop_until(base, 5000, s.closed == 1);
			assert_int_equal(s.why.code, rows[i].code);
		} else {
			loop_for(base, 200);
		}
		assert_int_equal(s.opened, 0);
		finish(&s);
		proxy_stop(pid);
	}
}

/*
 * Torture: the line is cut after k bytes either way, for many k through the
 * handshake, authentication and the exchange.  Each ends once, and not well.
 */
static void
test_cut_anywhere(void **state)
{
	unsigned int opened = 0, before = 0;

	(void)state;
	for (long k = 1; k < 4200; k += 173) {
		unsigned int port;
		pid_t pid = proxy_start(server.port, k, "", &port);
		struct seen s;

		begin(&s, port, server.host_key, &client_key, false);
		session_more(s.s, 100);
		for (int i = 0; i < 40; i++)
			send_text(&s, "some words that make the line longer "
				      "and longer until it is cut off");
		loop_until(base, 15000, s.closed == 1);
		if (s.why.code != ERR_LOST && s.why.code != ERR_REFUSED)
			fail_msg("after %ld bytes: %s", k, s.why.text);
		opened += s.opened;
		before += 1 - s.opened;
		finish(&s);
		proxy_stop(pid);
	}
	assert_true(opened > 0 && before > 5);
}

/*
 * The line falls silent after k bytes and the session is freed there: in every
 * state of the handshake and behind it.  The sanitizer counts what is left.
 */
static void
test_free_anywhere(void **state)
{
	(void)state;
	for (long k = 1; k < 3000; k += 97) {
		unsigned int port;
		pid_t pid = proxy_start(server.port, k, NULL, &port);
		struct seen s;

		begin(&s, port, server.host_key, &client_key, false);
		loop_for(base, 60);
		assert_int_equal(s.closed, 0);
		finish(&s);
		proxy_stop(pid);
	}
}

static void
test_free_anywhen(void **state)
{
	(void)state;
	for (int ms = 0; ms < 120; ms += 6) {
		struct seen s;

		begin(&s, server.port, server.host_key, &client_key, false);
		send_text(&s, "x");
		loop_for(base, ms);
		assert_int_equal(s.closed, 0);
		finish(&s);
	}
}

static int
start(void **state)
{
	(void)state;
	sshd_start(&server, "ed25519", "cat");
	return key_file_read(&client_key, server.client_key, NULL) |
	       key_file_read(&other_key, server.other_key, NULL);
}

static int
stop(void **state)
{
	(void)state;
	key_file_free(&client_key);
	key_file_free(&other_key);
	sshd_stop(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_narrow_line),
		cmocka_unit_test(test_wrong_host_key),
		cmocka_unit_test(test_auth_refused),
		cmocka_unit_test(test_ecdsa_client),
		cmocka_unit_test(test_rsa_only_host),
		cmocka_unit_test(test_ecdsa_and_scan),
		cmocka_unit_test(test_cut_is_lost),
		cmocka_unit_test(test_write_without_credit),
		cmocka_unit_test(test_agent_ends),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_no_credit_no_lines),
		cmocka_unit_test(test_no_ssh_there),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_free_anywhere),
		cmocka_unit_test(test_free_anywhen),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)libssh2_init(0);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, start, stop);
	event_base_free(base);
	libssh2_exit();
	return failed;
}
