/*
 * transport_exec.h - the agent as a child process, for tests and trials.
 *
 * The words of argv may hold %n (the host's name), %a (its address) and %%.
 * The child's stdin and stdout are the channel; its stderr is ours.  When a
 * channel is closed the child sees end of file; after 2 s it gets TERM, after 2
 * more KILL.
 */
#ifndef DRYDOCK_TRANSPORT_EXEC_H
#define DRYDOCK_TRANSPORT_EXEC_H

#include <event2/event.h>

#include "transport.h"

/* argv ends with NULL and is copied. */
struct transport *transport_exec_new(struct event_base *base,
				     const char *const *argv);

#endif
