/* test_sandbox.c - inside: what is refused, and what must still work. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "log.h"
#include "sandbox.h"

static long
do_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long
do_create(void)
{
	return open("/tmp/drydock-sandbox", O_WRONLY | O_CREAT, 0600);
}

static long
do_unlink(void)
{
	return unlink("/tmp/drydock-sandbox");
}

static long
do_exec(void)
{
	return execl("/bin/false", "false", NULL);
}

static long
do_fork(void)
{
	return fork();
}

static long
do_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long
do_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long
do_code(void)
{
	return (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long
do_code_later(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? 0 :
				    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long
do_listen(void)
{
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

static long
do_trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long
do_kill(void)
{
	return kill(getppid(), 0);
}

static long
do_kill_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static const struct forbidden {
	const char *what;
	long (*call)(void);
} forbidden[] = {
	{ "read a file", do_open },
	{ "create a file", do_create },
	{ "remove a file", do_unlink },
	{ "run a program", do_exec },
	{ "start a process", do_fork },
	{ "reach a local service", do_local_socket },
	{ "ask the kernel for its network", do_netlink },
	{ "map code", do_code },
	{ "make memory code", do_code_later },
	{ "take connections", do_listen },
	{ "trace a process", do_trace },
	{ "signal a process", do_kill },
	{ "signal its thread", do_kill_thread },
};

/* Everything here runs in the sandbox; the exit status is what is told. */
static int
inside(void)
{
	int wrong = 0;

	for (size_t i = 0; i < UNIT_COUNT(forbidden); i++) {
		errno = 0;
		if (forbidden[i].call() == -1 && errno == EPERM)
			continue;
		(void)fprintf(stderr, "it can %s (%s)\n", forbidden[i].what,
			      strerror(errno));
		wrong++;
	}
	return wrong;
}

static int
works(void)
{
	char *big = malloc((size_t)64 << 20);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = 1 };

	if (big == NULL || fd < 0)
		return 1;
	memset(big, 1, (size_t)64 << 20);
	free(big);
	(void)close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 ||
	    errno != ECONNREFUSED)
		return 2;
	log_info("and it can say so");
	return 0;
}

static int
aborts(void)
{
	abort();
}

/* What fn returned in a process that has entered, or 128 + its signal. */
static int
entered(int (*fn)(void))
{
	pid_t pid = fork();
	struct err err;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		sandbox_harden();
		(void)FAULT("ssh.start");
		if (sandbox_enter(&err) == 0)
			_exit(fn());
		(void)fprintf(stderr, "%s\n", err.text);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(entered(inside), 0);
}

static void
test_works(void **state)
{
	(void)state;
	assert_int_equal(entered(works), 0);
}

/* A failed assert is seen as what it is. */
static void
test_aborts(void **state)
{
	(void)state;
	assert_int_equal(entered(aborts), 128 + SIGABRT);
}

static int
faults(void)
{
	int64_t begin = clock_boot_ms();

	(void)FAULT("ssh.open");
	if (clock_boot_ms() - begin < 50)
		return 1;
	(void)FAULT("ssh.opened");
	return 2;
}

/* What a test asks for happens, and is marked, in here as well. */
static void
test_faults(void **state)
{
	char path[] = "/tmp/drydock-sandbox.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(setenv("DRYDOCK_FAULT_FILE", path, 1), 0);
	assert_int_equal(setenv("DRYDOCK_FAULT", "ssh.open:1:delay=50,"
				"ssh.opened:1:exit", 1), 0);
	assert_int_equal(entered(faults), 128 + SIGKILL);
	/* for everybody: it happened */
	assert_int_not_equal(entered(faults), 128 + SIGKILL);
	assert_int_equal(unsetenv("DRYDOCK_FAULT_FILE"), 0);
	assert_int_equal(unsetenv("DRYDOCK_FAULT"), 0);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_works),
		cmocka_unit_test(test_aborts),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
