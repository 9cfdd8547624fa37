/*
 * request_dry.c - what copy, clean and package would do, without doing it.
 *
 * The files come from the database first, then each host is asked in turn, the
 * hosts beside each other: package lists may be downloaded, which takes time.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "request_private.h"
#include "wire.h"

#define DRY_MS	    (15 * 60 * 1000)

static void dry_ask(struct request_todo *todo);
static void dry_fetch(struct request *request);

static const struct request_content *
dry_content(const struct request *request, const char *sha256)
{
	for (size_t i = 0; i < request->ncontents; i++) {
		if (strcmp(request->contents[i].sha256, sha256) == 0)
			return &request->contents[i];
	}
	return NULL;
}

static void
dry_find(struct request_todo *todo, const struct request_item *item,
	 const struct call_answer *answer)
{
	static const char *const codes[][2] = {
		{ "copy", "COPY" }, { "clean", "CLEAN" },
		{ "package", "PACKAGE" },
	};
	bool ok = answer->outcome == CALL_ANSWERED;
	const struct json_object *v;
	const char *code = "DRY";
	struct json_out o;
	struct buf detail;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i][0], item->kind) == 0)
			code = codes[i][1];
	}
	buf_init(&detail, WIRE_LINE_MAX * 2);
	json_out_init(&o, &detail);
	json_out_object(&o, NULL);
	json_out_str(&o, "step", item->step);
	if (answer->body != NULL) {
		v = json_member(answer->body, "text");
		if (v != NULL)
			json_out_str(&o, "text", json_as_str(v));
		v = json_member(answer->body, "data");
		if (v != NULL)
			json_out_value(&o, "data", v);
	}
	json_out_end(&o);
	request_find(todo->request, ok ? "ok" : "error", code, todo->host,
		     item->backend, answer->hint[0] != '\0' ? answer->hint :
		     NULL, buf_over(&detail) ? NULL : buf_str(&detail),
		     "%s: %.600s", item->step,
		     ok ? "would be done" : answer->why);
	buf_free(&detail);
}

static void
dry_answered(struct request_question *q, const struct call_answer *answer)
{
	struct request_todo *todo = q->ctx;

	dry_find(todo, &todo->items[todo->at], answer);
	todo->at++;
	dry_ask(todo);
}

static void
dry_question(struct request_todo *todo)
{
	const struct request_item *item = &todo->items[todo->at];
	struct request_question *q = request_question_new(
		todo->request, todo->host, dry_answered, todo);

	if (q == NULL)
		request_find(todo->request, "error", "NOT_ASKED", todo->host,
			     item->backend, NULL, NULL, "%s: there is no way "
			     "to it", item->step);
	else
		q->id = call_dry(q->call, item->kind, item->json,
				 strcmp(item->kind, "package") == 0, DRY_MS,
				 request_answered, q);
}

static void
dry_put(struct request_question *q, const struct call_answer *answer)
{
	struct request_todo *todo = q->ctx;

	if (answer->outcome == CALL_ANSWERED) {
		dry_question(todo);
		return;
	}
	dry_find(todo, &todo->items[todo->at], answer);
	todo->at++;
	dry_ask(todo);
}

/* The next thing at this host: its file first, when it has one. */
static void
dry_ask(struct request_todo *todo)
{
	const struct request_content *content;
	const struct request_item *item;
	struct request_question *q;

	while (todo->at < todo->n) {
		item = &todo->items[todo->at];
		if (item->sha256 == NULL) {
			dry_question(todo);
			return;
		}
		content = dry_content(todo->request, item->sha256);
		q = content == NULL ? NULL :
			request_question_new(todo->request, todo->host,
					     dry_put, todo);
		if (q != NULL) {
			q->id = call_put(q->call, item->sha256,
					 buf_str(&content->bytes),
					 content->bytes.len, request_answered,
					 q);
			return;
		}
		request_find(todo->request, "error", "COPY", todo->host,
			     item->backend, NULL, NULL, "%s: the file %.64s "
			     "is not stored", item->step, item->sha256);
		todo->at++;
	}
}

/* --- the files --- */

static void
dry_got_content(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct request_content *content =
		&request->contents[request->ncontents - 1];
	struct err err = { 0 };

	if (value == NULL)
		(void)err_set(&err, ERR_LOST, "%s", why);
	else if (value[0] == '\0')
		(void)err_set(&err, ERR_REFUSED, "it is not stored, or empty");
	else
		(void)base64_decode(&content->bytes, value, strlen(value),
				    &err);
	if (err.code != ERR_NONE)
		request_find(request, "error", "CONTENT", NULL, NULL, NULL,
			     NULL, "file %.64s: %s", content->sha256,
			     err.text);
	dry_fetch(request);
}

/* The first file that is needed and not here yet. */
static const char *
dry_missing(const struct request *request)
{
	for (size_t i = 0; i < request->ntodos; i++) {
		const struct request_todo *todo = request->todos[i];

		for (size_t k = 0; k < todo->n; k++) {
			const char *sha256 = todo->items[k].sha256;

			if (sha256 != NULL &&
			    dry_content(request, sha256) == NULL)
				return sha256;
		}
	}
	return NULL;
}

static void
dry_fetch(struct request *request)
{
	const char *params[1] = { dry_missing(request) };
	struct request_content *content;

	if (params[0] != NULL) {
		request->contents = x_realloc(request->contents,
					      request->ncontents + 1,
					      sizeof(*request->contents));
		content = &request->contents[request->ncontents++];
		content->sha256 = x_strdup(params[0]);
		buf_init(&content->bytes, WIRE_CONTENT_MAX);
		request_ask(request, REQUEST_CONTENT, params,
			    dry_got_content);
		return;
	}
	for (size_t i = 0; i < request->ntodos; i++)
		dry_ask(request->todos[i]);
	request_gathered(request);
}

void
request_dry(struct request *request, request_next_fn *next)
{
	request_gather(request, next);
	request_todo_make(request, true);
	dry_fetch(request);
}
