/*
 * relay.h - drydockd's messages on one side, sessions on the other.
 *
 * Knows the channels by number and the hosts by address, with what they did to
 * us last (host_backoff.h): a host that fails is left alone for a while, and an
 * `open` waits for that time.  ssh_wire.h has the messages.
 */
#ifndef DRYDOCK_RELAY_H
#define DRYDOCK_RELAY_H

#include <event2/event.h>

#include "key_file.h"

struct relay;

/*
 * Takes fd (a socket).  The key must outlive it.  When the other side is gone,
 * or talks nonsense, or we can exchange keys with nobody, the loop is left.
 */
struct relay *relay_new(struct event_base *base, int fd,
			const struct key_file *key);
void relay_free(struct relay **r);

#endif
