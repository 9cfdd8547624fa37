/* net.c - transport.h without wires: lines that take their time. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "transport.h"
#include "wire.h"
#include "world.h"

struct net {
	struct transport transport;	/* first */
	int who;
};

struct line_chan {
	struct chan chan;		/* first */
	struct link link;
	int who, host, runners;
	const struct chan_events *events;
	void *self;
	bool open, over;
	int64_t to_ms, from_ms;		/* no line overtakes another */
	struct link packets;		/* for its owner */
	struct due begin;
};

enum packet_kind { PACKET_LINE, PACKET_CLOSED };

struct packet {
	struct link link;
	struct due due;
	struct line_chan *chan;		/* to the host: NULL, nobody waits */
	enum packet_kind kind;
	int host, runners;		/* when its channel began */
	char *text;
};

static struct link chans = { &chans, &chans };
static struct link sent = { &sent, &sent };	/* on their way to hosts */

static void
packet_free(struct packet *p)
{
	list_del(&p->link);
	due_stop(&p->due);
	free(p->text);
	free(p);
}

/* ------------------------------------------------------------ to the owner */

static void
packet_arrives(void *self)
{
	struct packet *p = self;
	struct line_chan *c = p->chan;
	struct err why;

	list_del(&p->link);
	if (p->kind == PACKET_LINE) {
		c->events->on_line(c->self, p->text, strlen(p->text));
	} else {
		(void)err_set(&why, ERR_LOST, "%s", p->text);
		c->events->on_closed(c->self, &why);
	}
	packet_free(p);
}

static void
packet_give(struct line_chan *c, enum packet_kind kind, const char *text,
	    int64_t way_ms)
{
	struct packet *p = x_new(struct packet);
	int64_t at = world.now_ms + way_ms;

	p->chan = c;
	p->kind = kind;
	p->text = x_strdup(text);
	if (at < c->from_ms)
		at = c->from_ms;
	c->from_ms = at;
	list_add(&c->packets, &p->link);
	due_init(&p->due, c->who, packet_arrives, p);
	due_at(&p->due, at);
}

static int64_t
way_ms(int host)
{
	int64_t mute = world.hosts[host].mute_until_ms - world.now_ms;

	return dice_range(&world.dice, 1, 40) + (mute > 0 ? mute : 0);
}

bool
net_reaches(int host)
{
	return world.now_ms >= world.hosts[host].down_until_ms;
}

static void
chan_over(struct line_chan *c, const char *why, int64_t ms)
{
	if (c->over)
		return;
	c->over = true;
	packet_give(c, PACKET_CLOSED, why, ms);
}

void
net_say(struct chan *chan, const char *line)
{
	LIST_EACH (struct line_chan, c, &chans, link)
		if (&c->chan == chan && !c->over)
			packet_give(c, PACKET_LINE, line, way_ms(c->host));
}

void
net_tell(int host, const char *line)
{
	LIST_EACH (struct line_chan, c, &chans, link)
		if (c->host == host && c->open)
			net_say(&c->chan, line);
}

void
net_cut(int host)
{
	LIST_EACH (struct line_chan, c, &chans, link)
		if (c->host == host)
			chan_over(c, "the connection broke", 0);
}

/* ------------------------------------------------------------- to the host */

static void
packet_reaches(void *self)
{
	struct packet *p = self;

	list_del(&p->link);
	if (net_reaches(p->host) && p->runners == world.hosts[p->host].runners)
		agent_line(p->host, p->chan != NULL ? &p->chan->chan : NULL,
			   p->text, strlen(p->text));
	packet_free(p);
}

static void
packet_send(struct line_chan *c, struct line_chan *answers, const char *text,
	    size_t len, int64_t at_ms)
{
	struct packet *p = x_new(struct packet);

	p->chan = answers;
	p->host = c->host;
	p->runners = c->runners;
	p->text = x_strndup(text, len);
	list_add(&sent, &p->link);
	due_init(&p->due, OUTSIDE, packet_reaches, p);
	due_at(&p->due, at_ms);
}

/*
 * A change may come late, when its channel is long gone; or once more.  Its
 * channel has one runner: what is on its way when that ends, ends with it.
 */
static int
chan_line(struct chan *chan, const char *text, size_t len, struct err *err)
{
	struct line_chan *c = (struct line_chan *)(void *)chan;
	struct host *host = &world.hosts[c->host];
	bool change = strstr(text, "\"verb\":\"run\"") != NULL;
	int64_t at = world.now_ms + way_ms(c->host);

	if (c->over)
		return err_set(err, ERR_LOST, "it is closed");
	if (at < c->to_ms)
		at = c->to_ms;
	c->to_ms = at;
	if (change && host->late > 0) {
		host->late--;
		packet_send(c, NULL, text, len, world.now_ms +
			    dice_range(&world.dice, 1000, 60000));
		chan_over(c, "the connection broke", 5);
		return 0;
	}
	packet_send(c, c, text, len, at);
	if (change && host->twice > 0) {
		host->twice--;
		packet_send(c, NULL, text, len, at +
			    dice_range(&world.dice, 0, 5000));
	}
	return 0;
}

/* -------------------------------------------------------------- channels */

static void
chan_begins(void *self)
{
	struct line_chan *c = self;

	if (!net_reaches(c->host)) {
		chan_over(c, "no route to host", 0);
		return;
	}
	c->open = true;
	c->runners = world.hosts[c->host].runners;
	if (c->events->on_open != NULL)
		c->events->on_open(c->self);
	net_say(&c->chan, WIRE_MAGIC);
}

static void
chan_more(struct chan *chan, unsigned int n)
{
	(void)chan;
	(void)n;
}

static void
chan_close(struct chan *chan)
{
	struct line_chan *c = (struct line_chan *)(void *)chan;

	LIST_EACH (struct packet, p, &sent, link)
		if (p->chan == c)
			p->chan = NULL;
	LIST_EACH_SAFE (struct packet, p, &c->packets, link)
		packet_free(p);
	due_stop(&c->begin);
	list_del(&c->link);
	free(c);
}

static void
net_drop(struct transport *transport)
{
	free(transport);
}

static struct chan *net_open(struct transport *t,
			     const struct transport_host *host,
			     const struct chan_events *events, void *self);

static const struct transport_ops ops = {
	.open = net_open, .line = chan_line, .more = chan_more,
	.close = chan_close, .free = net_drop,
};

static struct chan *
net_open(struct transport *t, const struct transport_host *host,
	 const struct chan_events *events, void *self)
{
	struct line_chan *c = x_new(struct line_chan);

	c->chan.ops = &ops;
	c->who = ((struct net *)(void *)t)->who;
	c->host = host_of(host->name);
	c->events = events;
	c->self = self;
	list_init(&c->packets);
	list_add(&chans, &c->link);
	due_init(&c->begin, c->who, chan_begins, c);
	due_at(&c->begin, world.now_ms + way_ms(c->host));
	return &c->chan;
}

struct transport *
net_new(int who)
{
	struct net *net = x_new(struct net);

	net->transport.ops = &ops;
	net->who = who;
	return &net->transport;
}

void
net_end(void)
{
	LIST_EACH_SAFE (struct packet, p, &sent, link)
		packet_free(p);
}
