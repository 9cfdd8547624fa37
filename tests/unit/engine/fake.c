/* fake.c - a transport without wires; see fake.h. */
#include "fake.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "sha256.h"
#include "wire.h"

struct fake_chan {
	struct chan chan;		/* first */
	struct link link;
	struct fake *fake;
	char *host, *address;
	const struct chan_events *events;
	void *self;
	bool silent, closed, given_back;
	unsigned int credit;
};

enum event_kind { EVENT_OPEN, EVENT_LINE, EVENT_CLOSED };

struct event {
	struct link link;
	struct fake_chan *chan;
	enum event_kind kind;
	char *line;
	bool plain;			/* said by the test: no deed */
};

static void
event_add(struct fake_chan *c, enum event_kind kind, char *line)
{
	struct event *e = x_new(struct event);

	e->chan = c;
	e->kind = kind;
	e->line = line;
	list_add(&c->fake->queue, &e->link);
}

/* --- the agent --- */

static void
say_result(struct json_out *o, const char *key)
{
	json_out_object(o, key);
	json_out_int(o, "exit", 0);
	json_out_int(o, "ms", 12);
	json_out_end(o);
}

static void
say_stream(struct json_out *o, const char *key, const char *text)
{
	char sha[SHA256_TEXT_SIZE];

	json_out_object(o, key);
	json_out_int(o, "bytes", (int64_t)strlen(text));
	json_out_int(o, "lines", 1);
	json_out_str(o, "sha256", sha256_of(text, strlen(text), sha));
	json_out_end(o);
}

static void
agent_hello(struct fake_chan *c, const struct json_object *doc,
	    struct json_out *o)
{
	const struct json_object *fleets = json_member(doc, "fleets");

	json_out_str(o, "agent", "0.1.0");
	json_out_int(o, "proto", 1);
	json_out_str(o, "name", c->fake->hello_name != NULL ?
					c->fake->hello_name : c->host);
	json_out_str(o, "machine_id", c->fake->machine_id);
	json_out_str(o, "boot_id", "b1");
	json_out_int(o, "boottime_ms", 5000);
	json_out_int(o, "wall_ms", clock_wall_ms() + c->fake->skew_ms);
	json_out_array(o, "addresses");
	json_out_str(o, NULL, c->address);
	json_out_end(o);
	json_out_array(o, "fleets");
	for (size_t i = 0; i < json_count(fleets); i++) {
		const struct json_object *f = json_item(fleets, i);

		c->fake->given_out = json_member(f, "seq") != NULL ?
			json_as_int(json_member(f, "seq")) : 0;
		json_out_object(o, NULL);
		json_out_str(o, "uuid", json_as_str(json_member(f, "uuid")));
		json_out_int(o, "epoch", json_as_int(json_member(f, "epoch")));
		json_out_int(o, "floor", 0);
		json_out_end(o);
	}
	json_out_end(o);
	json_out_null(o, "hold");
	json_out_str(o, "journal", "ok");
	json_out_str(o, "allow_sha256", "00");
}

static char *
words_of(const struct json_object *doc)
{
	const struct json_object *argv = json_member(doc, "argv");
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; i < json_count(argv); i++)
		(void)buf_addf(&text, "%s%s", i > 0 ? " " : "",
			       json_as_str(json_item(argv, i)));
	return buf_take(&text);
}

static void
agent_chunk(struct fake_chan *c, int64_t id, const char *data, size_t len)
{
	struct buf line, text;
	struct json_out o;

	buf_init(&line, 70000);
	buf_init(&text, 70000);
	(void)base64_encode(&text, data, len);
	json_out_init(&o, &line);
	json_out_object(&o, NULL);
	json_out_int(&o, "id", id);
	json_out_str(&o, "chunk", "out");
	json_out_str(&o, "data", buf_str(&text));
	json_out_end(&o);
	buf_free(&text);
	event_add(c, EVENT_LINE, buf_take(&line));
}

/* false: it says nothing at all */
static bool
agent_probe(struct fake_chan *c, const struct json_object *doc, int64_t id,
	    struct json_out *o)
{
	struct fake *f = c->fake;
	char *words = words_of(doc), *out;
	int exit_status = 0;

	f->given_probe++;
	out = f->probe != NULL ?
		      f->probe(f->probe_ctx, c->host, words, &exit_status) :
		      x_strdup("hello\n");
	free(words);
	if (out == NULL)
		return false;
	/* output: discard */
	for (size_t at = 0; json_member(doc, "output") == NULL &&
	     at < strlen(out); at += 30000) {
		size_t n = strlen(out + at);

		agent_chunk(c, id, out + at, n > 30000 ? 30000 : n);
	}
	json_out_int(o, "exit", exit_status);
	say_stream(o, "out", out);
	say_stream(o, "err", "");
	json_out_int(o, "ms", 3);
	free(out);
	return true;
}

static void
agent_put(struct fake_chan *c, const struct json_object *doc,
	  struct json_out *o)
{
	struct buf data;

	c->fake->given_put++;
	buf_init(&data, 70000);
	assert(base64_decode(&data, json_as_str(json_member(doc, "data")),
			     strlen(json_as_str(json_member(doc, "data"))),
			     NULL) == 0);
	json_out_int(o, "have", json_as_int(json_member(doc, "offset")) +
					(c->fake->stuck_put ?
						 0 : (int64_t)data.len));
	buf_free(&data);
}

static void
agent_push(struct fake_chan *c, const char *attempt)
{
	struct buf line;
	struct json_out o;

	buf_init(&line, 70000);
	json_out_init(&o, &line);
	json_out_object(&o, NULL);
	json_out_str(&o, "push", "ended");
	json_out_str(&o, "attempt", attempt);
	json_out_str(&o, "state", "ended");
	say_result(&o, "result");
	json_out_end(&o);
	event_add(c, EVENT_LINE, buf_take(&line));
}

static bool
agent_refuses(struct fake_chan *c, const struct json_object *doc,
	      struct json_out *o)
{
	const struct json_object *fleets = json_member(doc, "fleets");

	for (size_t i = 0; i < json_count(fleets); i++) {
		if (json_as_int(json_member(json_item(fleets, i), "epoch")) >=
		    c->fake->epoch_floor)
			continue;
		json_out_bool(o, "ok", false);
		json_out_str(o, "code", "epoch");
		json_out_str(o, "why", "a newer one holds it");
		json_out_str(o, "hint", "");
		json_out_int(o, "epoch", c->fake->epoch_floor);
		return true;
	}
	return false;
}

/* Everything is permitted that does not say "forbidden". */
static void
agent_verdicts(const struct json_object *doc, const char *key,
	       struct json_out *o)
{
	const struct json_object *list = json_member(doc, key);

	json_out_array(o, key);
	for (size_t i = 0; i < json_count(list); i++) {
		struct json_out item;
		struct buf text;
		bool ok;

		buf_init(&text, 70000);
		json_out_init(&item, &text);
		json_out_value(&item, NULL, json_item(list, i));
		ok = strstr(buf_str(&text), "forbidden") == NULL;
		buf_free(&text);
		json_out_object(o, NULL);
		json_out_bool(o, "ok", ok);
		if (!ok)
			json_out_str(o, "why", "no line of allow has it");
		json_out_end(o);
	}
	json_out_end(o);
}

static void
agent_verb(struct fake_chan *c, const struct json_object *doc, int64_t id,
	   enum wire_verb verb, struct json_out *o, bool *mute)
{
	if (verb == WIRE_HELLO && agent_refuses(c, doc, o))
		return;
	json_out_bool(o, "ok", true);
	if (verb == WIRE_HELLO) {
		agent_hello(c, doc, o);
		*mute = c->fake->lost_hellos > 0;
		c->fake->lost_hellos -= *mute;
	} else if (verb == WIRE_PING) {
		json_out_int(o, "wall_ms", 1);
	} else if (verb == WIRE_PROBE) {
		*mute = !agent_probe(c, doc, id, o);
	} else if (verb == WIRE_PUT) {
		agent_put(c, doc, o);
	} else if (verb == WIRE_MAY) {
		agent_verdicts(doc, "changes", o);
		agent_verdicts(doc, "reads", o);
	} else if (verb == WIRE_DRY) {
		json_out_str(o, "text", "-old\n+new\n");
	} else if (verb == WIRE_ASK) {
		json_out_str(o, "state", "none");
	} else if (wire_verb_is_change(verb)) {
		c->fake->given_change++;
		c->fake->given_copy += verb == WIRE_COPY;
		json_out_str(o, "state", "running");
	}
}

static void
agent_given(struct fake_chan *c, const char *line)
{
	struct json_object *doc;
	enum wire_verb verb;
	struct json_out o;
	struct buf answer;
	bool mute = false;
	int64_t id;

	assert(json_parse_object(line, strlen(line), &json_limits_wire, &doc,
				 NULL) == 0);
	id = json_as_int(json_member(doc, "id"));
	assert(wire_verb_find(json_as_str(json_member(doc, "verb")),
			      &verb) == 0);
	buf_init(&answer, 70000);
	json_out_init(&o, &answer);
	json_out_object(&o, NULL);
	json_out_int(&o, "id", id);
	agent_verb(c, doc, id, verb, &o, &mute);
	json_out_end(&o);
	if (mute)
		buf_free(&answer);
	else
		event_add(c, EVENT_LINE, buf_take(&answer));
	if (wire_verb_is_change(verb))
		agent_push(c, json_as_str(json_member(doc, "attempt")));
	json_free(&doc);
}

/* --- the transport --- */

static struct chan *
fake_open(struct transport *t, const struct transport_host *host,
	  const struct chan_events *events, void *self)
{
	struct fake *f = (struct fake *)t;
	struct fake_chan *c = x_new(struct fake_chan);

	c->chan.ops = t->ops;
	c->fake = f;
	c->host = x_strdup(host->name);
	c->address = x_strdup(host->address);
	c->events = events;
	c->self = self;
	c->credit = CHAN_CREDIT;
	list_add(&f->chans, &c->link);
	f->opened++;
	if (f->refuse_open) {
		event_add(c, EVENT_CLOSED, NULL);
		return &c->chan;
	}
	event_add(c, EVENT_OPEN, NULL);
	if (f->noise != NULL)
		event_add(c, EVENT_LINE, x_strdup(f->noise));
	event_add(c, EVENT_LINE, x_strdup(WIRE_MAGIC));
	return &c->chan;
}

static int
fake_line(struct chan *chan, const char *text, size_t len, struct err *err)
{
	struct fake_chan *c = (struct fake_chan *)chan;
	struct fake *f = c->fake;

	assert(!c->given_back && strlen(text) == len && len <= CHAN_LINE_MAX);
	assert(strchr(text, '\n') == NULL);
	if (c->closed)
		return err_set(err, ERR_LOST, "closed");
	if (++f->deeds == f->fault_at && f->fault == FAKE_FULL)
		f->full = 3;
	if (f->full > 0) {
		f->full--;
		return err_set(err, ERR_REFUSED, "full");
	}
	if (f->deeds == f->fault_at && f->fault == FAKE_BREAK) {
		c->closed = true;
		event_add(c, EVENT_CLOSED, NULL);
		return err_set(err, ERR_LOST, "it broke");
	}
	if (f->deeds == f->fault_at && f->fault == FAKE_SILENCE)
		c->silent = true;
	if (f->nsaid < sizeof(f->said) / sizeof(f->said[0]))
		f->said[f->nsaid++] = x_strdup(text);
	agent_given(c, text);
	return 0;
}

static void
fake_more(struct chan *chan, unsigned int n)
{
	((struct fake_chan *)chan)->credit += n;
}

static void
fake_close(struct chan *chan)
{
	struct fake_chan *c = (struct fake_chan *)chan;

	assert(!c->given_back);
	c->given_back = true;
}

static void
fake_transport_free(struct transport *t)
{
	(void)t;
}

static const struct transport_ops fake_ops = {
	.open = fake_open,
	.line = fake_line,
	.more = fake_more,
	.close = fake_close,
	.free = fake_transport_free,
};

/* --- the loop --- */

static int64_t
fake_now(void *self)
{
	return ((struct fake *)self)->now_ms;
}

static void
fake_wake(void *self, int64_t at_ms)
{
	((struct fake *)self)->wake_ms = at_ms;
}

void
fake_init(struct fake *f)
{
	*f = (struct fake){
		.transport = { .ops = &fake_ops },
		.clock = { fake_now, fake_wake, f },
		.now_ms = 1000000, .wake_ms = INT64_MAX,
		.machine_id = "m1",
	};
	list_init(&f->chans);
	list_init(&f->queue);
}

static void
event_free(struct event *e)
{
	list_del(&e->link);
	free(e->line);
	free(e);
}

void
fake_free(struct fake *f)
{
	call_set_free(&f->set);
	LIST_EACH_SAFE (struct event, e, &f->queue, link)
		event_free(e);
	LIST_EACH_SAFE (struct fake_chan, c, &f->chans, link) {
		assert(c->given_back);
		list_del(&c->link);
		free(c->host);
		free(c->address);
		free(c);
	}
	for (size_t i = 0; i < f->nsaid; i++)
		free(f->said[i]);
}

static void
deliver_line(struct fake_chan *c, const char *line)
{
	/* no credit, no line: the call must give it back */
	assert(c->credit > 0);
	c->credit--;
	if (!c->given_back)
		c->events->on_line(c->self, line, strlen(line));
}

/* {"id":7,…} with another id, another key, or text for numbers */
static char *
spoil(enum fake_fault fault, const char *line)
{
	struct buf out;

	buf_init(&out, 140000);
	if (fault == FAKE_GARBAGE || line[0] != '{') {
		(void)buf_adds(&out, "{\"id\":garbage");
	} else if (fault == FAKE_STRANGER) {
		(void)buf_adds(&out, "{\"id\":99999,\"ok\":true}");
	} else if (fault == FAKE_EXTRA) {
		(void)buf_addf(&out, "{\"surprise\":1,%s", line + 1);
	} else {
		const char *p = line;

		for (; *p != '\0'; p++) {
			bool number = p[0] == ':' && p[1] >= '0' &&
				      p[1] <= '9';

			(void)buf_addc(&out, *p);
			if (!number)
				continue;
			(void)buf_addc(&out, '"');
			while (p[1] >= '0' && p[1] <= '9')
				(void)buf_addc(&out, *++p);
			(void)buf_addc(&out, '"');
		}
	}
	return buf_take(&out);
}

static void
deliver_faulty(struct fake *f, struct fake_chan *c, struct event *e)
{
	struct err err;
	char *line;

	switch (f->fault) {
	case FAKE_BREAK:
		c->closed = true;
		(void)err_set(&err, ERR_LOST, "it broke");
		c->events->on_closed(c->self, &err);
		return;
	case FAKE_SILENCE:
		c->silent = true;
		return;
	case FAKE_TWICE:
		if (e->kind == EVENT_LINE)
			deliver_line(c, e->line);
		break;
	case FAKE_GARBAGE:
	case FAKE_STRANGER:
	case FAKE_EXTRA:
	case FAKE_TYPE:
		if (e->kind != EVENT_LINE)
			break;
		line = spoil(f->fault, e->line);
		deliver_line(c, line);
		free(line);
		return;
	case FAKE_NONE:
	case FAKE_FULL:
	case FAKE_FAULT_COUNT:
		break;
	}
	if (e->kind == EVENT_LINE && !c->given_back)
		deliver_line(c, e->line);
	else if (e->kind == EVENT_OPEN)
		c->events->on_open(c->self);
}

static void
deliver(struct fake *f, struct event *e)
{
	struct fake_chan *c = e->chan;
	struct err err;

	if (c->given_back || (c->closed && e->kind != EVENT_CLOSED) ||
	    c->silent)
		return;
	if (e->kind == EVENT_CLOSED) {
		c->closed = true;
		(void)err_set(&err, ERR_LOST, "connection refused");
		c->events->on_closed(c->self, &err);
	} else if (!e->plain && ++f->deeds == f->fault_at) {
		deliver_faulty(f, c, e);
	} else if (e->kind == EVENT_OPEN) {
		c->events->on_open(c->self);
	} else {
		deliver_line(c, e->line);
	}
}

void
fake_run(struct fake *f, const bool *done, int64_t until_ms)
{
	struct event *e;

	while ((done == NULL || !*done) && f->now_ms < until_ms) {
		e = list_first(struct event, &f->queue, link);
		if (e != NULL) {
			list_del(&e->link);
			f->now_ms++;
			deliver(f, e);
			event_free(e);
			continue;
		}
		if (f->wake_ms > until_ms) {
			f->now_ms = until_ms;
			return;
		}
		if (f->wake_ms > f->now_ms)
			f->now_ms = f->wake_ms;
		else
			f->now_ms++;
		f->wake_ms = INT64_MAX;
		call_set_tick(f->set);
	}
}

struct call_host
fake_host(const char *name, const char *address)
{
	return (struct call_host){
		.name = name, .address = address, .port = 22,
		.user = "drydock", .coordinator = "ops1",
	};
}

static struct fake_chan *
fake_newest(struct fake *f, const char *host)
{
	struct fake_chan *found = NULL;

	LIST_EACH (struct fake_chan, c, &f->chans, link) {
		if (!c->given_back && !c->closed && strcmp(c->host, host) == 0)
			found = c;
	}
	assert(found != NULL);
	return found;
}

unsigned int
fake_held(const struct fake *f)
{
	unsigned int n = 0;

	LIST_EACH (struct fake_chan, c, &f->chans, link)
		n += !c->given_back;
	return n;
}

void
fake_say(struct fake *f, const char *host, const char *line)
{
	struct fake_chan *c = fake_newest(f, host);

	event_add(c, EVENT_LINE, x_strdup(line));
	LIST_OF(struct event, f->queue.prev, link)->plain = true;
}

void
fake_break(struct fake *f, const char *host)
{
	event_add(fake_newest(f, host), EVENT_CLOSED, NULL);
}

void
fake_first(struct fake *f)
{
	struct link *last = f->queue.prev;

	assert(last != &f->queue);
	list_del(last);
	list_add_first(&f->queue, last);
}
