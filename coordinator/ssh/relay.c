/* relay.c - drydockd's messages on one side, sessions on the other. */
#include "relay.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "clock.h"
#include "fault.h"
#include "host_backoff.h"
#include "linefd.h"
#include "list.h"
#include "log.h"
#include "self_test.h"
#include "session.h"
#include "ssh_wire.h"

/* Above this nothing more is read from hosts until drydockd has caught up. */
#define RELAY_FULL ((size_t)4 << 20)
#define CHANNEL_WAIT_MS 6500 /* the second back-off, with its jitter */

struct relay {
	struct event_base *base;
	struct linefd up;
	const struct key_file *key;
	struct link chans, hosts;
	bool full;
};

struct host {
	struct link link;
	char *address;
	unsigned int port;
	struct host_backoff backoff;
	struct err why; /* of the last failure */
};

struct channel {
	struct relay *r;
	struct link link;
	int64_t id;
	char *name, *address, *user;
	struct host *host;
	struct host_pins pins;
	struct session *session;
	struct event *begin; /* after the host's back-off */
	struct err refused;  /* why it will not even begin */
	int64_t opened_at;   /* 0: not yet */
	unsigned int sent;   /* lines for drydockd to be told of */
	bool asked, served;  /* a line of ours left; one came after it */
	bool scan;
};

static struct host *
host_find(struct relay *r, const char *address, unsigned int port)
{
	struct host *host;

	LIST_EACH (struct host, h, &r->hosts, link)
		if (h->port == port && strcmp(h->address, address) == 0)
			return h;
	host = x_new(struct host);
	host->address = x_strdup(address);
	host->port = port;
	list_add(&r->hosts, &host->link);
	return host;
}

static void
channel_free(struct channel *c)
{
	list_del(&c->link);
	session_free(&c->session);
	event_free(c->begin);
	host_pins_free(&c->pins);
	free(c->name);
	free(c->address);
	free(c->user);
	free(c);
}

static void
relay_hold(struct relay *r, bool full)
{
	if (r->full == full)
		return;
	r->full = full;
	LIST_EACH (struct channel, c, &r->chans, link)
		session_hold(c->session, full);
}

static void
relay_begin(struct json_out *o, struct buf *b, const char *m,
	    const struct channel *c)
{
	buf_init(b, SSH_WIRE_LINE_MAX);
	json_out_init(o, b);
	json_out_object(o, NULL);
	json_out_str(o, "m", m);
	if (c != NULL)
		json_out_int(o, "chan", c->id);
}

static void
relay_post(struct relay *r, struct json_out *o, struct buf *b)
{
	struct err err;

	json_out_end(o);
	assert(!buf_over(b));
	if (linefd_send(&r->up, buf_str(b), b->len, &err) < 0) {
		log_error("to drydockd: %s", err.text);
		(void)event_base_loopbreak(r->base);
	}
	buf_free(b);
	if (r->up.out.len > RELAY_FULL)
		relay_hold(r, true);
}

static void
relay_on_drained(void *self)
{
	relay_hold(self, false);
}

static void
channel_on_open(void *self)
{
	struct channel *c = self;
	struct json_out o;
	struct buf b;

	c->opened_at = clock_boot_ms();
	c->host->backoff.auth_failures = 0; /* it knows our key again */
	(void)FAULT("ssh.opened");
	relay_begin(&o, &b, "opened", c);
	relay_post(c->r, &o, &b);
}

static void
channel_line(struct channel *c, const char *text, size_t len)
{
	struct json_out o;
	struct buf b;

	relay_begin(&o, &b, "line", c);
	json_out_strn(&o, "text", text, len);
	relay_post(c->r, &o, &b);
}

static void
channel_on_line(void *self, const char *text, size_t len)
{
	struct channel *c = self;
	enum fault fault = FAULT("ssh.line.in");

	c->served |= c->asked; /* it does not talk to itself */
	if (fault == FAULT_TWICE)
		channel_line(c, text, len);
	if (fault != FAULT_DROP)
		channel_line(c, text, len);
}

static void
channel_on_sent(void *self, unsigned int lines)
{
	struct channel *c = self;
	struct json_out o;
	struct buf b;

	c->asked = true;
	c->sent += lines;
	if (c->sent < SSH_WIRE_SENT)
		return;
	relay_begin(&o, &b, "sent", c);
	json_out_int(&o, "n", c->sent);
	c->sent = 0;
	relay_post(c->r, &o, &b);
}

static void
channel_on_key(void *self, const char *key)
{
	struct channel *c = self;
	struct json_out o;
	struct buf b;

	relay_begin(&o, &b, "key", c);
	json_out_str(&o, "key", key);
	relay_post(c->r, &o, &b);
}

/* Remember what the host did, for who comes next. */
static void
channel_count(const struct channel *c, const struct err *why)
{
	struct host_backoff *backoff = &c->host->backoff;
	int64_t now = clock_boot_ms();
	unsigned int jitter = 500;

	c->host->why = *why;
	(void)!getrandom(&jitter, sizeof(jitter), 0);
	if (c->served)
		host_backoff_served(backoff);
	if (session_auth_failed(c->session))
		host_backoff_auth_failed(backoff, now);
	else if (c->opened_at != 0 && now - c->opened_at >= HOST_STABLE_MS)
		host_backoff_worked(backoff);
	else
		host_backoff_failed(backoff, now, jitter % 1001);
}

static void
channel_tell_closed(struct channel *c, const struct err *why)
{
	struct json_out o;
	struct buf b;

	relay_begin(&o, &b, "closed", c);
	json_out_str(&o, "code", err_code_name(why->code));
	json_out_str(&o, "why", why->text);
	relay_post(c->r, &o, &b);
	log_with(LOG_LEVEL_INFO,
		 LOG_FIELDS({ "host", c->name }, { "address", c->address }),
		 "closed (%s): %s", err_code_name(why->code), why->text);
}

/*
 * A host that cannot be talked to may be at fault, or we are, and then it is so
 * with all of them and for as long as this process lives.  No host has a say in
 * what is found: it could make us leave the others.
 */
static void
channel_blame(const struct channel *c)
{
	const char *cannot;

	if (c->opened_at != 0 || !session_began(c->session))
		return;
	cannot = self_test(c->r->key->sign);
	if (cannot == NULL)
		return;
	log_crit("libcrypto cannot %s any more: no host can be reached by this "
		 "process (was memory short?), which ends for another to begin",
		 cannot);
	(void)event_base_loopbreak(c->r->base);
}

static void
channel_on_closed(void *self, const struct err *why)
{
	struct channel *c = self;

	if (c->scan && why->code == ERR_NONE) {
		channel_free(c); /* the key was told */
		return;
	}
	if (!c->scan)
		channel_count(c, why);
	channel_tell_closed(c, why);
	channel_blame(c);
	channel_free(c);
}

static const struct session_events channel_events = {
	.on_open = channel_on_open,
	.on_line = channel_on_line,
	.on_sent = channel_on_sent,
	.on_key = channel_on_key,
	.on_closed = channel_on_closed,
};

static void
channel_on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	(void)FAULT("ssh.open");
	if (c->refused.code == ERR_NONE) {
		session_start(c->session);
		return;
	}
	channel_tell_closed(c, &c->refused);
	channel_free(c);
}

/* A long wait is told: drydockd would give up, and not know the reason. */
static int64_t
channel_wait(struct channel *c, int64_t now)
{
	const struct host *host = c->host;
	int64_t ms = host_backoff_wait(&host->backoff, now);

	if (ms <= CHANNEL_WAIT_MS)
		return ms;
	(void)err_set(&c->refused, host->why.code, "%s; tried again in %lld s",
		      host->why.text, (long long)ms / 1000 + 1);
	return 0;
}

static void
channel_schedule(struct channel *c)
{
	int64_t now = clock_boot_ms(), ms = 0;
	struct timeval tv;

	if (!c->scan && host_backoff_stopped(&c->host->backoff, now))
		(void)err_set(&c->refused, ERR_REFUSED,
			      "auth: the host has refused our key twice; it is "
			      "tried again in %lld s (is the key in "
			      "authorized_keys of %s there?)",
			      (long long)host_backoff_wait(&c->host->backoff,
							   now) / 1000 + 1,
			      c->user);
	else if (!c->scan && c->refused.code == ERR_NONE)
		ms = channel_wait(c, now);
	tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	(void)evtimer_add(c->begin, &tv);
}

static int
relay_read_pins(struct channel *c, const struct json_object *msg,
		struct err *err)
{
	const struct json_object *keys;
	const char *text;

	if (json_get_array(msg, "keys", SSH_WIRE_KEYS_MAX, &keys, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(keys); i++) {
		if (json_item_str(keys, i, SSH_WIRE_KEY_MAX, &text, err) < 0)
			return -1;
		/* its owner's mistake, not a broken message */
		(void)host_pins_add(&c->pins, text, &c->refused);
	}
	/* one good pin is enough; without any nothing can be compared */
	if (c->pins.n > 0)
		err_clear(&c->refused);
	else if (c->refused.code == ERR_NONE)
		(void)err_set(&c->refused, ERR_REFUSED,
			      "host key: none is pinned; drydock host pin "
			      "NAME --scan");
	if (c->refused.code != ERR_NONE)
		c->refused.code = ERR_REFUSED;
	return 0;
}

/* open and scan: a new channel. */
static int
relay_got_open(struct relay *r, int64_t id, const struct json_object *msg,
	       bool scan, struct err *err)
{
	const char *name, *address, *user = "";
	struct session_target target;
	struct channel *c;
	int64_t port;

	if (json_get_str(msg, "host", 255, &name, err) < 0 ||
	    json_get_str(msg, "address", 255, &address, err) < 0 ||
	    json_get_int(msg, "port", 1, 65535, &port, err) < 0 ||
	    (!scan && json_get_str(msg, "user", 255, &user, err) < 0))
		return -1;
	c = x_new(struct channel);
	c->r = r;
	c->id = id;
	c->scan = scan;
	c->name = x_strdup(name);
	c->address = x_strdup(address);
	c->user = x_strdup(user);
	c->host = host_find(r, address, (unsigned int)port);
	c->begin = evtimer_new(r->base, channel_on_begin, c);
	target = (struct session_target){
		.address = c->address, .port = c->host->port, .user = c->user,
		.pins = &c->pins,      .key = r->key,	      .scan = scan,
	};
	c->session = session_new(r->base, &target, &channel_events, c);
	session_hold(c->session, r->full);
	list_add(&r->chans, &c->link);
	if (!scan && relay_read_pins(c, msg, err) < 0) {
		channel_free(c);
		return -1;
	}
	channel_schedule(c);
	return 0;
}

static int
relay_got_line(struct channel *c, const struct json_object *msg,
	       struct err *err)
{
	enum fault fault;
	const char *text;

	if (json_get_str(msg, "text", CHAN_LINE_MAX, &text, err) < 0)
		return -1;
	fault = FAULT("ssh.line.out");
	if (fault == FAULT_DROP)
		return 0;
	if (fault == FAULT_TWICE &&
	    session_send(c->session, text, strlen(text), err) < 0)
		return -1;
	return session_send(c->session, text, strlen(text), err);
}

static int
relay_got_more(struct channel *c, const struct json_object *msg,
	       struct err *err)
{
	int64_t n;

	if (json_get_int(msg, "n", 0, 1 << 30, &n, err) < 0)
		return -1;
	session_more(c->session, (unsigned int)n);
	return 0;
}

static int
relay_got_close(struct channel *c, const struct json_object *msg,
		struct err *err)
{
	(void)msg;
	(void)err;
	if (c->served)
		host_backoff_served(&c->host->backoff);
	/* closed by its owner: a stable one has earned a clean sheet */
	if (c->opened_at != 0 &&
	    clock_boot_ms() - c->opened_at >= HOST_STABLE_MS)
		host_backoff_worked(&c->host->backoff);
	channel_free(c);
	return 0;
}

static const struct relay_message {
	const char *name;
	int (*got)(struct channel *c, const struct json_object *msg,
		   struct err *err);
} relay_messages[] = {
	{ "line", relay_got_line },
	{ "more", relay_got_more },
	{ "close", relay_got_close },
};

static void
relay_pong(struct relay *r)
{
	struct json_out o;
	struct buf b;

	relay_begin(&o, &b, "pong", NULL);
	relay_post(r, &o, &b);
}

static int
relay_got(struct relay *r, const struct json_object *msg, struct err *err)
{
	struct channel *found = NULL;
	const char *m;
	int64_t id;

	if (json_get_str(msg, "m", 16, &m, err) < 0)
		return -1;
	if (strcmp(m, "ping") == 0) {
		relay_pong(r);
		return 0;
	}
	if (json_get_int(msg, "chan", 1, INT64_MAX, &id, err) < 0)
		return -1;
	LIST_EACH (struct channel, c, &r->chans, link)
		if (c->id == id)
			found = c;
	if (strcmp(m, "open") == 0 || strcmp(m, "scan") == 0) {
		if (found != NULL)
			return err_set(err, ERR_PROTO, "a number used twice");
		return relay_got_open(r, id, msg, m[0] == 's', err);
	}
	for (size_t i = 0;
	     i < sizeof(relay_messages) / sizeof(relay_messages[0]); i++)
		if (strcmp(relay_messages[i].name, m) == 0)
			/* nobody: it was closed while this was on its way */
			return found != NULL ?
				       relay_messages[i].got(found, msg, err) :
				       0;
	return err_set(err, ERR_PROTO, "unknown message \"%.20s\"", m);
}

static void
relay_on_line(void *self, char *line, size_t len)
{
	struct relay *r = self;
	struct json_object *msg = NULL;
	struct err err;
	int ret;

	ret = json_parse_object(line, len, &ssh_wire_limits, &msg, &err);
	if (ret == 0)
		ret = relay_got(r, msg, &err);
	json_free(&msg);
	if (ret == 0)
		return;
	log_error("from drydockd: %s", err.text);
	(void)event_base_loopbreak(r->base);
}

static void
relay_on_gone(void *self, const struct err *why)
{
	struct relay *r = self;

	log_info("drydockd: %s", why->text);
	(void)event_base_loopbreak(r->base);
}

static const struct linefd_events relay_up_events = {
	.on_line = relay_on_line,
	.on_gone = relay_on_gone,
	.on_drained = relay_on_drained,
};

struct relay *
relay_new(struct event_base *base, int fd, const struct key_file *key)
{
	struct relay *r = x_new(struct relay);
	struct json_out o;
	struct buf b;

	r->base = base;
	r->key = key;
	list_init(&r->chans);
	list_init(&r->hosts);
	linefd_open(&r->up, base, fd, SSH_WIRE_LINE_MAX, SSH_WIRE_OUT_MAX,
		    &relay_up_events, r);
	relay_begin(&o, &b, "ready", NULL);
	json_out_str(&o, "version", DRYDOCK_VERSION);
	relay_post(r, &o, &b);
	return r;
}

void
relay_free(struct relay **rp)
{
	struct relay *r = *rp;

	*rp = NULL;
	LIST_EACH_SAFE (struct channel, c, &r->chans, link)
		channel_free(c);
	LIST_EACH_SAFE (struct host, h, &r->hosts, link) {
		list_del(&h->link);
		free(h->address);
		free(h);
	}
	linefd_close(&r->up);
	free(r);
}
