/* test_fault.c - what is asked for happens, at its occurrence, and once. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"

static int
setup(void **state)
{
	(void)state;
	/* an unset one would be what it was before */
	(void)setenv("DRYDOCK_FAULT", "", 1);
	return 0;
}

/* Nothing counts twice: each test has points of its own. */
static void
test_nothing_is_asked_for(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(FAULT("work.told"), FAULT_NONE);
}

static void
test_the_second_time(void **state)
{
	(void)state;
	(void)setenv("DRYDOCK_FAULT", "work.started:1:drop,journal.write:2:error",
		     1);
	assert_int_equal(FAULT("journal.write"), FAULT_NONE);
	errno = 0;
	assert_int_equal(FAULT("journal.write"), FAULT_ERROR);
	assert_int_equal(errno, EIO);
	assert_int_equal(FAULT("journal.write"), FAULT_NONE);
	assert_int_equal(FAULT("work.started"), FAULT_DROP);
}

static void
test_a_member_of_a_family(void **state)
{
	(void)state;
	(void)setenv("DRYDOCK_FAULT", "db.send.advance:1:twice", 1);
	assert_int_equal(FAULT_OF("db.send", "no_such"), FAULT_NONE);
	assert_int_equal(FAULT_OF("db.answer", "ADVANCE"), FAULT_NONE);
	assert_int_equal(FAULT_OF("db.send", "ADVANCE"), FAULT_TWICE);
}

/* The next test's file, and what stands in it for a point of the list. */
static char shared[] = "/tmp/drydock-fault.XXXXXX";

static int
mark_of(const char *point, int nth)
{
	static const char *const points[] = {
#define X(name, where) name,
		FAULT_POINTS(X)
#undef X
#define X(name) "db.send." name, "db.answer." name,
		FAULT_STATEMENTS(X)
#undef X
	};
	int fd = open(shared, O_RDONLY);
	unsigned char mark = 0xff;
	long i = 0;

	while (strcmp(points[i], point) != 0)
		i++;
	assert_int_equal(pread(fd, &mark, 1, i * 16 + nth), 1);
	(void)close(fd);
	return mark;
}

/* In a process of its own: a file is mapped for good. */
static int
came_by(const char *point)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)setenv("DRYDOCK_FAULT_FILE", shared, 1);
		_exit(fault_at(point));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_once_for_all(void **state)
{
	int fd = mkstemp(shared);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	(void)setenv("DRYDOCK_FAULT", "epoch.before:1:drop,epoch.after:2:drop,"
		     "db.answer.hook_take:1:drop", 1);
	assert_int_equal(came_by("epoch.before"), FAULT_DROP);
	assert_int_equal(came_by("epoch.before"), FAULT_NONE);
	assert_int_equal(came_by("epoch.after"), FAULT_NONE);
	assert_int_equal(mark_of("epoch.before", 0), 1);
	assert_int_equal(mark_of("epoch.before", 1), 1);
	assert_int_equal(mark_of("epoch.before", 2), 0);
	assert_int_equal(mark_of("epoch.after", 0), 1);
	assert_int_equal(mark_of("epoch.after", 1), 0);
	assert_int_equal(mark_of("work.told", 0), 0);
	assert_int_equal(came_by("db.answer.hook_take"), FAULT_DROP);
	assert_int_equal(mark_of("db.answer.hook_take", 1), 1);
	assert_int_equal(mark_of("db.send.hook_take", 0), 0);
	assert_int_equal(unlink(shared), 0);
}

static int
status_of(const char *asked, const char *point)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)setenv("DRYDOCK_FAULT", asked, 1);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		(void)FAULT("ssh.opened");
		(void)clearenv();
		(void)FAULT(point);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_it_ends(void **state)
{
	int status = status_of("ssh.start:1:exit", "ssh.start");

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = status_of("ssh.start:1:delay=1", "ssh.start");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_it_stands_still(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		(void)setenv("DRYDOCK_FAULT", "ssh.start:1:stop", 1);
		(void)FAULT("ssh.start");
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* A misspelt test must not pass. */
static void
test_no_such_point(void **state)
{
	(void)state;
	assert_true(WIFSIGNALED(status_of("", "no.such.point")));
	assert_true(WIFSIGNALED(status_of("no.such.point:1:exit",
					  "ssh.open")));
	assert_true(WIFSIGNALED(status_of("ssh.open", "ssh.open")));
	assert_true(WIFSIGNALED(status_of("ssh.open:1:explode", "ssh.open")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_is_asked_for, setup),
		cmocka_unit_test_setup(test_the_second_time, setup),
		cmocka_unit_test_setup(test_a_member_of_a_family, setup),
		cmocka_unit_test_setup(test_once_for_all, setup),
		cmocka_unit_test_setup(test_it_ends, setup),
		cmocka_unit_test_setup(test_it_stands_still, setup),
		cmocka_unit_test_setup(test_no_such_point, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
