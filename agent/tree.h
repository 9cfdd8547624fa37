/*
 * tree.h - count or remove everything in a directory, however deep, by
 * descriptors only; no link is followed and no other device entered.
 */
#ifndef DRYDOCK_TREE_H
#define DRYDOCK_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct tree_count {
	uint64_t entries, bytes;
	bool at_least; /* a limit was reached: there is more */
};

/*
 * Remove what is in `top`, not `top` itself.  What is too deep is first renamed
 * up into `top`, so the number of open descriptors is bounded.  -1: something
 * could not be removed (told on stderr); the rest is gone, and it can be called
 * again.
 */
int
tree_remove(int top, dev_t device, struct tree_count *removed, struct err *err);

/* At most 10^6 entries, 64 levels, 20 s. */
void tree_count(int dir, struct tree_count *count);

#endif
