/* look_roster.h - whom a look may ask, and what they last said; for look*.c. */
#ifndef LOOK_ROSTER_H
#define LOOK_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "look.h"
#include "reading.h"

struct json_object;

/* A host as one of a group, or as a backend. */
struct look_host {
	char *name;
	char *address;
	bool excluded;
};

/* How to see something: a command, and how to read what it prints. */
struct look_spec {
	char **argv;			/* NULL-terminated; NULL: tcp */
	char *tcp_address;
	int tcp_port;
	enum reading_format format;
	struct reading_match *match;	/* of row: or rows: */
	size_t nmatch;
	bool many;			/* rows: */
	int64_t timeout_ms;
};

struct look_group {
	char *name;
	struct look_host *members;
	size_t nmembers;
	struct look_spec *ready;	/* NULL: always ready */
	char *ready_in;
	char *lists_key, *lists_up;	/* rows of ready tell of the others */
};

struct look_roster {
	char *fleet;
	struct look_spec *service;
	char *service_group;		/* NULL: asked on the backend itself */
	char *service_key;		/* NULL: one answer, one backend */
	char *service_in;
	bool strangers_refused;
	struct look_group *groups;
	size_t ngroups;
	struct look_host *backends;
	size_t nbackends;
	struct call_set *calls;
	struct link readings;		/* struct look_reading */
	uint64_t generation;		/* look_roster_forget() raises it */
};

const struct look_group *look_roster_group(const struct look_roster *roster,
					   const char *name);
const struct look_host *look_roster_member(const struct look_group *group,
					   const char *name);
const struct look_host *look_roster_backend(const struct look_roster *roster,
					    const char *name);
/* By name or, failing that, by address. */
const struct look_host *look_roster_by_address(const struct look_roster *r,
					       const char *address);

/* A probe of a pinned plan, or the inventory's service or ready block. */
int look_spec_parse(const struct json_object *obj, struct look_spec **spec_r,
		    struct err *err);
void look_spec_free(struct look_spec **spec);

#endif
