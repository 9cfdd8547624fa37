/*
 * plan_shell.h - a plan as a commented script that a person can run by hand.
 *
 * It needs bash, ssh and what the hosts have; neither drydock nor its database.
 * Conditions are evaluated by it as they are by drydock; what is kept (`keep`)
 * is a comment: nobody looks between two steps.
 */
#ifndef DRYDOCK_PLAN_SHELL_H
#define DRYDOCK_PLAN_SHELL_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * inventory: normalised JSON; turns: [{"backend","plan"}] in their order;
 * rollout: the plan's number.  -1: one of them is not what it should be.
 */
int plan_shell(const char *inventory, const char *turns, const char *rollout,
	       struct buf *out, struct err *err);

/*
 * A step's copy, clean or package as one line for a root shell on the host
 * itself (sh, no bash); false for any other kind.  The content of a file is
 * taken from where the agent keeps what it was sent.
 */
bool plan_shell_line(const char *kind, const struct json_object *step,
		     struct buf *out);

#endif
