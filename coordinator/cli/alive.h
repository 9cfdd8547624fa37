/*
 * alive.h - is there a coordinator that will act on what was just stored?
 */
#ifndef DRYDOCK_ALIVE_H
#define DRYDOCK_ALIVE_H

#include "cli.h"

/*
 * 0 when the fleet's coordinator beats, at once or within 10 s; otherwise
 * EXIT_COORDINATOR, and it has been said that the command is stored.
 */
int alive_of_fleet(struct cli *cli, const char *fleet);
int alive_of_rollout(struct cli *cli, const char *rollout);

/* EXIT_COORDINATOR: `what`, why nobody does it as far as is known, and what to
 * type. */
int alive_error(struct cli *cli, const char *fleet, const char *what);

#endif
