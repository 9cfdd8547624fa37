/*
 * write.c - batches of ops on their way to the database.
 *
 * The oldest is under way; it is repeated under its own call id until an
 * answer came, so a lost commit is recognised by advance() and not repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "engine_private.h"
#include "fault.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "sheet.h"
#include "store.h"
#include "uuid.h"

/* It may answer as fast as it is asked: read-only, or about to stop. */
enum { WRITE_RETRY_MS = 1000 };

static void write_send(struct fleet *f);

static void
batch_drop(struct fleet *f)
{
	struct batch *b = f->batches;

	f->batches = b->next;
	free(b->ops);
	free(b);
}

/* The next batch, nothing in it yet. */
static void
ops_begin(struct fleet *f)
{
	buf_clear(&f->ops);
	f->ops_what = 0;
	f->ops_happened = f->ops_reload = f->ops_commits = false;
	f->ops_host[0] = '\0';
}

static void
batches_drop(struct fleet *f)
{
	while (f->batches != NULL)
		batch_drop(f);
	ops_begin(f);
}

void
write_cancel(struct fleet *f)
{
	if (f->writing != NULL)
		pg_call_cancel(&f->writing);
	batches_drop(f);
}

static void
write_took(struct fleet *f, const struct pg_rows *rows)
{
	const char *text = store_value(rows);
	struct json_object *doc;
	bool reload = f->batches->reload;
	uint64_t what = f->batches->what;
	int64_t revision = f->batches->revision;

	if (json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      NULL) == 0) {
		f->view.revision = jdoc_int(doc, "revision",
					    f->view.revision);
		json_free(&doc);
	}
	batch_drop(f);
	f->reload |= reload;
	fleet_back(f);
	refused_taken(f, what, revision);
	if (f->batches != NULL)
		write_send(f);
	fleet_wake(f);
}

/* The revision moved, but what happened, happened: write it on the new one. */
static void
write_revised(void *self, const struct pg_rows *rows,
	      const struct pg_error *error)
{
	struct fleet *f = self;

	f->writing = NULL;
	(void)error;
	if (rows != NULL && f->batches != NULL)
		f->batches->revision = atoll(store_value(rows));
	write_send(f);
}

static void
write_revision(struct fleet *f)
{
	struct store_num rollout;
	const char *params[] = { store_num(&rollout, f->batches->rollout) };

	f->writing = store_call(f->pg, STORE_REVISION, params,
				ENGINE_CALL_MS, write_revised, f);
}

static void
write_away(struct fleet *f, const struct pg_error *error)
{
	fleet_away(f, error->err.text);
	f->retry_ms = clock_boot_ms() + WRITE_RETRY_MS;
	fleet_wake(f);
}

/*
 * What happened on a host is not lost with the decision that tells it: its
 * attempt is still `sent` in the rows, act_do() let go of the agent's answer,
 * so after the load the agent is asked again, and answers from its journal.
 */
static void
write_undecided(struct fleet *f)
{
	batches_drop(f);
	/* values that this batch remembered are gone with it */
	looks_forget(&f->looks);
	values_clear(f);
	trace_again(f);
	sheet_untold(f);
	f->strange[0] = '\0';		/* nor is its hold there */
	fleet_reload(f);
}

/* One machine under two names: whoever is first heard of now is not used. */
static bool
write_denied(struct fleet *f, const struct pg_error *error)
{
	char host[VIEW_NAME];

	memcpy(host, f->batches->host, sizeof(host));
	if (host[0] == '\0' || !store_refused(error, "RD005"))
		return false;
	write_undecided(f);
	engine_deny(f, host, error->message);
	return true;
}

static void
write_refused(struct fleet *f, const struct pg_error *error)
{
	uint64_t what = f->batches->what;

	if (store_refused(error, "RD010")) {
		f->fenced = true;
		fleet_wake(f);
		return;
	}
	if (store_refused(error, "RD011") && f->batches->happened) {
		write_revision(f);
		return;
	}
	if (store_refused(error, "RD011")) {
		log_info("%s: decided anew: %s", f->name, error->err.text);
		write_undecided(f);
		return;
	}
	if (write_denied(f, error))
		return;
	log_error("%s: %s%s; ops %.400s", f->name,
		  what == WRITES_REFUSAL ? "this cannot be told either: " : "",
		  error->err.text, f->batches->ops);
	write_undecided(f);
	if (what != WRITES_REFUSAL)
		refused_tell(f, what, error);
}

static void
write_done(void *self, const struct pg_rows *rows,
	   const struct pg_error *error)
{
	struct fleet *f = self;

	f->writing = NULL;
	if (rows != NULL)
		write_took(f, rows);
	else if (store_away(error))
		write_away(f, error);
	else
		write_refused(f, error);
}

static void
write_send(struct fleet *f)
{
	struct store_num fleet, epoch, rollout, revision;
	const struct batch *b = f->batches;
	const char *params[6];

	if (b == NULL || f->writing != NULL)
		return;
	params[0] = store_num(&fleet, f->id);
	params[1] = store_num(&epoch, f->epoch);
	params[2] = b->rollout ? store_num(&rollout, b->rollout) : NULL;
	params[3] = b->rollout ? store_num(&revision, b->revision) : NULL;
	params[4] = b->ops;
	params[5] = b->call;
	f->writing = store_call(f->pg, STORE_ADVANCE, params, ENGINE_CALL_MS,
				write_done, f);
}

void
write_retry(struct fleet *f)
{
	write_send(f);
}

bool
write_flush(struct fleet *f)
{
	struct batch *b, **tail = &f->batches;

	if (f->ops.len == 0)
		return false;
	b = x_new(struct batch);
	uuid_make(b->call);
	b->ops = x_asprintf("[%s]", buf_str(&f->ops));
	b->rollout = f->view.rollout;
	b->revision = f->view.revision;
	b->what = f->ops_what;
	b->happened = f->ops_happened;
	b->reload = f->ops_reload;
	b->commits = f->ops_commits;
	memcpy(b->host, f->ops_host, sizeof(b->host));
	ops_begin(f);
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = b;
	write_send(f);
	(void)FAULT("engine.written");
	return true;
}
