/*
 * linefd.c - lines over a socket or pipe: the non-blocking end of a peer.
 *
 * A callback may close us, so each loop that calls one watches a flag on its
 * own stack that linefd_close() sets.
 */
#include "linefd.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINEFD_READ_MAX	 65536
#define LINEFD_READS_MAX 4 /* then others get a look in */

static void
linefd_gone(struct linefd *l, const struct err *why)
{
	if (l->gone)
		return;
	l->gone = true;
	(void)event_del(l->readable);
	(void)event_del(l->writable);
	(void)event_del(l->again);
	l->events->on_gone(l->self, why);
}

/* Hand out the lines at hand.  False: closed, paused or gone meanwhile. */
static bool
linefd_deliver(struct linefd *l)
{
	bool closed = false;
	size_t len;
	char *line;

	l->closed = &closed;
	while (!l->paused && (line = lines_next(&l->in, &len)) != NULL) {
		l->events->on_line(l->self, line, len);
		if (closed)
			return false;
	}
	l->closed = NULL;
	return !l->paused;
}

/* One read; 1: there may be more, 0: not now, -1: gone or closed. */
static int
linefd_read(struct linefd *l)
{
	char chunk[LINEFD_READ_MAX];
	ssize_t n = read(l->fd, chunk, sizeof(chunk));
	struct err err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		(void)err_set(&err, ERR_LOST, "read: %s", strerror(errno));
	else if (n == 0)
		(void)err_set(&err, ERR_LOST, "the other side has closed");
	else if (lines_add(&l->in, chunk, (size_t)n, &err) == 0)
		return linefd_deliver(l) ? 1 : -1;
	linefd_gone(l, &err);
	return -1;
}

static void
linefd_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct linefd *l = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < LINEFD_READS_MAX; i++)
		if (linefd_read(l) <= 0)
			return;
}

/* Resumed: lines that were read before come first. */
static void
linefd_on_again(evutil_socket_t fd, short what, void *arg)
{
	struct linefd *l = arg;

	(void)fd;
	(void)what;
	if (linefd_deliver(l))
		(void)event_add(l->readable, NULL);
}

static void
linefd_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct linefd *l = arg;
	struct err err;
	ssize_t n;

	(void)fd;
	(void)what;
	n = write(l->fd, buf_str(&l->out), l->out.len);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		(void)err_set(&err, ERR_LOST, "write: %s", strerror(errno));
		linefd_gone(l, &err);
		return;
	}
	if (n > 0)
		buf_drop(&l->out, (size_t)n);
	if (l->out.len > 0)
		return;
	(void)event_del(l->writable);
	if (l->events->on_drained != NULL)
		l->events->on_drained(l->self);
}

void
linefd_open(struct linefd *l, struct event_base *base, int fd, size_t line_max,
	    size_t out_max, const struct linefd_events *events, void *self)
{
	*l = (struct linefd){ .fd = fd, .events = events, .self = self };
	lines_init(&l->in, line_max);
	buf_init(&l->out, out_max);
	if (evutil_make_socket_nonblocking(fd) < 0)
		abort(); /* not a descriptor */
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST,
				linefd_on_readable, l);
	l->writable = event_new(base, fd, EV_WRITE | EV_PERSIST,
				linefd_on_writable, l);
	l->again = evtimer_new(base, linefd_on_again, l);
	if (l->readable == NULL || l->writable == NULL || l->again == NULL)
		abort();
	(void)event_add(l->readable, NULL);
}

void
linefd_close(struct linefd *l)
{
	if (l->readable == NULL)
		return;
	if (l->closed != NULL)
		*l->closed = true;
	/* events first: a closed number may soon be somebody else's */
	event_free(l->readable);
	event_free(l->writable);
	event_free(l->again);
	(void)close(l->fd);
	lines_free(&l->in);
	buf_free(&l->out);
	*l = (struct linefd){ .fd = -1, .gone = true };
}

int
linefd_send(struct linefd *l, const char *line, size_t len, struct err *err)
{
	assert(memchr(line, '\n', len) == NULL);
	if (l->gone)
		return err_set(err, ERR_LOST, "the other side is gone");
	if (len + 1 > l->out.max - l->out.len)
		return err_set(err, ERR_REFUSED,
			       "%zu bytes wait already to be written",
			       l->out.len);
	(void)buf_add(&l->out, line, len);
	(void)buf_addc(&l->out, '\n');
	(void)event_add(l->writable, NULL);
	return 0;
}

void
linefd_pause(struct linefd *l, bool paused)
{
	static const struct timeval now = { 0, 0 };

	if (l->gone || l->paused == paused)
		return;
	l->paused = paused;
	if (paused) {
		(void)event_del(l->readable);
		(void)event_del(l->again);
	} else {
		(void)evtimer_add(l->again, &now);
	}
}
