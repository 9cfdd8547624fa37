/*
 * request.c - take the next request, answer it, write the answer down.
 *
 * One at a time.  An answer that could not be written is kept and tried again,
 * so a request that was worked out is not lost with a connection.
 */
#include "request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "log.h"
#include "request_private.h"

#define AGAIN_MS 3000	/* until an answer is offered to the database again */

/* An answer on its way to the database. */
struct request_answer {
	char id[24];
	bool ok, refused;
	char *result, *message, *findings;
};

struct requests {
	struct request_env env;
	struct request_db db;
	struct request *now;
	struct request_answer *answer;
	struct call_timer *timer;
	bool again;			/* woken while busy */
	bool taking;
	struct log_again told;
	char coordinator[24], fleet[24];
};

static void requests_took(void *ctx, const char *value, const char *why);
static void request_offer(struct requests *all);

struct requests *
requests_new(const struct request_env *env, const struct request_db *db)
{
	struct requests *all = x_new(struct requests);

	all->env = *env;
	all->db = *db;
	(void)snprintf(all->coordinator, sizeof(all->coordinator), "%lld",
		       (long long)env->coordinator);
	(void)snprintf(all->fleet, sizeof(all->fleet), "%lld",
		       (long long)env->fleet);
	return all;
}

static void
request_free(struct request **requestp)
{
	struct request *request = *requestp;

	*requestp = NULL;
	if (request == NULL)
		return;
	if (request->own_free != NULL)
		request->own_free(request);
	request_questions_free(request);
	look_free(&request->look);
	look_roster_free(&request->roster);
	request_turns_free(request);
	request_todo_free(request);
	for (size_t i = 0; i < request->ncontents; i++) {
		free(request->contents[i].sha256);
		buf_free(&request->contents[i].bytes);
	}
	free(request->contents);
	json_free(&request->doc);
	json_free(&request->fleet_doc);
	buf_free(&request->findings);
	free(request);
}

static void
answer_free(struct request_answer **answerp)
{
	struct request_answer *answer = *answerp;

	*answerp = NULL;
	if (answer == NULL)
		return;
	free(answer->result);
	free(answer->message);
	free(answer->findings);
	free(answer);
}

void
requests_free(struct requests **allp)
{
	struct requests *all = *allp;

	*allp = NULL;
	if (all == NULL)
		return;
	all->db.cancel(all->db.self);
	call_timer_stop(&all->timer);
	request_free(&all->now);
	answer_free(&all->answer);
	free(all);
}

bool
requests_busy(const struct requests *all)
{
	return all->taking || all->now != NULL || all->answer != NULL;
}

void
requests_wake(struct requests *all)
{
	const char *params[] = { all->coordinator,
				 all->env.fleet != 0 ? all->fleet : NULL };

	if (requests_busy(all)) {
		all->again = true;
		return;
	}
	all->again = false;
	all->taking = true;
	all->db.ask(all->db.self, REQUEST_TAKE, params, requests_took, all);
}

/* --- answers --- */

static void
request_written(void *ctx, const char *value, const char *why);

static void
request_again(void *ctx)
{
	struct requests *all = ctx;

	call_timer_stop(&all->timer);
	request_offer(all);
}

static void
request_offer(struct requests *all)
{
	struct request_answer *a = all->answer;
	const char *params[] = { a->id, all->coordinator,
				 a->ok ? "true" : "false", a->result,
				 a->message, a->findings };

	all->db.ask(all->db.self, REQUEST_DONE, params, request_written, all);
}

/*
 * The same answer would be refused again, and whoever asked waits: that it was
 * refused is the answer then.
 */
static void
answer_refuse(struct request_answer *a, const char *why)
{
	char message[ERR_TEXT_SIZE + 40];
	struct json_out out;
	struct buf buf;

	log_error("request %s: the database refuses its answer: %s", a->id,
		  why);
	(void)snprintf(message, sizeof(message),
		       "the database refuses the answer: %s", why);
	log_redact(message);
	buf_init(&buf, REQUEST_FINDINGS_MAX);
	json_out_init(&out, &buf);
	json_out_array(&out, NULL);
	json_out_object(&out, NULL);
	json_out_str(&out, "code", "DATABASE_REFUSES");
	json_out_str(&out, "severity", "error");
	json_out_str(&out, "message", message);
	json_out_str(&out, "hint", "journalctl -u drydockd -n 50");
	json_out_end(&out);
	json_out_end(&out);
	x_strset(&a->findings, buf_str(&buf));
	x_strset(&a->message, message);
	x_strset(&a->result, NULL);
	a->ok = false;
	a->refused = true;
	buf_free(&buf);
}

/* Whoever has it now has the answer to give, too. */
static void
request_written(void *ctx, const char *value, const char *why)
{
	struct requests *all = ctx;
	bool ours = value == NULL && strstr(why, "is not in your hands") == NULL;

	if (ours && !all->answer->refused && all->db.refused(all->db.self)) {
		answer_refuse(all->answer, why);
		request_offer(all);
		return;
	}
	if (ours) {
		log_warn("request %s: its answer is not written: %s",
			    all->answer->id, why);
		all->timer = call_timer_start(
			all->env.calls,
			call_set_now_ms(all->env.calls) + AGAIN_MS,
			request_again, all);
		return;
	}
	answer_free(&all->answer);
	requests_wake(all);
}

void
request_done(struct request *request, bool ok, const char *result,
	     const char *message)
{
	struct requests *all = request->all;
	struct request_answer *a = x_new(struct request_answer);

	assert(all->now == request && all->answer == NULL);
	json_out_end(&request->findings_out);
	(void)snprintf(a->id, sizeof(a->id), "%lld", (long long)request->id);
	a->ok = ok;
	a->result = x_strdup(result);
	a->message = x_strdup(message);
	a->findings = x_strdup(buf_over(&request->findings) ?
			"[{\"code\":\"TOO_MANY\",\"severity\":\"error\","
			"\"message\":\"more findings than can be kept\"}]" :
			buf_str(&request->findings));
	all->answer = a;
	request_free(&all->now);
	request_offer(all);
}

void
request_fail(struct request *request, const char *fmt, ...)
{
	char *message;
	va_list ap;

	va_start(ap, fmt);
	message = x_vasprintf(fmt, ap);
	va_end(ap);
	request_done(request, false, NULL, message);
	free(message);
}

void
request_find(struct request *request, const char *severity, const char *code,
	     const char *host, const char *backend, const char *hint,
	     const char *detail_json, const char *fmt, ...)
{
	struct json_out *o = &request->findings_out;
	char *message;
	va_list ap;

	va_start(ap, fmt);
	message = x_vasprintf(fmt, ap);
	va_end(ap);
	request->errors += strcmp(severity, "error") == 0;
	request->warnings += strcmp(severity, "warning") == 0;
	json_out_object(o, NULL);
	json_out_str(o, "code", code);
	json_out_str(o, "severity", severity);
	json_out_str(o, "host", host);
	json_out_str(o, "backend", backend);
	json_out_str(o, "message", message);
	json_out_str(o, "hint", hint);
	if (detail_json != NULL)
		json_out_raw(o, "detail", detail_json);
	json_out_end(o);
	free(message);
}

/* --- taking --- */

void
request_ask(struct request *request, enum request_statement statement,
	    const char *const *params, request_got_fn *got)
{
	struct requests *all = request->all;

	all->db.ask(all->db.self, statement, params, got, request);
}

const struct request_env *
request_env(const struct request *request)
{
	return &request->all->env;
}

struct call_set *
request_calls(const struct request *request)
{
	return request->all->env.calls;
}

struct transport *
request_transport(const struct request *request)
{
	return request->all->env.transport;
}

static void
request_begin(struct request *request)
{
	static const struct {
		const char *kind;
		void (*run)(struct request *request);
	} kinds[] = {
		{ "plan", request_plan },     { "check", request_check },
		{ "discover", request_discover }, { "scan", request_scan },
		{ "greet", request_greet },   { "doctor", request_doctor },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, request->kind) == 0) {
			kinds[i].run(request);
			return;
		}
	}
	request_fail(request, "this coordinator cannot %s", request->kind);
}

/* A member of a fleet's document, when it is a list. */
static void
roster_exclusions(struct look_roster *roster, const struct json_object *list)
{
	for (size_t i = 0; json_kind(list) == JSON_ARRAY &&
	     i < json_count(list); i++) {
		const struct json_object *item = json_item(list, i);
		const struct json_object *members =
			json_member(item, "members");
		bool excluded = false;
		const char *name = "";

		(void)json_opt_bool(item, "excluded", &excluded, NULL);
		(void)json_opt_str(item, "name", 255, &name, NULL);
		if (excluded)
			look_roster_exclude(roster, name, true);
		if (members != NULL)
			roster_exclusions(roster, members);
	}
}

static int
request_read_fleet(struct request *request, const char *value, struct err *err)
{
	if (json_parse_object(value, strlen(value), &json_limits_doc,
			      &request->fleet_doc, err) < 0 ||
	    json_get_object(request->fleet_doc, "fleet", &request->fleet,
			    err) < 0 ||
	    json_get_object(request->fleet_doc, "inventory",
			    &request->inventory, err) < 0 ||
	    look_roster_parse(request->inventory, &request->roster, err) < 0)
		return -1;
	look_roster_calls(request->roster, request_calls(request));
	roster_exclusions(request->roster,
			  json_member(request->fleet, "backends"));
	roster_exclusions(request->roster,
			  json_member(request->fleet, "groups"));
	return 0;
}

static void
request_got_fleet(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct err err = { 0 };

	if (value == NULL)
		request_fail(request, "%s", why);
	else if (request_read_fleet(request, value, &err) < 0)
		request_fail(request, "the inventory: %s", err.text);
	else
		request_begin(request);
}

/* As much as fleet_internal.check_args() lets in, and what is put around it. */
static const struct json_limits request_limits = { 2 << 20, 32, 1 << 20 };

static int
request_read(struct request *request, const char *value, struct err *err)
{
	const char *kind;

	if (json_parse_object(value, strlen(value), &request_limits,
			      &request->doc, err) < 0 ||
	    json_get_str(request->doc, "kind", sizeof(request->kind) - 1,
			 &kind, err) < 0 ||
	    json_get_object(request->doc, "args", &request->args, err) < 0)
		return -1;
	(void)snprintf(request->kind, sizeof(request->kind), "%s", kind);
	return 0;
}

static void
requests_took(void *ctx, const char *value, const char *why)
{
	struct requests *all = ctx;
	const char *params[] = { all->fleet };
	struct request *request;
	struct err err = { 0 };
	char *doc;

	all->taking = false;
	if (value == NULL) {
		log_again(&all->told, LOG_LEVEL_WARN,
			  "requests cannot be taken: %s", why);
		return;
	}
	all->told = (struct log_again){ 0 };
	if (value[0] == '\0') {
		if (all->again)
			requests_wake(all);
		return;
	}
	request = x_new(struct request);
	request->all = all;
	list_init(&request->questions);
	buf_init(&request->findings, REQUEST_FINDINGS_MAX);
	json_out_init(&request->findings_out, &request->findings);
	json_out_array(&request->findings_out, NULL);
	all->now = request;
	request->id = strtoll(value, &doc, 10);
	if (request_read(request, doc, &err) < 0) {
		log_error("request %lld makes no sense: %s",
			  (long long)request->id, err.text);
		request_fail(request, "it makes no sense: %s", err.text);
		return;
	}
	log_info("request %lld: %s", (long long)request->id, request->kind);
	if (all->env.fleet != 0)
		request_ask(request, REQUEST_FLEET, params,
			    request_got_fleet);
	else
		request_begin(request);
}
