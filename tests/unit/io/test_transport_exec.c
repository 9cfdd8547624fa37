/* test_transport_exec.c - the agent as a child: lines, credit, endings. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "loop.h"
#include "num.h"
#include "transport_exec.h"

static struct event_base *base;
static const struct transport_host host = { .name = "mail01",
					    .address = "192.0.2.7" };

struct seen {
	struct chan *chan;
	unsigned int opened, lines, closed;
	bool close_at_line;
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

	assert_int_equal(strlen(text), len);
	s->lines++;
	if (len < sizeof(s->last))
		memcpy(s->last, text, len + 1);
	if (s->close_at_line)
		transport_close(&s->chan);
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
shell(const char *text)
{
	const char *const argv[] = { "sh", "-c", text, "%n", "%a", NULL };

	return transport_exec_new(base, argv);
}

static void
begin(struct seen *s, struct transport *t)
{
	*s = (struct seen){ 0 };
	s->chan = transport_open(t, &host, &events, s);
	assert_int_equal(s->opened + s->lines + s->closed, 0);
}

static void
send_text(struct seen *s, const char *text)
{
	struct err err;

	if (transport_line(s->chan, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
}

static void
test_exchange(void **state)
{
	struct transport *t = shell("echo \"$0 $1\"; cat");
	struct seen s;

	(void)state;
	begin(&s, t);
	send_text(&s, "hello");
	loop_until(base, 2000, s.lines == 2);
	assert_int_equal(s.opened, 1);
	assert_string_equal(s.last, "hello");
	assert_int_equal(transport_line(s.chan, "a\nb", 3, NULL), -1);
	transport_close(&s.chan);
	transport_free(&t);
	assert_int_equal(s.closed, 0);
}

static void
test_names(void **state)
{
	struct transport *t = shell("echo \"$0 $1\"; cat");
	struct seen s;

	(void)state;
	begin(&s, t);
	loop_until(base, 2000, s.lines == 1);
	assert_string_equal(s.last, "mail01 192.0.2.7");
	transport_close(&s.chan);
	transport_free(&t);
}

static void
test_end_is_lost(void **state)
{
	struct transport *t = shell("echo bye; exit 3");
	struct seen s;

	(void)state;
	begin(&s, t);
	loop_until(base, 2000, s.closed == 1);
	assert_int_equal(s.lines, 1);
	assert_int_equal(s.why.code, ERR_LOST);
	assert_int_equal(transport_line(s.chan, "x", 1, NULL), -1);
	transport_close(&s.chan);
	transport_free(&t);
}

static void
test_no_program(void **state)
{
	const char *const argv[] = { "/nonexistent/agent", NULL };
	struct transport *t = transport_exec_new(base, argv);
	struct seen s;

	(void)state;
	begin(&s, t);
	transport_more(s.chan, 1);
	loop_until(base, 2000, s.closed == 1);
	assert_non_null(strstr(s.why.text, "cannot run /nonexistent/agent"));
	transport_close(&s.chan);
	transport_free(&t);
}

static void
test_credit(void **state)
{
	struct transport *t = shell("seq 1 100000; cat");
	struct seen s;

	(void)state;
	begin(&s, t);
	loop_until(base, 2000, s.lines == CHAN_CREDIT);
	loop_for(base, 50);
	assert_int_equal(s.lines, CHAN_CREDIT);
	transport_more(s.chan, 5);
	loop_until(base, 2000, s.lines == CHAN_CREDIT + 5);
	loop_for(base, 50);
	assert_int_equal(s.lines, CHAN_CREDIT + 5);
	assert_string_equal(s.last, "21");
	transport_more(s.chan, 200000);
	loop_until(base, 10000, s.lines == 100000);
	transport_close(&s.chan);
	transport_free(&t);
}

static void
test_close_in_callback(void **state)
{
	struct transport *t = shell("echo 1; echo 2; cat");
	struct seen s;

	(void)state;
	begin(&s, t);
	s.close_at_line = true;
	loop_until(base, 2000, s.chan == NULL);
	loop_for(base, 50);
	assert_int_equal(s.lines, 1);
	assert_int_equal(s.closed, 0);
	transport_free(&t);
}

/* A child that ignores EOF and TERM is gone in the end. */
static void
test_stubborn(void **state)
{
	struct transport *t =
		shell("trap '' TERM; echo $$; while :; do sleep 0.1; done");
	struct seen s;
	int64_t pid;

	(void)state;
	begin(&s, t);
	loop_until(base, 2000, s.lines == 1);
	assert_int_equal(num_parse_int(s.last, 2, INT32_MAX, &pid, NULL), 0);
	transport_close(&s.chan);
	assert_int_equal(kill((pid_t)pid, 0), 0);
	loop_until(base, 8000, kill((pid_t)pid, 0) < 0 && errno == ESRCH);
	transport_free(&t);
}

static void
test_flood_of_lines_is_refused(void **state)
{
	struct transport *t = shell("exec sleep 30");
	static char text[CHAN_LINE_MAX];
	struct seen s;
	struct err err = { 0 };
	int n = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(&s, t);
	while (n < 1000 &&
	       transport_line(s.chan, text, sizeof(text), &err) == 0)
		n++;
	assert_int_equal(err.code, ERR_REFUSED);
	assert_true(n >= 60 && n <= CHAN_UNSENT_MAX);
	transport_close(&s.chan);
	transport_free(&t);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_end_is_lost),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_close_in_callback),
		cmocka_unit_test(test_stubborn),
		cmocka_unit_test(test_flood_of_lines_is_refused),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
