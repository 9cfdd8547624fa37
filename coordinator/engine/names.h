/* names.h - the hosts and backends of a fleet's document, by name. */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>

struct json_object;
struct name;

/* After each load every host is asked for, in every fleet. */
struct names {
	struct name *hosts, *backends;
	size_t nhosts, nbackends;
};

/* Anew, whatever it was; it borrows from doc. */
void names_make(struct names *names, const struct json_object *doc);
void names_free(struct names *names);
/* The object of that name, or NULL. */
const struct json_object *names_host(const struct names *names,
				     const char *name);
const struct json_object *names_backend(const struct names *names,
					const char *name);

#endif
