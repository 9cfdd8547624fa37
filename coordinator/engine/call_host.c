/* call_host.c - owned copies of what a host should be. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"

/* Members that are const for the reader were allocated here. */
static void
host_free(const void *p)
{
	free((void *)(uintptr_t)p);
}

static const char *const *
host_copy_list(const char *const *from)
{
	size_t n = 0;
	const char **list;

	while (from != NULL && from[n] != NULL)
		n++;
	list = x_calloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = x_strdup(from[i]);
	return list;
}

static const struct call_fleet *
host_copy_fleets(const struct call_fleet *from, size_t n)
{
	struct call_fleet *fleets = x_calloc(n + 1, sizeof(*fleets));

	for (size_t i = 0; i < n; i++) {
		fleets[i].uuid = x_strdup(from[i].uuid);
		fleets[i].name = x_strdup(from[i].name);
		fleets[i].epoch = from[i].epoch;
	}
	return fleets;
}

void
call_host_copy(struct call_host *to, const struct call_host *from)
{
	*to = *from;
	to->name = x_strdup(from->name);
	to->address = x_strdup(from->address);
	to->user = x_strdup(from->user);
	to->keys = host_copy_list(from->keys);
	to->machine_id = x_strdup(from->machine_id);
	to->backend_address = x_strdup(from->backend_address);
	to->coordinator = x_strdup(from->coordinator);
	to->fleets = host_copy_fleets(from->fleets, from->nfleets);
}

void
call_host_free(struct call_host *host)
{
	host_free(host->name);
	host_free(host->address);
	host_free(host->user);
	for (size_t i = 0; host->keys != NULL && host->keys[i] != NULL; i++)
		host_free(host->keys[i]);
	host_free(host->keys);
	host_free(host->machine_id);
	host_free(host->backend_address);
	host_free(host->coordinator);
	for (size_t i = 0; i < host->nfleets; i++) {
		host_free(host->fleets[i].uuid);
		host_free(host->fleets[i].name);
	}
	host_free(host->fleets);
	*host = (struct call_host){ 0 };
}

static bool
host_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
call_host_same_place(const struct call_host *a, const struct call_host *b)
{
	size_t i = 0;

	if (!host_same(a->address, b->address) || a->port != b->port ||
	    !host_same(a->user, b->user))
		return false;
	if (a->keys == NULL || b->keys == NULL)
		return (a->keys == NULL || a->keys[0] == NULL) &&
		       (b->keys == NULL || b->keys[0] == NULL);
	while (a->keys[i] != NULL && host_same(a->keys[i], b->keys[i]))
		i++;
	return a->keys[i] == NULL && b->keys[i] == NULL;
}

bool
call_host_same_person(const struct call_host *a, const struct call_host *b)
{
	if (!host_same(a->machine_id, b->machine_id) ||
	    !host_same(a->backend_address, b->backend_address) ||
	    !host_same(a->coordinator, b->coordinator) ||
	    a->nfleets != b->nfleets)
		return false;
	for (size_t i = 0; i < a->nfleets; i++) {
		if (!host_same(a->fleets[i].uuid, b->fleets[i].uuid) ||
		    !host_same(a->fleets[i].name, b->fleets[i].name) ||
		    a->fleets[i].epoch != b->fleets[i].epoch)
			return false;
	}
	return true;
}
