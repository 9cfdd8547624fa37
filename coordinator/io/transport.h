/*
 * transport.h - lines to and from an agent, whatever lies between.
 *
 * One face, two ways: transport_ssh (through the drydock-ssh process) and
 * transport_exec (the agent as a child process).  A test may bring a third.
 *
 * A channel is one conversation.  Lines may be given to it at once; they are
 * sent when it stands.  When it ends, for whatever reason, on_closed() says so
 * once, and what was sent but not answered is *lost*: ask again, on a new
 * channel, under the same id.
 *
 * Credit: on_line() is called at most CHAN_CREDIT times, plus what was given
 * with transport_more().  The usual owner gives 1 back for each line it is
 * done with; who gives nothing is sent nothing, and the peer is made to wait.
 * What is given may be passed on only when it is CHAN_CREDIT / 2.
 */
#ifndef DRYDOCK_TRANSPORT_H
#define DRYDOCK_TRANSPORT_H

#include <stddef.h>

#include "err.h"

#define CHAN_LINE_MAX	((size_t)64 << 10) /* bytes, without the newline */
#define CHAN_CREDIT	16		    /* lines, to begin with */
#define CHAN_UNSENT_MAX 64		    /* lines given and not yet sent */

struct chan;
struct transport;

/* Everything is copied by open() and scan(). */
struct transport_host {
	const char *name;    /* for messages */
	const char *address; /* an IP address; nothing is resolved */
	unsigned int port;
	const char *user;
	/* pinned: "ssh-ed25519 AAAA…" or "ecdsa-sha2-nistp256 AAAA…" */
	const char *const *keys;
	size_t n_keys;
};

/*
 * Called from the loop only, never inside a call of ours.  In each of them the
 * owner may close the channel; on_closed() is the last one, and after it the
 * channel must still be given back with transport_close().
 */
struct chan_events {
	void (*on_open)(void *self); /* may be NULL */
	/* One line, a NUL behind it and none inside, valid until return. */
	void (*on_line)(void *self, const char *text, size_t len);
	/* LOST, TIMEOUT, PROTO or REFUSED (host key, authentication) */
	void (*on_closed)(void *self, const struct err *why);
};

/* key is NULL when err is set; both are valid until return. */
typedef void transport_scan_fn(void *self, const char *key,
			       const struct err *err);

struct transport_ops {
	struct chan *(*open)(struct transport *t,
			     const struct transport_host *host,
			     const struct chan_events *events, void *self);
	int (*line)(struct chan *c, const char *text, size_t len,
		    struct err *err);
	void (*more)(struct chan *c, unsigned int n);
	void (*close)(struct chan *c);
	/* what key does the host show? NULL: this transport has no keys */
	void (*scan)(struct transport *t, const struct transport_host *host,
		     transport_scan_fn *done, void *self);
	void (*free)(struct transport *t);
};

/* First member of every transport. */
struct transport {
	const struct transport_ops *ops;
};

/* First member of every channel. */
struct chan {
	const struct transport_ops *ops;
};

static inline struct chan *
transport_open(struct transport *t, const struct transport_host *host,
	       const struct chan_events *events, void *self)
{
	return t->ops->open(t, host, events, self);
}

/*
 * `text` without newline (none inside either), UTF-8.  -1: ERR_PROTO (too long,
 * not a line), ERR_LOST (it is closed, on_closed() is on its way or was), or
 * ERR_REFUSED (CHAN_UNSENT_MAX lines wait already).
 */
static inline int
transport_line(struct chan *c, const char *text, size_t len, struct err *err)
{
	return c->ops->line(c, text, len, err);
}

static inline void
transport_more(struct chan *c, unsigned int n)
{
	c->ops->more(c, n);
}

/* No callback follows; NULL-safe; clears the caller's pointer. */
static inline void
transport_close(struct chan **c)
{
	if (*c != NULL)
		(*c)->ops->close(*c);
	*c = NULL;
}

/*
 * Not inside a callback.  Channels must be closed before; a scan under way gets
 * no answer any more.
 */
static inline void
transport_free(struct transport **t)
{
	if (*t != NULL)
		(*t)->ops->free(*t);
	*t = NULL;
}

#endif
