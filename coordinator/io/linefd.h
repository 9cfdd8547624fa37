/*
 * linefd.h - lines over a socket or pipe: the non-blocking end of a peer.
 *
 * Reads lines of a bounded length, keeps what is to be written within a bound,
 * and says once when the peer is gone.  The program must ignore SIGPIPE.
 */
#ifndef DRYDOCK_LINEFD_H
#define DRYDOCK_LINEFD_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "buf.h"
#include "err.h"
#include "lines.h"

/*
 * From the loop only.  Both may close the linefd; on_gone is the last one and
 * has ERR_LOST (end of file, reset) or ERR_PROTO (a line too long).
 */
struct linefd_events {
	void (*on_line)(void *self, char *line, size_t len);
	void (*on_gone)(void *self, const struct err *why);
	/* everything is written; NULL: nobody asks */
	void (*on_drained)(void *self);
};

struct linefd {
	int fd;
	struct event *readable, *writable, *again;
	struct lines in;
	struct buf out;
	const struct linefd_events *events;
	void *self;
	bool paused, gone;
	bool *closed; /* set when closed under a callback */
};

/* Takes the descriptor and makes it non-blocking. */
void linefd_open(struct linefd *l, struct event_base *base, int fd,
		 size_t line_max, size_t out_max,
		 const struct linefd_events *events, void *self);
/* Closes the descriptor too; harmless a second time. */
void linefd_close(struct linefd *l);

/* Adds the newline.  -1: the bound would be passed, or the peer is gone. */
int linefd_send(struct linefd *l, const char *line, size_t len,
		struct err *err);
/* No on_line() and no reading until resumed; lines at hand wait as well. */
void linefd_pause(struct linefd *l, bool paused);

#endif
