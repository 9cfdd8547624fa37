/*
 * relay.c - what sshd starts: lines to the runner and back, probes run here.
 *
 * It has no state: when it dies, nothing but its probes dies with it.
 */
#include "relay.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "fault.h"

static void
relay_stop(struct relay *r)
{
	r->loop.stop = true;
}

/* All asked and answered? */
void
relay_rest(struct relay *r)
{
	if (r->user.eof && r->n_probes == 0 &&
	    (!r->runner_here || r->runner.eof))
		relay_stop(r);
}

static void
relay_local(struct relay *r, const struct request *req)
{
	if (req->verb == WIRE_PROBE)
		probe_take(r, req);
	else if (req->verb == WIRE_TCP)
		tcp_take(r, req);
	else if (req->verb == WIRE_DRY)
		dry_take(r, req);
	else
		may_take(r, req);
}

static bool
verb_is_local(enum wire_verb verb)
{
	return verb == WIRE_PROBE || verb == WIRE_TCP || verb == WIRE_DRY ||
	       verb == WIRE_MAY;
}

static void
relay_forward(struct relay *r, const struct request *req, const char *text,
	      size_t len)
{
	enum fault fault;

	if (!r->runner_here) {
		answer_no(&r->user, req->id, WIRE_CODE_SYSTEM, r->why, NULL);
		return;
	}
	fault = FAULT("relay.forward");
	if (fault == FAULT_TWICE)
		conn_send(&r->runner, text, len);
	if (fault != FAULT_DROP)
		conn_send(&r->runner, text, len);
	if (conn_full(&r->runner))
		conn_pause(&r->user, true);
}

static void
user_line(void *self, char *text, size_t len)
{
	struct relay *r = self;
	struct request req;
	struct err err;

	if (request_parse(&req, text, len, &err) < 0) {
		answer_no(&r->user, req.id, WIRE_CODE_USAGE, err.text, NULL);
		if (req.id == 0) {
			conn_flush(&r->user, 1000);
			relay_stop(r);
		}
		return;
	}
	if (verb_is_local(req.verb))
		relay_local(r, &req);
	else
		relay_forward(r, &req, text, len);
	json_free(&req.doc);
}

/* The runner answers what it was asked and then hangs up. */
static void
user_ended(void *self, const char *why)
{
	struct relay *r = self;

	if (why != NULL)
		answer_no(&r->user, 0, WIRE_CODE_USAGE, why, NULL);
	if (r->runner_here) {
		conn_flush(&r->runner, 1000);
		conn_shut(&r->runner);
	}
	relay_rest(r);
}

static void
user_broken(void *self)
{
	relay_stop(self);
}

static void
user_drained(void *self)
{
	struct relay *r = self;

	if (r->runner_here)
		conn_pause(&r->runner, false);
	probes_pause(r, false);
}

static void
runner_line(void *self, char *text, size_t len)
{
	enum fault fault = FAULT("relay.answer");
	struct relay *r = self;

	if (fault == FAULT_TWICE)
		conn_send(&r->user, text, len);
	if (fault != FAULT_DROP)
		conn_send(&r->user, text, len);
	if (conn_full(&r->user))
		conn_pause(&r->runner, true);
}

/* Without the runner nothing holds: whoever is connected asks anew. */
static void
runner_ended(void *self, const char *why)
{
	struct relay *r = self;

	(void)why;
	if (r->user.eof)
		relay_rest(r);
	else
		relay_stop(r);
}

static void
runner_broken(void *self)
{
	struct relay *r = self;

	r->runner.eof = true;
	runner_ended(r, NULL);
}

static void
runner_drained(void *self)
{
	struct relay *r = self;

	conn_pause(&r->user, false);
}

static void
relay_open_runner(struct relay *r)
{
	struct err err;
	int fd = runner_connect(&err);

	r->runner_here = fd >= 0;
	if (fd < 0) {
		memcpy(r->why, err.text, sizeof(r->why));
		return;
	}
	r->runner.line = runner_line;
	r->runner.ended = runner_ended;
	r->runner.broken = runner_broken;
	r->runner.drained = runner_drained;
	r->runner.self = r;
	conn_open(&r->runner, &r->loop, fd, fd);
}

int
relay_main(void)
{
	static const char magic[] = WIRE_MAGIC "\n";
	struct relay r = { .n_probes = 0 };

	_Static_assert(sizeof(r.why) == ERR_TEXT_SIZE, "a whole sentence");
	signal(SIGPIPE, SIG_IGN);
	if (write(STDOUT_FILENO, magic, sizeof(magic) - 1) < 0)
		return 1;
	loop_init(&r.loop);
	list_init(&r.probes);
	(void)FAULT("relay.start");
	relay_open_runner(&r);
	(void)FAULT("relay.runner");
	r.user.line = user_line;
	r.user.ended = user_ended;
	r.user.broken = user_broken;
	r.user.drained = user_drained;
	r.user.self = &r;
	conn_open(&r.user, &r.loop, STDIN_FILENO, STDOUT_FILENO);
	loop_run(&r.loop);
	probes_drop(&r);
	conn_flush(&r.user, 1000);
	conn_close(&r.user);
	conn_close(&r.runner);
	loop_free(&r.loop);
	return 0;
}
