/*
 * transport_ssh.h - the client of the drydock-ssh process.
 *
 * Either it is a child of ours, or somebody else (systemd) starts one for every
 * connection to a local socket, as another user and with a key that we cannot
 * read.  It is started or reached at once, and again, with back-off, whenever
 * it dies, or has not answered for silence_ms; all channels of the dead one are
 * closed with ERR_LOST.  Messages: ssh_wire.h.
 */
#ifndef DRYDOCK_TRANSPORT_SSH_H
#define DRYDOCK_TRANSPORT_SSH_H

#include <event2/event.h>

#include "transport.h"

/* argv of drydock-ssh, ends with NULL, copied: {"…/drydock-ssh", "-k", KEY}. */
struct transport *transport_ssh_new(struct event_base *base,
				    const char *const *argv,
				    unsigned int silence_ms);
/* path of the socket, copied. */
struct transport *transport_ssh_reach(struct event_base *base,
				      const char *path,
				      unsigned int silence_ms);

#endif
