/*
 * forget.c - what hosts need not keep any more: records of rollouts that are
 * over, and the sheet of a turn that is.
 *
 * What a host still has is in its hello, what it may forget in the database;
 * so nothing is remembered here but when somebody was told last, and a host
 * that was away when it was told is told when it comes back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"

enum { FORGET_AGAIN_MS = 10000 };

static bool
turn_is_under_way(enum turn_state state)
{
	return state == TURN_WORKING || state == TURN_HELD ||
		state == TURN_RESTORING || state == TURN_OUT;
}

bool
forget_sheet_wanted(const struct fleet *f, const char *backend)
{
	const struct json_object *out = jdoc_in(f->work, "out");

	for (int i = 0; f->has_rollout && i < f->view.nturns; i++)
		if (strcmp(f->view.turns[i].backend, backend) == 0 &&
		    turn_is_under_way(f->view.turns[i].state))
			return true;
	for (size_t i = 0; i < jdoc_count(out); i++)
		if (strcmp(jdoc_str(json_item(out, i), "backend", ""),
			   backend) == 0)
			return true;
	return false;
}

struct telling {
	struct engine *engine;
	char host[VIEW_NAME];
};

/* Its next hello says whether that is so. */
static void
forget_answered(void *ctx, const struct call_answer *answer)
{
	struct telling *t = ctx;
	struct call *call = call_find(t->engine->calls, t->host);

	if (answer->outcome != CALL_ANSWERED)
		log_info("%s: did not forget: %s", t->host, answer->why);
	else if (call != NULL)
		call_greet(call);
	free(t);
}

static struct telling *
telling_new(struct fleet *f, const struct call *call)
{
	struct telling *t = x_new(struct telling);

	t->engine = f->engine;
	snprintf(t->host, sizeof(t->host), "%s", call_name(call));
	f->forgot_ms = clock_boot_ms();
	return t;
}

static void
forget_records(struct fleet *f, struct call *call,
	       const struct call_floor *floor)
{
	int64_t most = jdoc_int(f->doc, "forget_seq", 0);

	/* a database that lost commits must not use those numbers again */
	if (floor->floor > f->change_seq)
		f->change_seq = floor->floor;
	if (floor->floor < most)
		call_forget(call, f->uuid, f->epoch, most, forget_answered,
			    telling_new(f, call));
}

static bool
forget_may(const struct fleet *f)
{
	return f->work != NULL && f->view.database && !f->fenced &&
		f->strange[0] == '\0' && /* who knows whose turn it is? */
		engine_may_send(f->engine) &&
		(f->forgot_ms == 0 ||
		 clock_boot_ms() - f->forgot_ms >= FORGET_AGAIN_MS);
}

static void
forget_of(struct fleet *f, const char *name)
{
	struct call *call = call_find(f->engine->calls, name);
	const struct call_facts *facts = call ? call_facts(call) : NULL;
	const struct call_floor *floor;

	if (facts == NULL || !call_is_up(call))
		return;
	floor = call_facts_fleet(facts, f->uuid);
	if (floor == NULL || floor->epoch != f->epoch)
		return;
	forget_records(f, call, floor);
	if (facts->sheet && fleet_service(f, name) >= 0 &&
	    !forget_sheet_wanted(f, name))
		call_sheet(call, f->uuid, f->epoch, "", "", forget_answered,
			   telling_new(f, call));
}

void
forget_host(struct fleet *f, const char *name)
{
	if (forget_may(f))
		forget_of(f, name);
}

void
forget_update(struct fleet *f)
{
	const struct json_object *hosts = jdoc_in(f->doc, "hosts");

	if (!forget_may(f))
		return;
	for (size_t i = 0; i < jdoc_count(hosts); i++)
		forget_of(f, jdoc_str(json_item(hosts, i), "name", ""));
}
