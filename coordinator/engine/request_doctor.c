/*
 * request_doctor.c - what is left over on hosts, asked of every agent; with
 * "fix" they take away what carries our mark.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "request_private.h"
#include "uuid.h"

/* What an agent may name: word, code, severity, sentence, what to type. */
static const struct {
	const char *what, *code, *severity, *text, *hint;
} kinds[] = {
	{ "mask", "LEFT_MASK", "warning", "is masked at runtime by us",
	  "drydock doctor --fix" },
	{ "policy", "LEFT_POLICY", "warning", "was left by a change of packages",
	  "drydock doctor --fix" },
	{ "sheet", "LEFT_SHEET", "ok", "says how to finish by hand", NULL },
	{ "kept", "LEFT_KEPT", "ok", "is kept for an undo", NULL },
	{ "trash", "LEFT_TRASH", "warning", "was put aside and not purged",
	  "when nobody wants it back, on the host: rm -r NAME" },
	{ "apt-hold", "APT_HOLD", "warning", "is on hold: no step can change it",
	  "on the host: apt-mark unhold NAME" },
};

struct doctor {
	struct buf text;		/* the result: hosts and what is left */
	struct json_out o;
	bool fix;
};

static void
doctor_free(struct request *request)
{
	struct doctor *d = request->own;

	buf_free(&d->text);
	free(d);
}

static void
doctor_item(struct request *request, const char *host,
	    const struct json_object *item)
{
	const char *what = "", *name = "";

	(void)json_opt_str(item, "what", 40, &what, NULL);
	(void)json_opt_str(item, "name", 4096, &name, NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].what, what) != 0)
			continue;
		request_find(request, kinds[i].severity, kinds[i].code, host,
			     NULL, kinds[i].hint, NULL, "%.300s %s", name,
			     kinds[i].text);
		return;
	}
}

static void
doctor_heard(struct request_question *q, const struct call_answer *answer)
{
	struct request *request = q->request;
	struct doctor *d = request->own;
	const struct json_object *left;

	if (answer->outcome != CALL_ANSWERED) {
		request_find(request, "error", "LEFT_UNKNOWN", q->host, NULL,
			     "ask again when it answers", NULL, "%.400s",
			     answer->why);
		return;
	}
	left = json_member(answer->body, "left");
	json_out_object(&d->o, NULL);
	json_out_str(&d->o, "host", q->host);
	json_out_value(&d->o, "left", left);
	json_out_end(&d->o);
	for (size_t i = 0; i < json_count(left); i++)
		doctor_item(request, q->host, json_item(left, i));
	if (json_count(left) == 0)
		request_find(request, "ok", "LEFT_NOTHING", q->host, NULL,
			     NULL, NULL, "nothing is left there");
}

static void
doctor_end(struct request *request)
{
	struct doctor *d = request->own;
	char *result;

	json_out_end(&d->o);
	json_out_end(&d->o);
	result = x_strdup(buf_str(&d->text));
	request_done(request, request->errors + request->warnings == 0, result,
		     "every host was looked at");
	free(result);
}

static void
doctor_host(void *ctx, const char *host)
{
	struct request *request = ctx;
	struct doctor *d = request->own;
	struct request_question *q;
	const char *uuid = "";
	struct call *call = call_find(request_calls(request), host);

	/* who is silent was told already */
	if (call == NULL || !call_is_up(call))
		return;
	(void)json_opt_str(request->fleet, "uuid", UUID_TEXT_SIZE, &uuid, NULL);
	q = request_question_new(request, host, doctor_heard, NULL);
	q->id = call_left(q->call, uuid, request_env(request)->epoch, d->fix,
			  request_answered, q);
}

static void
doctor_hosts(struct request *request)
{
	request_gather(request, doctor_end);
	request_each_host(request, doctor_host, request);
	request_gathered(request);
}

void
request_doctor(struct request *request)
{
	struct doctor *d = x_new(struct doctor);

	request->own = d;
	request->own_free = doctor_free;
	(void)json_opt_bool(request->args, "fix", &d->fix, NULL);
	buf_init(&d->text, 4u << 20);
	json_out_init(&d->o, &d->text);
	json_out_object(&d->o, NULL);
	json_out_array(&d->o, "hosts");
	request_reach(request, doctor_hosts);
}
