/*
 * loop.h - poll(2) for the agent's two programs, relay and runner.
 *
 * A watch is a descriptor, a moment, or both; its owner keeps the struct.  fn
 * is called from loop_run() with the events seen, or 0 when the moment came
 * (`at` is then put back to 0).  Inside fn any watch may be added or removed.
 * Moments are boot time: after a suspend they are seen within a second.
 */
#ifndef DRYDOCK_LOOP_H
#define DRYDOCK_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void watch_fn(void *self, short events);

struct watch {
	int fd;	      /* -1: only a moment */
	short events; /* POLLIN, POLLOUT; 0 still tells of HUP and ERR */
	int64_t at;   /* clock_boot_ms(), 0: none */
	watch_fn *fn;
	void *self;
};

struct loop {
	struct watch **watch; /* NULL: removed */
	size_t n, size;
	bool stop;
};

void loop_init(struct loop *l);
void loop_free(struct loop *l);
void loop_add(struct loop *l, struct watch *w);
void loop_remove(struct loop *l, struct watch *w); /* harmless if not there */
/* Until l->stop. */
void loop_run(struct loop *l);

#endif
