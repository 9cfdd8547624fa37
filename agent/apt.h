/* apt.h - dpkg and apt-get, called with argv; for act_package.c. */
#ifndef DRYDOCK_APT_H
#define DRYDOCK_APT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "json.h"
#include "wire.h"

struct apt_item {
	char *name;
	char *version; /* wanted; NULL: to be absent */
	char *present; /* NULL: not installed */
};

struct apt_set {
	struct apt_item item[WIRE_LIST_MAX];
	size_t n;
};

void apt_set_add(struct apt_set *set, const char *name, const char *version);
void apt_set_free(struct apt_set *set);

/* Add every installed package whose name matches, with that version. */
int apt_match(const char *glob, const char *version, struct apt_set *set,
	      struct err *err);
/* Fill in what is installed. */
int apt_present(struct apt_set *set, struct err *err);

/* dpkg --configure -a */
int apt_configure(struct err *err);
/*
 * The set, in one transaction.  undo: the kept .deb files of the state
 * directory are used where they are, and what was absent is removed, nothing
 * else.
 */
int
apt_change(int state, const struct apt_set *set, bool undo, struct err *err);
/*
 * Simulate, tell removals (an error); fetch: download the new versions, and
 * keep the present ones in the state directory.  Facts go to o.
 */
int apt_dry(int state, const struct apt_set *set, bool fetch,
	    struct json_out *o, struct err *err);

#endif
