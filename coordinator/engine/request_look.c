/* request_look.c - what a check looks at, and what it showed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "expr.h"
#include "request_check.h"

#define AGREE_COLUMNS 32

static void
check_add(struct check *check, struct check_item item)
{
	check->items = x_realloc(check->items, check->nitems + 1,
				 sizeof(*check->items));
	check->items[check->nitems++] = item;
}

static void
check_ask_fleet(struct request *request)
{
	const struct look_roster *roster = request->roster;
	struct check *check = request->own;

	for (size_t i = 0; i < roster->ngroups; i++) {
		const char *name = roster->groups[i].name;

		check_add(check, (struct check_item){ .kind = CHECK_READY,
			.nr = look_ready(request->look, name),
			.what = name });
	}
	for (size_t i = 0; i < roster->nbackends; i++) {
		const char *name = roster->backends[i].name;

		if (roster->backends[i].excluded)
			continue;
		check_add(check, (struct check_item){ .kind = CHECK_SERVICE,
			.nr = look_service(request->look, name),
			.what = name, .backend = name });
	}
	if (roster->service_key != NULL)
		check_add(check, (struct check_item){ .kind = CHECK_ROWS,
			.nr = look_rows(request->look) });
}

static const char *
check_str(const struct json_object *obj, const char *key)
{
	const char *text = NULL;

	if (json_kind(obj) == JSON_OBJECT)
		(void)json_opt_str(obj, key, 65536, &text, NULL);
	return text;
}

static const struct json_object *
check_list(const struct json_object *obj, const char *key)
{
	const struct json_object *list = NULL;

	if (json_kind(obj) == JSON_OBJECT)
		(void)json_opt_array(obj, key, 100000, &list, NULL);
	return list;
}

static size_t
check_count(const struct json_object *list)
{
	return list == NULL ? 0 : json_count(list);
}

static void
check_ask_values(struct request *request, const struct request_turn *turn,
		 const struct look_scope *scope,
		 const struct json_object *step)
{
	const struct json_object *list = check_list(step, "remember");

	for (size_t i = 0; i < check_count(list); i++) {
		const struct json_object *item = json_item(list, i);
		const char *value = check_str(item, "value");

		if (value == NULL)
			continue;
		check_add(request->own, (struct check_item){
			.kind = CHECK_VALUE,
			.nr = look_value(request->look, scope, value),
			.what = check_str(step, "name"),
			.backend = turn->backend,
			.name = check_str(item, "name") });
	}
}

/* An expression, or fields of which each must be equal everywhere. */
static void
check_ask_preflight(struct request *request, const struct look_scope *scope,
		    const struct json_object *row)
{
	const struct json_object *same = check_list(row, "same");
	const char *expect = check_str(row, "expect"), *field;
	struct check_item item = { .kind = CHECK_PREFLIGHT,
				   .what = check_str(row, "code"),
				   .backend = scope->backend,
				   .hint = check_str(row, "hint") };

	if (expect != NULL) {
		item.nr = look_expr(request->look, scope, expect);
		check_add(request->own, item);
	}
	for (size_t i = 0; i < check_count(same); i++) {
		if (json_item_str(same, i, 4096, &field, NULL) < 0)
			continue;
		item.nr = look_same(request->look, scope, field);
		check_add(request->own, item);
	}
}

static void
check_ask_turn(struct request *request, const struct request_turn *turn)
{
	const struct json_object *preflight = check_list(turn->plan,
							 "preflight");
	const struct json_object *steps = check_list(turn->plan, "steps");
	struct check *check = request->own;
	struct look_scope scope = { .backend = turn->backend,
				    .plan = turn->plan,
				    .rollout = check->rollout };

	for (size_t i = 0; i < check_count(preflight); i++)
		check_ask_preflight(request, &scope, json_item(preflight, i));
	for (size_t i = 0; i < check_count(steps); i++)
		check_ask_values(request, turn, &scope, json_item(steps, i));
}

/* --- what it showed --- */

static void
check_find(struct request *request, const struct check_item *item,
	   const char *code, const char *hint)
{
	const struct look_fact *fact = look_fact(request->look, item->nr);
	bool fine = fact->truth == TRI_TRUE;

	request_find(request, fine ? "ok" : "error", code, NULL,
		     item->backend, fine ? NULL : hint, fact->evidence,
		     "%s%s%s%s%s",
		     item->backend == NULL && item->what != NULL ?
			     item->what : "",
		     item->backend == NULL && item->what != NULL ? ": " : "",
		     fact->truth == TRI_UNKNOWN ? "nobody knows: " : "",
		     fact->text[0] != '\0' ? fact->text : "as it should be",
		     fact->silent[0] != '\0' ? " (some were silent)" : "");
}

static void
check_note_value(struct request *request, const struct check_item *item)
{
	const struct look_fact *fact = look_fact(request->look, item->nr);
	struct check *check = request->own;

	if (fact->truth != TRI_TRUE || item->what == NULL ||
	    item->name == NULL) {
		request_find(request, "error", "REMEMBER", NULL, item->backend,
			     NULL, fact->evidence, "%s: %s cannot be read "
			     "now: %s", item->what != NULL ? item->what : "?",
			     item->name != NULL ? item->name : "?",
			     fact->text);
		return;
	}
	check->values = x_realloc(check->values, check->nvalues + 1,
				  sizeof(*check->values));
	check->values[check->nvalues++] = (struct check_value){
		.backend = item->backend, .step = item->what,
		.name = item->name, .text = x_strdup(fact->text),
	};
}

/* Members that show different things of one backend disagree. */
struct agree {
	struct request *request;
	struct agree_seen {
		const char *key, *member;
		const struct reading *rows;
		size_t row;
	} *seen;
	size_t nseen;
	char *columns[AGREE_COLUMNS];
	size_t ncolumns;
	unsigned int differ;
};

static void
agree_add(struct agree *g, const char *column)
{
	for (size_t i = 0; i < g->ncolumns; i++)
		if (strcmp(g->columns[i], column) == 0)
			return;
	if (g->ncolumns < AGREE_COLUMNS)
		g->columns[g->ncolumns++] = x_strdup(column);
}

static void
agree_in(void *ctx, const char *probe, const char *column, enum expr_op op,
	 const char *literal, size_t off)
{
	(void)probe;
	(void)op;
	(void)literal;
	(void)off;
	agree_add(ctx, column);
}

/*
 * What "in service" speaks of, and what a plan wants to be the same of it.
 * Not every column: some differ between healthy members (when a state changed,
 * as each saw it), some from one instant to the next (users).
 */
static void
agree_columns(struct agree *g, const struct expr *in)
{
	const struct request *request = g->request;
	const struct json_object *rows, *same;
	const char *field;

	expr_fields(in, agree_in, g);
	rows = request->nturns == 0 ? NULL :
		check_list(request->turns[0].plan, "preflight");
	for (size_t i = 0; i < check_count(rows); i++) {
		same = check_list(json_item(rows, i), "same");
		for (size_t k = 0; k < check_count(same); k++)
			if (json_item_str(same, k, 4096, &field, NULL) == 0 &&
			    strncmp(field, "service.", 8) == 0)
				agree_add(g, field + 8);
	}
}

static void
agree_pair(struct agree *g, const struct agree_seen *x,
	   const struct agree_seen *y)
{
	for (size_t i = 0; i < g->ncolumns; i++) {
		const char *column = g->columns[i];
		const char *a = reading_cell(x->rows, x->row, column);
		const char *b = reading_cell(y->rows, y->row, column);

		if (a == NULL || b == NULL || strcmp(a, b) == 0)
			continue;
		g->differ++;
		request_find(g->request, "error", "MEMBERS_DISAGREE",
			     y->member, NULL, "wait until they agree, or look "
			     "why they do not", NULL, "%.60s: %s is %.60s on "
			     "%s and %.60s on %s", y->key, column, a,
			     x->member, b, y->member);
	}
}

static void
agree_row(void *ctx, const char *member, const char *key,
	  const struct reading *rows, size_t row)
{
	struct agree *g = ctx;

	g->seen = x_realloc(g->seen, g->nseen + 1, sizeof(*g->seen));
	g->seen[g->nseen++] = (struct agree_seen){ key, member, rows, row };
}

/* Each row against the first one of the same backend. */
static void
agree_compare(struct agree *g)
{
	for (size_t i = 1; i < g->nseen; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(g->seen[i].key, g->seen[k].key) != 0)
				continue;
			agree_pair(g, &g->seen[k], &g->seen[i]);
			break;
		}
	}
}

/* Whoever else takes from what routes these users does not know of ours. */
static void
agree_strangers(const struct agree *g)
{
	const struct look_roster *roster = g->request->roster;

	for (size_t i = 0; roster->strangers_refused && i < g->nseen; i++) {
		const struct agree_seen *seen = &g->seen[i];
		bool told = look_roster_by_address(roster, seen->key) != NULL;

		for (size_t k = 0; k < i; k++)
			told |= strcmp(g->seen[k].key, seen->key) == 0;
		if (!told)
			request_find(g->request, "error", "STRANGER",
				     seen->member, NULL, "add it to the "
				     "inventory; if it is of another fleet, "
				     "give both one interlock and set "
				     "strangers: ignore", NULL,
				     "%.60s is no backend of this fleet",
				     seen->key);
	}
}

static void
check_agree(struct request *request, const struct check_item *item)
{
	struct agree g = { .request = request };
	struct expr *in = NULL;

	if (expr_parse(request->roster->service_in, EXPR_COLUMNS, &in, NULL,
		       NULL) < 0)
		return;
	look_each_row(request->look, item->nr, agree_row, &g);
	agree_columns(&g, in);
	agree_compare(&g);
	agree_strangers(&g);
	if (g.differ == 0)
		request_find(request, "ok", "MEMBERS_AGREE", NULL, NULL, NULL,
			     NULL, "all that answered show the same");
	for (size_t i = 0; i < g.ncolumns; i++)
		free(g.columns[i]);
	free(g.seen);
	expr_free(&in);
}

static void
check_show(struct request *request, const struct check_item *item)
{
	char hint[200];

	switch (item->kind) {
	case CHECK_READY:
		check_find(request, item, "GROUP_READY",
			   "wait for it; a change needs every member ready");
		break;
	case CHECK_SERVICE:
		(void)snprintf(hint, sizeof(hint), "bring it back, or: drydock "
			       "exclude %.64s --reason \"...\"",
			       item->backend != NULL ? item->backend : "it");
		check_find(request, item, "IN_SERVICE", hint);
		break;
	case CHECK_PREFLIGHT:
		check_find(request, item, item->what != NULL ? item->what :
			   "PREFLIGHT", item->hint);
		break;
	case CHECK_VALUE:
		check_note_value(request, item);
		break;
	case CHECK_ROWS:
		check_agree(request, item);
		break;
	}
}

void
request_look_ask(struct request *request)
{
	request->look = look_new(request->roster);
	check_ask_fleet(request);
	for (size_t i = 0; i < request->nturns; i++)
		check_ask_turn(request, &request->turns[i]);
}

void
request_look_show(struct request *request)
{
	struct check *check = request->own;

	for (size_t i = 0; i < check->nitems; i++)
		check_show(request, &check->items[i]);
}
