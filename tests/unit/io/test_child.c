/* test_child.c - a program is fed, heard, bounded, and ended in time. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "loop.h"

static struct event_base *base;

struct run {
	struct child *child;
	int dones;
	struct child_end end;
	char output[256];
};

static void
on_done(void *self, const struct child_end *end)
{
	struct run *r = self;

	r->dones++;
	r->end = *end;
	memcpy(r->output, end->output, end->output_len);
	r->output[end->output_len] = '\0';
	child_free(&r->child);
}

static void
begin(struct run *r, const char *script, const char *input, size_t len,
      unsigned int limit_ms)
{
	const char *argv[] = { "/bin/bash", "-c", script, NULL };
	struct err err;

	*r = (struct run){ .child = NULL };
	r->child = child_new(base, &(struct child_options){
		.argv = argv, .input = input, .input_len = len,
		.limit_ms = limit_ms, .output_max = 200 }, on_done, r, &err);
	assert_non_null(r->child);
	assert_int_equal(r->dones, 0);
}

static void
run(struct run *r, const char *script, const char *input)
{
	begin(r, script, input, strlen(input), 60000);
	loop_until(base, 30000, r->dones == 1);
}

static void
it_reads_its_input_and_is_heard(void **state)
{
	struct run r;

	(void)state;
	run(&r, "cat; echo err >&2; exit 7", "{\"a\": 1}\n");
	assert_int_equal(r.end.exit, 7);
	assert_int_equal(r.end.signal, 0);
	assert_string_equal(r.output, "{\"a\": 1}\nerr\n");
	/* also by name, as many programs do */
	run(&r, "cat /dev/stdin", "text");
	assert_string_equal(r.output, "text");
}

static void
it_need_not_read_and_may_print_without_end(void **state)
{
	size_t len = 1 << 20;
	char *much = x_alloc(len);
	struct run r;

	(void)state;
	memset(much, 'x', len);
	begin(&r, "exec <&-; head -c 3000000 /dev/zero | tr '\\0' y",
	      much, len, 60000);
	loop_until(base, 30000, r.dones == 1);
	free(much);
	assert_int_equal(r.end.exit, 0);
	assert_int_equal(r.end.output_len, 200);
	assert_true(r.end.cut);
	assert_int_equal(r.output[199], 'y');
}

static void
it_inherits_nothing(void **state)
{
	struct run r;

	(void)state;
	assert_int_equal(setenv("SECRET", "hush", 1), 0);
	run(&r, "env | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^PATH=; "
		"ls /proc/$$/fd; " /* in a pipe the shell would have one more */
		"[ $(ps -o pgid= $$) = $$ ] && echo leads", "");
	assert_string_equal(r.output, "LANG=C.UTF-8\n0\n1\n2\nleads\n");
}

/*
 * How much longer it lived than it may.  With more time when that was over
 * before it said "in": it takes what the machine has for it to come so far.
 */
static int64_t
outlives(struct run *r, const char *script)
{
	unsigned int limit_ms = 250;
	int64_t begun;

	do {
		limit_ms *= 2;
		begun = clock_boot_ms();
		begin(r, script, "", 0, limit_ms);
		loop_until(base, 30000, r->dones == 1);
		assert_true(r->end.timed_out);
	} while (strstr(r->output, "in\n") == NULL && limit_ms < 16000);
	return clock_boot_ms() - begun - limit_ms;
}

static void
its_time_ends_politely_then_surely(void **state)
{
	struct run r;

	(void)state;
	(void)outlives(&r, "trap 'echo polite; exit 3' TERM; echo in; "
			   "while :; do sleep 0.1; done");
	assert_non_null(strstr(r.output, "polite\n"));
	assert_int_equal(r.end.exit, 3);
	assert_true(outlives(&r, "trap '' TERM; echo in; sleep 300 & "
				 "while :; do wait; done") >=
		    CHILD_GRACE_MS - 10);
	assert_int_equal(r.end.exit, -1);
	assert_int_equal(r.end.signal, SIGKILL);
}

/* Nobody of its group is left, and none that holds the pipe is waited for. */
static void
what_it_leaves_behind_is_ended(void **state)
{
	struct run r;
	pid_t left;

	(void)state;
	begin(&r, "sleep 300 & echo $!", "", 0, 60000);
	loop_until(base, 30000, r.dones == 1);
	left = (pid_t)atoi(r.output);
	assert_true(left > 1);
	loop_until(base, 10000, kill(left, 0) < 0);
}

static void
a_cancel_ends_it_without_a_word(void **state)
{
	const char *argv[] = { "/bin/nothing-here", NULL };
	struct run r;
	struct err err;
	FILE *f;
	char name[64], word[64] = "";

	(void)state;
	snprintf(name, sizeof(name), "/tmp/drydock-child.%d", (int)getpid());
	f = fopen(name, "w");
	assert_non_null(f);
	fclose(f);
	begin(&r, "read -r file; echo $$ >\"$file\"; exec sleep 300", name,
	      strlen(name), 60000);
	do {
		loop_once(base, 20);
		f = fopen(name, "r");
		assert_non_null(f);
		if (fgets(word, sizeof(word), f) == NULL)
			word[0] = '\0';
		fclose(f);
	} while (strchr(word, '\n') == NULL);
	child_free(&r.child);
	assert_int_equal(kill((pid_t)atoi(word), 0), -1);
	assert_int_equal(r.dones, 0);
	(void)unlink(name);
	assert_null(child_new(base, &(struct child_options){ .argv = argv,
		.input = "", .limit_ms = 1000, .output_max = 10 }, on_done, &r,
		&err));
	assert_non_null(strstr(err.text, "nothing-here"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_its_input_and_is_heard),
		cmocka_unit_test(it_need_not_read_and_may_print_without_end),
		cmocka_unit_test(it_inherits_nothing),
		cmocka_unit_test(its_time_ends_politely_then_surely),
		cmocka_unit_test(what_it_leaves_behind_is_ended),
		cmocka_unit_test(a_cancel_ends_it_without_a_word),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
