/*
 * session.h - one SSH connection with one channel: lines to and from an agent.
 *
 * First a chain of steps (connect, handshake, compare the host key, and only
 * then authenticate, open, exec), then a pump that moves lines as credit and
 * socket allow.  Every way out goes through one function that leaks nothing.
 */
#ifndef DRYDOCK_SESSION_H
#define DRYDOCK_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "err.h"
#include "host_key.h"
#include "key_file.h"

struct session;

/*
 * From the loop only.  on_closed() is the last one, comes once, and may free
 * the session; the others may not.
 */
struct session_events {
	void (*on_open)(void *self);
	void (*on_line)(void *self, const char *text, size_t len);
	void (*on_sent)(void *self, unsigned int lines);
	void (*on_key)(void *self, const char *key); /* a scan's answer */
	/* LOST TIMEOUT PROTO, or REFUSED: host key, authentication */
	void (*on_closed)(void *self, const struct err *why);
};

/* What must live as long as the session. */
struct session_target {
	const char *address; /* numeric, IPv4 or IPv6 */
	unsigned int port;
	const char *user;
	const struct host_pins *pins;
	const struct key_file *key;
	bool scan; /* show the host's key, then close */
};

struct session *session_new(struct event_base *base,
			    const struct session_target *target,
			    const struct session_events *events, void *self);
void session_start(struct session *s);
/* No callback follows; NULL-safe. */
void session_free(struct session **s);

/* -1: more than CHAN_UNSENT_MAX lines' worth waits. */
int session_send(struct session *s, const char *text, size_t len,
		 struct err *err);
void session_more(struct session *s, unsigned int n);
/* No on_line() while held: whoever takes the lines is full. */
void session_hold(struct session *s, bool held);

/* The host refused our key: not to be tried again soon. */
bool session_auth_failed(const struct session *s);
/* Somebody was there, and SSH began. */
bool session_began(const struct session *s);

#endif
