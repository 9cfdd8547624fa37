/*
 * plan_view.h - a plan on paper: what will be typed where, in which order.
 *
 * Backends whose steps have the same names are folded into one line unless
 * `full`.  Columns read:
 *	rollout  rollout fleet procedure procedure_version state created_by
 *		 backends remaining stale
 *	steps    backend phase step kind target spec no_return, in order
 */
#ifndef DRYDOCK_PLAN_VIEW_H
#define DRYDOCK_PLAN_VIEW_H

#include <stdbool.h>

#include "buf.h"
#include "face.h"
#include "rows.h"

void plan_view(struct buf *out, const struct face *f,
	       const struct rows *rollout, const struct rows *steps, bool full);

#endif
