/* conn.c - lines both ways over one or two descriptors, bounded. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

/* Above what CONN_HIGH lets through: one answer to every line of one read. */
#define CONN_WAIT_MAX ((size_t)16 << 20)

static void
conn_watch(struct conn *c)
{
	bool read_on = !c->eof && !c->paused && !conn_full(c);

	c->in.events = read_on ? POLLIN : 0;
	if (c->eof)
		c->in.fd = -1; /* its HUP would wake us for ever */
	c->out.events = c->wait.len > 0 ? POLLOUT : 0;
}

static void
conn_lines(struct conn *c)
{
	char *text;
	size_t len;

	while (!c->closed && (text = lines_next(&c->lines, &len)) != NULL)
		c->line(c->self, text, len);
}

static void
conn_end(struct conn *c, const char *why)
{
	c->eof = true;
	conn_watch(c);
	c->ended(c->self, why);
}

static void
conn_in(void *self, short events)
{
	struct conn *c = self;
	char chunk[16384];
	struct err err;
	ssize_t n;

	(void)events;
	if (c->in.events == 0 && (events & POLLHUP) == 0)
		return;
	n = read(c->in.fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		conn_end(c,
			 lines_partial(&c->lines) > 0 ? "cut in a line" : NULL);
		return;
	}
	if (lines_add(&c->lines, chunk, (size_t)n, &err) < 0) {
		conn_end(c, err.text);
		return;
	}
	conn_lines(c);
	if (!c->closed)
		conn_watch(c);
}

static void
conn_write(struct conn *c)
{
	ssize_t n = write(c->out.fd, c->wait.data, c->wait.len);
	bool was_full = conn_full(c);

	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		c->broken(c->self);
		return;
	}
	if (n > 0)
		buf_drop(&c->wait, (size_t)n);
	conn_watch(c);
	if (was_full && !conn_full(c) && c->drained != NULL)
		c->drained(c->self);
}

static void
conn_out(void *self, short events)
{
	struct conn *c = self;

	if ((events & (POLLERR | POLLNVAL)) != 0 ||
	    ((events & POLLHUP) != 0 && c->wait.len == 0 && c->eof)) {
		c->broken(c->self);
		return;
	}
	if (c->wait.len > 0)
		conn_write(c);
}

void
conn_open(struct conn *c, struct loop *loop, int fd_in, int fd_out)
{
	assert(c->line != NULL && c->ended != NULL && c->broken != NULL);
	c->loop = loop;
	c->in = (struct watch){ .fd = fd_in, .fn = conn_in, .self = c };
	c->out = (struct watch){ .fd = fd_out, .fn = conn_out, .self = c };
	lines_init(&c->lines, WIRE_LINE_MAX);
	buf_init(&c->wait, CONN_WAIT_MAX);
	(void)fcntl(fd_in, F_SETFL, O_NONBLOCK | fcntl(fd_in, F_GETFL));
	(void)fcntl(fd_out, F_SETFL, O_NONBLOCK | fcntl(fd_out, F_GETFL));
	conn_watch(c);
	loop_add(loop, &c->in);
	loop_add(loop, &c->out);
}

void
conn_close(struct conn *c)
{
	if (c->closed || c->loop == NULL)
		return;
	c->closed = true;
	loop_remove(c->loop, &c->in);
	loop_remove(c->loop, &c->out);
	if (c->in.fd >= 0 && c->in.fd != c->out.fd)
		close(c->in.fd);
	close(c->out.fd);
	lines_free(&c->lines);
	buf_free(&c->wait);
}

/* At once where there is room; whether the other side is gone tells poll(). */
static void
conn_try(struct conn *c)
{
	ssize_t n = write(c->out.fd, c->wait.data, c->wait.len);

	if (n > 0)
		buf_drop(&c->wait, (size_t)n);
}

void
conn_send(struct conn *c, const char *text, size_t len)
{
	bool idle = c->wait.len == 0;

	if (c->closed)
		return;
	if (buf_add(&c->wait, text, len) < 0 || buf_addc(&c->wait, '\n') < 0)
		c->eof = true; /* it reads nothing and asks on: enough */
	else if (idle)
		conn_try(c);
	conn_watch(c);
}

bool
conn_full(const struct conn *c)
{
	return c->wait.len > CONN_HIGH;
}

void
conn_pause(struct conn *c, bool pause)
{
	c->paused = pause;
	conn_watch(c);
}

void
conn_shut(struct conn *c)
{
	if (!c->closed)
		(void)shutdown(c->out.fd, SHUT_WR);
}

void
conn_flush(struct conn *c, int ms)
{
	struct pollfd pfd = { .fd = c->out.fd, .events = POLLOUT };

	while (!c->closed && c->wait.len > 0 && poll(&pfd, 1, ms) > 0) {
		ssize_t n = write(c->out.fd, c->wait.data, c->wait.len);

		if (n <= 0)
			return;
		buf_drop(&c->wait, (size_t)n);
	}
}
