/*
 * transport_ssh.h - the client of the drydock-ssh process.
 *
 * The process is started at once and again, with back-off, whenever it dies;
 * all channels of the dead one are closed with ERR_LOST.  Messages on the
 * socket pair: ssh_wire.h.
 */
#ifndef DRYDOCK_TRANSPORT_SSH_H
#define DRYDOCK_TRANSPORT_SSH_H

#include <event2/event.h>

#include "transport.h"

/* argv of drydock-ssh, ends with NULL, copied: {"…/drydock-ssh", "-k", KEY}. */
struct transport *transport_ssh_new(struct event_base *base,
				    const char *const *argv);

#endif
