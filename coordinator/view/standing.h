/*
 * standing.h - where a rollout stands: fetched once, shown as status, as the
 * watch screen, or as JSON.
 *
 * All members may be NULL or empty.  Columns read (others are only for JSON):
 *	rollout      rollout fleet procedure state created_by start_at
 *		     started_at finished_at percent remaining eta active
 *		     backends_total backends_done backends_skipped note ending
 *	turns        backend state elapsed message       in rollout order
 *	phases       backend phase state elapsed         in order
 *	steps        backend phase step target state elapsed expected
 *		     wait_until attempts message
 *	holds        kind gate backend critical since until by why type_next
 *	choices      backend command what                in their order
 *	fleet        fleet in_service out_backend excluded not_seen min_up
 *	coordinator  coordinator host silent_for stopped_at
 *	nobody       why type_next         while none drives the fleet
 *	left_out     backend since include_asked why type_next
 *	silent       host why_silent silent_since type_next
 *	drain        at users                            of one backend
 *	events       at severity backend person message   oldest first
 */
#ifndef DRYDOCK_STANDING_H
#define DRYDOCK_STANDING_H

#include <stdbool.h>

#include "buf.h"
#include "face.h"
#include "rows.h"

/* a coordinator whose heartbeat is older is called silent, in seconds */
#define STANDING_SILENT 15

struct standing {
	struct rows *rollout;
	struct rows *turns;
	struct rows *phases;
	struct rows *steps;
	struct rows *holds;
	struct rows *choices;
	struct rows *fleet;
	struct rows *coordinator;
	struct rows *nobody;
	struct rows *left_out; /* of other rollouts, or asked back */
	struct rows *silent; /* hosts whose agents do not answer */
	struct rows *drain;
	struct rows *events;
};

void standing_free(struct standing *s);

void
standing_text(struct buf *out, const struct face *f, const struct standing *s);
/* of a fleet that has no rollout yet: only the last lines */
void
standing_idle(struct buf *out, const struct face *f, const struct standing *s);
void
standing_watch(struct buf *out, const struct face *f, const struct standing *s);
void standing_json(struct buf *out, const struct standing *s);

/* one event on one line: what watch prints where it cannot repaint */
void standing_event(struct buf *out, const struct face *f,
		    const struct rows *events, size_t row);

/* What a script wants to know. */
enum standing_end {
	STANDING_GOES_ON,
	STANDING_SUCCEEDED,
	STANDING_ENDED_BADLY,  /* aborted, cancelled, incomplete */
	STANDING_NEEDS_PERSON, /* held, paused, to be approved, or critical */
};
enum standing_end standing_end(const struct standing *s);
/* no coordinator of this fleet is alive */
bool standing_silent(const struct standing *s);

#endif
