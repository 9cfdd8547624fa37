/* session_private.h - between the files of a session. */
#ifndef DRYDOCK_SESSION_PRIVATE_H
#define DRYDOCK_SESSION_PRIVATE_H

#include <libssh2.h>

#include "buf.h"
#include "lines.h"
#include "session.h"
#include "stepper.h"

#define SESSION_CHUNK	 16384
#define SESSION_NOISE	 200 /* bytes of stderr kept for the last word */
#define SESSION_WINDOW	 ((unsigned int)256 << 10)
#define SESSION_PACKET	 ((unsigned int)32 << 10)
#define SESSION_STALL_MS 30000

/*
 * What libssh2 has half done: a packet of ours is partly written, and the same
 * function with the same buffer must be called until it is through; any other
 * call would mix two packets.
 */
enum session_stuck {
	SESSION_FREE,
	SESSION_STUCK_WRITING,
	SESSION_STUCK_READING,
	SESSION_STUCK_NOISE,
};

struct session {
	struct event_base *base;
	struct session_target target;
	const struct session_events *events;
	void *self;

	int fd;
	LIBSSH2_SESSION *ssh;
	LIBSSH2_CHANNEL *channel;
	struct stepper st;	/* until the agent runs */
	unsigned int aimless;	/* EAGAINs in a row without a direction */
	bool handshaking;	/* libssh2 is in the midst of it */
	bool dropping;
	/* ssh_bounds.c counts */
	unsigned int reads;
	size_t received, memory;
	bool auth_failed;
	bool not_said;		/* it broke, or we failed: no host's word */

	/* the pump */
	bool pumping, ended, held, eof;
	enum session_stuck stuck;
	struct event *io, *again, *stall, *end;
	struct err err; /* why it ended */
	struct lines in;
	struct buf out;
	unsigned int credit;
	char chunk[SESSION_CHUNK]; /* what libssh2_channel_write() was given */
	size_t chunk_len, chunk_at;
	char noise[SESSION_NOISE + 1];
	size_t noise_len;
};

/* ssh_ret.c: the one place that translates libssh2's answers. */
struct step_ret ssh_ret(struct session *s, int rc, const struct step *next);
short ssh_want(struct session *s);
const char *ssh_why(struct session *s);
/* Let go of everything, whatever state it is in. */
void ssh_drop(struct session *s);

/* ssh_bounds.c: what one host may cost.  NULL: no memory. */
LIBSSH2_SESSION *ssh_new(struct session *s);
/* Memory that libssh2 will free. */
void *ssh_alloc(struct session *s, size_t size);

/* session_pump.c */
void session_pump_init(struct session *s);
void session_pump_start(struct session *s);
void session_pump_kick(struct session *s);
void session_pump_free(struct session *s);
/* It is over: on_closed() from the loop. */
void session_end(struct session *s, const struct err *why);

#endif
