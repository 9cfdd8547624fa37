/* request_desk.h - where the requests of one fleet, or of none, are taken. */
#ifndef REQUEST_DESK_H
#define REQUEST_DESK_H

#include "request.h"

/*
 * Looks for requests by itself every few seconds, and at once when woken.
 * pg and what env points to are borrowed and must outlive the desk.
 */
struct request_desk;

struct request_desk *request_desk_new(struct pg *pg,
				      const struct request_env *env);
void request_desk_free(struct request_desk **desk);	/* NULL-safe */
void request_desk_wake(struct request_desk *desk);	/* NULL-safe */

#endif
