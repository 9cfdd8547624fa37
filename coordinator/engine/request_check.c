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
#include "num.h"
#include "request_check.h"
#include "template.h"

#define LOOK_MS 30000

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

/* --- the course of it --- */

static void
check_end(struct request *request)
{
	unsigned int errors = request->errors, warnings = request->warnings;
	char result[80], message[160];

	(void)snprintf(result, sizeof(result), "{\"errors\":%u,\"warnings\":"
		       "%u}", errors, warnings);
	(void)snprintf(message, sizeof(message), "%u %s, %u %s: "
		       "a rollout would %s", errors,
		       num_noun(errors, "error", "errors"), warnings,
		       num_noun(warnings, "warning", "warnings"),
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

	(void)look;
	request_look_show(request);
	request_may(request, check_dry);
}

static void
check_look(struct request *request)
{
	request_look_ask(request);
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
	const char *only = NULL;
	int ret;

	(void)json_opt_str(request->args, "backend", 255, &only, NULL);
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
		if (only != NULL && strcmp(only, backend) != 0)
			continue;
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

	params[0] = NULL;
	(void)json_opt_str(request->args, "procedure_sha256", 64, &params[0],
			   NULL);
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
