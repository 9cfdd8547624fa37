/* packages.h - "NAME=VERSION, NAME=VERSION" or "dovecot-*=VERSION". */
#ifndef DRYDOCK_PACKAGES_H
#define DRYDOCK_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define PACKAGES_MAX 64

struct package_item {
	char *name, *version;
};

struct packages {
	struct package_item item[PACKAGES_MAX];
	size_t n;
	bool match; /* one item whose name has a * */
};

/*
 * Adds what the text names, separated by commas or blanks; an empty text adds
 * nothing.  ERR_USAGE: not a package or version of Debian's, twice the same, a
 * pattern beside others.  packages_free() also after an error.
 */
int packages_parse(const char *text, struct packages *p, struct err *err);
void packages_free(struct packages *p);

#endif
