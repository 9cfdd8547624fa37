/*
 * look.h - where a rollout stands, fetched from the views.
 */
#ifndef DRYDOCK_LOOK_H
#define DRYDOCK_LOOK_H

#include "cli.h"
#include "standing.h"

/*
 * What `parts` names; standing_free() it.  The database's clock goes into
 * cli->face.now.  0 or an exit code, which was said; LOOK_QUIET: not said, so
 * that a watcher may try again (then EXIT_DATABASE means: connection gone).
 */
enum look_parts { LOOK_STATUS, LOOK_WATCH };
int look_fetch(struct cli *cli, const char *rollout, enum look_parts parts,
	       struct standing *s, struct complaint *c);

/* The same of a fleet that has no rollout: what standing_idle() needs. */
int look_idle(struct cli *cli, const char *fleet, struct standing *s,
	      struct complaint *c);

/* watch it to its end, as `drydock watch` does; in watch.c */
int watch_rollout(struct cli *cli, const char *id);

/* the exit code of --exit-status */
int look_exit(const struct standing *s);

#endif
