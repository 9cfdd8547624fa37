/* load.h - the documents of load_fleet() and load_work() as a view. */
#ifndef LOAD_H
#define LOAD_H

#include "err.h"
#include "view.h"

struct json_object;

/*
 * Fills *view (cleared first) from both documents.  Steps' `spec` point into
 * work, which must live as long as the view.  No rollout in hand: 1, and of
 * the view only groups, backends and holds are there.
 *
 * A word that means nothing here, in whatever row, is -1 with the row named:
 * what is not understood is never taken for something else.  The view has no
 * more than the rollout's number and revision then.
 */
int load_view(struct view *view, const struct json_object *fleet,
	      const struct json_object *work, struct err *err);

/* The object of that turn in work, or NULL. */
const struct json_object *load_turn(const struct json_object *work,
				    int64_t turn_id);

#endif
