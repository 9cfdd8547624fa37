/* look_roster.c - the fleet's hosts and its two definitions, from JSON. */
#include "look_roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "json.h"
#include "look_private.h"

#define HOSTS_MAX 1000

struct roster_walk {
	struct look_roster *roster;
	struct err *err;
	bool bad;
};

static int
roster_hosts(const struct json_object *list, struct look_host **hosts_r,
	     size_t *n_r, struct err *err)
{
	size_t n = json_count(list);
	struct look_host *hosts = x_calloc(n + 1, sizeof(*hosts));

	*hosts_r = hosts;
	*n_r = n;
	for (size_t i = 0; i < n; i++) {
		const struct json_object *item;
		const char *name, *address;

		if (json_item_object(list, i, &item, err) < 0 ||
		    json_get_str(item, "name", 255, &name, err) < 0 ||
		    json_get_str(item, "address", 255, &address, err) < 0 ||
		    json_opt_bool(item, "excluded", &hosts[i].excluded,
				  err) < 0)
			return -1;
		hosts[i].name = x_strdup(name);
		hosts[i].address = x_strdup(address);
	}
	return 0;
}

static int
roster_lists(const struct json_object *ready, struct look_group *group,
	     struct err *err)
{
	const struct json_object *lists = NULL;
	const char *key, *up;

	if (json_opt_object(ready, "lists", &lists, err) < 0)
		return -1;
	if (lists == NULL)
		return 0;
	if (json_get_str(lists, "key", 255, &key, err) < 0 ||
	    json_get_str(lists, "up", 4096, &up, err) < 0)
		return err_prefix(err, "lists: ");
	group->lists_key = x_strdup(key);
	group->lists_up = x_strdup(up);
	return 0;
}

static int
roster_ready(const struct json_object *obj, struct look_group *group,
	     struct err *err)
{
	const struct json_object *ready = NULL;
	const char *in;

	if (json_opt_object(obj, "ready", &ready, err) < 0)
		return -1;
	if (ready == NULL)
		return 0;
	if (look_spec_parse(ready, &group->ready, err) < 0 ||
	    json_get_str(ready, "in", 4096, &in, err) < 0 ||
	    roster_lists(ready, group, err) < 0)
		return err_prefix(err, "ready: ");
	group->ready_in = x_strdup(in);
	return 0;
}

static bool
roster_group(void *self, const char *key, const struct json_object *value)
{
	struct roster_walk *walk = self;
	struct look_roster *roster = walk->roster;
	const struct json_object *members;
	struct look_group *group;

	roster->groups = x_realloc(roster->groups, roster->ngroups + 1,
				   sizeof(*roster->groups));
	group = &roster->groups[roster->ngroups++];
	*group = (struct look_group){ .name = x_strdup(key) };
	if (json_kind(value) != JSON_OBJECT ||
	    json_get_array(value, "members", HOSTS_MAX, &members,
			   walk->err) < 0 ||
	    roster_hosts(members, &group->members, &group->nmembers,
			 walk->err) < 0 ||
	    roster_ready(value, group, walk->err) < 0) {
		(void)err_prefix(walk->err, "group %.60s: ", key);
		walk->bad = true;
	}
	return !walk->bad;
}

/* "each director" or "backend" */
static int
roster_from(struct look_roster *roster, const char *from, struct err *err)
{
	if (strcmp(from, "backend") == 0)
		return 0;
	if (strncmp(from, "each ", 5) != 0 ||
	    look_roster_group(roster, from + 5) == NULL)
		return err_set(err, ERR_USAGE, "service: from: %.60s is "
			       "neither backend nor each GROUP", from);
	roster->service_group = x_strdup(from + 5);
	return 0;
}

static int
roster_service(struct look_roster *roster, const struct json_object *obj,
	       struct err *err)
{
	const char *from = "backend", *key = NULL, *in;
	const char *strangers = "refuse";

	if (look_spec_parse(obj, &roster->service, err) < 0 ||
	    json_opt_str(obj, "from", 255, &from, err) < 0 ||
	    json_opt_str(obj, "key", 255, &key, err) < 0 ||
	    json_opt_str(obj, "strangers", 20, &strangers, err) < 0 ||
	    json_get_str(obj, "in", 4096, &in, err) < 0)
		return err_prefix(err, "service: ");
	roster->service_key = x_strdup(key);
	roster->service_in = x_strdup(in);
	roster->strangers_refused = strcmp(strangers, "ignore") != 0;
	return roster_from(roster, from, err);
}

static int
roster_parse(const struct json_object *doc, struct look_roster *roster,
	     struct err *err)
{
	struct roster_walk walk = { .roster = roster, .err = err };
	const struct json_object *groups = NULL, *service, *backends;
	const char *fleet;

	if (json_get_str(doc, "fleet", 255, &fleet, err) < 0 ||
	    json_opt_object(doc, "groups", &groups, err) < 0 ||
	    json_get_object(doc, "service", &service, err) < 0 ||
	    json_get_array(doc, "backends", HOSTS_MAX, &backends, err) < 0)
		return -1;
	roster->fleet = x_strdup(fleet);
	if (groups != NULL)
		json_each(groups, roster_group, &walk);
	if (walk.bad ||
	    roster_hosts(backends, &roster->backends, &roster->nbackends,
			 err) < 0)
		return -1;
	return roster_service(roster, service, err);
}

int
look_roster_parse(const struct json_object *inventory,
		  struct look_roster **roster_r, struct err *err)
{
	struct look_roster *roster = x_new(struct look_roster);
	int ret;

	list_init(&roster->readings);
	ret = roster_parse(inventory, roster, err);
	if (ret < 0)
		look_roster_free(&roster);
	*roster_r = roster;
	return ret;
}

static void
roster_free_hosts(struct look_host *hosts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(hosts[i].name);
		free(hosts[i].address);
	}
	free(hosts);
}

void
look_roster_free(struct look_roster **rosterp)
{
	struct look_roster *roster = *rosterp;

	*rosterp = NULL;
	if (roster == NULL)
		return;
	look_readings_free(roster);
	for (size_t i = 0; i < roster->ngroups; i++) {
		struct look_group *group = &roster->groups[i];

		free(group->name);
		roster_free_hosts(group->members, group->nmembers);
		look_spec_free(&group->ready);
		free(group->ready_in);
		free(group->lists_key);
		free(group->lists_up);
	}
	free(roster->groups);
	roster_free_hosts(roster->backends, roster->nbackends);
	look_spec_free(&roster->service);
	free(roster->service_group);
	free(roster->service_key);
	free(roster->service_in);
	free(roster->fleet);
	free(roster);
}

const struct look_group *
look_roster_group(const struct look_roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->ngroups; i++) {
		if (strcmp(roster->groups[i].name, name) == 0)
			return &roster->groups[i];
	}
	return NULL;
}

static const struct look_host *
roster_host(const struct look_host *hosts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(hosts[i].name, name) == 0)
			return &hosts[i];
	}
	return NULL;
}

const struct look_host *
look_roster_member(const struct look_group *group, const char *name)
{
	return roster_host(group->members, group->nmembers, name);
}

const struct look_host *
look_roster_backend(const struct look_roster *roster, const char *name)
{
	return roster_host(roster->backends, roster->nbackends, name);
}

const struct look_host *
look_roster_by_address(const struct look_roster *roster, const char *address)
{
	for (size_t i = 0; i < roster->nbackends; i++) {
		if (strcmp(roster->backends[i].address, address) == 0)
			return &roster->backends[i];
	}
	return NULL;
}

static void
roster_exclude(struct look_host *hosts, size_t n, const char *name,
	       bool excluded)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(hosts[i].name, name) == 0)
			hosts[i].excluded = excluded;
	}
}

void
look_roster_exclude(struct look_roster *roster, const char *host,
		    bool excluded)
{
	roster_exclude(roster->backends, roster->nbackends, host, excluded);
	for (size_t i = 0; i < roster->ngroups; i++)
		roster_exclude(roster->groups[i].members,
			       roster->groups[i].nmembers, host, excluded);
}

void
look_roster_calls(struct look_roster *roster, struct call_set *calls)
{
	roster->calls = calls;
}

static bool
roster_is_excluded(const struct look_host *hosts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (hosts[i].excluded && strcmp(hosts[i].name, name) == 0)
			return true;
	}
	return false;
}

bool
look_roster_is_excluded(const struct look_roster *roster, const char *host)
{
	for (size_t i = 0; i < roster->ngroups; i++) {
		if (roster_is_excluded(roster->groups[i].members,
				       roster->groups[i].nmembers, host))
			return true;
	}
	return roster_is_excluded(roster->backends, roster->nbackends, host);
}
