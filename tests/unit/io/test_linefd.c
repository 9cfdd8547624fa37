/* test_linefd.c - lines, bounds, pauses, and closing inside a callback. */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linefd.h"
#include "loop.h"

static struct event_base *base;

struct peer {
	struct linefd l;
	int other;
	unsigned int lines, gone, drained;
	unsigned int close_at, pause_at;
	unsigned int *freed; /* close_at also frees the whole peer */
	char last[64];
	struct err why;
};

static void
on_line(void *self, char *line, size_t len)
{
	struct peer *p = self;

	p->lines++;
	if (len < sizeof(p->last))
		memcpy(p->last, line, len + 1);
	if (p->lines == p->pause_at)
		linefd_pause(&p->l, true);
	if (p->lines == p->close_at) {
		linefd_close(&p->l);
		if (p->freed != NULL) {
			*p->freed = p->lines;
			(void)close(p->other);
			free(p);
		}
	}
}

static void
on_gone(void *self, const struct err *why)
{
	struct peer *p = self;

	p->gone++;
	p->why = *why;
}

static void
on_drained(void *self)
{
	struct peer *p = self;

	p->drained++;
}

static const struct linefd_events events = { on_line, on_gone, on_drained };

static void
peer_open(struct peer *p)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	*p = (struct peer){ .other = fd[1] };
	linefd_open(&p->l, base, fd[0], 1000, 100000, &events, p);
}

static void
peer_close(struct peer *p)
{
	linefd_close(&p->l);
	linefd_close(&p->l);
	if (p->other >= 0)
		(void)close(p->other);
}

static void
say(struct peer *p, const char *text)
{
	assert_int_equal(write(p->other, text, strlen(text)), strlen(text));
}

static void
test_lines_then_eof(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p);
	say(&p, "one\ntwo\nthr");
	loop_until(base, 1000, p.lines == 2);
	say(&p, "ee\nlast\n");
	(void)close(p.other);
	p.other = -1;
	loop_until(base, 1000, p.gone == 1);
	assert_int_equal(p.lines, 4);
	assert_string_equal(p.last, "last");
	assert_int_equal(p.why.code, ERR_LOST);
	assert_int_equal(linefd_send(&p.l, "x", 1, NULL), -1);
	peer_close(&p);
}

static void
test_too_long(void **state)
{
	char text[2000];
	struct peer p;

	(void)state;
	memset(text, 'x', sizeof(text));
	peer_open(&p);
	assert_int_equal(write(p.other, text, sizeof(text)), sizeof(text));
	loop_until(base, 1000, p.gone == 1);
	assert_int_equal(p.why.code, ERR_PROTO);
	peer_close(&p);
}

static void
test_pause(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p);
	p.pause_at = 2;
	say(&p, "1\n2\n3\n4\n");
	loop_until(base, 1000, p.lines == 2);
	loop_for(base, 30);
	assert_int_equal(p.lines, 2);
	linefd_pause(&p.l, false);
	assert_int_equal(p.lines, 2); /* never from inside */
	loop_until(base, 1000, p.lines == 4);
	say(&p, "5\n");
	loop_until(base, 1000, p.lines == 5);
	peer_close(&p);
}

static void
test_close_in_callback(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p);
	p.close_at = 2;
	say(&p, "1\n2\n3\n");
	loop_until(base, 1000, p.lines == 2);
	loop_for(base, 30);
	assert_int_equal(p.lines, 2);
	assert_int_equal(p.gone, 0);
	peer_close(&p);
}

/* The owner, and the linefd in it, is no more when the callback returns. */
static void
test_free_in_callback(void **state)
{
	struct peer *p = malloc(sizeof(*p));
	unsigned int freed = 0;

	(void)state;
	assert_non_null(p);
	peer_open(p);
	p->close_at = 2;
	p->freed = &freed;
	say(p, "1\n2\n3\n");
	loop_until(base, 1000, freed == 2);
	loop_for(base, 30);
}

static void
test_send_bound(void **state)
{
	char text[1000], got[4096];
	unsigned int sent = 0;
	size_t seen = 0;
	struct peer p;
	ssize_t n;

	(void)state;
	memset(text, 'y', sizeof(text));
	peer_open(&p);
	while (sent < 1000 && linefd_send(&p.l, text, sizeof(text), NULL) == 0)
		sent++;
	assert_int_equal(sent, 99); /* 100000 / 1001 */
	while (seen < (size_t)sent * 1001) {
		loop_once(base, 5);
		while ((n = recv(p.other, got, sizeof(got), MSG_DONTWAIT)) > 0)
			seen += (size_t)n;
	}
	loop_until(base, 1000, p.drained == 1);
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_then_eof),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_close_in_callback),
		cmocka_unit_test(test_free_in_callback),
		cmocka_unit_test(test_send_bound),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
