/*
 * transport_ssh.c - the client of the drydock-ssh process.
 *
 * The process is one linefd; channels are told apart by a number that is never
 * used twice, so a message about a channel that is gone finds nobody.
 */
#include "transport_ssh.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "backoff_timer.h"
#include "clock.h"
#include "fault.h"
#include "linefd.h"
#include "list.h"
#include "log.h"
#include "spawn.h"
#include "ssh_wire.h"
#include "utf8.h"

/* From the first again only when one has lived for some time. */
static const unsigned int ssh_respawn_ms[] = { 100, 500, 1000, 2000, 5000, 0 };
#define SSH_PROVEN_MS 10000
/* Pings, not time: a stall of our own is not one of theirs. */
#define SSH_UNANSWERED_MAX 3

struct ssh_transport {
	struct transport face;
	struct event_base *base;
	char **argv; /* of a child; NULL: it is reached by path */
	char *path;
	pid_t pid; /* 0: not our child */
	bool up;
	unsigned int silence_ms;
	struct event *ask;	 /* is it alive? */
	unsigned int unanswered; /* pings, in a row */
	int64_t ready_ms; /* 0: this one has not said so */
	struct linefd peer;
	struct backoff respawn;
	struct link chans;
	int64_t last_id;
};

/* A channel, or a scan, which is one that only asks for a key. */
struct ssh_chan {
	struct chan face;
	struct ssh_transport *t;
	struct link link;
	int64_t id;
	const struct chan_events *events;
	transport_scan_fn *scanned; /* a scan: events is NULL */
	void *self;
	struct event *fail; /* tells err from the loop */
	struct err err;
	size_t unsent;
	unsigned int credit; /* lines that may still come */
	unsigned int owed;   /* of that, what it is still to be told of */
	bool dead;	/* nothing more comes from the process */
	bool announced; /* the owner has had its last callback */
};

static const struct transport_ops ssh_ops;

static void
ssh_chan_free(struct ssh_chan *c)
{
	list_del(&c->link);
	event_free(c->fail);
	free(c);
}

/* The owner's last callback.  A scan frees itself. */
static void
ssh_chan_announce(struct ssh_chan *c, const char *key, const struct err *why)
{
	if (c->announced)
		return;
	c->dead = c->announced = true;
	if (c->scanned != NULL) {
		transport_scan_fn *scanned = c->scanned;
		void *self = c->self;

		ssh_chan_free(c);
		scanned(self, key, why);
		return;
	}
	c->events->on_closed(c->self, why);
}

static void
ssh_chan_on_fail(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_chan *c = arg;
	struct err err = c->err; /* a scan is freed before it is told */

	(void)fd;
	(void)what;
	ssh_chan_announce(c, NULL, &err);
}

/* It cannot be: say so, but from the loop. */
static void
ssh_chan_fail(struct ssh_chan *c, const struct err *why)
{
	static const struct timeval now = { 0, 0 };

	c->dead = true;
	c->err = *why;
	(void)evtimer_add(c->fail, &now);
}

static struct ssh_chan *
ssh_chan_find(const struct ssh_transport *t, int64_t id)
{
	LIST_EACH (struct ssh_chan, c, &t->chans, link)
		if (c->id == id && !c->dead)
			return c;
	return NULL;
}

/* Send what `b` holds, and let go of it. */
static int
ssh_post(struct ssh_transport *t, struct buf *b, struct err *err)
{
	int ret;

	if (!t->up)
		ret = err_set(err, ERR_LOST, "drydock-ssh is not running");
	else if (buf_over(b))
		ret = err_set(err, ERR_PROTO, "a message is too long");
	else
		ret = linefd_send(&t->peer, buf_str(b), b->len, err);
	buf_free(b);
	return ret;
}

/* {"m":"…","chan":N …; the caller goes on and ends it. */
static void
ssh_begin(struct json_out *o, struct buf *b, const char *m, int64_t id)
{
	buf_init(b, SSH_WIRE_LINE_MAX);
	json_out_init(o, b);
	json_out_object(o, NULL);
	json_out_str(o, "m", m);
	json_out_int(o, "chan", id);
}

static struct ssh_chan *
ssh_chan_new(struct ssh_transport *t, const char *m,
	     const struct transport_host *host, struct json_out *o,
	     struct buf *b)
{
	struct ssh_chan *c = x_new(struct ssh_chan);

	c->face.ops = &ssh_ops;
	c->t = t;
	c->id = ++t->last_id;
	c->fail = evtimer_new(t->base, ssh_chan_on_fail, c);
	if (c->fail == NULL)
		abort();
	list_add(&t->chans, &c->link);
	ssh_begin(o, b, m, c->id);
	json_out_str(o, "host", host->name);
	json_out_str(o, "address", host->address);
	json_out_int(o, "port", host->port);
	return c;
}

static struct chan *
ssh_open(struct transport *face, const struct transport_host *host,
	 const struct chan_events *events, void *self)
{
	struct ssh_transport *t = (struct ssh_transport *)face;
	struct json_out o;
	struct buf b;
	struct err err;
	struct ssh_chan *c = ssh_chan_new(t, "open", host, &o, &b);

	c->events = events;
	c->self = self;
	c->credit = CHAN_CREDIT;
	json_out_str(&o, "user", host->user);
	json_out_array(&o, "keys");
	for (size_t i = 0; i < host->n_keys; i++)
		json_out_str(&o, NULL, host->keys[i]);
	json_out_end(&o);
	json_out_end(&o);
	if (ssh_post(t, &b, &err) < 0)
		ssh_chan_fail(c, &err);
	return &c->face;
}

static void
ssh_scan(struct transport *face, const struct transport_host *host,
	 transport_scan_fn *done, void *self)
{
	struct ssh_transport *t = (struct ssh_transport *)face;
	struct json_out o;
	struct buf b;
	struct err err;
	struct ssh_chan *c = ssh_chan_new(t, "scan", host, &o, &b);

	c->scanned = done;
	c->self = self;
	json_out_end(&o);
	if (ssh_post(t, &b, &err) < 0)
		ssh_chan_fail(c, &err);
}

static int
ssh_line(struct chan *face, const char *text, size_t len, struct err *err)
{
	struct ssh_chan *c = (struct ssh_chan *)face;
	struct json_out o;
	struct buf b;

	if (len > CHAN_LINE_MAX || memchr(text, '\n', len) != NULL ||
	    memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
		return err_set(err, ERR_PROTO,
			       "not a line of UTF-8 of at most %zu bytes",
			       CHAN_LINE_MAX);
	if (c->dead)
		return err_set(err, ERR_LOST, "the channel is closed");
	if (c->unsent >= CHAN_UNSENT_MAX)
		return err_set(err, ERR_REFUSED,
			       "%d lines wait already to be sent",
			       CHAN_UNSENT_MAX);
	ssh_begin(&o, &b, "line", c->id);
	json_out_strn(&o, "text", text, len);
	json_out_end(&o);
	if (ssh_post(c->t, &b, err) < 0)
		return -1;
	c->unsent++;
	return 0;
}

static void
ssh_more(struct chan *face, unsigned int n)
{
	struct ssh_chan *c = (struct ssh_chan *)face;
	struct json_out o;
	struct buf b;

	c->credit += n;
	c->owed += n;
	if (c->dead || c->owed < SSH_WIRE_MORE)
		return;
	ssh_begin(&o, &b, "more", c->id);
	json_out_int(&o, "n", c->owed);
	json_out_end(&o);
	c->owed = 0;
	(void)ssh_post(c->t, &b, NULL); /* fails only with the process */
}

static void
ssh_close(struct chan *face)
{
	struct ssh_chan *c = (struct ssh_chan *)face;
	struct json_out o;
	struct buf b;

	if (!c->dead) {
		ssh_begin(&o, &b, "close", c->id);
		json_out_end(&o);
		(void)ssh_post(c->t, &b, NULL);
	}
	ssh_chan_free(c);
}

static int
ssh_got_line(struct ssh_chan *c, const struct json_object *msg,
	     struct err *err)
{
	const char *text;

	if (json_get_str(msg, "text", CHAN_LINE_MAX, &text, err) < 0)
		return -1;
	if (c->credit == 0) /* a scan never has any */
		return err_set(err, ERR_PROTO, "a line for which there was no "
			       "credit");
	c->credit--;
	c->events->on_line(c->self, text, strlen(text));
	return 0;
}

static int
ssh_got_closed(struct ssh_chan *c, const struct json_object *msg,
	       struct err *err)
{
	const char *code, *why;
	struct err told = { .code = ERR_LOST };

	if (json_get_str(msg, "code", 16, &code, err) < 0 ||
	    json_get_str(msg, "why", SSH_WIRE_KEY_MAX, &why, err) < 0)
		return -1;
#define X(name, text)                                                          \
	if (ERR_##name != ERR_NONE && strcmp(code, text) == 0)                 \
		told.code = ERR_##name;
	ERR_CODES(X)
#undef X
	(void)err_set(&told, told.code, "%s", why);
	ssh_chan_announce(c, NULL, &told);
	return 0;
}

static int
ssh_got_key(struct ssh_chan *c, const struct json_object *msg,
	    struct err *err)
{
	const char *key;

	if (json_get_str(msg, "key", SSH_WIRE_KEY_MAX, &key, err) < 0)
		return -1;
	if (c->scanned != NULL)
		ssh_chan_announce(c, key, NULL);
	return 0;
}

static int
ssh_got_sent(struct ssh_chan *c, const struct json_object *msg,
	     struct err *err)
{
	int64_t n;

	if (json_get_int(msg, "n", 1, (int64_t)c->unsent, &n, err) < 0)
		return -1;
	c->unsent -= (size_t)n;
	return 0;
}

static int
ssh_got_opened(struct ssh_chan *c, const struct json_object *msg,
	       struct err *err)
{
	(void)msg;
	(void)err;
	if (c->events != NULL && c->events->on_open != NULL)
		c->events->on_open(c->self);
	return 0;
}

static const struct ssh_message {
	const char *name;
	int (*got)(struct ssh_chan *c, const struct json_object *msg,
		   struct err *err);
} ssh_messages[] = {
	{ "line", ssh_got_line },     { "sent", ssh_got_sent },
	{ "opened", ssh_got_opened }, { "closed", ssh_got_closed },
	{ "key", ssh_got_key },
};

static int
ssh_got(struct ssh_transport *t, const struct json_object *msg,
	struct err *err)
{
	struct ssh_chan *c;
	const char *m;
	int64_t id;

	if (json_get_str(msg, "m", 16, &m, err) < 0)
		return -1;
	if (strcmp(m, "ready") == 0) {
		t->ready_ms = clock_boot_ms();
		return 0;
	}
	if (strcmp(m, "pong") == 0) {
		t->unanswered = 0;
		return 0;
	}
	if (json_get_int(msg, "chan", 1, INT64_MAX, &id, err) < 0)
		return -1;
	c = ssh_chan_find(t, id);
	for (size_t i = 0; i < sizeof(ssh_messages) / sizeof(ssh_messages[0]);
	     i++)
		if (strcmp(ssh_messages[i].name, m) == 0)
			return c != NULL ? ssh_messages[i].got(c, msg, err) : 0;
	return err_set(err, ERR_PROTO, "unknown message \"%.20s\"", m);
}

/* One that is not our child ends when its socket does. */
static void
ssh_let_go(struct ssh_transport *t, int number)
{
	if (t->up)
		linefd_close(&t->peer);
	t->up = false;
	(void)event_del(t->ask);
	if (t->pid == 0)
		return;
	(void)kill(-t->pid, number);
	(void)kill(-t->pid, SIGCONT); /* a stopped one hears it then */
	(void)waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

/* The process is gone, or talks nonsense, which ends it. */
static void
ssh_process_down(struct ssh_transport *t, const struct err *why)
{
	bool found = true;
	struct err err;

	log_error("drydock-ssh: %s; it is started again", why->text);
	ssh_let_go(t, SIGKILL);
	if (t->ready_ms != 0 && clock_boot_ms() - t->ready_ms >= SSH_PROVEN_MS)
		backoff_reset(&t->respawn);
	t->ready_ms = 0;
	(void)backoff_next(&t->respawn);
	(void)err_set(&err, ERR_LOST, "drydock-ssh has died: %.300s",
		      why->text);
	while (found) {
		/* from the start each time: the owner may change the list */
		found = false;
		LIST_EACH (struct ssh_chan, c, &t->chans, link) {
			if (c->announced ||
			    evtimer_pending(c->fail, NULL) != 0)
				continue;
			ssh_chan_announce(c, NULL, &err);
			found = true;
			break;
		}
	}
}

/* Who is stopped, or turns in a circle, holds every host and dies never. */
static void
ssh_on_ask(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_transport *t = arg;
	struct json_out o;
	struct buf b;
	struct err err;

	(void)fd;
	(void)what;
	if (t->unanswered >= SSH_UNANSWERED_MAX) {
		(void)err_set(&err, ERR_LOST, "%u pings in a row were not "
			      "answered within %u ms%s", t->unanswered,
			      t->silence_ms, t->pid != 0 ? "" :
			      " (should it stay: systemctl kill -s KILL "
			      "'drydock-ssh@*')");
		ssh_process_down(t, &err);
		return;
	}
	t->unanswered++;
	buf_init(&b, SSH_WIRE_LINE_MAX);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "m", "ping");
	json_out_end(&o);
	(void)ssh_post(t, &b, NULL); /* not sent is not answered */
}

/* From now on it is asked, until it is let go of. */
static void
ssh_watch(struct ssh_transport *t)
{
	unsigned int every = t->silence_ms / SSH_UNANSWERED_MAX;
	struct timeval tv = { every / 1000, every % 1000 * 1000 };

	t->unanswered = 0;
	(void)evtimer_add(t->ask, &tv);
}

static void
ssh_on_line(void *self, char *line, size_t len)
{
	struct ssh_transport *t = self;
	struct json_object *msg = NULL;
	struct err err;
	int ret;

	ret = json_parse_object(line, len, &ssh_wire_limits, &msg, &err);
	if (ret == 0)
		ret = ssh_got(t, msg, &err);
	json_free(&msg);
	if (ret < 0)
		ssh_process_down(t, &err);
}

static void
ssh_on_gone(void *self, const struct err *why)
{
	ssh_process_down(self, why);
}

static const struct linefd_events ssh_peer_events = {
	.on_line = ssh_on_line,
	.on_gone = ssh_on_gone,
};

/* Our end of a socket to a new child, or -1. */
static int
ssh_spawn(struct ssh_transport *t, struct err *err)
{
	struct spawn s = { .argv = (const char *const *)t->argv,
			   .fd_out = SPAWN_NULL,
			   .fd_err = STDERR_FILENO };
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "socketpair");
	s.fd_in = pair[1];
	(void)FAULT("ssh.spawn");
	ret = spawn_start(&s, &t->pid, err);
	(void)FAULT("ssh.spawned");
	(void)close(pair[1]);
	if (ret < 0) {
		t->pid = 0;
		(void)close(pair[0]);
		return -1;
	}
	return pair[0];
}

/* The same, to one that is started for this connection. */
static int
ssh_connect(struct ssh_transport *t, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(t->path) >= sizeof(un.sun_path))
		return err_set(err, ERR_USAGE, "%s: too long for the path of a "
			       "socket", t->path);
	memcpy(un.sun_path, t->path, strlen(t->path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, "socket");
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	(void)err_set(err, ERR_SYS, "%s: %s; systemctl start "
		      "drydock-ssh.socket (or set ssh_key)", t->path,
		      strerror(errno));
	(void)close(fd);
	return -1;
}

static void
ssh_on_respawn(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_transport *t = arg;
	struct err err;

	(void)what;
	fd = t->argv != NULL ? ssh_spawn(t, &err) : ssh_connect(t, &err);
	if (fd < 0) {
		log_error("drydock-ssh: %s", err.text);
		(void)backoff_next(&t->respawn);
		return;
	}
	t->up = true;
	linefd_open(&t->peer, t->base, fd, SSH_WIRE_LINE_MAX,
		    SSH_WIRE_OUT_MAX, &ssh_peer_events, t);
	ssh_watch(t);
}

static void
ssh_free(struct transport *face)
{
	struct ssh_transport *t = (struct ssh_transport *)face;

	LIST_EACH_SAFE (struct ssh_chan, c, &t->chans, link) {
		assert(c->scanned != NULL); /* channels are closed before */
		ssh_chan_free(c);
	}
	ssh_let_go(t, SIGTERM);
	event_free(t->ask);
	backoff_close(&t->respawn);
	for (char **word = t->argv; word != NULL && *word != NULL; word++)
		free(*word);
	free(t->argv);
	free(t->path);
	free(t);
}

static const struct transport_ops ssh_ops = {
	.open = ssh_open,
	.line = ssh_line,
	.more = ssh_more,
	.close = ssh_close,
	.scan = ssh_scan,
	.free = ssh_free,
};

static struct ssh_transport *
ssh_new(struct event_base *base, unsigned int silence_ms)
{
	struct ssh_transport *t = x_new(struct ssh_transport);

	t->face.ops = &ssh_ops;
	t->base = base;
	t->silence_ms = silence_ms;
	list_init(&t->chans);
	t->ask = event_new(base, -1, EV_PERSIST, ssh_on_ask, t);
	if (t->ask == NULL)
		abort();
	backoff_init(&t->respawn, base, ssh_respawn_ms, ssh_on_respawn, t);
	return t;
}

struct transport *
transport_ssh_new(struct event_base *base, const char *const *argv,
		  unsigned int silence_ms)
{
	struct ssh_transport *t = ssh_new(base, silence_ms);
	size_t argc = 0;

	while (argv[argc] != NULL)
		argc++;
	t->argv = x_calloc(argc + 1, sizeof(*t->argv));
	for (size_t i = 0; i < argc; i++)
		t->argv[i] = x_strdup(argv[i]);
	ssh_on_respawn(-1, 0, t);
	return &t->face;
}

struct transport *
transport_ssh_reach(struct event_base *base, const char *path,
		    unsigned int silence_ms)
{
	struct ssh_transport *t = ssh_new(base, silence_ms);

	t->path = x_strdup(path);
	ssh_on_respawn(-1, 0, t);
	return &t->face;
}
