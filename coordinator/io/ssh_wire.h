/*
 * ssh_wire.h - what drydockd and drydock-ssh say to each other.
 *
 * One JSON object a line over a socket pair (stdin of drydock-ssh); "m" names
 * it, "chan" is a number the client chooses and never uses again.
 *
 *   to drydock-ssh
 *	open   chan host address port user keys[]
 *	line   chan text          one line for the agent
 *	more   chan n             credit: n more lines may come up
 *	close  chan               nothing is said about chan after this
 *	scan   chan host address port   which host key does it show?
 *	ping                      are you there?
 *   from drydock-ssh
 *	ready  version            once, first
 *	pong                      the answer to ping
 *	opened chan
 *	line   chan text
 *	sent   chan n             n lines went into the SSH channel
 *	closed chan code why      the last of a channel; code as in err.h
 *	key    chan key           the answer to scan (else closed)
 *
 * At most CHAN_UNSENT_MAX lines of a channel are on their way down (given back
 * by `sent`), and as many up as there is credit: nothing grows without bound.
 * A message that does not fit, or a line more than that, ends drydock-ssh.
 * Both are given back when they have come to half of what there is, so that a
 * short conversation has its lines and no others.
 */
#ifndef DRYDOCK_SSH_WIRE_H
#define DRYDOCK_SSH_WIRE_H

#include "json.h"
#include "transport.h"

/* A line's text may be all quotes and backslashes, or all \u00xx. */
#define SSH_WIRE_LINE_MAX (6 * CHAN_LINE_MAX + 4096)
#define SSH_WIRE_OUT_MAX  ((size_t)32 << 20)
#define SSH_WIRE_MORE	  (CHAN_CREDIT / 2)
#define SSH_WIRE_SENT	  (CHAN_UNSENT_MAX / 2)
#define SSH_WIRE_KEYS_MAX 8
#define SSH_WIRE_KEY_MAX  4096

static const struct json_limits ssh_wire_limits = { SSH_WIRE_LINE_MAX, 3, 64 };

#endif
