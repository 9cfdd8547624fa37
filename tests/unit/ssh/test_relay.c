/*
 * test_relay.c - whose fault it is that keys are not exchanged: a host's, and
 * all others are served as before, or that of this process, which then ends.
 */
#include "unit.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "relay.h"
#include "sshd.h"

static struct event_base *base;
static struct sshd server;
static struct key_file key;

struct scene {
	struct relay *relay;
	int fd; /* drydockd's end */
	unsigned int opens;
	bool left; /* the loop was: drydock-ssh has ended */
	char said[16384];
	size_t len;
};

static void
scene_begin(struct scene *s)
{
	int pair[2];

	*s = (struct scene){ 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s->fd = pair[0];
	s->relay = relay_new(base, pair[1], &key);
}

static void
scene_end(struct scene *s)
{
	relay_free(&s->relay);
	(void)close(s->fd);
}

/* Each port is another host: none has failed before. */
static void
scene_open(struct scene *s, unsigned int port)
{
	char line[1024];
	int n;

	s->opens++;
	n = snprintf(line, sizeof(line), "{\"m\":\"open\",\"chan\":%u,"
		     "\"host\":\"h\",\"address\":\"127.0.0.1\",\"port\":%u,"
		     "\"user\":\"root\",\"keys\":[\"%s\"]}\n", s->opens, port,
		     server.host_key);
	assert_int_equal(write(s->fd, line, (size_t)n), n);
}

static bool
scene_said(struct scene *s, const char *m)
{
	char line[64];
	ssize_t n;

	s->left |= event_base_got_break(base) != 0;
	n = recv(s->fd, s->said + s->len, sizeof(s->said) - s->len - 1,
		 MSG_DONTWAIT);
	if (n > 0)
		s->len += (size_t)n;
	(void)snprintf(line, sizeof(line), "{\"m\":\"%s\",\"chan\":%u", m,
		       s->opens);
	return strstr(s->said, line) != NULL;
}

/* What no key is exchanged with, and what goes away in the midst of it. */
static void
test_host(void **state)
{
	static const long cuts[] = { 0, 30, 700, 1100, 1500, 2000 };
	struct scene s;
	unsigned int port;
	pid_t pid;

	(void)state;
	scene_begin(&s);
	pid = proxy_start(0, -1, "SSH-2.0-x\r\nthis is no packet, whatever its "
			  "length says of it", &port);
	scene_open(&s, port);
	loop_until(base, 20000, scene_said(&s, "closed"));
	assert_non_null(strstr(s.said, "Unable to exchange encryption keys"));
	proxy_stop(pid);
	for (size_t i = 0; i < UNIT_COUNT(cuts); i++) {
		pid = proxy_start(server.port, cuts[i], "", &port);
		scene_open(&s, port);
		loop_until(base, 20000, scene_said(&s, "closed"));
		proxy_stop(pid);
	}
	assert_false(s.left);
	scene_open(&s, server.port);
	loop_until(base, 20000, scene_said(&s, "opened"));
	assert_false(s.left);
	scene_end(&s);
}

static void
test_ours(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
	/* nobody is there: that says nothing of us */
	scene_open(&s, 1);
	loop_until(base, 20000, scene_said(&s, "closed"));
	assert_false(s.left);
	scene_open(&s, server.port);
	loop_until(base, 20000, scene_said(&s, "closed"));
	assert_true(s.left);
	assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
	scene_end(&s);
}

static int
start(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	sshd_start(&server, "ed25519", "cat");
	return key_file_read(&key, server.client_key, NULL);
}

static int
stop(void **state)
{
	(void)state;
	sshd_stop(&server);
	key_file_free(&key);
	event_base_free(base);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_ours),
	};

	log_set_level(LOG_LEVEL_CRIT);
	return cmocka_run_group_tests(tests, start, stop);
}
