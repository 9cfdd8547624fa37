/*
 * spawn.c - start a child process cleanly.
 *
 * Our programs have one thread, so the child may do more between fork and exec
 * than POSIX promises to those who have several.  A pipe that
 * closes on exec brings back the errno of a child that never got there.
 */
#include "spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const spawn_env[] = { "PATH=" SPAWN_PATH, "LANG=C.UTF-8",
					 NULL };

/* Where the pipe for errno lies in the child; all above it is closed. */
#define SPAWN_FD_WHY 3

static void
spawn_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Put the descriptors in place: first all out of the way of 0..3, so that no
 * dup2() can tread on one that is still needed.
 */
static int
spawn_fds(const struct spawn *s, int why)
{
	int from[] = { s->fd_in, s->fd_out, s->fd_err, why };

	for (int i = 0; i <= SPAWN_FD_WHY; i++) {
		if (from[i] == SPAWN_NULL)
			from[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (from[i] < 0)
			return -1;
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, SPAWN_FD_WHY + 1);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < SPAWN_FD_WHY; i++)
		if (dup2(from[i], i) < 0)
			return -1;
	if (dup3(from[SPAWN_FD_WHY], SPAWN_FD_WHY, O_CLOEXEC) < 0)
		return -1;
	return close_range(SPAWN_FD_WHY + 1, ~0U, 0);
}

static char *const *
spawn_plain(const char *const *list)
{
	return (char *const *)(uintptr_t)list;
}

static _Noreturn void
spawn_child(const struct spawn *s, int why)
{
	const char *const *env = s->env != NULL ? s->env : spawn_env;
	int saved;

	(void)setsid();
	spawn_signals();
	if (spawn_fds(s, why) < 0) {
		saved = errno;
		(void)!write(why, &saved, sizeof(saved));
		_exit(127);
	}
	if (chdir(s->cwd != NULL ? s->cwd : "/") == 0) {
		/* execvpe() looks the name up in our own environment's PATH */
		(void)!setenv("PATH", SPAWN_PATH, 1);
		(void)execvpe(s->argv[0], spawn_plain(s->argv),
			      spawn_plain(env));
	}
	saved = errno;
	(void)!write(SPAWN_FD_WHY, &saved, sizeof(saved));
	_exit(127);
}

/* What the child wrote before it died, 0 once it runs, or why nobody knows. */
static int
spawn_why(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	return n == (ssize_t)sizeof(why) ? why : 0;
}

int
spawn_start(const struct spawn *s, pid_t *pid_r, struct err *err)
{
	int pipefd[2], why;
	pid_t pid;

	assert(s->argv[0] != NULL);
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	pid = fork();
	if (pid < 0) {
		(void)close(pipefd[0]);
		(void)close(pipefd[1]);
		return err_set_errno(err, "fork");
	}
	if (pid == 0)
		spawn_child(s, pipefd[1]);
	(void)close(pipefd[1]);
	why = spawn_why(pipefd[0]);
	(void)close(pipefd[0]);
	if (why != 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		errno = why;
		return err_set_errno(err, "cannot run %.200s", s->argv[0]);
	}
	*pid_r = pid;
	return 0;
}
