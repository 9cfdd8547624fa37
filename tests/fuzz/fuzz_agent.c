/* fuzz_agent.c - two hosts without wires; see fuzz_agent.h. */
#include "fuzz_agent.h"

#include <inttypes.h>

#include "alloc.h"
#include "fuzz.h"

struct agents_line {
	struct chan chan; /* first */
	struct agents *agents;
	const struct chan_events *events;
	void *self;
	unsigned int at; /* which host's */
	unsigned int credit;
	unsigned int full; /* so many lines are not taken */
	bool opening, given;
	struct buf says; /* lines that are still to be said */
};

static const char hello[] =
	"{\"id\":%" PRIu64 ",\"ok\":true,\"agent\":\"1\",\"proto\":1,"
	"\"name\":\"mail%u\",\"machine_id\":\"mail%u\",\"boot_id\":\"b\","
	"\"boottime_ms\":1,\"wall_ms\":1,\"addresses\":[\"10.0.0.%u\"],"
	"\"fleets\":[{\"uuid\":\"0d9c8f3e-3f57-4f40-8d8e-1f5f2f1f6f02\","
	"\"epoch\":3,\"floor\":0}],\"journal\":\"ok\"}\n";
static const char probe[] =
	"{\"id\":%" PRIu64 ",\"chunk\":\"out\",\"data\":\"eA==\"}\n"
	"{\"id\":%" PRIu64 ",\"ok\":true,\"exit\":0,\"ms\":1,"
	"\"out\":{\"bytes\":1,\"lines\":0,\"sha256\":\"\"},"
	"\"err\":{\"bytes\":0,\"lines\":0,\"sha256\":\"\"}}\n";
static const char refusal[] =
	"{\"id\":%" PRIu64 ",\"ok\":false,\"code\":\"usage\",\"why\":\"no\"}\n";

static bool
is_honest(const struct agents_line *l)
{
	return l->at == 1 || l->agents->honest;
}

/* What an agent answers that can do nothing but date. */
static void
answer(struct agents_line *l, uint64_t id, const char *verb)
{
	unsigned int n = l->at + 1;

	if (strcmp(verb, "hello") == 0)
		(void)buf_addf(&l->says, hello, id, n, n, n);
	else if (!is_honest(l))
		return;
	else if (strcmp(verb, "probe") == 0)
		(void)buf_addf(&l->says, probe, id, id);
	else if (strcmp(verb, "ping") == 0)
		(void)buf_addf(&l->says, "{\"id\":%" PRIu64 ",\"ok\":true,"
			       "\"wall_ms\":1}\n", id);
	else
		(void)buf_addf(&l->says, refusal, id);
}

/* --- the transport --- */

static struct chan *
agents_open(struct transport *t, const struct transport_host *host,
	    const struct chan_events *events, void *self)
{
	struct agents *a = (struct agents *)t;
	struct agents_line *l = x_new(struct agents_line);

	l->chan.ops = t->ops;
	l->agents = a;
	l->events = events;
	l->self = self;
	l->at = strcmp(host->name, "mail2") == 0;
	l->credit = CHAN_CREDIT;
	l->opening = true;
	buf_init(&l->says, 1 << 20);
	FUZZ_MUST(a->lines[l->at] == NULL);
	a->lines[l->at] = l;
	return &l->chan;
}

static int
agents_line(struct chan *chan, const char *text, size_t len, struct err *err)
{
	struct agents_line *l = (struct agents_line *)chan;
	struct agents *a = l->agents;
	char verb[16];
	uint64_t id;

	FUZZ_MUST(strlen(text) == len && len <= CHAN_LINE_MAX);
	FUZZ_MUST(sscanf(text, "{\"id\":%" SCNu64 ",\"verb\":\"%15[a-z]\"",
			 &id, verb) == 2);
	if (l->full > 0) {
		l->full--;
		return err_set(err, ERR_REFUSED, "full");
	}
	l->given = true;
	a->given(a->ctx, l->at, id, verb, text);
	if (is_honest(l) || a->greets)
		answer(l, id, verb);
	return 0;
}

static void
agents_more(struct chan *chan, unsigned int n)
{
	((struct agents_line *)chan)->credit += n;
}

static void
agents_close(struct chan *chan)
{
	struct agents_line *l = (struct agents_line *)chan;

	l->agents->lines[l->at] = NULL;
	buf_free(&l->says);
	free(l);
}

static void
agents_free(struct transport *t)
{
	(void)t;
}

static const struct transport_ops ops = {
	.open = agents_open,
	.line = agents_line,
	.more = agents_more,
	.close = agents_close,
	.free = agents_free,
};

/* --- the loop --- */

static int64_t
clock_now(void *self)
{
	return ((struct agents *)self)->now_ms;
}

static void
clock_wake(void *self, int64_t at_ms)
{
	((struct agents *)self)->wake_ms = at_ms;
}

/* A line is credit, which a call gives back; the channel may be gone then. */
static void
deliver(struct agents_line *l, const char *text, size_t len)
{
	FUZZ_MUST(l->credit > 0);
	l->credit--;
	l->agents->now_ms++;
	l->events->on_line(l->self, text, len);
}

/* One thing that is due at that host; false: nothing is. */
static bool
step(struct agents *a, unsigned int at)
{
	struct agents_line *l = a->lines[at];
	char *line, *nl;
	size_t len;

	if (l == NULL)
		return false;
	if (l->opening) {
		l->opening = false;
		if (is_honest(l) || a->greets)
			(void)buf_adds(&l->says, WIRE_MAGIC "\n");
		l->events->on_open(l->self);
		return true;
	}
	nl = strchr(buf_str(&l->says), '\n');
	if (nl == NULL)
		return false;
	len = (size_t)(nl - buf_str(&l->says));
	line = x_strndup(buf_str(&l->says), len);
	buf_drop(&l->says, len + 1);
	deliver(l, line, len);
	free(line);
	return true;
}

void
agents_wait(struct agents *a, int64_t ms)
{
	int64_t until_ms = a->now_ms + ms;

	while (a->now_ms < until_ms) {
		if (step(a, 0) || step(a, 1))
			continue;
		if (a->wake_ms > until_ms) {
			a->now_ms = until_ms;
			break;
		}
		a->now_ms = a->wake_ms > a->now_ms ? a->wake_ms :
						     a->now_ms + 1;
		a->wake_ms = INT64_MAX;
		a->ticks++;
		call_set_tick(a->set);
	}
}

bool
agents_say(struct agents *a, const char *line, size_t len)
{
	struct agents_line *l = a->lines[0];

	if (l == NULL)
		return false;
	deliver(l, line, len);
	agents_wait(a, 2);
	return true;
}

void
agents_break(struct agents *a)
{
	struct agents_line *l = a->lines[0];
	struct err err;

	if (l == NULL)
		return;
	(void)err_set(&err, ERR_LOST, "it broke");
	l->events->on_closed(l->self, &err);
	agents_wait(a, 2);
}

void
agents_fill(struct agents *a)
{
	struct agents_line *l = a->lines[0];

	if (l != NULL && l->given)
		l->full = 3;
}

void
agents_begin(struct agents *a, const struct call_hooks *hooks,
	     agents_given_fn *given, void *ctx)
{
	a->transport.ops = &ops;
	a->clock = (struct call_clock){ clock_now, clock_wake, a };
	a->now_ms = 1000000;
	a->wake_ms = INT64_MAX;
	a->given = given;
	a->ctx = ctx;
	srandom(1); /* rests are of chance, and each run is to be the same */
	a->set = call_set_new(&a->transport, &a->clock, hooks, ctx);
}

void
agents_end(struct agents *a)
{
	call_set_free(&a->set);
	FUZZ_MUST(a->lines[0] == NULL && a->lines[1] == NULL);
}
