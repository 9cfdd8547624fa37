/* hook_desk.c - hooks at work: offered to the database, run, told of. */
#include "hook_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "jdoc.h"
#include "json.h"
#include "log.h"
#include "pg.h"
#include "store.h"
#include "waker.h"

enum { POLL_MS = 5000, OUTPUT_MAX = 8192, ARGV_MAX = 64 };

/* One attempt, until the database has its end. */
struct hook_run {
	struct hook_run *next;
	struct hook_desk *desk;
	int64_t run, coordinator;
	int attempt, exit;
	char *hook;
	struct child *child; /* NULL: it ended */
	bool ok, refused;
	char result[ERR_TEXT_SIZE];
	char *output; /* base64 */
};

struct hook_desk {
	struct event_base *base;
	struct pg *pg;
	struct waker *waker;
	struct hook_list list;
	struct hook_run *runs, *telling;
	struct pg_call *asking;
	int64_t coordinator;
	bool offered, known, again, resting;
	struct log_again told;
};

static void hook_desk_turn(void *self);

static void
hook_run_free(struct hook_run *r)
{
	struct hook_run **at = &r->desk->runs;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	child_free(&r->child);
	free(r->hook);
	free(r->output);
	free(r);
}

/* ------------------------------------------------------------- a program */

static void
hook_run_encode(struct hook_run *r, const char *data, size_t len)
{
	struct buf b;

	buf_init(&b, 2 * OUTPUT_MAX + 8);
	(void)base64_encode(&b, data, len);
	r->output = buf_take(&b);
}

static void
hook_run_ended(void *self, const struct child_end *end)
{
	struct hook_run *r = self;
	const char *late = end->timed_out ? ", its time was over" : "";
	const char *cut = end->cut ? ", it printed more than is kept" : "";

	(void)FAULT("hook.ended");
	r->ok = end->exit == 0 && !end->timed_out;
	r->exit = end->exit;
	if (end->signal != 0)
		snprintf(r->result, sizeof(r->result), "signal %d%s%s",
			 end->signal, late, cut);
	else
		snprintf(r->result, sizeof(r->result), "exit %d%s%s",
			 end->exit, late, cut);
	hook_run_encode(r, end->output, end->output_len);
	if (!r->ok)
		log_warn("hook %s, attempt %d: %s", r->hook, r->attempt,
			 r->result);
	child_free(&r->child);
	hook_desk_wake(r->desk);
}

static void
hook_run_begin(struct hook_desk *desk, const struct json_object *job)
{
	const struct json_object *words = jdoc_in(job, "argv");
	const char *argv[ARGV_MAX + 1] = { NULL };
	const char *event = jdoc_str(job, "event", "{}");
	struct hook_run *r = x_new(struct hook_run);
	struct err err;

	for (size_t i = 0; i < jdoc_count(words) && i < ARGV_MAX; i++)
		argv[i] = json_as_str(json_item(words, i));
	*r = (struct hook_run){
		.next = desk->runs,
		.desk = desk,
		.coordinator = desk->coordinator,
		.run = jdoc_int(job, "run", 0),
		.attempt = (int)jdoc_int(job, "attempt", 0),
		.hook = x_strdup(jdoc_str(job, "hook", "")),
	};
	desk->runs = r;
	log_info("hook %s: run %lld, attempt %d", r->hook, (long long)r->run,
		 r->attempt);
	(void)FAULT("hook.spawn");
	r->child = child_new(desk->base, &(struct child_options){
		.argv = argv, .input = event, .input_len = strlen(event),
		.limit_ms = (unsigned int)jdoc_int(job, "timeout_ms",
						   HOOK_TIMEOUT_MS),
		.output_max = OUTPUT_MAX }, hook_run_ended, r, &err);
	(void)FAULT("hook.spawned");
	if (r->child != NULL)
		return;
	log_warn("hook %s: %s", r->hook, err.text);
	snprintf(r->result, sizeof(r->result), "%s", err.text);
	r->exit = -1;
	hook_run_encode(r, "", 0);
	desk->again = true;
}

/* ---------------------------------------------------------- the database */

/*
 * What it printed may be what the database does not take.  That it ran, and how
 * it ended, has to be there, or it runs again.
 */
static void
hook_run_refused(struct hook_run *r, const char *why)
{
	char ended[sizeof(r->result)];

	memcpy(ended, r->result, sizeof(ended));
	snprintf(r->result, sizeof(r->result),
		 "%.80s; the database refuses what it printed: %.300s", ended,
		 why);
	log_redact(r->result);
	free(r->output);
	hook_run_encode(r, "", 0);
	r->refused = true;
}

static void
hook_told(void *self, const struct pg_rows *rows, const struct pg_error *error)
{
	struct hook_desk *desk = self;
	struct hook_run *r = desk->telling;

	desk->asking = NULL;
	desk->telling = NULL;
	if (rows == NULL)
		log_warn("hook %s: its end is not written: %s", r->hook,
			 error->err.text);
	if (rows == NULL && store_away(error)) {
		waker_at(desk->waker, clock_boot_ms() + POLL_MS);
		return;
	}
	if (rows == NULL && !r->refused)
		hook_run_refused(r, error->message);
	else
		hook_run_free(r);
	hook_desk_turn(desk);
}

static void
hook_tell(struct hook_desk *desk, struct hook_run *r)
{
	struct store_num run, by, attempt, code;
	const char *params[] = {
		store_num(&run, r->run), store_num(&by, r->coordinator),
		store_num(&attempt, r->attempt), r->ok ? "true" : "false",
		r->exit < 0 ? NULL : store_num(&code, r->exit), r->result,
		r->output,
	};

	desk->telling = r;
	desk->asking = store_call(desk->pg, STORE_HOOK_DONE, params, POLL_MS,
				  hook_told, desk);
}

static void
hook_offered(void *self, const struct pg_rows *rows,
	     const struct pg_error *error)
{
	struct hook_desk *desk = self;

	desk->asking = NULL;
	if (rows == NULL) {
		log_warn("hooks are not offered: %s", error->err.text);
		desk->offered = false;
		waker_at(desk->waker, clock_boot_ms() + POLL_MS);
		return;
	}
	desk->known = desk->offered;
	hook_desk_turn(desk);
}

static void
offer_words(struct json_out *out, const char *key, char *const *words)
{
	if (words == NULL) {
		json_out_null(out, key);
		return;
	}
	json_out_array(out, key);
	for (; *words != NULL; words++)
		json_out_str(out, NULL, *words);
	json_out_end(out);
}

static void
hook_offer(struct hook_desk *desk)
{
	struct store_num by;
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_array(&out, NULL);
	for (size_t i = 0; i < desk->list.n; i++) {
		const struct hook *h = &desk->list.hook[i];

		json_out_object(&out, NULL);
		json_out_str(&out, "name", h->name);
		offer_words(&out, "argv", h->argv);
		offer_words(&out, "on", h->on);
		offer_words(&out, "fleets", h->fleets);
		json_out_int(&out, "timeout_ms", h->timeout_ms);
		json_out_end(&out);
	}
	json_out_end(&out);
	desk->offered = true;
	desk->asking = store_call(desk->pg, STORE_HOOK_OFFER, (const char *[]){
		store_num(&by, desk->coordinator), buf_str(&buf) },
		POLL_MS, hook_offered, desk);
	buf_free(&buf);
}

static void
hook_took(void *self, const struct pg_rows *rows, const struct pg_error *error)
{
	struct hook_desk *desk = self;
	struct json_object *jobs = NULL;
	const char *text;
	struct err err;

	desk->asking = NULL;
	if (rows == NULL) {
		log_again(&desk->told, LOG_LEVEL_INFO,
			  "hooks are not asked for: %s", error->err.text);
	} else {
		desk->told = (struct log_again){ 0 };
		text = store_value(rows);
		if (json_parse(text, strlen(text), &json_limits_doc, &jobs,
			       &err) < 0)
			log_error("hooks: %s", err.text);
		for (size_t i = 0; i < jdoc_count(jobs); i++)
			hook_run_begin(desk, json_item(jobs, i));
		json_free(&jobs);
	}
	if (desk->again)
		hook_desk_turn(desk);
	else
		waker_at(desk->waker, clock_boot_ms() + POLL_MS);
}

/* One statement at a time: ends first, then the offer, then what is new. */
static void
hook_desk_turn(void *self)
{
	struct hook_desk *desk = self;
	struct store_num by;

	if (desk->asking != NULL || desk->coordinator == 0)
		return;
	for (struct hook_run *r = desk->runs; r != NULL; r = r->next)
		if (r->child == NULL) {
			hook_tell(desk, r);
			return;
		}
	if (desk->resting)
		return;
	if (!desk->offered) {
		hook_offer(desk);
		return;
	}
	desk->again = false;
	desk->asking = store_call(desk->pg, STORE_HOOK_TAKE, (const char *[]){
		store_num(&by, desk->coordinator) }, POLL_MS, hook_took, desk);
}

/* -------------------------------------------------------------- the face */

struct hook_desk *
hook_desk_new(struct event_base *base, struct pg *pg)
{
	struct hook_desk *desk = x_new(struct hook_desk);

	desk->base = base;
	desk->pg = pg;
	desk->waker = waker_new(base, hook_desk_turn, desk);
	return desk;
}

void
hook_desk_free(struct hook_desk **dp)
{
	struct hook_desk *desk = *dp;

	if (desk == NULL)
		return;
	if (desk->asking != NULL)
		pg_call_cancel(&desk->asking);
	while (desk->runs != NULL)
		hook_run_free(desk->runs);
	waker_free(&desk->waker);
	hook_list_free(&desk->list);
	x_free(dp);
}

void
hook_desk_set(struct hook_desk *desk, struct hook_list *list)
{
	hook_list_free(&desk->list);
	desk->list = *list;
	*list = (struct hook_list){ 0 };
	desk->offered = desk->known = false;
	hook_desk_wake(desk);
}

void
hook_desk_begin(struct hook_desk *desk, int64_t coordinator)
{
	desk->coordinator = coordinator;
	desk->offered = desk->known = false;
	hook_desk_wake(desk);
}

bool
hook_desk_known(const struct hook_desk *desk)
{
	return desk->known;
}

void
hook_desk_wake(struct hook_desk *desk)
{
	desk->again = true;
	waker_at(desk->waker, clock_boot_ms());
}

void
hook_desk_rest(struct hook_desk *desk)
{
	desk->resting = true;
}
