/*
 * evbase.h - an event loop whose memory is there, or the program ends.
 *
 * libevent says NULL when it has none, and a timer that is not there is one
 * that never fires: the same rule as everywhere (alloc.h) holds for it too.
 */
#ifndef DRYDOCK_EVBASE_H
#define DRYDOCK_EVBASE_H

struct event_base;
struct err;

/* Before any other use of libevent; free it with event_base_free(). */
struct event_base *evbase_new(struct err *err);

#endif
