/*
 * spec.h - what is to be done: the part of a change, a `may` or a `dry` that
 * says so, checked for form and against the allow file.
 *
 * All strings belong to the JSON document it was read from.
 */
#ifndef DRYDOCK_SPEC_H
#define DRYDOCK_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "allow.h"
#include "err.h"
#include "json.h"
#include "wire.h"

struct spec_argv {
	const char *word[WIRE_ARGV_MAX + 1]; /* ends with NULL */
	size_t n;
};

struct spec_package {
	const char *name, *version;
};

struct spec {
	enum wire_verb verb; /* run copy clean package */
	struct spec_argv argv;
	struct {
		const char *sha256, *staged; /* one of them */
		const char *to, *owner, *group;
		int64_t mode;		   /* -1: as the old file, else 0644 */
		struct spec_argv validate; /* n 0: none */
	} copy;
	struct {
		const char *inside, *match; /* match NULL: everything */
		const char *unless_running; /* a unit, or NULL */
		const char *purge_of; /* purge what that attempt put aside */
	} clean;
	struct {
		struct spec_package list[WIRE_LIST_MAX];
		size_t n;
		const char *match, *version; /* instead of the list */
		bool hold_services;
	} package;
};

/* The word that stands for the file to be validated. */
#define SPEC_NEW_FILE "${new_file}"

/* ERR_USAGE.  Keys that are not of this verb are the caller's to refuse. */
int spec_parse(struct spec *s, enum wire_verb verb,
	       const struct json_object *obj, struct err *err);
/* ERR_REFUSED.  {match} packages are asked one by one when they are known. */
int spec_allowed(const struct spec *s, const struct allow *a, struct err *err);

int spec_argv_parse(struct spec_argv *argv, const struct json_object *obj,
		    const char *key, struct err *err);

/* For people: "run systemctl stop dovecot", "clean /var/…". */
void spec_print(const struct spec *s, struct buf *out);

#endif
