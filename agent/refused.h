/*
 * refused.h - changes that were refused for good: none of them is begun later.
 *
 * The coordinator writes a refused change down as not done, and a person may
 * have another one made.  A copy of the first that comes late, through a relay
 * that hung, must not be begun because the reason is gone meanwhile.
 *
 * Memory is enough.  A change is sent over a channel that this runner greeted,
 * and a relay has one runner for its life: what is still on its way when a
 * runner ends, ends with it.
 */
#ifndef DRYDOCK_REFUSED_H
#define DRYDOCK_REFUSED_H

#include "list.h"
#include "uuid.h"
#include "wire.h"

/* A person answers each of them: a copy older than so many is not met. */
#define REFUSED_MAX 256

struct refused {
	struct link link;
	char attempt[UUID_TEXT_SIZE];
	enum wire_code code;
	char *why;
	const char *hint; /* static text, or NULL */
};

struct refusals {
	struct link list; /* the oldest first */
	unsigned int n;
};

void refusals_init(struct refusals *r);
void refusals_free(struct refusals *r);
/* Not after busy, system or epoch: these may be asked again under that id. */
void refusals_add(struct refusals *r, const char *attempt, enum wire_code code,
		  const char *why, const char *hint);
/* NULL: it was not. */
const struct refused *
refusals_find(const struct refusals *r, const char *attempt);

#endif
