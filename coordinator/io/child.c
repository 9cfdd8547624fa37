/* child.c - one program run for its effect: fed, listened to, ended in time. */
#include "child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "alloc.h"
#include "buf.h"
#include "spawn.h"

struct child {
	pid_t pid;	 /* 0: reaped */
	int pidfd, in, out; /* -1: closed */
	struct event *exited, *writable, *readable, *late;
	char *input;
	size_t input_len, written;
	struct buf output;
	bool timed_out, cut;
	child_done_fn *done;
	void *self;
};

static void
child_shut(struct event **event, int *fd)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
child_keep(struct child *c, const char *data, size_t len)
{
	size_t room = c->output.max - c->output.len;

	if (len > room)
		c->cut = true;
	(void)buf_add(&c->output, data, len < room ? len : room);
}

/* A bounded bite, so that one who never stops printing starves nobody. */
static void
child_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	char chunk[4096];
	ssize_t n;

	(void)what;
	for (int i = 0; i < 16; i++) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0) {
			child_keep(c, chunk, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			child_shut(&c->readable, &c->out);
		return;
	}
}

/* Whoever does not want to read it all need not. */
static void
child_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	ssize_t n;

	(void)what;
	n = write(fd, c->input + c->written, c->input_len - c->written);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->written += (size_t)n;
	if (n <= 0 || c->written == c->input_len)
		child_shut(&c->writable, &c->in);
}

/* The leader is not reaped yet, so the group's number is still its own. */
static void
child_signal(struct child *c, int number)
{
	assert(c->pid > 0);
	(void)kill(-c->pid, number);
}

static void
child_on_late(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval grace = { CHILD_GRACE_MS / 1000, 0 };
	struct child *c = arg;

	(void)fd;
	(void)what;
	child_signal(c, c->timed_out ? SIGKILL : SIGTERM);
	if (c->timed_out)
		return;
	c->timed_out = true;
	(void)event_add(c->late, &grace);
}

static int
child_reap(struct child *c)
{
	int status = 0;

	child_signal(c, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	return status;
}

static void
child_on_exited(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	struct child_end end;
	int status;

	(void)fd;
	(void)what;
	status = child_reap(c);
	if (c->out >= 0)
		child_on_readable(c->out, EV_READ, c);
	child_shut(&c->exited, &c->pidfd);
	child_shut(&c->writable, &c->in);
	child_shut(&c->readable, &c->out);
	(void)event_del(c->late);
	end = (struct child_end){
		.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.timed_out = c->timed_out,
		.cut = c->cut,
		.output = buf_str(&c->output),
		.output_len = c->output.len,
	};
	c->done(c->self, &end);
}

static int
child_spawn(struct child *c, const struct child_options *o, struct err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, ret;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
		ret = err_set_errno(err, "a pipe for %.200s", o->argv[0]);
	} else {
		ret = spawn_start(&(struct spawn){ .argv = o->argv,
				  .fd_in = in[0], .fd_out = out[1],
				  .fd_err = out[1] }, &c->pid, err);
	}
	c->in = in[1];
	c->out = out[0];
	if (in[0] >= 0)
		(void)close(in[0]);
	if (out[1] >= 0)
		(void)close(out[1]);
	return ret;
}

static int
child_watch(struct child *c, struct event_base *base, unsigned int limit_ms,
	    struct err *err)
{
	struct timeval limit = { limit_ms / 1000,
				 (long)(limit_ms % 1000) * 1000 };

	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0)
		return err_set_errno(err, "pidfd");
	(void)evutil_make_socket_nonblocking(c->in);
	(void)evutil_make_socket_nonblocking(c->out);
	c->exited = event_new(base, c->pidfd, EV_READ, child_on_exited, c);
	c->writable = event_new(base, c->in, EV_WRITE | EV_PERSIST,
				child_on_writable, c);
	c->readable = event_new(base, c->out, EV_READ | EV_PERSIST,
				child_on_readable, c);
	c->late = evtimer_new(base, child_on_late, c);
	(void)event_add(c->exited, NULL);
	(void)event_add(c->writable, NULL);
	(void)event_add(c->readable, NULL);
	(void)event_add(c->late, &limit);
	return 0;
}

struct child *
child_new(struct event_base *base, const struct child_options *o,
	  child_done_fn *done, void *self, struct err *err)
{
	struct child *c = x_new(struct child);

	assert(o->limit_ms > 0);
	*c = (struct child){ .pidfd = -1, .in = -1, .out = -1,
			     .done = done, .self = self };
	buf_init(&c->output, o->output_max);
	c->input = x_strndup(o->input, o->input_len);
	c->input_len = o->input_len;
	if (child_spawn(c, o, err) < 0 ||
	    child_watch(c, base, o->limit_ms, err) < 0)
		child_free(&c);
	return c;
}

void
child_free(struct child **cp)
{
	struct child *c = *cp;

	if (c == NULL)
		return;
	if (c->pid > 0)
		(void)child_reap(c);
	child_shut(&c->exited, &c->pidfd);
	child_shut(&c->writable, &c->in);
	child_shut(&c->readable, &c->out);
	if (c->late != NULL)
		event_free(c->late);
	buf_free(&c->output);
	free(c->input);
	x_free(cp);
}
