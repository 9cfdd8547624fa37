/* check.c - the promises: what the database says, held against the truth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "jdoc.h"
#include "world.h"

/* What a look saw may be so old, and it may take a second. */
enum { LOOK_MS = 10000, SEEN_MS = LOOK_MS + 1000 };

static const char ask_format[] =
	"select jsonb_build_object('epoch', f.epoch, "
	"'seq', (select max(e.seq) from fleet_internal.event e), "
	"'out', (select coalesce(jsonb_agg(b.name), '[]') "
		"from fleet_internal.outage o "
		"join fleet_internal.backend b using (backend_id) "
		"where o.back_at is null and o.accepted_at is null), "
	"'excluded', (select coalesce(jsonb_agg(b.name), '[]') "
		"from fleet_internal.backend b "
		"where b.excluded_at is not null), "
	"'state', r.state, 'turns', (select jsonb_agg(jsonb_build_object("
		"'backend', b.name, 'state', t.state) order by t.position) "
		"from fleet_internal.turn t "
		"join fleet_internal.backend b using (backend_id) "
		"where t.rollout_id = r.rollout_id), "
	"'hold', (select jsonb_build_object('kind', h.kind, 'why', h.why) "
		"from fleet_internal.hold h where h.ended_at is null "
		"order by h.kind <> 'turn', h.hold_id limit 1), "
	"'events', (select coalesce(jsonb_agg(jsonb_build_object("
		"'seq', e.seq, 'kind', e.kind, 'message', e.message) "
		"order by e.seq), '[]') from fleet_internal.event e "
		"where e.fleet_id = f.fleet_id and e.seq > %lld))::text "
	"from fleet_internal.fleet f, fleet_internal.rollout r "
	"where r.rollout_id = %lld";

static bool
names(const struct json_object *list, int backend)
{
	for (size_t i = 0; i < jdoc_count(list); i++)
		if (strcmp(json_as_str(json_item(list, i)),
			   host_name(backend)) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------ the outages */

/* It is opened on a look at all others, and that is young. */
static void
check_survey(int backend)
{
	char *text = x_asprintf("select extract(epoch from o.out_since - "
		"o.survey_at)::text from fleet_internal.outage o "
		"join fleet_internal.backend b using (backend_id) "
		"where b.name = '%s' order by o.outage_id desc limit 1",
		host_name(backend));
	double age = atof(sql_owner(text));

	if (age * 1000 > LOOK_MS)
		world_wrong("I2: %s is taken out on a look %.1f s old",
			    host_name(backend), age);
	free(text);
}

/* The others were really in service when the look was taken. */
static void
check_opened(int backend)
{
	check_survey(backend);
	for (int i = 0; i < BACKENDS; i++)
		if (i != backend && !world.backends[i].excluded &&
		    world.now_ms - world.backends[i].was_in_ms > SEEN_MS)
			world_wrong("I2: %s is taken out while %s is down",
				    host_name(backend), host_name(i));
}

/* In service really, and as much of it as before. */
static void
check_closed(int backend)
{
	const struct backend *b = &world.backends[backend];

	if (b->excluded)
		return;
	if (world.now_ms - b->was_in_ms > SEEN_MS)
		world_wrong("I6: %s is back, and it is not in service",
			    host_name(backend));
	for (int d = 0; d < DIRECTORS; d++)
		if (b->weight[d] != 0 && b->weight[d] != WEIGHT)
			world_wrong("I6: %s is back with a weight of %d",
				    host_name(backend), b->weight[d]);
}

static void
check_outages(const struct json_object *doc)
{
	const struct json_object *out = jdoc_in(doc, "out");
	const struct json_object *excluded = jdoc_in(doc, "excluded");

	if (jdoc_count(out) > 1)
		world_wrong("I1: %zu outages are open", jdoc_count(out));
	for (int i = 0; i < BACKENDS; i++) {
		struct backend *b = &world.backends[i];
		bool was = b->open;

		b->open = names(out, i);
		b->excluded = names(excluded, i);
		if (b->open && !was)
			check_opened(i);
		else if (was && !b->open)
			check_closed(i);
	}
}

/* -------------------------------------------------------------- the events */

/* What only says that it waits is no progress. */
static bool
is_progress(const char *kind)
{
	static const char *const words[] = { "hold", "unhold", "fleet.",
		"rollout.check", "schedule", "step.kept", NULL };

	for (int i = 0; words[i] != NULL; i++)
		if (strncmp(kind, words[i], strlen(words[i])) == 0)
			return false;
	return true;
}

/* What was proved before is proved again right before it is needed. */
static void
check_emptied(int backend)
{
	if (world.now_ms - world.backends[backend].was_empty_ms > SEEN_MS)
		world_wrong("I9: %s is changed, and users are sent to it",
			    host_name(backend));
}

static void
event_follows(const char *kind, const char *message)
{
	if (strcmp(kind, "turn.working") == 0)
		trouble_follows(ANCHOR_TAKEN);
	else if (strcmp(kind, "phase.running") == 0 &&
		 strncmp(message, "stop:", 5) == 0)
		trouble_follows(ANCHOR_COMMITTED);
	else if (strcmp(kind, "step.running") == 0 &&
		 strncmp(message, "change:", 7) == 0) {
		check_emptied(world.busy_with);
		trouble_follows(ANCHOR_DESTROYS);
	}
}

static void
check_events(const struct json_object *doc)
{
	const struct json_object *events = jdoc_in(doc, "events");

	if (jdoc_int(doc, "seq", 0) < world.seq)
		world_wrong("I4: events are lost: %lld, and there were %lld",
			    (long long)jdoc_int(doc, "seq", 0),
			    (long long)world.seq);
	for (size_t i = 0; i < jdoc_count(events); i++) {
		const struct json_object *e = json_item(events, i);

		if (jdoc_int(e, "seq", 0) != ++world.seq)
			world_wrong("I4: no event has the number %lld",
				    (long long)world.seq);
		world_note("  event %s: %s", jdoc_str(e, "kind", ""),
			   jdoc_str(e, "message", ""));
		event_follows(jdoc_str(e, "kind", ""),
			      jdoc_str(e, "message", ""));
		if (is_progress(jdoc_str(e, "kind", "")))
			world.moved_ms = world.now_ms;
	}
}

/* What was done to it for the while of its turn is undone at its end. */
static void
check_turn(struct backend *b, const char *name, const char *state)
{
	bool ends = strcmp(state, "done") == 0 ||
		strcmp(state, "restored") == 0;

	if (ends && strcmp(state, b->turn) != 0 && b->silent &&
	    !world.tail_lost)
		world_wrong("I6: %s is %s, and it is still silent", name,
			    state);
	snprintf(b->turn, sizeof(b->turn), "%s", state);
}

static void
check_turns(const struct json_object *doc)
{
	const struct json_object *turns = jdoc_in(doc, "turns");

	world.done = 0;
	world.held[0] = '\0';
	for (size_t i = 0; i < jdoc_count(turns); i++) {
		const struct json_object *t = json_item(turns, i);
		const char *state = jdoc_str(t, "state", "");
		const char *name = jdoc_str(t, "backend", "");

		check_turn(&world.backends[truth_backend(name)], name, state);
		world.done += strcmp(state, "done") == 0;
		if (strcmp(state, "held") == 0 || strcmp(state, "out") == 0 ||
		    (strcmp(state, "restored") == 0 &&
		     world.held[0] == '\0'))
			snprintf(world.held, sizeof(world.held), "%s", name);
	}
}

static int64_t
last_event(void)
{
	return atoll(sql_owner("select max(seq)::text "
			       "from fleet_internal.event"));
}

/* Nothing changes without an event, so most times there is nothing to read. */
static bool
is_news(void)
{
	return last_event() != world.seq && world.rollout != 0;
}

void
check_database(void)
{
	char text[sizeof(ask_format) + 64];
	struct json_object *doc = NULL;
	const char *got;

	if (!is_news())
		return;
	snprintf(text, sizeof(text), ask_format, (long long)world.seq,
		 (long long)world.rollout);
	got = sql_owner(text);
	if (json_parse(got, strlen(got), &json_limits_doc, &doc, NULL) < 0)
		abort();
	if (jdoc_int(doc, "epoch", 0) < world.epoch)
		world_wrong("I5: epoch %lld after %lld",
			    (long long)jdoc_int(doc, "epoch", 0),
			    (long long)world.epoch);
	world.epoch = jdoc_int(doc, "epoch", 0);
	snprintf(world.state, sizeof(world.state), "%s", jdoc_str(doc, "state", ""));
	snprintf(world.why, sizeof(world.why), "%s",
		 jdoc_str(jdoc_in(doc, "hold"), "why", ""));
	check_outages(doc);
	check_events(doc);
	check_turns(doc);
	json_free(&doc);
}

/* What it knows now is what it knew then; the agents know more. */
void
check_lost(void)
{
	world.seq = last_event() - 1;
	world.epoch = 0;
	check_database();
}

/* The database took a decision: it was of who has the fleet. */
void
check_written(int who, int64_t epoch)
{
	trouble_follows(ANCHOR_WRITTEN);
	if (epoch != world.epoch)
		world_wrong("I5: coordinator %d wrote under epoch %lld, and "
			    "%lld holds", who, (long long)epoch,
			    (long long)world.epoch);
}

/* ------------------------------------------------------------- the truth */

void
check_always(void)
{
	int out = 0;

	for (int i = 0; i < BACKENDS; i++) {
		const struct backend *b = &world.backends[i];
		bool by_us = truth_out_by_us(i) && !b->excluded;

		out += by_us;
		if (by_us && !b->open && !world.tail_lost)
			world_wrong("I1: %s is out and no outage is open",
				    host_name(i));
	}
	if (out > 1)
		world_wrong("I1: %d backends are out because of us", out);
}

/* Routing tables are touchy.  A clock that leapt hides how long it was. */
static void
check_gap(const struct entry *e)
{
	int64_t gap = world.now_ms - world.group_ended_ms;

	if (e->host >= BACKENDS && world.group_ended_ms != 0 &&
	    world.group_backend == e->backend &&
	    world.group_clock_ms == world.clock_ms && gap < 1100)
		world_wrong("two changes of %s within %lld ms",
			    host_name(e->backend), (long long)gap);
}

/* Nobody works on a backend twice at once, unless a host is gone. */
static void
check_alone(const struct entry *e)
{
	for (int i = 0; i < world.nentries; i++) {
		const struct entry *x = &world.entries[i];

		if (x != e && x->backend == e->backend &&
		    x->state == ENTRY_RUNNING && net_reaches(x->host))
			world_wrong("%s is worked on twice at once",
				    host_name(e->backend));
	}
}

/* A step of start.sql without a check: no look tells how it ended. */
static bool
is_unchecked(const struct entry *e)
{
	const char *step = strrchr(e->step, '/') + 1;

	return strcmp(step, "silence") == 0 || strcmp(step, "change") == 0 ||
		strcmp(step, "up") == 0;
}

/* What may have been done is not done again on a guess. */
static void
check_guess(const struct entry *e)
{
	for (int i = 0; i < world.nentries && is_unchecked(e); i++) {
		const struct entry *x = &world.entries[i];

		if (x != e && x->state == ENTRY_UNKNOWN && !x->settled &&
		    strcmp(x->step, e->step) == 0)
			world_wrong("I3: %s begins again, and nobody knows "
				    "how it ended before", e->step);
	}
}

/* A copy that comes when a later one of its step was begun is too late. */
static void
check_order(const struct entry *e)
{
	for (int i = 0; i < world.nentries; i++) {
		const struct entry *x = &world.entries[i];

		if (x->host == e->host && x->seq > e->seq &&
		    !world.tail_lost && strcmp(x->step, e->step) == 0)
			world_wrong("I3: %s begins, and a later one of it "
				    "was begun before", e->step);
	}
}

void
check_begun(const struct entry *e)
{
	struct backend *b = &world.backends[e->backend];

	check_gap(e);
	check_alone(e);
	check_guess(e);
	check_order(e);
	if (e->epoch > world.epoch && !world.tail_lost)
		world_wrong("I5: %s obeys epoch %lld, and the database has "
			    "%lld", host_name(e->host), (long long)e->epoch,
			    (long long)world.epoch);
	if (strcmp(e->words[0], "change") == 0 &&
	    ++b->changes > b->licences)
		world_wrong("I3: what destroys is begun again on %s, and "
			    "nobody said so", host_name(e->backend));
	if (!b->open && !b->excluded && !world.tail_lost && strcmp(e->words[0], "weight") == 0 &&
	    strcmp(e->words[2], "0") == 0)
		world_wrong("I1: %s is drained without an outage",
			    host_name(e->backend));
}

/* ---------------------------------------------------------------- the end */

/* Every effect has its row, every row its effect, and they say the same. */
static void
check_entry(const struct entry *e)
{
	char *text = x_asprintf("select state || coalesce(' ' || exit_status, "
		"'') from fleet_internal.attempt where attempt_id = '%s'",
		e->attempt);
	char mine[32];
	const char *row = sql_owner(text);

	if (e->outcome == OUTCOME_HANGS)
		snprintf(mine, sizeof(mine), "ended");
	else
		snprintf(mine, sizeof(mine), "ended %d", e->exit);
	if (row == NULL && !world.tail_lost)
		world_wrong("I4: %s did %s, and no row knows it",
			    host_name(e->host), e->step);
	else if (row != NULL && strncmp(row, "ended", 5) == 0 &&
		 (e->state != ENTRY_ENDED || strcmp(row, mine) != 0))
		world_wrong("I4: %s of %s is \"%s\" there and \"%s\" here",
			    e->step, host_name(e->host), row, mine);
	else if (row != NULL && strcmp(row, "unsent") == 0)
		world_wrong("I4: %s did %s, and its row says unsent",
			    host_name(e->host), e->step);
	free(text);
}

static void
check_rows(void)
{
	const char *rows;
	int ended = 0;

	for (int i = 0; i < world.nentries; i++) {
		check_entry(&world.entries[i]);
		ended += world.entries[i].state == ENTRY_ENDED;
	}
	rows = sql_owner("select count(*)::text from fleet_internal.attempt "
			 "where state = 'ended'");
	if (atoi(rows) > ended)
		world_wrong("I4: %s attempts ended, and the journals know %d",
			    rows, ended);
}

/* Done is really done. */
static void
check_done(void)
{
	for (int i = 0; i < BACKENDS; i++)
		if (strcmp(world.state, "succeeded") == 0 &&
		    !world.backends[i].changed)
			world_wrong("I8: it succeeded, and nothing was changed "
				    "on %s", host_name(i));
}

/* At its end, or it says why not. */
void
check_end(void)
{
	check_database();
	check_rows();
	check_done();
	if (strcmp(world.state, "running") == 0 && world.why[0] == '\0')
		world_wrong("I7: it stands still and does not say why");
	if (strcmp(world.state, "running") != 0 && world.why[0] != '\0')
		world_wrong("I7: it is %s and is held: %s", world.state,
			    world.why);
	for (int i = 0; i < BACKENDS; i++)
		if (world.backends[i].open &&
		    strcmp(world.state, "running") != 0 &&
		    world.held[0] == '\0')
			world_wrong("I7: it is %s, and the outage of %s is "
				    "open", world.state, host_name(i));
}
