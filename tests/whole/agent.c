/*
 * agent.c - the agents: what a line is answered with, and a journal each.
 *
 * The order of the reasons to refuse is that of agent/verbs_change.c.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "jdoc.h"
#include "sha256.h"
#include "wire.h"
#include "world.h"

static const struct {
	const char *name, *address, *machine;
} places[HOSTS] = {
	{ "mail1", "10.0.0.1", "00000000000000000000000000000001" },
	{ "mail2", "10.0.0.2", "00000000000000000000000000000002" },
	{ "mail3", "10.0.0.3", "00000000000000000000000000000003" },
	{ "dir1", "10.0.1.1", "00000000000000000000000000000011" },
	{ "dir2", "10.0.1.2", "00000000000000000000000000000012" },
};

const char *
host_name(int host)
{
	return places[host].name;
}

const char *
host_address(int host)
{
	return places[host].address;
}

int
host_of(const char *name)
{
	for (int i = 0; i < HOSTS; i++)
		if (strcmp(places[i].name, name) == 0)
			return i;
	assert(!"a host that nobody listed");
	return -1;
}

/* One line that is being answered. */
struct ask {
	int host;
	struct chan *chan;
	const struct json_object *doc;
	struct buf line;
	struct json_out out;
};

static void
answer_begin(struct ask *a, bool ok)
{
	buf_init(&a->line, WIRE_LINE_MAX);
	json_out_init(&a->out, &a->line);
	json_out_object(&a->out, NULL);
	json_out_int(&a->out, "id", jdoc_int(a->doc, "id", 0));
	json_out_bool(&a->out, "ok", ok);
}

static void
answer_send(struct ask *a)
{
	json_out_end(&a->out);
	if (a->chan != NULL)
		net_say(a->chan, buf_str(&a->line));
	buf_free(&a->line);
}

static void
refuse_begin(struct ask *a, const char *code, const char *why)
{
	world_note("%s refuses: %s: %s", host_name(a->host), code, why);
	answer_begin(a, false);
	json_out_str(&a->out, "code", code);
	json_out_str(&a->out, "why", why);
}

static void
refuse(struct ask *a, const char *code, const char *why)
{
	refuse_begin(a, code, why);
	answer_send(a);
}

static void
say_stream(struct json_out *o, const char *key, const char *text)
{
	char sha[SHA256_TEXT_SIZE];

	json_out_object(o, key);
	json_out_int(o, "bytes", (int64_t)strlen(text));
	json_out_int(o, "lines", text[0] != '\0');
	json_out_str(o, "sha256", sha256_of(text, strlen(text), sha));
	json_out_end(o);
}

/* ----------------------------------------------------------------- journal */

static struct entry *
entry_find(int host, const char *attempt)
{
	for (int i = 0; i < world.nentries; i++)
		if (world.entries[i].host == host &&
		    !world.entries[i].forgotten &&
		    strcmp(world.entries[i].attempt, attempt) == 0)
			return &world.entries[i];
	return NULL;
}

static struct entry *
entry_last(int host, const char *step)
{
	for (int i = world.nentries - 1; i >= 0; i--)
		if (world.entries[i].host == host &&
		    !world.entries[i].forgotten &&
		    strcmp(world.entries[i].step, step) == 0)
			return &world.entries[i];
	return NULL;
}

static void
say_state(struct json_out *o, const struct entry *e)
{
	static const char *const states[] = {
		[ENTRY_RUNNING] = "running", [ENTRY_ENDED] = "ended",
		[ENTRY_UNKNOWN] = "unknown" };

	json_out_str(o, "state", states[e->state]);
	if (e->state != ENTRY_ENDED)
		return;
	json_out_object(o, "result");
	if (e->outcome != OUTCOME_HANGS)
		json_out_int(o, "exit", e->exit);
	else
		json_out_bool(o, "timed_out", true);
	json_out_int(o, "ms", 12);
	say_stream(o, "out", "");
	say_stream(o, "err", "");
	json_out_end(o);
}

static void
answer_state(struct ask *a, const struct entry *e)
{
	answer_begin(a, true);
	if (e != NULL)
		say_state(&a->out, e);
	else
		json_out_str(&a->out, "state", "none");
	answer_send(a);
}

static void
entry_tell(const struct entry *e)
{
	struct json_out o;
	struct buf line;

	buf_init(&line, WIRE_LINE_MAX);
	json_out_init(&o, &line);
	json_out_object(&o, NULL);
	json_out_str(&o, "push", "ended");
	json_out_str(&o, "attempt", e->attempt);
	say_state(&o, e);
	json_out_end(&o);
	net_tell(e->host, buf_str(&line));
	buf_free(&line);
}

static void
entry_ends(void *self)
{
	struct entry *e = self;

	if (e->outcome == OUTCOME_LOST) {
		agent_dies(e->host);
		return;
	}
	if (e->outcome == OUTCOME_DONE || e->outcome == OUTCOME_HALF ||
	    (e->outcome == OUTCOME_HANGS && dice_chance(&world.dice, 50)))
		truth_effect(e);
	e->state = ENTRY_ENDED;
	e->exit = e->outcome == OUTCOME_DONE ? 0 :
		e->outcome == OUTCOME_HANGS ? -1 : 1;
	if (e->host >= BACKENDS) {
		world.group_ended_ms = world.now_ms;
		world.group_clock_ms = world.clock_ms;
		world.group_backend = e->backend;
	}
	world_note("%s ends %s: exit %d", host_name(e->host), e->step,
		   e->exit);
	entry_tell(e);
}

static void
entry_fill(struct entry *e, const struct ask *a)
{
	const struct json_object *argv = jdoc_in(a->doc, "argv");
	const char *step = jdoc_str(a->doc, "step", "");

	*e = (struct entry){ .host = a->host,
			     .epoch = jdoc_int(a->doc, "epoch", 0),
			     .seq = jdoc_int(a->doc, "seq", 0) };
	snprintf(e->attempt, sizeof(e->attempt), "%s",
		 jdoc_str(a->doc, "attempt", ""));
	snprintf(e->after, sizeof(e->after), "%s", jdoc_str(a->doc, "after", ""));
	snprintf(e->step, sizeof(e->step), "%s", step);
	for (size_t i = 0; i < jdoc_count(argv) && i < WORDS; i++)
		snprintf(e->words[i], sizeof(e->words[i]), "%s",
			 json_as_str(json_item(argv, i)));
	e->backend = truth_backend(e->words[1]);
	assert(e->backend >= 0);
}

static enum outcome
outcome_next(struct host *host)
{
	enum outcome *next = host->next != OUTCOME_DONE ? &host->next :
		&world.next, outcome = *next;

	*next = OUTCOME_DONE;
	return world.now_ms < host->stuck_until_ms ? OUTCOME_FAILS : outcome;
}

static void
entry_begins(struct ask *a, const struct entry *asked)
{
	struct host *host = &world.hosts[a->host];
	struct entry *e = &world.entries[world.nentries];
	struct json_out o;
	struct buf note;

	assert(world.nentries < ENTRIES);
	world.nentries++;
	world.busy = a->host;
	world.busy_with = asked->backend;
	*e = *asked;
	buf_init(&note, sizeof(e->note) - 1);
	json_out_init(&o, &note);
	json_out_value(&o, NULL, jdoc_in(a->doc, "note"));
	snprintf(e->note, sizeof(e->note), "%s", buf_str(&note));
	buf_free(&note);
	e->outcome = outcome_next(host);
	world_note("%s begins %s: %s %s %s, epoch %lld", host_name(a->host),
		   e->step, e->words[0], e->words[1], e->words[2],
		   (long long)e->epoch);
	check_begun(e);
	due_init(&e->end, OUTSIDE, entry_ends, e);
	due_in(&e->end, 10, e->outcome == OUTCOME_HANGS ? 30000 : 3000);
	answer_state(a, e);
	trouble_follows(ANCHOR_BEGUN);
}

static void
refusal_add(struct host *host, const char *attempt, const char *code,
	    const char *why)
{
	struct refusal *no = &host->refusals[host->nrefusals];

	assert(host->nrefusals < REFUSALS);
	host->nrefusals++;
	*no = (struct refusal){ .code = code, .why = why };
	snprintf(no->attempt, sizeof(no->attempt), "%s", attempt);
}

static const struct refusal *
refusal_find(const struct host *host, const char *attempt)
{
	for (int i = 0; i < host->nrefusals; i++)
		if (strcmp(host->refusals[i].attempt, attempt) == 0)
			return &host->refusals[i];
	return NULL;
}

/* What came before it and never came here does not come any more. */
static void
abandoned_refuse(struct ask *a)
{
	const struct json_object *ids = jdoc_in(a->doc, "abandoned");
	struct host *host = &world.hosts[a->host];

	for (size_t i = 0; i < jdoc_count(ids); i++) {
		const char *id = json_as_str(json_item(ids, i));

		if (entry_find(a->host, id) == NULL &&
		    refusal_find(host, id) == NULL)
			refusal_add(host, id, "after", "it was abandoned");
	}
}

/* For good: a late copy is not begun when the reason is gone. */
static void
refuse_change(struct ask *a, const struct entry *asked, const char *code,
	      const char *why)
{
	refusal_add(&world.hosts[a->host], asked->attempt, code, why);
	abandoned_refuse(a);
	refuse(a, code, why);
}

static void
say_record(struct ask *a, const struct entry *e)
{
	json_out_object(&a->out, "record");
	json_out_str(&a->out, "attempt", e->attempt);
	json_out_raw(&a->out, "note", e->note);
	say_state(&a->out, e);
	json_out_end(&a->out);
}

/* The record goes with the refusal: it may be adopted. */
static void
refuse_after(struct ask *a, const struct entry *asked,
	     const struct entry *last)
{
	if (last == NULL) {
		if (!world.tail_lost)
			world_wrong("I4: %s is to be done after what never "
				    "came to %s", asked->step,
				    host_name(a->host));
		refuse_change(a, asked, "after", "nothing is known here");
		return;
	}
	abandoned_refuse(a);
	refuse_begin(a, "after", "this step's last attempt is another");
	say_record(a, last);
	answer_send(a);
}

static bool
is_abandoned(const struct ask *a, const char *attempt)
{
	const struct json_object *ids = jdoc_in(a->doc, "abandoned");

	for (size_t i = 0; i < jdoc_count(ids); i++)
		if (strcmp(json_as_str(json_item(ids, i)), attempt) == 0)
			return true;
	return false;
}

/* After the last one of its step, or one that may have come or not. */
static bool
is_next(const struct ask *a, const struct entry *asked,
	const struct entry *last)
{
	const struct host *host = &world.hosts[a->host];

	if (asked->after[0] != '\0' && host->lost &&
	    entry_find(a->host, asked->after) == NULL &&
	    (last == NULL || last->seq <= host->floor))
		return true;
	if (last == NULL)
		return asked->after[0] == '\0';
	return strcmp(last->attempt, asked->after) == 0 ||
		is_abandoned(a, last->attempt);
}

static bool
epoch_is(struct ask *a)
{
	int64_t epoch = world.hosts[a->host].epoch;

	if (jdoc_int(a->doc, "epoch", 0) == epoch)
		return true;
	refuse_begin(a, "epoch", "the fleet is held under another epoch");
	json_out_int(&a->out, "epoch", epoch);
	answer_send(a);
	return false;
}

static void
verb_run(struct ask *a)
{
	const struct host *host = &world.hosts[a->host];
	const struct refusal *no;
	struct entry asked, *known, *last;

	if (!epoch_is(a))
		return;
	entry_fill(&asked, a);
	known = entry_find(a->host, asked.attempt);
	last = entry_last(a->host, asked.step);
	no = refusal_find(host, asked.attempt);
	if (known != NULL && memcmp(known->words, asked.words,
				    sizeof(asked.words)) != 0)
		world_wrong("attempt %s stands for two commands",
			    asked.attempt);
	if (known != NULL)
		answer_state(a, known);
	else if (no != NULL)
		refuse(a, no->code, no->why);
	else if (asked.seq <= host->floor)
		refuse(a, "floor", "too old");
	else if (!is_next(a, &asked, last))
		refuse_after(a, &asked, last);
	else if (world.now_ms < host->hold_until_ms)
		refuse_change(a, &asked, "hold", "somebody works here");
	else if (last != NULL && last->state == ENTRY_RUNNING)
		refuse(a, "busy", "an attempt of this step still runs");
	else
		entry_begins(a, &asked);
}

/* ------------------------------------------------------------ other verbs */

static void
verb_ask(struct ask *a)
{
	answer_state(a, entry_find(a->host, jdoc_str(a->doc, "attempt", "")));
}

static void
verb_begun(struct ask *a)
{
	const char *after = jdoc_str(a->doc, "after", "");
	const struct entry *e = entry_find(a->host, after);
	int i = e == NULL ? 0 : (int)(e - world.entries) + 1;

	if (!epoch_is(a))
		return;
	answer_begin(a, true);
	for (e = NULL; i < world.nentries && e == NULL; i++)
		if (world.entries[i].host == a->host &&
		    !world.entries[i].forgotten &&
		    strcmp(world.entries[i].step,
			   jdoc_str(a->doc, "step", "")) == 0)
			e = &world.entries[i];
	if (e != NULL)
		say_record(a, e);
	answer_send(a);
}

/* False: it was refused.  One fleet is all there is. */
static bool
greeting_take(struct ask *a, const struct json_object *fleet)
{
	struct host *host = &world.hosts[a->host];
	const char *who = jdoc_str(a->doc, "coordinator", "");
	int64_t epoch = jdoc_int(fleet, "epoch", 0);

	if (epoch == 0)
		return true;
	if (epoch < host->epoch || (epoch == host->epoch &&
				    strcmp(host->coordinator, who) != 0)) {
		refuse_begin(a, "epoch", "another has taken the fleet");
		json_out_int(&a->out, "epoch", host->epoch);
		answer_send(a);
		return false;
	}
	if (host->epoch == 0 && jdoc_int(fleet, "seq", 0) > 0) {
		host->floor = jdoc_int(fleet, "seq", 0);
		host->lost = true;
	}
	if (epoch > host->epoch)
		world_note("%s follows %s, epoch %lld", host_name(a->host),
			   who, (long long)epoch);
	host->epoch = epoch;
	snprintf(host->coordinator, sizeof(host->coordinator), "%s", who);
	return true;
}

static void
verb_hello(struct ask *a)
{
	const struct host *host = &world.hosts[a->host];
	const struct json_object *fleets = jdoc_in(a->doc, "fleets");
	const struct json_object *fleet = jdoc_count(fleets) > 0 ?
		json_item(fleets, 0) : NULL;

	if (fleet != NULL && !greeting_take(a, fleet))
		return;
	answer_begin(a, true);
	json_out_str(&a->out, "agent", DRYDOCK_VERSION);
	json_out_int(&a->out, "proto", WIRE_PROTO);
	json_out_str(&a->out, "name", host_name(a->host));
	json_out_str(&a->out, "machine_id", places[a->host].machine);
	json_out_str(&a->out, "boot_id", host->boot);
	json_out_int(&a->out, "boottime_ms", world.now_ms);
	json_out_int(&a->out, "wall_ms", time_wall_ms());
	json_out_array(&a->out, "addresses");
	json_out_str(&a->out, NULL, host_address(a->host));
	json_out_end(&a->out);
	json_out_array(&a->out, "fleets");
	if (fleet != NULL) {
		json_out_object(&a->out, NULL);
		json_out_str(&a->out, "uuid", jdoc_str(fleet, "uuid", ""));
		json_out_int(&a->out, "epoch", host->epoch);
		json_out_int(&a->out, "floor", host->floor);
		json_out_end(&a->out);
	}
	json_out_end(&a->out);
	json_out_str(&a->out, "hold", world.now_ms < host->hold_until_ms ?
		     "somebody works here" : NULL);
	json_out_bool(&a->out, "sheet", false);
	json_out_str(&a->out, "journal", "ok");
	json_out_str(&a->out, "allow_sha256", "00");
	answer_send(a);
}

static void
say_chunk(struct ask *a, const char *text)
{
	struct json_out o;
	struct buf line, data;

	buf_init(&line, WIRE_LINE_MAX);
	buf_init(&data, WIRE_LINE_MAX);
	(void)base64_encode(&data, text, strlen(text));
	json_out_init(&o, &line);
	json_out_object(&o, NULL);
	json_out_int(&o, "id", jdoc_int(a->doc, "id", 0));
	json_out_str(&o, "chunk", "out");
	json_out_str(&o, "data", buf_str(&data));
	json_out_end(&o);
	if (a->chan != NULL)
		net_say(a->chan, buf_str(&line));
	buf_free(&line);
	buf_free(&data);
}

static void
verb_probe(struct ask *a)
{
	const struct json_object *argv = jdoc_in(a->doc, "argv");
	char *text = truth_probe(a->host, json_as_str(json_item(argv, 0)));

	if (text == NULL) {
		refuse(a, "probe", "there is no such command");
		return;
	}
	say_chunk(a, text);
	answer_begin(a, true);
	json_out_int(&a->out, "exit", 0);
	say_stream(&a->out, "out", text);
	say_stream(&a->out, "err", "");
	json_out_int(&a->out, "ms", 3);
	answer_send(a);
	free(text);
}

static void
say_allowed(struct ask *a, const char *key)
{
	const struct json_object *asked = jdoc_in(a->doc, key);

	json_out_array(&a->out, key);
	for (size_t i = 0; i < jdoc_count(asked); i++) {
		json_out_object(&a->out, NULL);
		json_out_bool(&a->out, "ok", true);
		json_out_end(&a->out);
	}
	json_out_end(&a->out);
}

static void
verb_may(struct ask *a)
{
	answer_begin(a, true);
	say_allowed(a, "changes");
	say_allowed(a, "reads");
	answer_send(a);
}

static void
verb_forget(struct ask *a)
{
	struct host *host = &world.hosts[a->host];
	int64_t floor = jdoc_int(a->doc, "floor", 0);

	if (!epoch_is(a))
		return;
	if (floor > host->floor) {
		host->floor = floor;
		host->lost = false;
	}
	for (int i = 0; i < world.nentries; i++)
		if (world.entries[i].host == a->host &&
		    world.entries[i].seq <= floor &&
		    world.entries[i].state != ENTRY_RUNNING)
			world.entries[i].forgotten = true;
	answer_begin(a, true);
	json_out_int(&a->out, "floor", host->floor);
	answer_send(a);
}

static void
verb_sheet(struct ask *a)
{
	if (!epoch_is(a))
		return;
	answer_begin(a, true);
	answer_send(a);
}

static void
verb_ping(struct ask *a)
{
	answer_begin(a, true);
	json_out_int(&a->out, "wall_ms", time_wall_ms());
	answer_send(a);
}

static void
verb_left(struct ask *a)
{
	answer_begin(a, true);
	json_out_array(&a->out, "left");
	json_out_end(&a->out);
	json_out_bool(&a->out, "more", false);
	answer_send(a);
}

typedef void verb_fn(struct ask *a);

static verb_fn *const verbs[WIRE_VERB_COUNT] = {
	[WIRE_HELLO] = verb_hello, [WIRE_RUN] = verb_run,
	[WIRE_ASK] = verb_ask, [WIRE_BEGUN] = verb_begun,
	[WIRE_PROBE] = verb_probe,
	[WIRE_MAY] = verb_may, [WIRE_FORGET] = verb_forget,
	[WIRE_SHEET] = verb_sheet, [WIRE_PING] = verb_ping,
	[WIRE_LEFT] = verb_left,
};

void
agent_line(int host, struct chan *chan, const char *text, size_t len)
{
	struct json_object *doc = NULL;
	struct ask a = { .host = host, .chan = chan };
	enum wire_verb verb;

	if (json_parse_object(text, len, &json_limits_wire, &doc, NULL) < 0 ||
	    wire_verb_find(jdoc_str(doc, "verb", ""), &verb) < 0) {
		world_wrong("%s is told what no agent reads: %.200s",
			    host_name(host), text);
		json_free(&doc);
		return;
	}
	a.doc = doc;
	if (verbs[verb] != NULL)
		verbs[verb](&a);
	else
		refuse(&a, "usage", "no agent here does that");
	json_free(&doc);
}

/* ------------------------------------------------------------ life and boot */

void
agent_start(void)
{
	for (int i = 0; i < HOSTS; i++) {
		world.hosts[i] = (struct host){ .epoch = 0 };
		uuid_make(world.hosts[i].boot);
	}
}

/* What ran may have done its work; nobody saw its end. */
void
agent_dies(int host)
{
	for (int i = 0; i < world.nentries; i++) {
		struct entry *e = &world.entries[i];

		if (e->host != host || e->state != ENTRY_RUNNING)
			continue;
		due_stop(&e->end);
		if (dice_chance(&world.dice, 50))
			truth_effect(e);
		e->state = ENTRY_UNKNOWN;
	}
	world.hosts[host].runners++;
	world.hosts[host].nrefusals = 0;
	net_cut(host);
}

void
agent_forgets(int host)
{
	struct host *h = &world.hosts[host];

	agent_dies(host);
	for (int i = 0; i < world.nentries; i++)
		if (world.entries[i].host == host)
			world.entries[i].forgotten = true;
	h->epoch = h->floor = 0;
	h->lost = false;
	h->coordinator[0] = '\0';
}

void
agent_reboot(int host, int64_t span_ms, bool starts)
{
	struct backend *b = host < BACKENDS ? &world.backends[host] : NULL;

	agent_dies(host);
	world.hosts[host].down_until_ms = world.now_ms + span_ms;
	uuid_make(world.hosts[host].boot);
	if (b == NULL)
		return;
	b->running = starts;
	b->stopped_by_us = b->stopped_by_us && !starts;
}
