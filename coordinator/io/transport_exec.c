/*
 * transport_exec.c - the agent as a child process.
 *
 * A channel outlives transport_close(): it stays on the transport's list until
 * its child is reaped, which a pidfd tells without anybody's SIGCHLD.
 */
#include "transport_exec.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "linefd.h"
#include "list.h"
#include "log.h"
#include "spawn.h"

#define EXEC_PATIENCE_S 2

struct exec_transport {
	struct transport face;
	struct event_base *base;
	char **argv;
	size_t argc;
	struct link chans;
};

struct exec_chan {
	struct chan face;
	struct exec_transport *t;
	struct link link;
	char *host;
	const struct chan_events *events; /* NULL: closed by its owner */
	void *self;
	struct linefd peer;
	struct event *begin, *exited, *impatient;
	unsigned int credit;
	int signals_sent;
	pid_t pid;
	int pidfd;
	bool announced; /* on_closed() was called */
	struct err err; /* why it never began */
};

static const struct transport_ops exec_ops;

/* One word of argv with %n and %a filled in. */
static char *
exec_word(const char *word, const struct transport_host *host)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	for (; *word != '\0'; word++) {
		if (*word != '%' || strchr("na%", word[1]) == NULL ||
		    word[1] == '\0') {
			(void)buf_addc(&b, *word);
			continue;
		}
		word++;
		(void)buf_adds(&b, *word == 'n' ? host->name :
				   *word == 'a' ? host->address :
						  "%");
	}
	return buf_take(&b);
}

static void
exec_chan_announce(struct exec_chan *c, const struct err *why)
{
	if (c->announced || c->events == NULL)
		return;
	c->announced = true;
	c->events->on_closed(c->self, why);
}

static void
exec_chan_free(struct exec_chan *c)
{
	list_del(&c->link);
	linefd_close(&c->peer);
	if (c->begin != NULL)
		event_free(c->begin);
	if (c->exited != NULL)
		event_free(c->exited);
	if (c->impatient != NULL)
		event_free(c->impatient);
	if (c->pidfd >= 0)
		(void)close(c->pidfd);
	free(c->host);
	free(c);
}

static void
exec_on_line(void *self, char *line, size_t len)
{
	struct exec_chan *c = self;

	assert(c->credit > 0 && c->events != NULL);
	if (--c->credit == 0)
		linefd_pause(&c->peer, true);
	c->events->on_line(c->self, line, len);
}

static void
exec_on_gone(void *self, const struct err *why)
{
	exec_chan_announce(self, why);
}

static const struct linefd_events exec_peer_events = {
	.on_line = exec_on_line,
	.on_gone = exec_on_gone,
};

static void
exec_on_exited(evutil_socket_t fd, short what, void *arg)
{
	struct exec_chan *c = arg;

	(void)fd;
	(void)what;
	if (waitpid(c->pid, NULL, WNOHANG) != c->pid)
		return;
	c->pid = 0;
	(void)event_del(c->exited);
	/* its last lines may still lie in the socket: on_gone comes by EOF */
	if (c->events == NULL)
		exec_chan_free(c);
}

/* The child had its time: TERM first, KILL the next time. */
static void
exec_on_impatient(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { EXEC_PATIENCE_S, 0 };
	struct exec_chan *c = arg;

	(void)fd;
	(void)what;
	log_warn("agent of %s (process %d) has not ended: %s", c->host,
		 (int)c->pid, c->signals_sent == 0 ? "TERM" : "KILL");
	(void)kill(-c->pid, c->signals_sent++ == 0 ? SIGTERM : SIGKILL);
	(void)evtimer_add(c->impatient, &again);
}

/* From the loop: tell the owner that it stands, or why it does not. */
static void
exec_on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct exec_chan *c = arg;

	(void)fd;
	(void)what;
	if (c->err.code != ERR_NONE)
		exec_chan_announce(c, &c->err);
	else if (c->events->on_open != NULL)
		c->events->on_open(c->self);
}

static int
exec_chan_spawn(struct exec_chan *c, const struct transport_host *host)
{
	char **argv = x_calloc(c->t->argc + 1, sizeof(*argv));
	struct spawn s = { .argv = (const char *const *)argv,
			   .fd_err = STDERR_FILENO };
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		free(argv);
		return err_set_errno(&c->err, "socketpair");
	}
	for (size_t i = 0; i < c->t->argc; i++)
		argv[i] = exec_word(c->t->argv[i], host);
	s.fd_in = s.fd_out = pair[1];
	ret = spawn_start(&s, &c->pid, &c->err);
	for (size_t i = 0; i < c->t->argc; i++)
		free(argv[i]);
	free(argv);
	(void)close(pair[1]);
	if (ret < 0) {
		(void)close(pair[0]);
		return -1;
	}
	linefd_open(&c->peer, c->t->base, pair[0], CHAN_LINE_MAX,
		    CHAN_UNSENT_MAX * CHAN_LINE_MAX, &exec_peer_events, c);
	c->pidfd = pidfd_open(c->pid, 0);
	c->exited = event_new(c->t->base, c->pidfd, EV_READ | EV_PERSIST,
			      exec_on_exited, c);
	(void)event_add(c->exited, NULL);
	return 0;
}

static struct chan *
exec_open(struct transport *face, const struct transport_host *host,
	  const struct chan_events *events, void *self)
{
	static const struct timeval now = { 0, 0 };
	struct exec_transport *t = (struct exec_transport *)face;
	struct exec_chan *c = x_new(struct exec_chan);

	c->face.ops = &exec_ops;
	c->t = t;
	c->host = x_strdup(host->name);
	c->events = events;
	c->self = self;
	c->credit = CHAN_CREDIT;
	c->pidfd = -1;
	list_add(&t->chans, &c->link);
	c->begin = evtimer_new(t->base, exec_on_begin, c);
	c->impatient = evtimer_new(t->base, exec_on_impatient, c);
	(void)exec_chan_spawn(c, host);
	(void)evtimer_add(c->begin, &now);
	return &c->face;
}

static int
exec_line(struct chan *face, const char *text, size_t len, struct err *err)
{
	struct exec_chan *c = (struct exec_chan *)face;

	if (len > CHAN_LINE_MAX || memchr(text, '\n', len) != NULL)
		return err_set(err, ERR_PROTO,
			       "not a line of at most %zu bytes",
			       CHAN_LINE_MAX);
	if (c->announced || c->err.code != ERR_NONE)
		return err_set(err, ERR_LOST, "the channel is closed");
	return linefd_send(&c->peer, text, len, err);
}

static void
exec_more(struct chan *face, unsigned int n)
{
	struct exec_chan *c = (struct exec_chan *)face;

	c->credit += n;
	if (c->credit > 0 && !c->announced && c->err.code == ERR_NONE)
		linefd_pause(&c->peer, false);
}

static void
exec_close(struct chan *face)
{
	static const struct timeval patience = { EXEC_PATIENCE_S, 0 };
	struct exec_chan *c = (struct exec_chan *)face;

	c->events = NULL;
	linefd_close(&c->peer);
	(void)event_del(c->begin);
	if (c->pid == 0)
		exec_chan_free(c);
	else
		(void)evtimer_add(c->impatient, &patience);
}

/* Who is still there has been told by EOF; nobody is left behind. */
static void
exec_free(struct transport *face)
{
	struct exec_transport *t = (struct exec_transport *)face;

	LIST_EACH_SAFE (struct exec_chan, c, &t->chans, link) {
		assert(c->events == NULL);
		(void)kill(-c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
		exec_chan_free(c);
	}
	for (size_t i = 0; i < t->argc; i++)
		free(t->argv[i]);
	free(t->argv);
	free(t);
}

static const struct transport_ops exec_ops = {
	.open = exec_open,
	.line = exec_line,
	.more = exec_more,
	.close = exec_close,
	.free = exec_free,
};

struct transport *
transport_exec_new(struct event_base *base, const char *const *argv)
{
	struct exec_transport *t = x_new(struct exec_transport);

	t->face.ops = &exec_ops;
	t->base = base;
	list_init(&t->chans);
	while (argv[t->argc] != NULL)
		t->argc++;
	t->argv = x_calloc(t->argc + 1, sizeof(*t->argv));
	for (size_t i = 0; i < t->argc; i++)
		t->argv[i] = x_strdup(argv[i]);
	return &t->face;
}
