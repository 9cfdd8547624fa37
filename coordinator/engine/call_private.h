/* call_private.h - what the files of a call share; for call*.c only. */
#ifndef CALL_PRIVATE_H
#define CALL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "list.h"
#include "wire.h"

#define CALL_PENDING_MAX 256u	/* questions at one host, answered or not */
#define CALL_PUT_PIECE	 32768u	/* raw bytes of content in one line */

struct call_shape;

/* One thing a host said, checked against its shape. */
enum call_heard_kind { CALL_HEARD_ANSWER, CALL_HEARD_CHUNK, CALL_HEARD_PUSH };

struct call_heard {
	enum call_heard_kind kind;
	struct json_object *doc;	/* owns all that is below */
	uint64_t id;
	bool ok;
	const char *code;
	const char *why;
	const char *hint;
	int64_t epoch;			/* of code epoch, else 0 */
	bool is_err;			/* chunk: stream */
	const char *data;		/* chunk: base64 */
	const char *attempt;		/* push */
	const char *state;
	const struct json_object *result;
};

/* Any host's line; ERR_PROTO: hang up.  heard is to be freed on success. */
int call_hear(const char *line, size_t len, struct call_heard *heard,
	      struct err *err);
/* Is the body of an answer what this verb may be answered with? */
int call_hear_body(const struct call_heard *heard, enum wire_verb verb,
		   struct err *err);
/* What a verb's answer looks like. */
const struct call_shape *call_hear_shape(enum wire_verb verb);
void call_heard_free(struct call_heard *heard);

/* A member of a message: its key, type, and whether it must be there. */
struct call_shape {
	const char *key;
	enum call_shape_type {
		CALL_SHAPE_STR,
		CALL_SHAPE_INT,		/* not negative */
		CALL_SHAPE_BOOL,
		CALL_SHAPE_OBJECT,	/* inner NULL: any */
		CALL_SHAPE_ARRAY,	/* of inner objects; NULL: of strings */
	} type;
	bool must;
	const struct call_shape *inner;
};

/* Exactly these members, of these types.  The list ends with a NULL key. */
int call_shape_check(const struct json_object *obj,
		     const struct call_shape *shape, struct err *err);

/* Lines to the agent, without the newline; -1: it would be too long. */
int call_say_hello(struct buf *line, uint64_t id, const struct call *call);
int call_say_plain(struct buf *line, uint64_t id, const char *verb);
int call_say_change(struct buf *line, uint64_t id,
		    const struct call_change *change, struct err *err);
int call_say_ask(struct buf *line, uint64_t id, const char *attempt);
int call_say_begun(struct buf *line, uint64_t id, const char *fleet,
		   int64_t epoch, const char *step, const char *after);
int call_say_probe(struct buf *line, uint64_t id, const char *const *argv,
		   int64_t timeout_ms, size_t max_bytes, bool discard);
int call_say_tcp(struct buf *line, uint64_t id, const char *address, int port,
		 int64_t timeout_ms);
int call_say_may(struct buf *line, uint64_t id, const char *changes,
		 const char *reads);
int call_say_dry(struct buf *line, uint64_t id, const char *kind,
		 const char *spec, bool fetch, int64_t timeout_ms,
		 struct err *err);
int call_say_put(struct buf *line, uint64_t id, const char *sha256,
		 size_t size, size_t offset, const void *data, size_t len);
int call_say_peek(struct buf *line, uint64_t id, const char *attempt,
		  const char *stream, uint64_t offset);
int call_say_sheet(struct buf *line, uint64_t id, const char *fleet,
		   int64_t epoch, const char *rollout, const char *text);
int call_say_left(struct buf *line, uint64_t id, const char *fleet,
		  int64_t epoch, bool fix);
int call_say_forget(struct buf *line, uint64_t id, const char *fleet,
		    int64_t epoch, int64_t floor);

/*
 * A question: put by somebody, waiting, answered.  It is on call->questions
 * until its outcome is known and on call->ended until that was told.
 */
struct call_question {
	struct link link;
	uint64_t id;			/* the asker's, for call_drop() */
	uint64_t wire_id;		/* on this channel; 0: not sent */
	enum wire_verb verb;
	call_done_fn *done;		/* NULL: dropped, nobody cares */
	void *ctx;
	char *line;			/* until it is sent */
	int64_t patience_ms;
	int64_t put_ms;			/* when it was put */
	int64_t asked_ms;		/* when it was sent */
	size_t max_bytes;		/* of out and err each */
	struct buf out, err;
	struct call_pieces *pieces;	/* of a put, else NULL */
	char *then_line;		/* the change that the put is for */
	enum wire_verb then_verb;
	enum call_outcome outcome;	/* once on call->ended */
	char *why;
};

/* What is still to be sent of a put. */
struct call_pieces {
	char sha256[65];
	size_t size, offset;
	unsigned char data[];
};

/* X(name): where a channel stands. */
#define CALL_STATES(X)							\
	X(AWAY)		/* no channel, none wanted */			\
	X(RESTING)	/* wanted; the back-off runs */			\
	X(OPENING)	/* the transport connects */			\
	X(BANNER)	/* noise until the magic line */		\
	X(GREETING)	/* the first hello is out */			\
	X(UP)

enum call_state {
#define X(name) CALL_##name,
	CALL_STATES(X)
#undef X
};

struct call {
	struct link link;		/* in set->calls */
	struct link alike;		/* in one of set->by_name */
	struct call_set *set;
	struct call_host host;		/* owned copies */
	enum call_state state;
	struct chan *chan;
	int64_t limit_ms;		/* OPENING … GREETING: hang up then */
	int64_t wake_ms;		/* RESTING: try again then */
	unsigned int tries;		/* since it was last up */
	size_t noise;
	uint64_t last_id, last_wire_id;
	struct link questions, ended;
	unsigned int pending;
	int64_t heard_ms, ping_ms;
	struct call_facts *facts;	/* NULL: never greeted */
	enum call_misfit misfit;
	int64_t fenced_by;
	char *why;
	char *denied, *denied_why;	/* a machine id that is not to be */
	int64_t denied_ms;		/* … until then */
	bool named;			/* in this round */
	bool leaving;			/* goes when nobody waits for it */
};

/* call_question.c: the list of questions. */
uint64_t call_question_put(struct call *call, enum wire_verb verb,
			   struct buf *line, int64_t timeout_ms,
			   size_t max_bytes, call_done_fn *done, void *ctx);
/* The same for one that cannot be sent at all; why is copied. */
uint64_t call_question_unfit(struct call *call, enum wire_verb verb,
			     const char *why, call_done_fn *done, void *ctx);
struct call_question *call_question_sent(struct call *call, uint64_t wire_id);
/* Is one of that verb open that is asked after this one? */
bool call_question_newer(const struct call *call, enum wire_verb verb,
			 uint64_t wire_id);
/* Does anybody wait for an answer? */
bool call_question_awaited(const struct call *call);
/* Its content is all there: now it is the change that it was put for. */
void call_question_go_on(struct call *call, struct call_question *q);
/* Its outcome is known without an answer: told at the next tick. */
void call_question_end(struct call *call, struct call_question *q,
		       enum call_outcome outcome, const char *why);
/* Tell those whose outcome is known. */
void call_question_tell(struct call *call);
/* An answer came: takes the question off and tells at once. */
void call_question_answer(struct call *call, struct call_question *q,
			  const struct call_heard *heard, const char *line);
/* -1, ERR_PROTO: not base64, or more than was asked for. */
int call_question_chunk(struct call_question *q,
			const struct call_heard *heard, struct err *err);
/* All that are open end, told or not; when the channel or the call goes. */
void call_question_lose(struct call *call, const char *why);
void call_question_free_all(struct call *call);
/* The earliest time at which one of them runs out; INT64_MAX: never. */
int64_t call_question_limit(const struct call *call);
void call_question_expire(struct call *call, int64_t now_ms);

/* call_facts.c: hello's answer.  Takes heard->doc over. */
struct call_facts *call_facts_new(struct call_heard *heard, int64_t asked_ms,
				  int64_t at_ms);
void call_facts_free(struct call_facts **facts);
/* Who answered there?  Not NONE: why_r is a sentence to be freed. */
enum call_misfit call_facts_check(const struct call_facts *facts,
				  const struct call_host *host,
				  int64_t *fenced_by_r, char **why_r);

/* call_host.c: owned copies of what a host should be. */
void call_host_copy(struct call_host *to, const struct call_host *from);
void call_host_free(struct call_host *host);
/* Would the same channel do for both? */
bool call_host_same_place(const struct call_host *a,
			  const struct call_host *b);
/* Would hello say, and check, the same? */
bool call_host_same_person(const struct call_host *a,
			   const struct call_host *b);

/* call.c: the machine.  call_flush() sends what may be sent. */
void call_flush(struct call *call);
void call_wanted(struct call *call);
void call_tick(struct call *call, int64_t now_ms);
int64_t call_next_ms(const struct call *call);
void call_opened(struct call *call);
void call_line(struct call *call, const char *line, size_t len);
/* The channel is dead; to be called by the transport's end or by us. */
void call_hang_up(struct call *call, const char *why);
/* By ourselves, from anywhere: nobody is told but the askers. */
void call_reopen(struct call *call, const char *why);

/* call_set.c: the transport and the clock. */
void call_set_open(struct call *call);
int call_set_send(struct call *call, const char *line, size_t len,
		  struct err *err);
void call_set_close(struct call *call);
int64_t call_set_now(const struct call *call);
/* Something may be due sooner now. */
void call_set_arm(struct call_set *set);
const struct call_hooks *call_set_hooks(const struct call *call, void **ctx_r);

#endif
