/* request_may.c - is every planned command permitted where it would run? */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "request_private.h"

#define BATCH	    16		/* things in one question */
#define BATCH_BYTES 40000	/* so that it fits a line */

static void may_ask(struct request_todo *todo);

static void
may_verdict(struct request_todo *todo, const struct request_item *item,
	    const struct json_object *verdict)
{
	const char *why = "";
	bool ok = false;

	(void)json_opt_bool(verdict, "ok", &ok, NULL);
	(void)json_opt_str(verdict, "why", 2000, &why, NULL);
	if (!ok)
		request_find(todo->request, "error", "NOT_ALLOWED", todo->host,
			     item->backend,
			     "drydock procedure allow prints the lines for "
			     "/etc/drydock/allow there", NULL, "%s: %.600s",
			     item->step, why);
}

/* How many from `at` on went into the question: the same count both ways. */
static size_t
may_batch(const struct request_todo *todo, struct buf *changes,
	  struct buf *reads)
{
	size_t n = 0, bytes = 0;

	(void)buf_addc(changes, '[');
	(void)buf_addc(reads, '[');
	while (todo->at + n < todo->n && n < BATCH) {
		const struct request_item *item = &todo->items[todo->at + n];
		struct buf *to = item->kind != NULL ? changes : reads;

		bytes += strlen(item->json);
		if (n > 0 && bytes > BATCH_BYTES)
			break;
		(void)buf_addf(to, "%s%s", to->len > 1 ? "," : "",
			       item->json);
		n++;
	}
	(void)buf_addc(changes, ']');
	(void)buf_addc(reads, ']');
	return n;
}

static void
may_answered(struct request_question *q, const struct call_answer *answer)
{
	struct request_todo *todo = q->ctx;
	const struct json_object *list[2];
	size_t at[2] = { 0, 0 };

	if (answer->outcome != CALL_ANSWERED) {
		request_find(todo->request, "error", "NOT_ASKED", todo->host,
			     NULL, NULL, NULL, "it was not asked what it "
			     "permits: %.400s", answer->why);
		return;
	}
	list[0] = json_member(answer->body, "reads");
	list[1] = json_member(answer->body, "changes");
	for (size_t i = 0; i < q->nr; i++) {
		const struct request_item *item = &todo->items[todo->at + i];
		int which = item->kind != NULL;

		if (at[which] < json_count(list[which]))
			may_verdict(todo, item,
				    json_item(list[which], at[which]));
		else
			request_find(todo->request, "error", "NOT_ASKED",
				     todo->host, item->backend, NULL, NULL,
				     "%s: the agent gave no verdict",
				     item->step);
		at[which]++;
	}
	todo->at += q->nr;
	may_ask(todo);
}

static void
may_ask(struct request_todo *todo)
{
	struct request_question *q;
	struct buf changes, reads;

	if (todo->at == todo->n) {
		request_find(todo->request, "ok", "ASKED_ALL", todo->host,
			     NULL, NULL, NULL, "%zu planned commands and "
			     "reads were put to it", todo->n);
		return;
	}
	q = request_question_new(todo->request, todo->host, may_answered,
				 todo);
	if (q == NULL) {
		request_find(todo->request, "error", "NOT_ASKED", todo->host,
			     NULL, NULL, NULL, "there is no way to it");
		return;
	}
	buf_init(&changes, 1u << 20);
	buf_init(&reads, 1u << 20);
	q->nr = may_batch(todo, &changes, &reads);
	q->id = call_may(q->call, buf_str(&changes), buf_str(&reads),
			 request_answered, q);
	buf_free(&changes);
	buf_free(&reads);
}

void
request_may(struct request *request, request_next_fn *next)
{
	request_gather(request, next);
	request_todo_make(request, false);
	for (size_t i = 0; i < request->ntodos; i++)
		may_ask(request->todos[i]);
	request_gathered(request);
}
