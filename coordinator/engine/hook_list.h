/* hook_list.h - the hooks that a configuration names. */
#ifndef HOOK_LIST_H
#define HOOK_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"

/*
 *	hook.mail = /etc/drydock/hooks/mail ops@example.net
 *	hook.mail.on = turn.* rollout.summary
 *	hook.mail.timeout = 20s
 *	hook.mail.fleet = mail-eu
 *
 * All but the first may be left out.  Words are split at blanks; there is no
 * shell and no quoting.  severity.error is every event of that severity.
 */
#define HOOK_ON                                                                \
	"severity.error "                                                      \
	"turn.held turn.out turn.still_out hold.approval hold.contact "        \
	"hold.database rollout.pause_over rollout.summary rollout.cancelled "   \
	"schedule.check schedule.failed schedule.missed"
#define HOOK_TIMEOUT_MS 20000

struct hook {
	char *name;
	char **argv, **on, **fleets; /* end with NULL; fleets NULL: all */
	int64_t timeout_ms;
};

struct hook_list {
	struct hook *hook;
	size_t n;
};

/* ERR_USAGE: "PATH:LINE: …"; then the list is empty. */
int hook_list_read(struct hook_list *list, const struct conf_list *lines,
		   const char *path, struct err *err);
void hook_list_free(struct hook_list *list);

#endif
