/*
 * request_check.c - would it work?  Everything is asked and nothing is done.
 *
 *	agents    reachable, versions, clocks, holds, journals     request_hosts
 *	looks     groups ready, members agree, all in service, preflight
 *	may       every planned command and probe, at its host     request_may
 *	dry       copy, clean, package as they would be            request_dry
 *
 * The looks come before `may`: what a step will remember is read now, so that
 * the words that depend on it can be asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "expr.h"
#include "request_private.h"
#include "template.h"

#define LOOK_MS 30000

/* A question of the look and whom it is about. */
struct check_item {
	enum check_kind {
		CHECK_READY, CHECK_SERVICE, CHECK_PREFLIGHT, CHECK_VALUE,
		CHECK_ROWS
	} kind;
	unsigned int nr;
	const char *what;	/* group, backend, code, or step */
	const char *backend;
	const char *name;	/* of a value */
	const char *hint;
};

/* What a step would remember, were it today. */
struct check_value {
	const char *backend, *step, *name;
	char *text;
};

struct check {
	struct check_item *items;
	size_t nitems;
	struct check_value *values;
	size_t nvalues;
	char rollout[24];
};

static void
check_free(struct request *request)
{
	struct check *check = request->own;

	for (size_t i = 0; i < check->nvalues; i++)
		free(check->values[i].text);
	free(check->values);
	free(check->items);
	free(check);
}

static void
check_add(struct check *check, struct check_item item)
{
	check->items = x_realloc(check->items, check->nitems + 1,
				 sizeof(*check->items));
	check->items[check->nitems++] = item;
}

/* --- what is planned, as it would be today --- */

struct fill {
	const struct check *check;
	const char *backend;
};

static const char *
fill_step(void *ctx, const char *step, const char *name)
{
	const struct fill *fill = ctx;

	if (strcmp(name, "state") == 0)
		return "passed";
	for (size_t i = 0; i < fill->check->nvalues; i++) {
		const struct check_value *v = &fill->check->values[i];

		if (strcmp(v->backend, fill->backend) == 0 &&
		    strcmp(v->step, step) == 0 && strcmp(v->name, name) == 0)
			return v->text;
	}
	return NULL;
}

static enum template_answer
fill_name(void *ctx, const char *name, struct buf *value, struct err *err)
{
	const struct fill *fill = ctx;
	const char *dot = strrchr(name, '.'), *text;
	char *step;

	if (strcmp(name, "rollout.id") == 0) {
		(void)buf_adds(value, fill->check->rollout);
		return TEMPLATE_VALUE;
	}
	if (strncmp(name, "steps.", 6) != 0 || dot <= name + 6) {
		(void)err_set(err, ERR_USAGE, "${%.80s} is not known", name);
		return TEMPLATE_UNKNOWN;
	}
	step = x_strndup(name + 6, (size_t)(dot - name - 6));
	text = fill_step(ctx, step, dot + 1);
	free(step);
	if (text == NULL)
		return TEMPLATE_OPEN;
	(void)buf_adds(value, text);
	return TEMPLATE_VALUE;
}

int
request_fill(const struct request *request, const char *backend,
	     const char *text, char **text_r, struct err *err)
{
	struct fill fill = { request->own, backend };

	return template_fill_text(text, fill_name, &fill, text_r, err);
}

/* --- the look --- */

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

	for (size_t i = 0; i < check_count(preflight); i++) {
		const struct json_object *row = json_item(preflight, i);
		const char *expect = check_str(row, "expect");

		if (expect == NULL)
			continue;
		check_add(check, (struct check_item){ .kind = CHECK_PREFLIGHT,
			.nr = look_expr(request->look, &scope, expect),
			.what = check_str(row, "code"),
			.backend = turn->backend,
			.hint = check_str(row, "hint") });
	}
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
	const struct reading *first;
	const char *key, *member;
	size_t row;
	struct agree_seen {
		const char *key, *member;
		const struct reading *rows;
		size_t row;
	} *seen;
	size_t nseen;
	unsigned int differ;
	/* the two rows that are being compared */
	const struct agree_seen *a, *b;
};

static void
agree_column(void *ctx, const char *probe, const char *column,
	     enum expr_op op, const char *literal, size_t off)
{
	struct agree *g = ctx;
	const char *a = reading_cell(g->a->rows, g->a->row, column);
	const char *b = reading_cell(g->b->rows, g->b->row, column);

	(void)probe;
	(void)op;
	(void)literal;
	(void)off;
	if (a == NULL || b == NULL || strcmp(a, b) == 0)
		return;
	g->differ++;
	request_find(g->request, "error", "MEMBERS_DISAGREE", g->b->member,
		     NULL, "wait until they agree, or look why they do not",
		     NULL, "%.60s: %s is %.60s on %s and %.60s on %s",
		     g->b->key, column, a, g->a->member, b, g->b->member);
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
agree_compare(struct agree *g, const struct expr *in)
{
	for (size_t i = 1; i < g->nseen; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(g->seen[i].key, g->seen[k].key) != 0)
				continue;
			g->a = &g->seen[k];
			g->b = &g->seen[i];
			expr_fields(in, agree_column, g);
			break;
		}
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
	agree_compare(&g, in);
	if (g.differ == 0)
		request_find(request, "ok", "MEMBERS_AGREE", NULL, NULL, NULL,
			     NULL, "all that answered show the same");
	free(g.seen);
	expr_free(&in);
}

static void
check_show(struct request *request, const struct check_item *item)
{
	switch (item->kind) {
	case CHECK_READY:
		check_find(request, item, "GROUP_READY",
			   "wait for it; a change needs every member ready");
		break;
	case CHECK_SERVICE:
		check_find(request, item, "IN_SERVICE",
			   "bring it back, or drydock exclude it");
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

/* --- the course of it --- */

static void
check_end(struct request *request)
{
	unsigned int errors = request->errors, warnings = request->warnings;
	char result[80], message[160];

	(void)snprintf(result, sizeof(result), "{\"errors\":%u,\"warnings\":"
		       "%u}", errors, warnings);
	(void)snprintf(message, sizeof(message), "%u error%s, %u warning%s: "
		       "a rollout would %s", errors, errors == 1 ? "" : "s",
		       warnings, warnings == 1 ? "" : "s",
		       errors == 0 ? "start" : "not start");
	request_done(request, true, result, message);
}

static void
check_dry(struct request *request)
{
	request_dry(request, check_end);
}

static void
check_looked(void *ctx, struct look *look)
{
	struct request *request = ctx;
	struct check *check = request->own;

	(void)look;
	for (size_t i = 0; i < check->nitems; i++)
		check_show(request, &check->items[i]);
	request_may(request, check_dry);
}

static void
check_look(struct request *request)
{
	request->look = look_new(request->roster);
	check_ask_fleet(request);
	for (size_t i = 0; i < request->nturns; i++)
		check_ask_turn(request, &request->turns[i]);
	look_run(request->look, 0, LOOK_MS, check_looked, request);
}

static void
check_begin(struct request *request, const char *rollout)
{
	struct check *check = x_new(struct check);

	(void)snprintf(check->rollout, sizeof(check->rollout), "%s", rollout);
	request->own = check;
	request->own_free = check_free;
	request_reach(request, check_look);
}

static int
check_read_plan(struct request *request, const char *value, struct err *err)
{
	const struct json_object *turns;
	struct json_object *doc = NULL;
	int ret;

	ret = json_parse_object(value, strlen(value), &json_limits_doc, &doc,
				err);
	if (ret == 0)
		ret = json_get_array(doc, "turns", 1000, &turns, err);
	for (size_t i = 0; ret == 0 && i < json_count(turns); i++) {
		const struct json_object *turn = json_item(turns, i), *plan;
		const char *backend;
		struct request_turn *to;
		struct json_out o;
		struct buf text;

		if (json_get_str(turn, "backend", 255, &backend, err) < 0 ||
		    json_get_object(turn, "plan", &plan, err) < 0) {
			ret = -1;
			break;
		}
		buf_init(&text, 4u << 20);
		json_out_init(&o, &text);
		json_out_value(&o, NULL, plan);
		request->turns = x_realloc(request->turns, request->nturns + 1,
					   sizeof(*request->turns));
		to = &request->turns[request->nturns++];
		*to = (struct request_turn){ .backend = x_strdup(backend) };
		ret = json_parse_object(buf_str(&text), text.len,
					&json_limits_doc, &to->plan, err);
		buf_free(&text);
	}
	json_free(&doc);
	return ret;
}

static void
check_got_plan(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct err err = { 0 };
	char rollout[24];
	int64_t number = 0;

	if (value == NULL || value[0] == '\0') {
		request_fail(request, "%s", value == NULL ? why :
			     "there is no such rollout");
		return;
	}
	if (check_read_plan(request, value, &err) < 0) {
		request_fail(request, "the plan: %s", err.text);
		return;
	}
	(void)json_opt_int(request->args, "rollout", 1, INT64_MAX, &number,
			   NULL);
	(void)snprintf(rollout, sizeof(rollout), "%lld", (long long)number);
	check_begin(request, rollout);
}

static void
check_got_procedure(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct buf strategy;
	int ret;

	if (value == NULL || value[0] == '\0') {
		request_fail(request, "the procedure: %s",
			     value == NULL ? why : "it is not stored");
		return;
	}
	buf_init(&strategy, 1u << 20);
	ret = request_expand(request, value, &strategy);
	buf_free(&strategy);
	if (ret < 0)
		request_done(request, true, NULL, "it cannot be planned: see "
			     "the findings");
	else
		check_begin(request, "0");
}

/* A rollout, a procedure, or nothing but the fleet itself. */
void
request_check(struct request *request)
{
	const char *params[1];
	int64_t rollout = 0;
	char text[24];

	params[0] = check_str(request->args, "procedure_sha256");
	(void)json_opt_int(request->args, "rollout", 1, INT64_MAX, &rollout,
			   NULL);
	(void)snprintf(text, sizeof(text), "%lld", (long long)rollout);
	if (rollout != 0) {
		params[0] = text;
		request_ask(request, REQUEST_PLAN, params, check_got_plan);
	} else if (params[0] != NULL) {
		request_ask(request, REQUEST_PROCEDURE, params,
			    check_got_procedure);
	} else {
		check_begin(request, "0");
	}
}
