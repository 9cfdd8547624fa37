/* probe.h - one look of a relay.  For probe.c and dry.c only. */
#ifndef DRYDOCK_PROBE_H
#define DRYDOCK_PROBE_H

#include "child.h"
#include "relay.h"
#include "spec.h"

struct probe {
	struct link link;
	struct relay *relay;
	int64_t id;
	bool is_child;
	/* a command or a dry run */
	struct child child;
	int64_t max_bytes;
	bool discard; /* stdout stays here: it is only counted */
	uint64_t sent[CHILD_FDS];
	struct buf data; /* a dry run's facts */
	/* a TCP greeting, `watch.fd` is its socket */
	struct watch watch;
	bool connected;
	int64_t started;
	struct buf text; /* its line; a dry run's text */
};

struct probe *probe_make(struct relay *r, int64_t id);
void probe_free(struct probe *p);
/* Room for one more?  If not, it was refused. */
bool probe_room(struct relay *r, const struct request *req);
int probe_allow(struct allow **allow_r, struct err *err);

#endif
