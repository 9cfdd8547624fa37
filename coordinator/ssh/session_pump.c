/*
 * session_pump.c - lines through an open channel, as credit and socket allow.
 *
 * After EAGAIN libssh2 wants the same call again, with the same buffer, before
 * any other, if it has sent part of a packet; a read may have to (a window
 * adjustment, a new key).  `stuck` remembers which call that is.  An EAGAIN
 * that only waits to read leaves the session free: a write stopped by the
 * host's window must not stop our reading, or both sides would wait for ever.
 *
 * libssh2 keeps what it has read; a quiet socket does not mean that nothing is
 * there.  So every wake-up pumps until nothing moves, and only then watches.
 * And whoever asks it for stderr may make it read the line, or the room in the
 * window, that another has just asked for: after a round in which anything came
 * from the socket there is another.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "transport.h"
#include "utf8.h"

#define PUMP_ROUNDS 32  /* then others get a look in */
#define PUMP_LOOK_MS 250 /* at a write for which libssh2 names no direction */

enum pump {
	PUMP_IDLE,  /* nothing to move, or it must wait */
	PUMP_MOVED, /* there may be more */
	PUMP_STUCK, /* in the midst of a packet */
};

static void
pump_arm(struct event *timer, unsigned int ms)
{
	struct timeval tv = { ms / 1000, (long)(ms % 1000) * 1000 };

	(void)evtimer_add(timer, &tv);
}

void
session_end(struct session *s, const struct err *why)
{
	if (s->ended)
		return;
	s->ended = true;
	s->pumping = false;
	s->err = *why;
	if (s->io != NULL)
		(void)event_del(s->io);
	(void)event_del(s->again);
	(void)event_del(s->stall);
	pump_arm(s->end, 0);
}

static void
pump_on_end(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	struct err err = s->err;

	(void)fd;
	(void)what;
	s->events->on_closed(s->self, &err);
}

static void
pump_lost(struct session *s, const char *doing)
{
	struct err err;

	(void)err_set(&err, ERR_LOST, "%s: %s", doing, ssh_why(s));
	session_end(s, &err);
}

/* What became of a call that returned n < 0. */
static enum pump
pump_again(struct session *s, ssize_t n, enum session_stuck stuck,
	   const char *doing)
{
	if (n != LIBSSH2_ERROR_EAGAIN) {
		pump_lost(s, doing);
		return PUMP_IDLE;
	}
	if ((ssh_want(s) & EV_WRITE) == 0) {
		/* a packet that was half done is through: others may go on */
		bool was_stuck = s->stuck != SESSION_FREE;

		s->stuck = SESSION_FREE;
		return was_stuck ? PUMP_MOVED : PUMP_IDLE;
	}
	s->stuck = stuck;
	return PUMP_STUCK;
}

static unsigned int
pump_count_lines(const char *data, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += data[i] == '\n';
	return n;
}

static enum pump
pump_write(struct session *s)
{
	unsigned int lines;
	ssize_t n;

	if (s->chunk_len == 0) {
		if (s->out.len == 0)
			return PUMP_IDLE;
		/* a copy: `out` may move while libssh2 holds the pointer */
		s->chunk_len = s->out.len < SESSION_CHUNK ? s->out.len :
							    SESSION_CHUNK;
		memcpy(s->chunk, s->out.data, s->chunk_len);
		buf_drop(&s->out, s->chunk_len);
		pump_arm(s->stall, SESSION_STALL_MS);
	}
	n = libssh2_channel_write(s->channel, s->chunk + s->chunk_at,
				  s->chunk_len - s->chunk_at);
	if (n <= 0)
		return n == 0 ? PUMP_IDLE :
				pump_again(s, n, SESSION_STUCK_WRITING,
					   "write");
	s->stuck = SESSION_FREE;
	lines = pump_count_lines(s->chunk + s->chunk_at, (size_t)n);
	s->chunk_at += (size_t)n;
	if (s->chunk_at == s->chunk_len)
		s->chunk_at = s->chunk_len = 0;
	if (s->chunk_len == 0 && s->out.len == 0)
		(void)event_del(s->stall);
	else
		pump_arm(s->stall, SESSION_STALL_MS);
	if (lines > 0)
		s->events->on_sent(s->self, lines);
	return PUMP_MOVED;
}

/* Hand up what is whole; false: credit, or the session, has ended. */
static bool
pump_deliver(struct session *s)
{
	struct err err;
	size_t len;
	char *line;

	while (s->credit > 0 && !s->held) {
		line = lines_next(&s->in, &len);
		if (line == NULL)
			return true;
		if (memchr(line, '\0', len) != NULL ||
		    !utf8_valid(line, len)) {
			(void)err_set(&err, ERR_PROTO,
				      "the agent sent a line that is not UTF-8");
			session_end(s, &err);
			return false;
		}
		s->credit--;
		s->events->on_line(s->self, line, len);
	}
	return false;
}

/* The agent is done, or never was: its last words on stderr may say why. */
static void
pump_ended(struct session *s)
{
	struct err err;
	struct buf said;

	buf_init(&said, (size_t)4 * SESSION_NOISE);
	(void)utf8_escape(&said, s->noise, s->noise_len);
	(void)err_set(&err, ERR_LOST, "the agent has ended%s%s%s",
		      s->noise_len > 0 ? "; it said \"" : "", buf_str(&said),
		      s->noise_len > 0 ? "\"" : "");
	buf_free(&said);
	session_end(s, &err);
}

static enum pump
pump_read(struct session *s)
{
	char chunk[SESSION_CHUNK];
	struct err err;
	ssize_t n;

	/*
	 * A read that is stuck goes on whatever the credit: what it brings is
	 * at most one chunk more, and waits in `in`.
	 */
	if (s->stuck != SESSION_STUCK_READING && !pump_deliver(s))
		return PUMP_IDLE;
	n = libssh2_channel_read(s->channel, chunk, sizeof(chunk));
	if (n < 0)
		return pump_again(s, n, SESSION_STUCK_READING, "read");
	s->stuck = SESSION_FREE;
	if (n == 0) {
		s->eof = libssh2_channel_eof(s->channel) != 0;
		return PUMP_IDLE;
	}
	if (lines_add(&s->in, chunk, (size_t)n, &err) < 0) {
		(void)err_prefix(&err, "the agent: ");
		session_end(s, &err);
		return PUMP_IDLE;
	}
	(void)pump_deliver(s);
	return PUMP_MOVED;
}

/* stderr: unread it would fill the window; only its last bytes are kept. */
static enum pump
pump_noise(struct session *s)
{
	char chunk[4096];
	size_t keep, old;
	ssize_t n;

	n = libssh2_channel_read_stderr(s->channel, chunk, sizeof(chunk));
	if (n < 0)
		return pump_again(s, n, SESSION_STUCK_NOISE, "read");
	s->stuck = SESSION_FREE;
	if (n == 0)
		return PUMP_IDLE;
	while (n > 0 && chunk[n - 1] == '\n')
		n--;
	keep = (size_t)n < SESSION_NOISE ? (size_t)n : SESSION_NOISE;
	old = s->noise_len < SESSION_NOISE - keep ? s->noise_len :
						    SESSION_NOISE - keep;
	memmove(s->noise, s->noise + s->noise_len - old, old);
	memcpy(s->noise + old, chunk + n - (ssize_t)keep, keep);
	s->noise_len = old + keep;
	return PUMP_MOVED;
}

/* One go at each of the three; the stuck one alone while there is one. */
static enum pump
pump_round(struct session *s)
{
	static const struct {
		enum pump (*run)(struct session *s);
		enum session_stuck stuck;
	} calls[] = {
		{ pump_write, SESSION_STUCK_WRITING },
		{ pump_read, SESSION_STUCK_READING },
		{ pump_noise, SESSION_STUCK_NOISE },
	};
	enum pump moved = PUMP_IDLE, ret;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (s->stuck != SESSION_FREE && s->stuck != calls[i].stuck)
			continue;
		ret = calls[i].run(s);
		if (s->ended || ret == PUMP_STUCK)
			return ret;
		if (ret == PUMP_MOVED)
			moved = PUMP_MOVED;
	}
	return moved;
}

static void pump_on_ready(evutil_socket_t fd, short what, void *arg);

/* Readiness is only of interest for what may be done with it. */
static void
pump_watch(struct session *s)
{
	short want = 0;

	if (s->stuck != SESSION_FREE)
		want = ssh_want(s);
	else if ((s->credit > 0 && !s->held) || s->chunk_len > 0)
		want = EV_READ;
	if (s->chunk_len > 0 && ssh_want(s) == 0)
		pump_arm(s->again, PUMP_LOOK_MS);
	if (s->io != NULL)
		event_free(s->io);
	s->io = NULL;
	if (want == 0)
		return;
	s->io = event_new(s->base, s->fd, want, pump_on_ready, s);
	if (s->io == NULL || event_add(s->io, NULL) < 0)
		abort();
}

static void
session_pump(struct session *s)
{
	enum pump ret = PUMP_MOVED;
	size_t before = 0;

	for (int i = 0; i < PUMP_ROUNDS && ret == PUMP_MOVED; i++) {
		before = s->received;
		ret = pump_round(s);
		if (s->ended)
			return;
	}
	if (ret == PUMP_MOVED ||
	    (ret == PUMP_IDLE && s->received != before))
		pump_arm(s->again, 0);
	else if (s->eof && s->stuck == SESSION_FREE)
		pump_ended(s);
	else
		pump_watch(s);
}

static void
pump_on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	if (s->io != NULL)
		event_free(s->io);
	s->io = NULL;
	(void)event_del(s->again);
	if (s->pumping)
		session_pump(s);
}

static void
pump_on_stall(evutil_socket_t fd, short what, void *arg)
{
	struct err err;

	(void)fd;
	(void)what;
	(void)err_set(&err, ERR_LOST,
		      "write: the host has taken nothing for %d s",
		      SESSION_STALL_MS / 1000);
	session_end(arg, &err);
}

void
session_pump_init(struct session *s)
{
	lines_init(&s->in, CHAN_LINE_MAX);
	buf_init(&s->out, CHAN_UNSENT_MAX * (CHAN_LINE_MAX + 1));
	s->credit = CHAN_CREDIT;
	s->again = evtimer_new(s->base, pump_on_ready, s);
	s->stall = evtimer_new(s->base, pump_on_stall, s);
	s->end = evtimer_new(s->base, pump_on_end, s);
	if (s->again == NULL || s->stall == NULL || s->end == NULL)
		abort();
}

void
session_pump_start(struct session *s)
{
	stepper_drop_fd(&s->st);
	s->pumping = true;
	session_pump_kick(s);
}

void
session_pump_kick(struct session *s)
{
	if (s->pumping)
		pump_arm(s->again, 0);
}

void
session_pump_free(struct session *s)
{
	event_free(s->again);
	event_free(s->stall);
	event_free(s->end);
	lines_free(&s->in);
	buf_free(&s->out);
}

int
session_send(struct session *s, const char *text, size_t len, struct err *err)
{
	if (len + 1 > s->out.max - s->out.len)
		return err_set(err, ERR_REFUSED, "too much waits to be sent");
	(void)buf_add(&s->out, text, len);
	(void)buf_addc(&s->out, '\n');
	session_pump_kick(s);
	return 0;
}

void
session_more(struct session *s, unsigned int n)
{
	s->credit += n;
	session_pump_kick(s);
}

void
session_hold(struct session *s, bool held)
{
	if (s->held == held)
		return;
	s->held = held;
	if (!held)
		session_pump_kick(s);
}
