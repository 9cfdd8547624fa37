/* truth.c - what is really so, what changes it, and what probes print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "world.h"

void
truth_start(void)
{
	for (int i = 0; i < BACKENDS; i++)
		world.backends[i] = (struct backend){
			.weight = { WEIGHT, WEIGHT }, .running = true,
			.dirty = true, .licences = 1,
			.was_in_ms = TIME_START_MS };
}

static bool
weighs(const struct backend *b, int weight)
{
	for (int d = 0; d < DIRECTORS; d++)
		if (b->weight[d] != weight)
			return false;
	return true;
}

bool
truth_in(int backend)
{
	const struct backend *b = &world.backends[backend];

	for (int d = 0; d < DIRECTORS; d++)
		if (b->weight[d] == 0)
			return false;
	return b->running && !b->sick;
}

bool
truth_out_by_us(int backend)
{
	const struct backend *b = &world.backends[backend];

	for (int d = 0; d < DIRECTORS; d++)
		if (b->weight[d] == 0 && b->zero_by_us)
			return true;
	return b->stopped_by_us;
}

void
truth_stamp(void)
{
	for (int i = 0; i < BACKENDS; i++) {
		struct backend *b = &world.backends[i];

		if (truth_in(i))
			b->was_in_ms = world.now_ms;
		if (weighs(b, 0))
			b->was_empty_ms = world.now_ms;
	}
}

/* A backend by its name or address, -1: none. */
int
truth_backend(const char *word)
{
	for (int i = 0; i < BACKENDS; i++)
		if (strcmp(word, host_name(i)) == 0 ||
		    strcmp(word, host_address(i)) == 0)
			return i;
	return -1;
}

/* ------------------------------------------------------- what commands do */

static struct weight {
	struct due due;
	int backend, director, weight;
	int64_t nr;
} weights[64];

static void
weight_arrives(void *self)
{
	struct weight *w = self;
	struct backend *b = &world.backends[w->backend];

	if (w->nr > b->weight_nr[w->director]) {
		b->weight_nr[w->director] = w->nr;
		b->weight[w->director] = w->weight;
	}
}

/* Told to one director; the other one hears of it from that. */
static void
set_weight(int backend, int host, int weight)
{
	static int n;
	int64_t nr = (int64_t)++world.nr;

	for (int d = 0; d < DIRECTORS; d++) {
		struct weight *w = &weights[n++ % 64];

		w->backend = backend;
		w->director = d;
		w->weight = weight;
		w->nr = nr;
		due_init(&w->due, OUTSIDE, weight_arrives, w);
		if (host == BACKENDS + d)
			weight_arrives(w);
		else
			due_in(&w->due, 0, 900);
	}
}

void
truth_weight_by_hand(int backend, int weight)
{
	world.backends[backend].zero_by_us = false;
	set_weight(backend, BACKENDS, weight);
}

/* Steps of start.sql; an undo's are the contrary of theirs. */
bool
truth_is_done(int backend, const char *step)
{
	const struct backend *b = &world.backends[backend];
	const struct { const char *step; bool done; } steps[] = {
		{ "silence", b->silent }, { "speak", !b->silent },
		{ "zero", weighs(b, 0) }, { "back", weighs(b, WEIGHT) },
		{ "lmtp", b->lmtp_off }, { "flush", !b->dirty },
		{ "stop", !b->running }, { "start", b->running },
		{ "change", b->changed },
		{ "undo-silence", !b->silent },
		{ "undo-zero", weighs(b, WEIGHT) },
		{ "undo-stop", b->running },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(steps[i].step, step) == 0)
			return steps[i].done;
	return true;
}

void
truth_effect(const struct entry *entry)
{
	struct backend *b = &world.backends[entry->backend];
	const char *what = entry->words[0], *how = entry->words[2];

	if (strcmp(what, "weight") == 0) {
		b->zero_by_us = atoi(how) == 0;
		set_weight(entry->backend, entry->host, atoi(how));
		b->users_until_ms = world.now_ms +
			dice_range(&world.dice, 0, 20000);
	} else if (strcmp(what, "flush") == 0) {
		b->dirty = false;
	} else if (strcmp(what, "silence") == 0) {
		b->silent = strcmp(how, "on") == 0;
	} else if (strcmp(what, "change") == 0) {
		b->changed = true;
	} else if (strcmp(what, "lmtp") == 0) {
		b->lmtp_off = true;
	} else if (strcmp(what, "service") == 0) {
		b->running = strcmp(how, "start") == 0;
		b->stopped_by_us = !b->running;
		b->lmtp_off = b->lmtp_off && !b->running;
		b->dirty = b->dirty || b->running;
	}
}

/* --------------------------------------------------------------- readings */

static void
print_ring(struct buf *text, int director)
{
	(void)buf_adds(text, "[");
	for (int i = 0; i < BACKENDS; i++) {
		const struct backend *b = &world.backends[i];

		(void)buf_addf(text, "%s{\"ip\":\"%s\",\"vhosts\":%d,"
			       "\"users\":%d,\"state\":\"%s\"}",
			       i > 0 ? "," : "", host_address(i),
			       b->weight[director], b->weight[director] > 0 ||
			       world.now_ms < b->users_until_ms ? 7 : 0,
			       b->running && !b->sick ? "up" : "down");
	}
	(void)buf_adds(text, "]\n");
}

static void
print_unit(struct buf *text, const struct backend *b, int backend)
{
	(void)buf_addf(text, "ActiveState=%s\nWorks=%s\nLmtp=%s\nLmtpOff=%s\n"
		       "Dirty=%s\nSilent=%s\n", b->running ? "active" : "inactive",
		       b->running && !b->sick && !b->broken ? "yes" : "no",
		       backend % 2 == 0 ? "yes" : "no",
		       b->lmtp_off ? "yes" : "no", b->dirty ? "yes" : "no",
		       b->silent ? "yes" : "no");
}

char *
truth_probe(int host, const char *command)
{
	struct buf text;

	buf_init(&text, 65536);
	if (world.now_ms < world.hosts[host].unsure_until_ms)
		(void)buf_adds(&text, "Error: timed out\n");
	else if (strcmp(command, "ring") == 0 && host >= BACKENDS)
		print_ring(&text, host - BACKENDS);
	else if (strcmp(command, "ready") == 0 && host >= BACKENDS)
		(void)buf_addf(&text, "Ring=%s\n", world.now_ms <
			       world.ring_torn_until_ms ? "torn" : "synced");
	else if (strcmp(command, "unit") == 0 && host < BACKENDS)
		print_unit(&text, &world.backends[host], host);
	else
		return NULL;
	return buf_take(&text);
}
