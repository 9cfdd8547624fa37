/* test_spawn.c - what a child gets, and what it does not get. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"

/* Run a shell text; its output in out[]; the exit status. */
static int
run(const char *text, const char *const *env, char *out, size_t size)
{
	const char *const argv[] = { "sh", "-c", text, NULL };
	struct spawn s = { .argv = argv, .env = env, .fd_in = SPAWN_NULL };
	size_t len = 0;
	int fd[2], status;
	struct err err;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fd), 0); /* not CLOEXEC: must be closed anyway */
	s.fd_out = s.fd_err = fd[1];
	if (spawn_start(&s, &pid, &err) < 0)
		fail_msg("%s", err.text);
	(void)close(fd[1]);
	while ((n = read(fd[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	(void)close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(getsid(0) == pid, 0);
	return WEXITSTATUS(status);
}

static void
test_clean(void **state)
{
	static const char *const env[] = { "A=b", NULL };
	char out[4096];

	(void)state;
	(void)setenv("SECRET_OF_OURS", "x", 1);
	assert_int_equal(run("env; exit 3", NULL, out, sizeof(out)), 3);
	assert_null(strstr(out, "SECRET_OF_OURS"));
	assert_non_null(strstr(out, "LANG=C.UTF-8"));
	assert_int_equal(run("echo $A; cat; pwd", env, out, sizeof(out)), 0);
	assert_string_equal(out, "b\n/\n");
	assert_int_equal(run("for f in 0 1 2 3 4 5 6 7 8 9 10 11 12; do "
			     "[ -e /proc/$$/fd/$f ] && printf \"$f \"; done; :",
			     NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "0 1 2 ");
	assert_int_equal(run("cut -d' ' -f1,6 /proc/$$/stat", NULL, out,
			     sizeof(out)), 0);
	assert_int_equal(strtol(out, NULL, 10),
			 strtol(strchr(out, ' '), NULL, 10)); /* its session */
}

static void
test_signals(void **state)
{
	char out[256];
	sigset_t set;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(run("grep -E 'SigBlk|SigIgn' /proc/self/status", NULL,
			     out, sizeof(out)), 0);
	assert_string_equal(out, "SigBlk:\t0000000000000000\n"
				 "SigIgn:\t0000000000000000\n");
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
test_no_program(void **state)
{
	static const char *const argv[] = { "/nonexistent/x", NULL };
	struct spawn s = { .argv = argv,
			   .fd_in = SPAWN_NULL,
			   .fd_out = SPAWN_NULL,
			   .fd_err = SPAWN_NULL };
	struct err err;
	pid_t pid;

	(void)state;
	assert_int_equal(spawn_start(&s, &pid, &err), -1);
	assert_string_equal(err.text, "cannot run /nonexistent/x: "
				      "No such file or directory");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The given descriptors stand crosswise in the places they must go to. */
static void
test_crosswise(void **state)
{
	static const char *const argv[] = { "sh", "-c", "cat; echo e >&2",
					    NULL };
	char text[16] = "";
	int in[2], out[2], status;
	pid_t pid, mid;

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	mid = fork();
	if (mid == 0) {
		struct spawn s = { .argv = argv,
				   .fd_in = 1, .fd_out = 0, .fd_err = 0 };

		(void)close(in[1]);
		(void)dup2(in[0], 1);
		(void)dup2(out[1], 0);
		if (spawn_start(&s, &pid, NULL) < 0)
			_exit(1);
		_exit(waitpid(pid, &status, 0) == pid ? status : 1);
	}
	(void)!write(in[1], "i\n", 2);
	(void)close(in[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	assert_int_equal(waitpid(mid, &status, 0), mid);
	assert_int_equal(status, 0);
	assert_int_equal(read(out[0], text, sizeof(text) - 1), 4);
	assert_string_equal(text, "i\ne\n");
	(void)close(out[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_crosswise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
