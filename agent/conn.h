/*
 * conn.h - lines both ways over one or two descriptors, bounded.
 *
 * What waits to be written is bounded by not reading: while more than
 * CONN_HIGH bytes wait, conn_full() is true and the connection reads no further
 * requests of its own; its users do the same with what feeds it, and go on when
 * `drained` is called.
 */
#ifndef DRYDOCK_CONN_H
#define DRYDOCK_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "lines.h"
#include "loop.h"

#define CONN_HIGH ((size_t)256 * 1024)

struct conn {
	struct loop *loop;
	struct watch in, out;
	struct lines lines;
	struct buf wait; /* to be written */
	bool paused;	 /* by the user */
	bool eof;	 /* nothing more comes */
	bool closed;
	/* A whole line; it may be changed and lives until the return. */
	void (*line)(void *self, char *text, size_t len);
	/* Nothing more comes; what waits is still written.  why: NULL: EOF. */
	void (*ended)(void *self, const char *why);
	/* The other side is gone: the last call; the user closes. */
	void (*broken)(void *self);
	void (*drained)(void *self); /* NULL allowed */
	void *self;
};

/* The callbacks and self are set before.  The descriptors are then conn's. */
void conn_open(struct conn *c, struct loop *loop, int fd_in, int fd_out);
void conn_close(struct conn *c);
/* One line; the newline is added here. */
void conn_send(struct conn *c, const char *text, size_t len);
bool conn_full(const struct conn *c);
void conn_pause(struct conn *c, bool pause);
/* Say that nothing more will be sent (a socket); reading goes on. */
void conn_shut(struct conn *c);
/* Write what waits, at most ms long: for the way out. */
void conn_flush(struct conn *c, int ms);

#endif
