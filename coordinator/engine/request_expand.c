/* request_expand.c - a procedure over an inventory: a plan for each backend. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "procedure.h"
#include "request_private.h"

#define PLAN_MAX (2u << 20)	/* bytes of one backend's plan */

struct expand {
	struct request *request;
	struct procedure *proc;
	const struct json_object *vars, *files;
};

void
request_turns_free(struct request *request)
{
	for (size_t i = 0; i < request->nturns; i++) {
		free(request->turns[i].backend);
		json_free(&request->turns[i].plan);
	}
	free(request->turns);
	request->turns = NULL;
	request->nturns = 0;
}

/* What is wrong in the file is one finding, with its lines and carets. */
static void
expand_find(struct request *request, struct diags *d, const char *backend)
{
	struct buf text;

	buf_init(&text, 65536);
	diags_sort(d);
	diags_print(d, &text);
	if (d->errors + d->warnings > 0)
		request_find(request, d->errors > 0 ? "error" : "warning",
			     "PROCEDURE", NULL, backend, NULL, NULL, "%s",
			     buf_str(&text));
	buf_free(&text);
}

static bool
list_has(const struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const char *item = "";

		(void)json_item_str(list, i, 255, &item, NULL);
		if (strcmp(item, name) == 0)
			return true;
	}
	return false;
}

/* Is that backend asked for?  Excluded ones are named, and left out. */
static bool
expand_wanted(struct request *request, const char *backend)
{
	const struct json_object *only = NULL, *except = NULL;
	char hint[100];

	(void)json_opt_array(request->args, "only", 1000, &only, NULL);
	(void)json_opt_array(request->args, "except", 1000, &except, NULL);
	if (only != NULL && json_count(only) > 0 && !list_has(only, backend))
		return false;
	if (except != NULL && list_has(except, backend))
		return false;
	if (!look_roster_is_excluded(request->roster, backend))
		return true;
	(void)snprintf(hint, sizeof(hint), "drydock include %.64s", backend);
	request_find(request, "notice", "EXCLUDED", NULL, backend, hint, NULL,
		     "it is excluded and has no part in this");
	return false;
}

/* Every name that was typed must be one of ours. */
static void
expand_names(struct request *request, const char *key)
{
	const struct json_object *list = NULL;

	(void)json_opt_array(request->args, key, 1000, &list, NULL);
	for (size_t i = 0; list != NULL && i < json_count(list); i++) {
		const char *name = "";

		(void)json_item_str(list, i, 255, &name, NULL);
		if (look_roster_backend(request->roster, name) == NULL)
			request_find(request, "error", "UNKNOWN_BACKEND",
				     NULL, NULL, "drydock backend list   (lists them)",
				     NULL, "there is no backend %.60s", name);
	}
}

static void
expand_turn(struct expand *e, const char *backend)
{
	struct request *request = e->request;
	const struct plan_input in = {
		.inventory = request->inventory, .backend = backend,
		.vars = e->vars, .files = e->files,
	};
	struct json_object *plan = NULL;
	struct request_turn *turn;
	struct err err = { 0 };
	struct diags d;
	struct buf text;

	buf_init(&text, PLAN_MAX);
	diags_init(&d, procedure_name(e->proc));
	if (plan_expand(e->proc, &in, &d, &text) < 0 ||
	    json_parse_object(buf_str(&text), text.len, &json_limits_doc,
			      &plan, &err) < 0)
		plan = NULL;
	expand_find(request, &d, backend);
	if (err.code != ERR_NONE)
		request_find(request, "error", "PROCEDURE", NULL, backend,
			     NULL, NULL, "its plan: %s", err.text);
	diags_free(&d);
	buf_free(&text);
	if (plan == NULL)
		return;
	request->turns = x_realloc(request->turns, request->nturns + 1,
				   sizeof(*request->turns));
	turn = &request->turns[request->nturns++];
	turn->backend = x_strdup(backend);
	turn->plan = plan;
}

static void
expand_order(struct expand *e, const char *strategy)
{
	const struct json_object *order = NULL;
	struct json_object *doc = NULL;
	struct err err = { 0 };

	if (json_parse_object(strategy, strlen(strategy), &json_limits_doc,
			      &doc, &err) < 0 ||
	    json_get_array(doc, "order", 1000, &order, &err) < 0)
		request_find(e->request, "error", "PROCEDURE", NULL, NULL,
			     NULL, NULL, "its order: %s", err.text);
	for (size_t i = 0; order != NULL && i < json_count(order); i++) {
		const char *backend = "";

		(void)json_item_str(order, i, 255, &backend, NULL);
		if (expand_wanted(e->request, backend))
			expand_turn(e, backend);
	}
	json_free(&doc);
}

static void
expand_all(struct expand *e, struct buf *strategy)
{
	struct request *request = e->request;
	struct diags d;
	int ret;

	expand_names(request, "only");
	expand_names(request, "except");
	diags_init(&d, procedure_name(e->proc));
	ret = plan_strategy(e->proc, request->inventory, e->vars, &d,
			    strategy);
	expand_find(request, &d, NULL);
	diags_free(&d);
	if (ret == 0)
		expand_order(e, buf_str(strategy));
	if (request->errors == 0 && request->nturns == 0)
		request_find(request, "error", "NO_BACKEND", NULL, NULL, NULL,
			     NULL, "no backend is left to work on");
}

int
request_expand(struct request *request, const char *procedure,
	       struct buf *strategy)
{
	struct expand e = { .request = request };
	struct diags d;

	diags_init(&d, "procedure");
	if (procedure_parse(procedure, strlen(procedure), &d, &e.proc) == 0) {
		(void)json_opt_object(request->args, "vars", &e.vars, NULL);
		(void)json_opt_object(request->args, "files", &e.files, NULL);
		expand_all(&e, strategy);
	}
	expand_find(request, &d, NULL);
	diags_free(&d);
	procedure_free(&e.proc);
	return request->errors > 0 ? -1 : 0;
}
