/* request_private.h - between the files that answer requests. */
#ifndef REQUEST_PRIVATE_H
#define REQUEST_PRIVATE_H

#include <stdbool.h>

#include "buf.h"
#include "call.h"
#include "json.h"
#include "look.h"
#include "look_roster.h"
#include "request.h"

/* Something planned, to be asked about at one host. */
struct request_item {
	char *kind;			/* a change's verb; NULL: a read */
	char *json;			/* as the agent wants it */
	char *step, *backend;		/* for the finding */
	char *sha256;			/* content it needs, or NULL */
};

struct request_todo {
	char *host;
	struct request_item *items;
	size_t n, at;
	struct request *request;
};

/* A file that plans copy, out of the database. */
struct request_content {
	char *sha256;
	struct buf bytes;
};

struct request;
typedef void request_next_fn(struct request *request);

#define REQUEST_FINDINGS_MAX (4u << 20)	/* bytes of all of them */

/* One backend's pinned plan. */
struct request_turn {
	char *backend;
	struct json_object *plan;
};

struct request {
	struct requests *all;
	int64_t id;
	char kind[20];
	struct json_object *doc;	/* as taken */
	const struct json_object *args;
	struct json_object *fleet_doc;	/* {"fleet","inventory"} */
	const struct json_object *fleet, *inventory;
	struct look_roster *roster;
	struct look *look;
	struct link questions;		/* struct request_question */
	request_next_fn *next;		/* when the last is answered */
	struct request_turn *turns;
	size_t nturns;
	struct request_todo **todos;	/* pointers: they do not move */
	size_t ntodos;
	struct request_content *contents;
	size_t ncontents;
	struct buf findings;
	struct json_out findings_out;
	unsigned int errors, warnings;
	/* what the kind needs for itself, and how it is let go */
	void *own;
	void (*own_free)(struct request *request);
};

/* Ask the database for the request; got gets the request as ctx. */
void request_ask(struct request *request, enum request_statement statement,
		 const char *const *params, request_got_fn *got);
struct call_set *request_calls(const struct request *request);
struct transport *request_transport(const struct request *request);
const struct request_env *request_env(const struct request *request);

/* severity: ok notice warning error.  Any of the last four may be NULL. */
void request_find(struct request *request, const char *severity,
		  const char *code, const char *host, const char *backend,
		  const char *hint, const char *detail_json,
		  const char *fmt, ...) __attribute__((format(printf, 8, 9)));

/* Written down, and the next one is taken.  result: JSON text or NULL. */
void request_done(struct request *request, bool ok, const char *result,
		  const char *message);
void request_fail(struct request *request, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The kinds.  Each ends with request_done() or request_fail(). */
void request_plan(struct request *request);
void request_check(struct request *request);
void request_discover(struct request *request);
void request_scan(struct request *request);
void request_greet(struct request *request);
void request_doctor(struct request *request);

/*
 * request_expand.c: plans of all backends that args name, into request->turns;
 * errors become findings.  -1: there were some.  strategy: JSON text, added.
 */
int request_expand(struct request *request, const char *procedure,
		   struct buf *strategy);
void request_turns_free(struct request *request);

/*
 * request_hosts.c: questions to hosts.  A gathering is over, and next is
 * called, when the last question of it is answered.  Callbacks may ask more;
 * all of it is dropped when the request is freed.
 */
struct request_question {
	struct link link;
	struct request *request;
	char *host;
	struct call *call;
	uint64_t id;
	void (*done)(struct request_question *question,
		     const struct call_answer *answer);
	void *ctx;
	size_t nr;			/* the asker's own */
};
void request_gather(struct request *request, request_next_fn *next);
/*
 * A question to be put by the caller with call_…(q->call, …,
 * request_answered, q), its id kept in q->id.  NULL: no such call here.
 */
struct request_question *
request_question_new(struct request *request, const char *host,
		     void (*done)(struct request_question *question,
				  const struct call_answer *answer),
		     void *ctx);
call_done_fn request_answered;
/* The asker is done asking for now: if nothing is open, next is called. */
void request_gathered(struct request *request);
void request_questions_free(struct request *request);

/* Every host of the fleet once, those excluded left out. */
typedef void request_host_fn(void *ctx, const char *host);
void request_each_host(const struct request *request, request_host_fn *fn,
		       void *ctx);
/* The hosts of a step's or probe's target. */
void request_each_target(const struct request *request, const char *backend,
			 const char *target, request_host_fn *fn, void *ctx);
/*
 * Hear from all of them, then call next: findings about every agent, whether
 * it is there, its version, clock, hold and journal.
 */
void request_reach(struct request *request, request_next_fn *next);

/*
 * request_todo.c: what the plans would do, by host, each thing once.
 * reads: probes too; builtin_only: copy, clean and package alone.
 */
void request_todo_make(struct request *request, bool builtin_only);
void request_todo_free(struct request *request);

/* request_may.c, request_dry.c: everything planned, asked without doing. */
void request_may(struct request *request, request_next_fn *next);
void request_dry(struct request *request, request_next_fn *next);

/* request_check.c: ${} of a planned text as it would be today. */
int request_fill(const struct request *request, const char *backend,
		 const char *text, char **text_r, struct err *err);

#endif
