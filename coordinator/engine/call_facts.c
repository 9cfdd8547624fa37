/* call_facts.c - what hello said, and whether it is who it should be. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call_private.h"
#include "clock.h"
#include "json.h"

struct facts {
	struct call_facts pub;		/* first: the two are one pointer */
	struct json_object *doc;	/* owns the strings */
	const char **addresses;
	struct call_floor *floors;
};

static const char *
facts_str(const struct json_object *doc, const char *key)
{
	const struct json_object *value = json_member(doc, key);

	return value == NULL ? NULL : json_as_str(value);
}

static int64_t
facts_int(const struct json_object *doc, const char *key)
{
	return json_as_int(json_member(doc, key));
}

static void
facts_addresses(struct facts *f)
{
	const struct json_object *list = json_member(f->doc, "addresses");
	size_t n = json_count(list);

	f->addresses = x_calloc(n + 1, sizeof(*f->addresses));
	for (size_t i = 0; i < n; i++)
		f->addresses[i] = json_as_str(json_item(list, i));
	f->pub.addresses = f->addresses;
}

static void
facts_floors(struct facts *f)
{
	const struct json_object *list = json_member(f->doc, "fleets");
	size_t n = json_count(list);

	f->floors = x_calloc(n + 1, sizeof(*f->floors));
	for (size_t i = 0; i < n; i++) {
		const struct json_object *item = json_item(list, i);

		f->floors[i] = (struct call_floor){
			.uuid = facts_str(item, "uuid"),
			.epoch = facts_int(item, "epoch"),
			.floor = facts_int(item, "floor"),
			.code = facts_str(item, "code"),
			.why = facts_str(item, "why"),
		};
	}
	f->pub.fleets = f->floors;
	f->pub.nfleets = n;
}

struct call_facts *
call_facts_new(struct call_heard *heard, int64_t asked_ms, int64_t at_ms)
{
	struct facts *f = x_new(struct facts);
	const struct json_object *doc = heard->doc;

	f->doc = heard->doc;
	heard->doc = NULL;
	f->pub.agent = facts_str(doc, "agent");
	f->pub.proto = (int)facts_int(doc, "proto");
	f->pub.name = facts_str(doc, "name");
	f->pub.machine_id = facts_str(doc, "machine_id");
	f->pub.boot_id = facts_str(doc, "boot_id");
	f->pub.boottime_ms = facts_int(doc, "boottime_ms");
	f->pub.wall_ms = facts_int(doc, "wall_ms");
	f->pub.hold = facts_str(doc, "hold");
	f->pub.sheet = json_member(doc, "sheet") != NULL &&
		       json_as_bool(json_member(doc, "sheet"));
	f->pub.journal = facts_str(doc, "journal");
	f->pub.allow_sha256 = facts_str(doc, "allow_sha256");
	f->pub.asked_ms = asked_ms;
	f->pub.at_ms = at_ms;
	f->pub.wall_at_ms = clock_wall_ms();
	facts_addresses(f);
	facts_floors(f);
	return &f->pub;
}

void
call_facts_free(struct call_facts **facts)
{
	struct facts *f = (struct facts *)*facts;

	*facts = NULL;
	if (f == NULL)
		return;
	json_free(&f->doc);
	free(f->addresses);
	free(f->floors);
	free(f);
}

static bool
facts_has_address(const struct call_facts *facts, const char *address)
{
	for (size_t i = 0; facts->addresses[i] != NULL; i++) {
		if (strcmp(facts->addresses[i], address) == 0)
			return true;
	}
	return false;
}

const struct call_floor *
call_facts_fleet(const struct call_facts *facts, const char *uuid)
{
	for (size_t i = 0; i < facts->nfleets; i++) {
		if (strcmp(facts->fleets[i].uuid, uuid) == 0)
			return &facts->fleets[i];
	}
	return NULL;
}

/* Does the agent keep the epochs that we just gave it? */
static enum call_misfit
facts_check_fleets(const struct call_facts *facts,
		   const struct call_host *host, int64_t *fenced_by_r,
		   char **why_r)
{
	for (size_t i = 0; i < host->nfleets; i++) {
		const struct call_fleet *ours = &host->fleets[i];
		const struct call_floor *its =
			call_facts_fleet(facts, ours->uuid);

		if (ours->epoch <= 0)
			continue;
		if (its == NULL) {
			*why_r = x_asprintf("its agent did not take fleet %s",
					    ours->name);
			return CALL_MISFIT_FLEET;
		}
		if (its->epoch == ours->epoch || its->code != NULL)
			continue;
		if (its->epoch < ours->epoch &&
		    strcmp(facts->journal, "ok") != 0) {
			*why_r = x_strdup(facts->journal);
			return CALL_MISFIT_JOURNAL;
		}
		*fenced_by_r = its->epoch;
		*why_r = x_asprintf("it follows epoch %lld of fleet %s, ours "
				    "is %lld", (long long)its->epoch,
				    ours->name, (long long)ours->epoch);
		return CALL_MISFIT_EPOCH;
	}
	return CALL_MISFIT_NONE;
}

enum call_misfit
call_facts_check(const struct call_facts *facts, const struct call_host *host,
		 int64_t *fenced_by_r, char **why_r)
{
	if (facts->proto != WIRE_PROTO) {
		*why_r = x_asprintf("it speaks protocol %d, we speak %d",
				    facts->proto, WIRE_PROTO);
		return CALL_MISFIT_PROTO;
	}
	if (strcmp(facts->name, host->name) != 0) {
		*why_r = x_asprintf("\"%.60s\" answered at %s, not %s",
				    facts->name, host->address, host->name);
		return CALL_MISFIT_NAME;
	}
	if (host->machine_id != NULL &&
	    strcmp(facts->machine_id, host->machine_id) != 0) {
		*why_r = x_asprintf("its machine id is %.40s, not %.40s as "
				    "before", facts->machine_id,
				    host->machine_id);
		return CALL_MISFIT_MACHINE;
	}
	if (host->backend_address != NULL &&
	    !facts_has_address(facts, host->backend_address)) {
		*why_r = x_asprintf("address %s is not configured on it",
				    host->backend_address);
		return CALL_MISFIT_ADDRESS;
	}
	return facts_check_fleets(facts, host, fenced_by_r, why_r);
}
