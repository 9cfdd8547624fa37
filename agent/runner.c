/*
 * runner.c - the one door: lock, journal, socket, clients, and the way out.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"
#include "cgroup.h"
#include "clock.h"
#include "fault.h"
#include "host.h"
#include "num.h"
#include "paths.h"
#include "services.h"
#include "sweep.h"

static void
client_close(struct client *c)
{
	struct runner *r = c->runner;

	conn_close(&c->conn);
	list_del(&c->link);
	r->n_clients--;
	x_free(&c);
	runner_rest(r);
}

static void
client_line(void *self, char *text, size_t len)
{
	struct client *c = self;
	struct request req;
	struct err err;

	if (request_parse(&req, text, len, &err) == 0) {
		verbs_take(c, &req);
		json_free(&req.doc);
		return;
	}
	answer_no(&c->conn, req.id, WIRE_CODE_USAGE, err.text, NULL);
	if (req.id != 0)
		return;
	/* whoever says that is not one of ours: it is told, and to go */
	c->conn.eof = true;
	conn_flush(&c->conn, 1000);
	conn_shut(&c->conn);
}

/* What waits is written; then it goes. */
static void
client_ended(void *self, const char *why)
{
	struct client *c = self;

	(void)why;
	conn_flush(&c->conn, 1000);
	client_close(c);
}

static void
client_broken(void *self)
{
	client_close(self);
}

static bool
peer_is_ours(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       cred.uid == geteuid();
}

static bool
runner_accept_one(struct runner *r)
{
	int fd =
		accept4(r->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0)
		return false;
	if (!peer_is_ours(fd) || r->n_clients >= RUNNER_CLIENTS_MAX) {
		close(fd);
		return true;
	}
	c = x_new(struct client);
	c->runner = r;
	c->conn.line = client_line;
	c->conn.ended = client_ended;
	c->conn.broken = client_broken;
	c->conn.self = c;
	list_add(&r->clients, &c->link);
	r->n_clients++;
	r->idle.at = 0;
	conn_open(&c->conn, &r->loop, fd, fd);
	return true;
}

static void
runner_accept(void *self, short events)
{
	(void)events;
	while (runner_accept_one(self))
		;
}

void
runner_push(struct runner *r, const struct attempt *a, const char *result)
{
	struct buf text;
	struct json_out o;

	buf_init(&text, WIRE_LINE_MAX);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	json_out_str(&o, "push", "ended");
	json_out_str(&o, "attempt", a->id);
	json_out_str(&o, "state", wire_state_name(a->state));
	json_out_raw(&o, "result", result);
	json_out_end(&o);
	if (!buf_over(&text)) {
		LIST_EACH (struct client, c, &r->clients, link)
			conn_send(&c->conn, buf_str(&text), text.len);
	}
	buf_free(&text);
}

static int64_t
idle_ms(void)
{
	int64_t ms = RUNNER_IDLE_MS;
#ifdef DRYDOCK_TEST
	const char *text = getenv("DRYDOCK_AGENT_IDLE_MS");

	if (text != NULL)
		(void)num_parse_int(text, 1, RUNNER_IDLE_MS, &ms, NULL);
#endif
	return ms;
}

void
runner_rest(struct runner *r)
{
	if (r->n_works > 0)
		return;
	r->quiet.at = clock_boot_ms() + RUNNER_QUIET_MS;
	if (r->ending) {
		r->loop.stop = true;
	} else if (r->n_clients == 0) {
		/* A bad journal is mended while no runner is there. */
		r->idle.at =
			clock_boot_ms() +
			(r->book.journal.state == JOURNAL_OK ? idle_ms() : 1);
	}
}

/* What the last works used goes back, but not between two steps. */
static void
runner_quiet(void *self, short events)
{
	const struct runner *r = self;

	(void)events;
	if (r->n_works == 0)
		(void)malloc_trim(0);
}

/* Nobody may connect between the decision to go and the going. */
static void
runner_idle(void *self, short events)
{
	struct runner *r = self;

	(void)events;
	if (r->n_clients > 0 || r->n_works > 0)
		return;
	(void)unlinkat(r->state, RUNNER_SOCKET, 0);
	r->loop.stop = true;
	while (runner_accept_one(r))
		r->loop.stop = false;
	if (!r->loop.stop)
		r->ending = true; /* no name any more: serve these and go */
}

static void
runner_signal(void *self, short events)
{
	struct runner *r = self;
	struct signalfd_siginfo info;

	(void)events;
	if (read(r->signals.fd, &info, sizeof(info)) < 0)
		return;
	r->ending = true;
	host_audit("the runner was asked to end by pid %u; %u %s",
		   info.ssi_pid, r->n_works,
		   num_noun(r->n_works, "change runs", "changes run"));
	if (r->n_works == 0)
		r->loop.stop = true;
}

static int
runner_signals(struct runner *r, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	r->signals = (struct watch){ .fd = signalfd(-1, &set,
						    SFD_CLOEXEC | SFD_NONBLOCK),
				     .events = POLLIN,
				     .fn = runner_signal,
				     .self = r };
	if (r->signals.fd < 0)
		return err_set_errno(err, "cannot wait for signals");
	loop_add(&r->loop, &r->signals);
	return 0;
}

/* Bound under another name and renamed: whoever finds it finds it listening. */
static int
runner_listen(struct runner *r, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* The state directory's path may be longer than sun_path. */
	snprintf(sa.sun_path, sizeof(sa.sun_path),
		 "/proc/self/fd/%d/" RUNNER_SOCKET ".new", r->state);
	(void)unlinkat(r->state, RUNNER_SOCKET ".new", 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(fd, 16) < 0 ||
	    renameat(r->state, RUNNER_SOCKET ".new", r->state, RUNNER_SOCKET) <
		    0)
		return err_set_errno(err, "cannot listen on the socket");
	r->listen = (struct watch){
		.fd = fd, .events = POLLIN, .fn = runner_accept, .self = r
	};
	loop_add(&r->loop, &r->listen);
	return 0;
}

void
runner_release(struct runner *r)
{
	LIST_EACH (struct work, w, &r->works, link) {
		if (w->attempt->verb == WIRE_PACKAGE)
			return;
	}
	if (services_end_left(r->state))
		host_audit("released the services that a killed change of "
			   "packages held down");
}

/* Begun in this boot, and its runner is gone. */
static bool
attempt_was_left(void *self, const char *id)
{
	struct runner *r = self;
	const struct attempt *a = book_attempt(&r->book, id);

	return a != NULL && a->state == WIRE_STATE_UNKNOWN && a->this_boot;
}

/*
 * In our journal, and nothing runs yet: it is over.  The group of anything
 * else may be that of another state directory's runner, made a moment ago.
 */
static bool
attempt_is_over(void *self, const char *id)
{
	struct runner *r = self;

	return book_attempt(&r->book, id) != NULL;
}

static void
runner_end_left(struct runner *r)
{
	unsigned int n = cgroup_end_left(attempt_was_left, r);

	if (n > 0)
		host_audit("ended %u %s that an earlier runner left", n,
			   num_noun(n, "process", "processes"));
	cgroup_remove_left(attempt_is_over, r);
	runner_release(r);
}

static void
journal_audit(const struct journal *j)
{
	if (j->state != JOURNAL_OK)
		host_audit("the journal does not permit changes: %s", j->why);
	else if (j->cut > 0)
		host_audit("the journal had a torn tail: %s", j->why);
}

static int
runner_open(struct runner *r, struct err *err)
{
	list_init(&r->clients);
	list_init(&r->works);
	refusals_init(&r->refusals);
	loop_init(&r->loop);
	r->outputs = paths_dir_open(r->state, "out", err);
	if (r->outputs < 0 || book_open(&r->book, r->state, err) < 0 ||
	    runner_signals(r, err) < 0)
		return -1;
	journal_audit(&r->book.journal);
	(void)FAULT("runner.journal");
	runner_end_left(r);
	sweep(r);
	r->idle = (struct watch){ .fd = -1, .fn = runner_idle, .self = r };
	loop_add(&r->loop, &r->idle);
	r->quiet = (struct watch){ .fd = -1, .fn = runner_quiet, .self = r };
	loop_add(&r->loop, &r->quiet);
	(void)FAULT("runner.listen");
	if (runner_listen(r, err) < 0)
		return -1;
	(void)FAULT("runner.listening");
	r->idle.at = clock_boot_ms() + idle_ms();
	return 0;
}

static void
runner_close(struct runner *r)
{
	LIST_EACH_SAFE (struct client, c, &r->clients, link) {
		conn_flush(&c->conn, 1000);
		client_close(c);
	}
	refusals_free(&r->refusals);
	book_close(&r->book);
	loop_free(&r->loop);
	close(r->listen.fd);
	close(r->signals.fd);
	close(r->outputs);
	close(r->state);
}

static void
say_ready(int ready, const struct err *err)
{
	if (err != NULL) {
		host_audit(RUNNER_NO_START ": %s", err->text);
		dprintf(ready, RUNNER_NO_START ": %s\n", err->text);
	}
	close(ready);
}

int
runner_main(int ready)
{
	struct runner r = { .n_works = 0 };
	struct err err;

	r.state = paths_state_open(&err);
	if (r.state < 0) {
		say_ready(ready, &err);
		return 1;
	}
	if (flock(r.state, LOCK_EX | LOCK_NB) < 0) {
		say_ready(ready, NULL); /* there is one: that is fine */
		return 0;
	}
	(void)FAULT("runner.lock");
	if (runner_open(&r, &err) < 0) {
		say_ready(ready, &err);
		return 1;
	}
	say_ready(ready, NULL);
	loop_run(&r.loop);
	runner_close(&r);
	return 0;
}
