/* test_stepper.c - the contract of the async step, point by point. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "loop.h"
#include "stepper.h"

static struct event_base *base;

struct talk {
	struct stepper st;
	int fd[2];
	unsigned int runs, dones;
	bool free_in_done;
	struct err err;
};

static step_fn do_first, do_fail, do_read, do_busy, do_trickle, do_sleep,
	do_silent, do_write_read;
static const struct step FIRST = { "first", do_first, 1000 };
static const struct step FAIL = { "fail", do_fail, 1000 };
static const struct step READ = { "read", do_read, 50 };
static const struct step BUSY = { "busy", do_busy, 1000 };
static const struct step TRICKLE = { "trickle", do_trickle, 60 };
static const struct step SLEEP = { "sleep", do_sleep, 1000 };
static const struct step SILENT = { "silent", do_silent, 1000 };
static const struct step WRITE_READ = { "write", do_write_read, 1000 };

static struct step_ret
do_first(void *self)
{
	struct talk *t = self;

	return ++t->runs < 3 ? step_goto(&FIRST) : step_done();
}

static struct step_ret
do_fail(void *self)
{
	struct talk *t = self;

	t->runs++;
	(void)err_set(&t->st.err, ERR_REFUSED, "no");
	return step_fail();
}

static struct step_ret
do_read(void *self)
{
	struct talk *t = self;
	char c;

	t->runs++;
	return read(t->fd[0], &c, 1) == 1 ? step_done() : step_wait(EV_READ);
}

static struct step_ret
do_busy(void *self)
{
	struct talk *t = self;

	t->runs++;
	return step_goto(&BUSY);
}

/* Each byte arms the budget anew; only the total ends it. */
static struct step_ret
do_trickle(void *self)
{
	struct talk *t = self;
	char c;

	t->runs++;
	if (read(t->fd[0], &c, 1) == 1)
		(void)!write(t->fd[1], "x", 1);
	return step_wait_then(EV_READ, &TRICKLE);
}

static struct step_ret
do_sleep(void *self)
{
	struct talk *t = self;

	return ++t->runs < 3 ? step_wait_ms(0, 20) : step_done();
}

/* No direction to wait for: both, and a retry by the clock. */
static struct step_ret
do_silent(void *self)
{
	struct talk *t = self;

	return ++t->runs < 4 ? step_wait_ms(EV_READ, 10) : step_done();
}

static struct step_ret
do_write_read(void *self)
{
	struct talk *t = self;

	t->runs++;
	return step_wait_then(EV_WRITE, &READ);
}

static void
on_done(void *self, const struct err *err)
{
	struct talk *t = self;

	t->dones++;
	if (err != NULL)
		t->err = *err;
	if (t->free_in_done) {
		stepper_close(&t->st);
		t->free_in_done = false;
	}
}

static struct talk *
talk_new(void)
{
	struct talk *t = x_new(struct talk);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    t->fd), 0);
	stepper_init(&t->st, base, t, on_done);
	stepper_set_fd(&t->st, t->fd[0]);
	return t;
}

static void
talk_free(struct talk *t)
{
	stepper_close(&t->st);
	(void)close(t->fd[0]);
	(void)close(t->fd[1]);
	free(t);
}

static void
test_done_once_from_loop(void **state)
{
	struct talk *t = talk_new();

	(void)state;
	stepper_start(&t->st, &FIRST, 5000);
	assert_int_equal(t->runs, 0);
	assert_int_equal(t->dones, 0);
	loop_until(base, 1000, t->dones > 0);
	loop_for(base, 30);
	assert_int_equal(t->runs, 3);
	assert_int_equal(t->dones, 1);
	assert_int_equal(t->err.code, ERR_NONE);
	talk_free(t);
}

static void
test_fail_then_again(void **state)
{
	struct talk *t = talk_new();

	(void)state;
	stepper_start(&t->st, &FAIL, 5000);
	loop_until(base, 1000, t->dones > 0);
	assert_int_equal(t->err.code, ERR_REFUSED);
	err_clear(&t->err);
	t->runs = 0;
	stepper_start(&t->st, &FIRST, 5000);
	loop_until(base, 1000, t->dones > 1);
	assert_int_equal(t->err.code, ERR_NONE);
	talk_free(t);
}

static void
test_close_in_done(void **state)
{
	struct talk *t = talk_new();

	(void)state;
	t->free_in_done = true;
	stepper_start(&t->st, &FIRST, 5000);
	loop_until(base, 1000, t->dones > 0);
	loop_for(base, 30);
	assert_int_equal(t->dones, 1);
	talk_free(t);
}

static void
test_close_cancels(void **state)
{
	struct talk *t = talk_new();

	(void)state;
	stepper_start(&t->st, &FIRST, 5000);
	stepper_close(&t->st);
	loop_for(base, 30);
	assert_int_equal(t->runs, 0);
	stepper_init(&t->st, base, t, on_done);
	stepper_set_fd(&t->st, t->fd[0]);
	stepper_start(&t->st, &READ, 5000);
	loop_until(base, 1000, t->runs > 0);
	stepper_cancel(&t->st);
	(void)!write(t->fd[1], "x", 1);
	loop_for(base, 80);
	assert_int_equal(t->runs, 1);
	assert_int_equal(t->dones, 0);
	stepper_start(&t->st, &READ, 5000);
	loop_until(base, 1000, t->dones == 1);
	talk_free(t);
}

static void
test_budget_names_step(void **state)
{
	struct talk *t = talk_new();

	(void)state;
	stepper_start(&t->st, &WRITE_READ, 5000);
	loop_until(base, 1000, t->dones > 0);
	assert_int_equal(t->err.code, ERR_TIMEOUT);
	assert_string_equal(t->err.text, "read: no answer in 50 ms");
	talk_free(t);
}

static void
test_total_ends_trickle(void **state)
{
	struct talk *t = talk_new();
	int64_t begun = clock_boot_ms();

	(void)state;
	(void)!write(t->fd[1], "x", 1);
	stepper_start(&t->st, &TRICKLE, 200);
	loop_until(base, 2000, t->dones > 0);
	assert_string_equal(t->err.text, "trickle: the call ran out of time");
	assert_true(clock_boot_ms() - begun >= 190);
	assert_true(t->runs > 3);
	talk_free(t);
}

static void
test_busy_chain_lets_others_in(void **state)
{
	struct talk *busy = talk_new(), *other = talk_new();
	int64_t begun = clock_boot_ms();

	(void)state;
	(void)!write(other->fd[1], "x", 1);
	stepper_start(&busy->st, &BUSY, 300);
	stepper_start(&other->st, &READ, 5000);
	loop_until(base, 200, other->dones > 0);
	assert_true(clock_boot_ms() - begun < 200);
	assert_int_equal(other->err.code, ERR_NONE);
	assert_int_equal(busy->dones, 0);
	loop_until(base, 1000, busy->dones > 0); /* its clock runs as well */
	assert_int_equal(busy->err.code, ERR_TIMEOUT);
	talk_free(busy);
	talk_free(other);
}

static void
test_sleep_and_retry(void **state)
{
	struct talk *t = talk_new();
	int64_t begun = clock_boot_ms();

	(void)state;
	stepper_start(&t->st, &SLEEP, 5000);
	loop_until(base, 1000, t->dones > 0);
	assert_true(clock_boot_ms() - begun >= 38);
	t->runs = 0;
	stepper_start(&t->st, &SILENT, 5000);
	loop_until(base, 1000, t->dones > 1);
	assert_int_equal(t->runs, 4);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done_once_from_loop),
		cmocka_unit_test(test_fail_then_again),
		cmocka_unit_test(test_close_in_done),
		cmocka_unit_test(test_close_cancels),
		cmocka_unit_test(test_budget_names_step),
		cmocka_unit_test(test_total_ends_trickle),
		cmocka_unit_test(test_busy_chain_lets_others_in),
		cmocka_unit_test(test_sleep_and_retry),
	};
	int failed;

	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
