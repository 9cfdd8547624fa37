/*
 * look_reading.c - one host's answer to one probe, asked once for all.
 *
 * Readings live in the roster under (host, words).  A look that wants one takes
 * what is there when it is young enough, joins the one that is on its way, or
 * asks.  A new reading does not overwrite an old one that some look still
 * holds: it stands before it in the list and is found first.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "json.h"
#include "look_private.h"
#include "base64.h"

static void
look_reading_free(struct look_reading *r)
{
	struct call *call;

	assert(list_empty(&r->waiters));
	if (r->state == LOOK_ASKING && r->roster->calls != NULL) {
		call = call_find(r->roster->calls, r->host);
		if (call != NULL)
			call_drop(call, r->question);
	}
	list_del(&r->link);
	for (size_t i = 0; i < READING_FORMATS_N; i++) {
		reading_free(&r->parsed[i]);
		free(r->unparsed[i]);
	}
	buf_free(&r->out);
	buf_free(&r->err);
	free(r->host);
	free(r->key);
	free(r->why);
	free(r);
}

void
look_readings_free(struct look_roster *roster)
{
	LIST_EACH_SAFE (struct look_reading, r, &roster->readings, link) {
		assert(r->refs == 0);
		look_reading_free(r);
	}
}

void
look_roster_forget(struct look_roster *roster)
{
	roster->generation++;
}

int64_t
look_now_ms(const struct look_roster *roster)
{
	return roster->calls != NULL ? call_set_now_ms(roster->calls) :
				       clock_boot_ms();
}

/* A newer answer stands before it: nobody finds this one any more. */
static bool
reading_is_replaced(const struct look_reading *reading)
{
	LIST_EACH (struct look_reading, r, &reading->roster->readings, link) {
		if (r == reading)
			return false;
		if (r->state == LOOK_SEEN &&
		    strcmp(r->host, reading->host) == 0 &&
		    strcmp(r->key, reading->key) == 0)
			return true;
	}
	return false;
}

/* Old ones that nobody holds make room. */
static void
readings_sweep(struct look_roster *roster, int64_t now_ms)
{
	LIST_EACH_SAFE (struct look_reading, r, &roster->readings, link) {
		if (r->refs == 0 && r->state != LOOK_ASKING &&
		    (now_ms - r->at_ms > LOOK_KEEP_MS ||
		     reading_is_replaced(r)))
			look_reading_free(r);
	}
}

static void
reading_arrived(struct look_reading *r, enum look_reading_state state,
		const char *why)
{
	struct look_need *need;

	r->state = state;
	x_strset(&r->why, why);
	r->refs++;
	while ((need = list_first(struct look_need, &r->waiters, waiting)) !=
	       NULL) {
		list_del(&need->waiting);
		look_arrived(need->look);
	}
	r->refs--;
}

/* How the command ended, when it did not end well. */
static char *
reading_verdict(const struct look_reading *r, const struct json_object *body)
{
	const struct json_object *v = json_member(body, "timed_out");

	if (v != NULL && json_as_bool(v))
		return x_strdup("it ran into its time limit");
	v = json_member(body, "signal");
	if (v != NULL)
		return x_asprintf("signal %lld ended it",
				  (long long)json_as_int(v));
	v = json_member(json_member(body, "out"), "cut");
	if (v != NULL && json_as_bool(v))
		return x_strdup("its output was cut: too long");
	if (r->exit != 0)
		return x_asprintf("it ended with exit status %lld",
				  (long long)r->exit);
	return NULL;
}

/* Of a text that stayed on its host: what the agent counted. */
static void
reading_counted(struct look_reading *r, const struct json_object *body)
{
	const struct json_object *out = json_member(body, "out");
	int64_t bytes, lines;

	if (json_get_int(out, "bytes", 0, INT64_MAX, &bytes, NULL) == 0 &&
	    json_get_int(out, "lines", 0, INT64_MAX, &lines, NULL) == 0)
		r->parsed[READING_COUNTS] = reading_counts(bytes, lines);
	else
		r->unparsed[READING_COUNTS] = x_strdup("nothing was counted");
}

static void
reading_probed(void *ctx, const struct call_answer *answer)
{
	struct look_reading *r = ctx;
	const struct json_object *exit_status;
	char *why;

	if (answer->asked_ms != 0)
		r->asked_ms = answer->asked_ms;
	r->at_ms = answer->at_ms;
	if (answer->outcome != CALL_ANSWERED) {
		reading_arrived(r, LOOK_SILENT, answer->why);
		return;
	}
	exit_status = json_member(answer->body, "exit");
	r->ran = exit_status != NULL;
	r->exit = r->ran ? json_as_int(exit_status) : -1;
	reading_counted(r, answer->body);
	(void)buf_add(&r->out, answer->out.data, answer->out.size);
	(void)buf_add(&r->err, answer->err.data, answer->err.size);
	why = reading_verdict(r, answer->body);
	reading_arrived(r, why == NULL ? LOOK_SEEN : LOOK_FAILED, why);
	free(why);
}

static void
reading_connected(void *ctx, const struct call_answer *answer)
{
	struct look_reading *r = ctx;
	const struct json_object *line, *why;

	if (answer->asked_ms != 0)
		r->asked_ms = answer->asked_ms;
	r->at_ms = answer->at_ms;
	if (answer->outcome != CALL_ANSWERED) {
		reading_arrived(r, LOOK_SILENT, answer->why);
		return;
	}
	r->ran = true;
	r->exit = json_as_bool(json_member(answer->body, "connected")) ? 0 : 1;
	line = json_member(answer->body, "line");
	why = json_member(answer->body, "why");
	if (line != NULL &&
	    base64_decode(&r->out, json_as_str(line),
			  strlen(json_as_str(line)), NULL) < 0)
		reading_arrived(r, LOOK_FAILED, "its line is not base64");
	else if (r->exit != 0)
		reading_arrived(r, LOOK_FAILED, why != NULL ?
				json_as_str(why) : "no connection");
	else
		reading_arrived(r, LOOK_SEEN, NULL);
}

static struct look_reading *
reading_ask(struct look_roster *roster, const struct look_need *need,
	    struct call *call, int64_t timeout_ms)
{
	struct look_reading *r = x_new(struct look_reading);

	if (need->timeout_ms < timeout_ms)
		timeout_ms = need->timeout_ms;
	r->roster = roster;
	r->generation = roster->generation;
	r->host = x_strdup(need->host);
	r->key = x_strdup(need->key);
	r->asked_ms = look_now_ms(roster);
	list_init(&r->waiters);
	buf_init(&r->out, LOOK_PROBE_BYTES);
	buf_init(&r->err, LOOK_PROBE_BYTES);
	list_add_first(&roster->readings, &r->link);
	if (need->argv != NULL)
		r->question = (need->counts ? call_probe_counts : call_probe)(
			call, (const char *const *)need->argv, timeout_ms,
			LOOK_PROBE_BYTES, reading_probed, r);
	else
		r->question = call_tcp(call, need->tcp_address, need->tcp_port,
				       timeout_ms, reading_connected, r);
	return r;
}

/* A host that nobody set up a call for. */
static struct look_reading *
reading_nobody(struct look_roster *roster, const struct look_need *need)
{
	struct look_reading *r = x_new(struct look_reading);

	r->roster = roster;
	r->host = x_strdup(need->host);
	r->key = x_strdup(need->key);
	r->state = LOOK_SILENT;
	r->why = x_strdup("it is not known to this coordinator");
	r->at_ms = look_now_ms(roster);
	list_init(&r->waiters);
	buf_init(&r->out, 1);
	buf_init(&r->err, 1);
	list_add(&roster->readings, &r->link);
	return r;
}

/* Young enough is counted from when it was asked, not from the answer. */
static struct look_reading *
look_reading_find(struct look_roster *roster, const struct look_need *need,
	     int64_t not_before_ms)
{
	LIST_EACH (struct look_reading, r, &roster->readings, link) {
		if (r->generation != roster->generation ||
		    r->asked_ms < not_before_ms ||
		    strcmp(r->host, need->host) != 0 ||
		    strcmp(r->key, need->key) != 0)
			continue;
		if (r->state == LOOK_ASKING || r->state == LOOK_SEEN)
			return r;
	}
	return NULL;
}

void
look_reading_want(struct look *look, struct look_need *need,
		  int64_t max_age_ms, int64_t timeout_ms)
{
	struct look_roster *roster = look->roster;
	int64_t now_ms = look_now_ms(roster);
	struct look_reading *r;
	struct call *call = NULL;

	readings_sweep(roster, now_ms);
	r = look_reading_find(roster, need, now_ms - max_age_ms);
	if (r == NULL && roster->calls != NULL)
		call = call_find(roster->calls, need->host);
	if (r == NULL && call != NULL)
		r = reading_ask(roster, need, call, timeout_ms);
	if (r == NULL)
		r = reading_nobody(roster, need);
	r->refs++;
	need->reading = r;
	if (r->state == LOOK_ASKING) {
		list_add(&r->waiters, &need->waiting);
		look->waiting++;
	}
}

void
look_reading_release(struct look_need *need)
{
	struct look_reading *r = need->reading;

	if (r == NULL)
		return;
	list_del(&need->waiting);
	need->reading = NULL;
	r->refs--;
	/* nobody waits any more: the answer would be thrown away */
	if (r->refs == 0 && r->state == LOOK_ASKING)
		look_reading_free(r);
}

const struct reading *
look_reading_rows(struct look_reading *r, enum reading_format format,
		  const char **why_r)
{
	struct err err = { 0 };

	if (r->state == LOOK_ASKING || r->state == LOOK_SILENT ||
	    r->state == LOOK_FAILED) {
		*why_r = r->why != NULL ? r->why : "no answer in time";
		return NULL;
	}
	if (r->parsed[format] == NULL && r->unparsed[format] == NULL &&
	    reading_parse(format, buf_str(&r->out), r->out.len,
			  &r->parsed[format], &err) < 0)
		r->unparsed[format] = x_strdup(err.text);
	*why_r = r->unparsed[format];
	return r->parsed[format];
}
