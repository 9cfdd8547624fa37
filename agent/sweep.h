/*
 * sweep.h - what lies in the state directory and nobody will ask for again.
 *
 * Only the runner sweeps: when it starts, after a forget, and when commands
 * have printed much.  What a crash left between a record and its files goes
 * then, too.  With a journal that is not whole nothing is swept: what belongs
 * to whom is not known.
 */
#ifndef DRYDOCK_SWEEP_H
#define DRYDOCK_SWEEP_H

#include "runner.h"

void sweep(struct runner *r);
/* A command ended that left so many bytes of output in files. */
void sweep_printed(struct runner *r, uint64_t bytes);

#endif
