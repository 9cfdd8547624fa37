/*
 * runner_start.c - find the runner's socket, or start a runner.
 *
 * Where systemd is PID 1 the runner becomes a transient unit: so neither the
 * end of the SSH session nor of its scope touches it, and what it leaves behind
 * when killed is ended with its cgroup.  Elsewhere it gets its own session.
 * Starting two is harmless: the lock decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "paths.h"
#include "relay.h"
#include "runner.h"

#define START_MS       15000
#define START_AGAIN_MS 200
#define POLL_MS	       10

static int
try_connect(int state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(sa.sun_path, sizeof(sa.sun_path),
		 "/proc/self/fd/%d/" RUNNER_SOCKET, state);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
systemd_is_first(void)
{
	struct stat st;

	return paths_root()[0] == '\0' &&
	       lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

static _Noreturn void
exec_systemd(const char *self)
{
	execl("/usr/bin/systemd-run", "systemd-run", "--quiet", "--collect",
	      "--no-ask-password", "--unit=drydock-runner",
	      "--description=drydock agent: the one door of this host",
	      "--property=Delegate=yes", "--property=KillMode=mixed",
	      "--property=OOMScoreAdjust=-500", "--property=TimeoutStopSec=90",
	      self, "--runner", (char *)NULL);
	dprintf(STDERR_FILENO, "cannot run systemd-run: %s\n", strerror(errno));
	_exit(127);
}

/* A grandchild: nobody waits for it.  Its standard error tells of the start. */
static _Noreturn void
exec_session(const char *self)
{
	pid_t pid;

	(void)setsid();
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	execl(self, "drydock-agent", "--runner", (char *)NULL);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", self, strerror(errno));
	_exit(127);
}

static _Noreturn void
start_child(int err_pipe)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (n < 0 || null < 0)
		_exit(127);
	self[n] = '\0';
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(err_pipe, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (systemd_is_first())
		exec_systemd(self);
	exec_session(self);
}

/* Until the runner closes its standard error: it is ready, or it says why. */
static void
read_why(int fd, char *why, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size) {
		n = read(fd, why + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	why[len] = '\0';
	why[strcspn(why, "\n")] = '\0';
}

static int
start(char *why, size_t size, struct err *err)
{
	int p[2], status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		start_child(p[1]);
	close(p[1]);
	if (pid > 0) {
		read_why(p[0], why, size);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(p[0]);
	return pid < 0 ? err_set_errno(err, "cannot start a process") : 0;
}

int
runner_connect(struct err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t now = clock_boot_ms(), end = now + START_MS, next = now;
	char why[512] = "";
	int state = paths_state_open(err), fd = -1;

	if (state < 0)
		return -1;
	err_clear(err);
	while ((fd = try_connect(state)) < 0 && clock_boot_ms() < end) {
		if (clock_boot_ms() >= next) {
			if (start(why, sizeof(why), err) < 0 ||
			    strncmp(why, RUNNER_NO_START,
				    strlen(RUNNER_NO_START)) == 0)
				break;
			next = clock_boot_ms() + START_AGAIN_MS;
			continue;
		}
		nanosleep(&pause, NULL);
	}
	close(state);
	if (fd < 0 && err->code == ERR_NONE)
		err_set(err, ERR_FAILED, "%s",
			why[0] != '\0' ? why
				       : "the runner does not answer; look at "
					 "the host's syslog");
	return fd;
}
