/* relay.h - what sshd starts: lines to the runner, probes run here. */
#ifndef DRYDOCK_RELAY_H
#define DRYDOCK_RELAY_H

#include "conn.h"
#include "list.h"
#include "request.h"

struct relay {
	struct loop loop;
	struct conn user;   /* standard input and output */
	struct conn runner; /* its socket */
	bool runner_here;
	char why[512]; /* if not, why not */
	struct link probes;
	unsigned int n_probes;
};

int relay_main(void);
/* Something ended: is it time to go? */
void relay_rest(struct relay *r);

/* Answered on r->user, sooner or later. */
void probe_take(struct relay *r, const struct request *req);
void tcp_take(struct relay *r, const struct request *req);
void dry_take(struct relay *r, const struct request *req);
void may_take(struct relay *r, const struct request *req);
/* Go on after the user has read what waited. */
void probes_pause(struct relay *r, bool pause);
void probes_drop(struct relay *r);

/* Connect to the runner, starting it if there is none; the descriptor or -1. */
int runner_connect(struct err *err);

#endif
