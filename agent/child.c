/* child.c - one command at work: started, listened to, ended in time. */
#include "child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "cgroup.h"
#include "clock.h"
#include "seeded.h"
#include "spawn.h"

static void
child_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
child_environment(const char *attempt)
{
	(void)clearenv();
	(void)setenv("PATH", SPAWN_PATH, 1);
	(void)setenv("LANG", "C.UTF-8", 1);
	(void)setenv("TZ", "UTC", 1);
	if (attempt != NULL)
		(void)setenv("DRYDOCK_ATTEMPT", attempt, 1);
}

/* All out of the way first, so that no dup2() treads on one still needed. */
static int
child_fds(const int pipes[CHILD_FDS])
{
	int from[] = { open("/dev/null", O_RDONLY | O_CLOEXEC),
		       pipes[CHILD_OUT], pipes[CHILD_ERR], pipes[CHILD_DATA] };

	for (int i = 0; i <= CHILD_FD_DATA; i++) {
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, CHILD_FD_DATA + 1);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i <= CHILD_FD_DATA; i++) {
		if (dup2(from[i], i) < 0)
			return -1;
	}
	return close_range(CHILD_FD_DATA + 1, ~0U, 0);
}

static _Noreturn void
child_run(const struct child_plan *plan, const int pipes[CHILD_FDS],
	  pid_t parent)
{
	(void)setsid();
	child_signals();
	child_environment(plan->attempt);
	umask(027);
	if (child_fds(pipes) < 0 || chdir("/") < 0)
		_exit(127);
	if (plan->argv == NULL) {
		int rc;

		/* Its environment does not show in /proc: it never exec'd. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		rc = plan->main(plan->main_self);
		fflush(NULL);
		_exit(rc);
	}
	close(CHILD_FD_DATA);
	execvp(plan->argv[0], (char *const *)(uintptr_t)plan->argv);
	dprintf(2, "drydock-agent: cannot run %s: %s\n", plan->argv[0],
		strerror(errno));
	_exit(127);
}

uint64_t
child_lines(const struct child_stream *s)
{
	return s->newlines + (s->bytes > 0 && s->last != '\n');
}

static void
stream_count(struct child_stream *s, const char *data, size_t len)
{
	s->bytes += len;
	s->last = data[len - 1];
	for (size_t i = 0; i < len; i++)
		s->newlines += data[i] == '\n';
	sha256_add(&s->hash, data, len);
}

static void
stream_close(struct child *c, struct child_stream *s)
{
	if (s->watch.fd < 0)
		return;
	loop_remove(c->loop, &s->watch);
	close(s->watch.fd);
	s->watch.fd = -1;
}

static void
child_release(struct child *c)
{
	for (int i = 0; i < CHILD_FDS; i++)
		stream_close(c, &c->stream[i]);
	loop_remove(c->loop, &c->exit);
	loop_remove(c->loop, &c->linger);
	if (c->exit.fd >= 0)
		close(c->exit.fd);
	c->exit.fd = -1;
	cgroup_remove(c->cgroup);
	x_free(&c->cgroup);
}

/* Its group goes last, for the end need not wait for that to be told. */
static void
child_done(struct child *c)
{
	char *cgroup = c->cgroup;

	c->cgroup = NULL;
	child_release(c);
	c->done(c->self); /* c may be gone */
	cgroup_remove(cgroup);
	x_free(&cgroup);
}

/* Over when the command has ended and its output is read or given up. */
static void
child_maybe_done(struct child *c)
{
	if (!c->ended && !SEEDED(ENDED_AT_EOF))
		return;
	for (int i = 0; i < CHILD_FDS; i++) {
		if (c->stream[i].watch.fd >= 0)
			return;
	}
	child_done(c);
}

static struct child *
stream_child(struct child_stream *s, enum child_fd fd)
{
	return (struct child *)(void *)((char *)(s - fd) -
					offsetof(struct child, stream));
}

/* False: nothing more to read now. */
static bool
stream_read(struct child *c, enum child_fd fd)
{
	struct child_stream *s = &c->stream[fd];
	char chunk[16384];
	ssize_t n = read(s->watch.fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		stream_close(c, s);
		return false;
	}
	stream_count(s, chunk, (size_t)n);
	c->output(c->self, fd, chunk, (size_t)n);
	return true;
}

static void
stream_ready(struct child_stream *s, enum child_fd fd)
{
	struct child *c = stream_child(s, fd);

	stream_read(c, fd);
	child_maybe_done(c);
}

static void
out_ready(void *self, short events)
{
	(void)events;
	stream_ready(self, CHILD_OUT);
}

static void
err_ready(void *self, short events)
{
	(void)events;
	stream_ready(self, CHILD_ERR);
}

static void
data_ready(void *self, short events)
{
	(void)events;
	stream_ready(self, CHILD_DATA);
}

/* A process that was left behind holds the output: what is there, no more. */
static void
linger_over(void *self, short events)
{
	struct child *c = self;

	(void)events;
	for (int i = 0; i < CHILD_FDS; i++) {
		int most = 64;

		while (c->stream[i].watch.fd >= 0 && most-- > 0 &&
		       stream_read(c, (enum child_fd)i))
			;
		stream_close(c, &c->stream[i]);
	}
	child_maybe_done(c);
}

static void
child_kill(struct child *c, int sig)
{
	if (sig == SIGKILL)
		cgroup_kill(c->cgroup);
	(void)kill(-c->pid, sig);
}

static void
child_reap(struct child *c)
{
	/* Not reaped yet, so the group's number is still ours. */
	if (c->timed_out)
		child_kill(c, SIGKILL);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	c->ended = true;
	c->ms = clock_boot_ms() - c->started_boot;
	loop_remove(c->loop, &c->exit);
	c->linger.at = clock_boot_ms() + CHILD_LINGER_MS;
	loop_add(c->loop, &c->linger);
	child_maybe_done(c);
}

static void
child_exit(void *self, short events)
{
	struct child *c = self;

	if (events != 0) {
		child_reap(c);
	} else if (!c->timed_out) {
		c->timed_out = true;
		child_kill(c, SIGTERM);
		c->exit.at = clock_boot_ms() + CHILD_GRACE_MS;
	} else {
		c->killed = true;
		child_kill(c, SIGKILL);
	}
}

static int
child_pipes(int mine[CHILD_FDS], int theirs[CHILD_FDS], struct err *err)
{
	for (int i = 0; i < CHILD_FDS; i++)
		mine[i] = theirs[i] = -1;
	for (int i = 0; i < CHILD_FDS; i++) {
		int p[2];

		if (pipe2(p, O_CLOEXEC) < 0)
			return err_set_errno(err, "cannot make a pipe");
		mine[i] = p[0];
		theirs[i] = p[1];
		(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void
close_all(const int fds[CHILD_FDS])
{
	for (int i = 0; i < CHILD_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static void
child_watch(struct child *c, const struct child_plan *plan,
	    const int mine[CHILD_FDS], int pidfd)
{
	static watch_fn *const ready[] = { out_ready, err_ready, data_ready };

	for (int i = 0; i < CHILD_FDS; i++) {
		struct child_stream *s = &c->stream[i];

		*s = (struct child_stream){ .last = '\n' };
		s->watch = (struct watch){ .fd = mine[i],
					   .events = POLLIN,
					   .fn = ready[i],
					   .self = s };
		sha256_begin(&s->hash);
		loop_add(c->loop, &s->watch);
	}
	c->exit = (struct watch){ .fd = pidfd,
				  .events = POLLIN,
				  .at = c->started_boot + plan->timeout_ms,
				  .fn = child_exit,
				  .self = c };
	loop_add(c->loop, &c->exit);
	c->linger = (struct watch){ .fd = -1, .fn = linger_over, .self = c };
}

int
child_start(struct child *c, struct loop *loop, const struct child_plan *plan,
	    struct err *err)
{
	int mine[CHILD_FDS], theirs[CHILD_FDS], pidfd = -1;
	pid_t parent = getpid();

	assert(c->output != NULL && c->done != NULL && plan->timeout_ms > 0);
	c->loop = loop;
	c->cgroup = plan->attempt != NULL ? cgroup_make(plan->attempt) : NULL;
	if (child_pipes(mine, theirs, err) < 0)
		goto fail;
	c->started_wall = clock_wall_ms();
	c->started_boot = clock_boot_ms();
	fflush(NULL);
	c->pid = cgroup_fork(c->cgroup, &pidfd);
	if (c->pid < 0) {
		err_set_errno(err, "cannot start a process");
		goto fail;
	}
	if (c->pid == 0)
		child_run(plan, theirs, parent);
	close_all(theirs);
	child_watch(c, plan, mine, pidfd);
	return 0;
fail:
	close_all(mine);
	close_all(theirs);
	cgroup_remove(c->cgroup);
	x_free(&c->cgroup);
	return -1;
}

void
child_pause(struct child *c, bool pause)
{
	for (int i = 0; i < CHILD_FDS; i++)
		c->stream[i].watch.events = pause ? 0 : POLLIN;
}

void
child_drop(struct child *c)
{
	if (!c->ended) {
		child_kill(c, SIGKILL);
		while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
			;
		c->ended = true;
	}
	child_release(c);
}

void
child_result(const struct child *c, struct json_out *o)
{
	if (WIFSIGNALED(c->status))
		json_out_int(o, "signal", WTERMSIG(c->status));
	else
		json_out_int(o, "exit", WEXITSTATUS(c->status));
	json_out_bool(o, "timed_out", c->timed_out);
	json_out_int(o, "ms", c->ms);
}
