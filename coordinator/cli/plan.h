/*
 * plan.h - asking for a plan, for start and check too.
 */
#ifndef DRYDOCK_PLAN_H
#define DRYDOCK_PLAN_H

#include "cli.h"

/*
 * Plan the procedure `name` with -e, --only, --except of the command line.
 * 0: *id_r is the rollout in state planned, free() it.  Findings are printed
 * to stdout when `show`; when the coordinator refuses, they are, with
 * EXIT_FINDINGS.
 */
int plan_make(struct cli *cli, const char *name, char **id_r);

/* the arguments of a request as a JSON object; 0 or an exit code */
int plan_args(struct cli *cli, const char *name, struct buf *args);

/* print the plan: every step, and where it runs */
int plan_show(struct cli *cli, const char *id);

/* the whole plan as a script that a person can run by hand */
int plan_as_shell(struct cli *cli, const char *id);

/*
 * Refuses -e, --only, --except and --note where no plan is made: `word` is a
 * plan's number, or NULL.  0 or EXIT_USAGE.
 */
int plan_flags(struct cli *cli, const char *word);
/* --stop-after is a number and stands alone; 0 or EXIT_USAGE */
int plan_stop_after(struct cli *cli);

/* is the word a rollout's number? */
bool plan_is_number(const char *word);

#endif
