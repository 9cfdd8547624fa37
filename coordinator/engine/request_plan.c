/* request_plan.c - expand a procedure over the fleet and pin it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "request_private.h"

#define DOC_MAX (16u << 20)	/* bytes of a whole plan */

static void
plan_saved(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	char result[64], message[120];

	if (value == NULL) {
		request_fail(request, "the plan was not stored: %s", why);
		return;
	}
	(void)snprintf(result, sizeof(result), "{\"rollout\":%.20s}", value);
	(void)snprintf(message, sizeof(message), "rollout %.20s is planned "
		       "over %zu %s", value, request->nturns,
		       num_noun(request->nturns, "backend", "backends"));
	request_done(request, true, result, message);
}

static void
plan_turns(const struct request *request, struct json_out *o)
{
	json_out_array(o, "turns");
	for (size_t i = 0; i < request->nturns; i++) {
		json_out_object(o, NULL);
		json_out_str(o, "backend", request->turns[i].backend);
		json_out_value(o, "plan", request->turns[i].plan);
		json_out_end(o);
	}
	json_out_end(o);
}

/* What the person said goes along as it was said. */
static void
plan_args(const struct request *request, struct json_out *o)
{
	static const char *const keys[] = { "procedure_sha256", "vars",
					    "files", "only", "except",
					    "stop_after", "note",
					    "change_ref" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct json_object *v = json_member(request->args,
							  keys[i]);

		if (v != NULL)
			json_out_value(o, keys[i], v);
	}
}

static void
plan_save(struct request *request, const char *strategy)
{
	const struct request_env *env = request_env(request);
	char fleet[24], epoch[24], id[24];
	const char *params[4] = { fleet, epoch, id, NULL };
	int64_t revision = 0;
	struct json_out o;
	struct buf doc;

	(void)json_opt_int(request->fleet, "revision", 0, INT64_MAX,
			   &revision, NULL);
	buf_init(&doc, DOC_MAX);
	json_out_init(&o, &doc);
	json_out_object(&o, NULL);
	plan_args(request, &o);
	json_out_int(&o, "fleet_revision", revision);
	json_out_raw(&o, "strategy", strategy);
	plan_turns(request, &o);
	json_out_end(&o);
	(void)snprintf(fleet, sizeof(fleet), "%lld", (long long)env->fleet);
	(void)snprintf(epoch, sizeof(epoch), "%lld", (long long)env->epoch);
	(void)snprintf(id, sizeof(id), "%lld", (long long)request->id);
	params[3] = buf_str(&doc);
	if (buf_over(&doc))
		request_fail(request, "the plan is larger than %u MiB",
			     DOC_MAX >> 20);
	else
		request_ask(request, REQUEST_SAVE, params, plan_saved);
	buf_free(&doc);
}

/* Only shown, not stored. */
static void
plan_show(struct request *request)
{
	struct json_out o;
	struct buf doc;

	buf_init(&doc, DOC_MAX);
	json_out_init(&o, &doc);
	json_out_object(&o, NULL);
	plan_turns(request, &o);
	json_out_end(&o);
	if (buf_over(&doc))
		request_fail(request, "the plan is larger than %u MiB",
			     DOC_MAX >> 20);
	else
		request_done(request, true, buf_str(&doc), "nothing was "
			     "stored");
	buf_free(&doc);
}

static void
plan_got_procedure(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct buf strategy;
	bool save = true;

	if (value == NULL || value[0] == '\0') {
		request_fail(request, "the procedure: %s",
			     value == NULL ? why : "it is not stored");
		return;
	}
	(void)json_opt_bool(request->args, "save", &save, NULL);
	buf_init(&strategy, 1u << 20);
	if (request_expand(request, value, &strategy) < 0)
		request_done(request, false, NULL,
			     "nothing was planned: see the findings");
	else if (save)
		plan_save(request, buf_str(&strategy));
	else
		plan_show(request);
	buf_free(&strategy);
}

void
request_plan(struct request *request)
{
	const char *params[1];
	struct err err = { 0 };

	if (json_get_str(request->args, "procedure_sha256", 64, &params[0],
			 &err) < 0)
		request_fail(request, "%s", err.text);
	else
		request_ask(request, REQUEST_PROCEDURE, params,
			    plan_got_procedure);
}
