/* taking.h - a fleet on its way into our hands. */
#ifndef TAKING_H
#define TAKING_H

#include <stdint.h>

struct engine;
struct json_object;
struct names;

/*
 * fleet: an element of a beat's fleets, with epoch and holder_beats as seen.
 * Nothing happens when it is being taken already.  at_least: an epoch that an
 * agent named; 0: they are asked.
 */
void taking_begin(struct engine *engine, const struct json_object *fleet,
		  int64_t at_least);
void takings_free(struct engine *engine);
/* The fleet document of the n-th taking that has one, NULL after the last. */
const struct json_object *taking_doc(const struct engine *engine, int n,
				     const struct names **names_r);

#endif
