/*
 * call_set.c - the hosts of a coordinator: transport, clock, life and death.
 *
 * One wish to be woken for the whole set: the earliest of all calls and
 * timers.  A call that nobody needs any more may be in the middle of its own
 * callback, so it is only marked and goes at a tick.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"
#include "transport.h"

struct call_timer {
	struct link link;
	int64_t at_ms;
	call_timer_fn *fn;
	void *ctx;
};

enum { BY_NAME = 1024 };

struct call_set {
	struct transport *transport;
	struct call_clock clock;
	struct call_hooks hooks;
	void *ctx;
	struct link calls, timers;
	struct link by_name[BY_NAME]; /* the calls again, by their hosts */
	bool ticking;
};

/* --- the transport's side --- */

static void
set_opened(void *self)
{
	struct call *call = self;

	if (call->state == CALL_OPENING)
		call_opened(call);
}

static void
set_line(void *self, const char *text, size_t len)
{
	struct call *call = self;

	call_line(call, text, len);
	/* done with it: the agent may send another */
	if (call->chan != NULL)
		transport_more(call->chan, 1);
	call_set_arm(call->set);
}

static void
set_closed(void *self, const struct err *why)
{
	struct call *call = self;

	transport_close(&call->chan);
	call_hang_up(call, why->text);
}

static const struct chan_events set_events = {
	.on_open = set_opened,
	.on_line = set_line,
	.on_closed = set_closed,
};

void
call_set_open(struct call *call)
{
	const struct call_host *host = &call->host;
	struct transport_host to = {
		.name = host->name,
		.address = host->address,
		.port = (unsigned int)host->port,
		.user = host->user,
		.keys = host->keys,
	};

	while (host->keys != NULL && host->keys[to.n_keys] != NULL)
		to.n_keys++;
	assert(call->chan == NULL);
	call->chan = transport_open(call->set->transport, &to, &set_events,
				    call);
}

int
call_set_send(struct call *call, const char *line, size_t len,
	      struct err *err)
{
	return transport_line(call->chan, line, len, err);
}

void
call_set_close(struct call *call)
{
	transport_close(&call->chan);
}

/* --- the clock --- */

int64_t
call_set_now_ms(const struct call_set *set)
{
	return set->clock.now_ms(set->clock.self);
}

int64_t
call_set_now(const struct call *call)
{
	return call_set_now_ms(call->set);
}

static bool
set_is_over(const struct call *call)
{
	return call->leaving && !call_question_awaited(call);
}

void
call_set_arm(struct call_set *set)
{
	int64_t next = INT64_MAX;

	if (set->ticking)
		return;
	LIST_EACH (struct call, call, &set->calls, link) {
		int64_t at = set_is_over(call) ? 0 : call_next_ms(call);

		if (at < next)
			next = at;
	}
	LIST_EACH (struct call_timer, timer, &set->timers, link) {
		if (timer->at_ms < next)
			next = timer->at_ms;
	}
	if (next != INT64_MAX)
		set->clock.wake(set->clock.self, next);
}

struct call_timer *
call_timer_start(struct call_set *set, int64_t at_ms, call_timer_fn *fn,
		 void *ctx)
{
	struct call_timer *timer = x_new(struct call_timer);

	timer->at_ms = at_ms;
	timer->fn = fn;
	timer->ctx = ctx;
	list_add(&set->timers, &timer->link);
	call_set_arm(set);
	return timer;
}

void
call_timer_stop(struct call_timer **timerp)
{
	if (*timerp == NULL)
		return;
	list_del(&(*timerp)->link);
	x_free(timerp);
}

/* A timer may stop others: begin again after each. */
static void
set_tick_timers(struct call_set *set, int64_t now_ms)
{
	struct call_timer *due;

	do {
		due = NULL;
		LIST_EACH (struct call_timer, timer, &set->timers, link) {
			if (timer->at_ms <= now_ms) {
				due = timer;
				break;
			}
		}
		if (due != NULL) {
			/* its owner stops it: from there, or later */
			due->at_ms = INT64_MAX;
			due->fn(due->ctx);
		}
	} while (due != NULL);
}

/* --- the calls --- */

static void
set_bury(struct call *call)
{
	list_del(&call->link);
	list_del(&call->alike);
	transport_close(&call->chan);
	call_question_free_all(call);
	call_facts_free(&call->facts);
	call_host_free(&call->host);
	free(call->why);
	free(call->denied);
	free(call->denied_why);
	free(call);
}

void
call_set_tick(struct call_set *set)
{
	int64_t now_ms = call_set_now_ms(set);

	assert(!set->ticking);
	set->ticking = true;
	/* calls made meanwhile are at the end, those that go stay until now */
	LIST_EACH (struct call, call, &set->calls, link)
		call_tick(call, now_ms);
	set_tick_timers(set, now_ms);
	LIST_EACH_SAFE (struct call, over, &set->calls, link) {
		if (set_is_over(over))
			set_bury(over);
	}
	set->ticking = false;
	call_set_arm(set);
}

struct call_set *
call_set_new(struct transport *transport, const struct call_clock *clock,
	     const struct call_hooks *hooks, void *ctx)
{
	struct call_set *set = x_new(struct call_set);

	set->transport = transport;
	set->clock = *clock;
	if (hooks != NULL)
		set->hooks = *hooks;
	set->ctx = ctx;
	list_init(&set->calls);
	list_init(&set->timers);
	for (size_t i = 0; i < BY_NAME; i++)
		list_init(&set->by_name[i]);
	return set;
}

void
call_set_free(struct call_set **setp)
{
	struct call_set *set = *setp;

	*setp = NULL;
	if (set == NULL)
		return;
	assert(!set->ticking);
	LIST_EACH_SAFE (struct call, call, &set->calls, link)
		set_bury(call);
	LIST_EACH_SAFE (struct call_timer, timer, &set->timers, link) {
		list_del(&timer->link);
		free(timer);
	}
	free(set);
}

const struct call_hooks *
call_set_hooks(const struct call *call, void **ctx_r)
{
	*ctx_r = call->set->ctx;
	return &call->set->hooks;
}

/* Every load asks for each host of a fleet. */
static struct link *
set_alike(struct call_set *set, const char *host)
{
	unsigned int hash = 5381;

	for (; *host != '\0'; host++)
		hash = hash * 33 + (unsigned char)*host;
	return &set->by_name[hash % BY_NAME];
}

struct call *
call_find(struct call_set *set, const char *host)
{
	LIST_EACH (struct call, call, set_alike(set, host), alike) {
		if (strcmp(call->host.name, host) == 0)
			return call;
	}
	return NULL;
}

static void
set_name(struct call *call)
{
	call->named = true;
	call->leaving = false;
}

void
call_set_round(struct call_set *set)
{
	LIST_EACH (struct call, call, &set->calls, link)
		call->named = false;
}

void
call_set_sweep(struct call_set *set)
{
	LIST_EACH (struct call, call, &set->calls, link)
		call->leaving = !call->named;
	call_set_arm(set);
}

struct call *
call_get(struct call_set *set, const struct call_host *host)
{
	struct call *call = call_find(set, host->name);

	if (call != NULL) {
		set_name(call);
		return call;
	}
	call = x_new(struct call);
	call->set = set;
	set_name(call);
	call_host_copy(&call->host, host);
	list_init(&call->questions);
	list_init(&call->ended);
	list_add(&set->calls, &call->link);
	list_add(set_alike(set, host->name), &call->alike);
	return call;
}

void
call_config(struct call *call, const struct call_host *host)
{
	struct call_host old = call->host;
	bool same = call_host_same_place(&old, host);
	bool known = call_host_same_person(&old, host);

	assert(strcmp(old.name, host->name) == 0);
	set_name(call);
	call_host_copy(&call->host, host);
	call_host_free(&old);
	if (!same && call->state != CALL_AWAY)
		call_reopen(call, "its address, user or keys were changed");
	else if (!known &&
		 (call->state == CALL_UP || call->state == CALL_GREETING))
		call_greet(call);
}

const char *
call_name(const struct call *call)
{
	return call->host.name;
}

bool
call_is_up(const struct call *call)
{
	return call->state == CALL_UP;
}

const struct call_facts *
call_facts(const struct call *call)
{
	return call->facts;
}

enum call_misfit
call_misfit(const struct call *call)
{
	return call->misfit;
}

int64_t
call_fenced_by(const struct call *call)
{
	return call->fenced_by;
}

const char *
call_why(const struct call *call)
{
	return call->state == CALL_UP || call->why == NULL ? "" : call->why;
}

int64_t
call_heard_ms(const struct call *call)
{
	return call->heard_ms;
}
