/*
 * look.c - questions asked together: what they need, asked once, then facts.
 *
 * While it is put together a look only notes: items (the questions) and needs
 * (distinct host and words).  look_run() gives each need a reading; when the
 * last one has its outcome, or time is up, every item is decided at once.
 */
#include "look.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "look_private.h"

struct look *
look_new(struct look_roster *roster)
{
	struct look *look = x_new(struct look);

	look->roster = roster;
	return look;
}

static void
item_clear(struct look_item *item)
{
	for (size_t i = 0; i < item->nprobes; i++)
		look_probe_free(&item->probes[i]);
	for (size_t i = 0; i < item->nparts; i++)
		item_clear(&item->parts[i]);
	free(item->probes);
	free(item->parts);
	expr_free(&item->expr);
	free(item->name);
	free(item->column);
	free(item->broken);
	free(item->text);
	free(item->silent);
	free(item->evidence);
}

void
look_free(struct look **lookp)
{
	struct look *look = *lookp;

	*lookp = NULL;
	if (look == NULL)
		return;
	call_timer_stop(&look->timer);
	for (size_t i = 0; i < look->nitems; i++) {
		item_clear(look->items[i]);
		free(look->items[i]);
	}
	for (size_t i = 0; i < look->nneeds; i++)
		look_need_free(look->needs[i]);
	free(look->items);
	free(look->needs);
	free(look);
}

static struct look_item *
item_new(struct look *look, enum look_kind kind, const char *name)
{
	struct look_item *item = x_new(struct look_item);

	assert(look->done == NULL);
	item->kind = kind;
	item->name = x_strdup(name);
	look->items = x_realloc(look->items, look->nitems + 1,
				sizeof(struct look_item *));
	look->items[look->nitems++] = item;
	return item;
}

static struct look_probe *
item_probe(struct look_item *item)
{
	item->probes = x_realloc(item->probes, item->nprobes + 1,
				 sizeof(*item->probes));
	item->probes[item->nprobes] = (struct look_probe){ .name = NULL };
	return &item->probes[item->nprobes++];
}

static void
item_columns(struct look_item *item, const char *in)
{
	struct err err = { 0 };

	if (expr_parse(in, EXPR_COLUMNS, &item->expr, NULL, &err) < 0)
		item->broken = x_strdup(err.text);
}

static void
item_service(struct look *look, struct look_item *item,
	     const struct look_host *backend, const char *without)
{
	item_columns(item, look->roster->service_in);
	look_probe_service(look, item_probe(item), backend, without);
}

/* Whether each other backend is in service, as a part of the question. */
static void
item_peers(struct look *look, struct look_item *item)
{
	const struct look_roster *roster = look->roster;
	const char *own = item->scope.backend;

	if (item->parts != NULL)
		return;
	item->parts = x_calloc(roster->nbackends + 1, sizeof(*item->parts));
	for (size_t i = 0; i < roster->nbackends; i++) {
		const struct look_host *backend = &roster->backends[i];
		struct look_item *part = &item->parts[item->nparts];

		if (backend->excluded ||
		    (own != NULL && strcmp(backend->name, own) == 0))
			continue;
		item->nparts++;
		part->kind = LOOK_KIND_SERVICE;
		part->name = x_strdup(backend->name);
		item_service(look, part, backend, item->scope.without);
	}
}

struct field_walk {
	struct look *look;
	struct look_item *item;
};

static void
item_needs(struct look *look, struct look_item *item, const char *probe)
{
	if (strcmp(probe, "out") == 0)
		return;
	if (strcmp(probe, "peers") == 0) {
		item_peers(look, item);
		return;
	}
	for (size_t i = 0; i < item->nprobes; i++) {
		if (strcmp(item->probes[i].name, probe) == 0)
			return;
	}
	look_probe_plan(look, item_probe(item), &item->scope, probe);
}

static void
item_field(void *ctx, const char *probe, const char *column, enum expr_op op,
	   const char *literal, size_t off)
{
	struct field_walk *walk = ctx;

	(void)column;
	(void)op;
	(void)literal;
	(void)off;
	if (probe != NULL)
		item_needs(walk->look, walk->item, probe);
}

unsigned int
look_expr(struct look *look, const struct look_scope *scope, const char *expr)
{
	struct look_item *item = item_new(look, LOOK_KIND_EXPR, expr);
	struct field_walk walk = { look, item };
	struct err err = { 0 };

	item->scope = *scope;
	if (expr_parse(expr, EXPR_FIELDS, &item->expr, NULL, &err) < 0 ||
	    expr_fill(item->expr, look_scope_name, &item->scope, NULL,
		      &err) < 0)
		item->broken = x_strdup(err.text);
	else
		expr_fields(item->expr, item_field, &walk);
	return (unsigned int)look->nitems - 1;
}

/* An item that is there, with its scope: its name and column from the field. */
static void
item_value(struct look *look, struct look_item *item, const char *field)
{
	const char *dot = strchr(field, '.');

	item->name = x_strndup(field, dot != NULL ? (size_t)(dot - field) :
						    strlen(field));
	if (dot == NULL) {
		item->broken = x_asprintf("%.80s is no PROBE.COLUMN", field);
	} else {
		item->column = x_strdup(dot + 1);
		item_needs(look, item, item->name);
	}
}

unsigned int
look_value(struct look *look, const struct look_scope *scope,
	   const char *field)
{
	struct look_item *item = item_new(look, LOOK_KIND_VALUE, NULL);

	item->scope = *scope;
	item_value(look, item, field);
	return (unsigned int)look->nitems - 1;
}

static void
same_part(struct look *look, struct look_item *item, const char *backend)
{
	struct look_item *part = &item->parts[item->nparts++];

	part->kind = LOOK_KIND_VALUE;
	part->scope = item->scope;
	part->scope.backend = backend;
	item_value(look, part, item->name);
}

unsigned int
look_same(struct look *look, const struct look_scope *scope, const char *field)
{
	const struct look_roster *roster = look->roster;
	struct look_item *item = item_new(look, LOOK_KIND_SAME, field);
	char *probe = x_strndup(field, strcspn(field, "."));
	bool members = look_probe_is_members(look, scope, probe);

	item->scope = *scope;
	item->parts = x_calloc(roster->nbackends + 1, sizeof(*item->parts));
	same_part(look, item, scope->backend);
	for (size_t i = 0; !members && i < roster->nbackends; i++) {
		const struct look_host *backend = &roster->backends[i];

		if (!backend->excluded &&
		    strcmp(backend->name, scope->backend) != 0)
			same_part(look, item, backend->name);
	}
	free(probe);
	return (unsigned int)look->nitems - 1;
}

unsigned int
look_service(struct look *look, const char *backend)
{
	const struct look_host *host =
		look_roster_backend(look->roster, backend);
	struct look_item *item = item_new(look, LOOK_KIND_SERVICE, backend);

	if (host == NULL)
		item->broken = x_asprintf("no backend %.60s", backend);
	else
		item_service(look, item, host, NULL);
	return (unsigned int)look->nitems - 1;
}

unsigned int
look_ready(struct look *look, const char *group)
{
	const struct look_group *g = look_roster_group(look->roster, group);
	struct look_item *item = item_new(look, LOOK_KIND_READY, group);

	item->group = g;
	if (g == NULL) {
		item->broken = x_asprintf("no group %.60s", group);
	} else if (g->ready != NULL) {
		item_columns(item, g->ready_in);
		look_probe_ready(look, item_probe(item), g, NULL);
	}
	return (unsigned int)look->nitems - 1;
}

unsigned int
look_absent(struct look *look, const char *group, const char *member)
{
	const struct look_group *g = look_roster_group(look->roster, group);
	struct look_item *item = item_new(look, LOOK_KIND_ABSENT, member);

	item->group = g;
	if (g == NULL || g->lists_key == NULL ||
	    look_roster_member(g, member) == NULL) {
		item->broken = x_asprintf("nobody lists %.60s", member);
	} else {
		item_columns(item, g->ready_in);
		look_probe_ready(look, item_probe(item), g, member);
	}
	return (unsigned int)look->nitems - 1;
}

unsigned int
look_rows(struct look *look)
{
	struct look_item *item = item_new(look, LOOK_KIND_ROWS, "service");

	if (look->roster->service_key == NULL)
		item->broken = x_strdup("the fleet's service has no key: its "
					"rows name no backend");
	else
		look_probe_rows(look, item_probe(item));
	return (unsigned int)look->nitems - 1;
}

void
look_each_row(const struct look *look, unsigned int nr, look_row_fn *fn,
	      void *ctx)
{
	const struct look_item *item = look->items[nr];
	const char *why;

	assert(nr < look->nitems && item->kind == LOOK_KIND_ROWS);
	for (size_t i = 0; item->nprobes > 0 && i < item->probes[0].nseen;
	     i++) {
		const struct look_seen *seen = &item->probes[0].seen[i];
		const struct reading *rows =
			seen->need->reading == NULL ? NULL :
			look_reading_rows(seen->need->reading,
					  item->probes[0].spec->format, &why);

		for (size_t row = 0; rows != NULL && row < reading_rows(rows);
		     row++) {
			const char *key = reading_cell(
				rows, row, look->roster->service_key);

			if (key != NULL)
				fn(ctx, seen->member, key, rows, row);
		}
	}
}

size_t
look_strangers(const struct look *look, unsigned int nr, struct buf *names)
{
	const struct look_item *item = look->items[nr];

	assert(nr < look->nitems && item->kind == LOOK_KIND_ROWS);
	if (!look->roster->strangers_refused ||
	    look->roster->service_group == NULL || item->nprobes == 0)
		return 0;
	return look_probe_strangers(look->roster, &item->probes[0], names);
}

/* --- asking --- */

/* From the timer: all have their outcome, or those that have not are late. */
static void
look_finish(void *ctx)
{
	struct look *look = ctx;
	look_done_fn *done = look->done;

	call_timer_stop(&look->timer);
	for (size_t i = 0; i < look->nneeds; i++)
		list_del(&look->needs[i]->waiting);
	look->waiting = 0;
	for (size_t i = 0; i < look->nitems; i++)
		look_item_decide(look, look->items[i]);
	done(look->ctx, look);
}

/*
 * The end is told by the timer alone, so that a look whose readings were all
 * there already ends as any other does.
 */
void
look_arrived(struct look *look)
{
	assert(look->waiting > 0);
	if (--look->waiting > 0)
		return;
	call_timer_stop(&look->timer);
	look->timer = call_timer_start(look->roster->calls, 0, look_finish,
				       look);
}

void
look_run(struct look *look, int64_t max_age_ms, int64_t timeout_ms,
	 look_done_fn *done, void *ctx)
{
	struct look_roster *roster = look->roster;
	int64_t at_ms;

	assert(look->done == NULL && done != NULL && roster->calls != NULL);
	look->done = done;
	look->ctx = ctx;
	for (size_t i = 0; i < look->nneeds; i++)
		look_reading_want(look, look->needs[i], max_age_ms,
				  timeout_ms);
	at_ms = look->waiting == 0 ? 0 : look_now_ms(roster) + timeout_ms;
	look->timer = call_timer_start(roster->calls, at_ms, look_finish,
				       look);
}

const struct look_fact *
look_fact(const struct look *look, unsigned int nr)
{
	assert(nr < look->nitems);
	return &look->items[nr]->fact;
}
