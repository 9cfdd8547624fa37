/*
 * call_hear.c - what an agent may say, read strictly.
 *
 * Every message has a shape (a list of members); what does not fit it to the
 * last key is refused.  An answer is read twice: here without knowing the
 * question, for its id, and again by the verb that the id belongs to.
 */
#include <assert.h>
#include <string.h>

#include "call_private.h"
#include "json.h"
#include "uuid.h"

#define STR    CALL_SHAPE_STR
#define INT    CALL_SHAPE_INT
#define BOOL   CALL_SHAPE_BOOL
#define OBJECT CALL_SHAPE_OBJECT
#define ARRAY  CALL_SHAPE_ARRAY
#define ANSWER { "id", INT, true, NULL }, { "ok", BOOL, true, NULL }
#define END    { NULL, STR, false, NULL }

static const struct call_shape shape_stream[] = {
	{ "bytes", INT, true, NULL },	{ "lines", INT, true, NULL },
	{ "sha256", STR, true, NULL },	{ "cut", BOOL, false, NULL },
	{ "head", STR, false, NULL },	END,
};

static const struct call_shape shape_result[] = {
	{ "exit", INT, false, NULL },
	{ "signal", INT, false, NULL },
	{ "timed_out", BOOL, false, NULL },
	{ "ms", INT, true, NULL },
	{ "started_wall_ms", INT, false, NULL },
	{ "boot_id", STR, false, NULL },
	{ "out", OBJECT, false, shape_stream },
	{ "err", OBJECT, false, shape_stream },
	{ "data", OBJECT, false, NULL },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_record[] = {
	{ "attempt", STR, true, NULL },
	{ "state", STR, true, NULL },
	{ "note", OBJECT, false, NULL },
	{ "result", OBJECT, false, shape_result },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_refusal[] = {
	ANSWER,
	{ "code", STR, true, NULL },
	{ "why", STR, true, NULL },
	{ "hint", STR, false, NULL },
	{ "epoch", INT, false, NULL },
	{ "record", OBJECT, false, shape_record },
	/* of a dry run that failed: what it said */
	{ "text", STR, false, NULL },
	{ "data", OBJECT, false, NULL },
	END,
};

static const struct call_shape shape_chunk[] = {
	{ "id", INT, true, NULL },
	{ "chunk", STR, true, NULL },
	{ "data", STR, true, NULL },
	END,
};

static const struct call_shape shape_push[] = {
	{ "push", STR, true, NULL },
	{ "attempt", STR, true, NULL },
	{ "state", STR, true, NULL },
	{ "result", OBJECT, false, shape_result },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_floor[] = {
	{ "uuid", STR, true, NULL },
	{ "epoch", INT, true, NULL },
	{ "floor", INT, true, NULL },
	/* only of a fleet that was refused */
	{ "code", STR, false, NULL },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_hello[] = {
	ANSWER,
	{ "agent", STR, true, NULL },
	{ "proto", INT, true, NULL },
	{ "name", STR, true, NULL },
	{ "machine_id", STR, true, NULL },
	{ "boot_id", STR, true, NULL },
	{ "boottime_ms", INT, true, NULL },
	{ "wall_ms", INT, true, NULL },
	{ "addresses", ARRAY, true, NULL },
	{ "fleets", ARRAY, true, shape_floor },
	{ "hold", STR, false, NULL },
	{ "sheet", BOOL, false, NULL },
	{ "journal", STR, true, NULL },
	{ "allow_sha256", STR, false, NULL },
	END,
};

static const struct call_shape shape_ping[] = {
	ANSWER,
	{ "wall_ms", INT, true, NULL },
	END,
};

static const struct call_shape shape_probe[] = {
	ANSWER,
	{ "exit", INT, false, NULL },
	{ "signal", INT, false, NULL },
	{ "timed_out", BOOL, false, NULL },
	{ "out", OBJECT, true, shape_stream },
	{ "err", OBJECT, true, shape_stream },
	{ "ms", INT, true, NULL },
	END,
};

static const struct call_shape shape_tcp[] = {
	ANSWER,
	{ "connected", BOOL, true, NULL },
	{ "line", STR, false, NULL },
	{ "ms", INT, true, NULL },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_attempt[] = {
	ANSWER,
	{ "state", STR, true, NULL },
	{ "result", OBJECT, false, shape_result },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_begun[] = {
	ANSWER,
	{ "record", OBJECT, false, shape_record },
	END,
};

static const struct call_shape shape_peek[] = {
	ANSWER,
	{ "data", STR, true, NULL },
	{ "bytes", INT, true, NULL },
	{ "eof", BOOL, true, NULL },
	END,
};

static const struct call_shape shape_verdict[] = {
	{ "ok", BOOL, true, NULL },
	{ "why", STR, false, NULL },
	END,
};

static const struct call_shape shape_may[] = {
	ANSWER,
	{ "changes", ARRAY, true, shape_verdict },
	{ "reads", ARRAY, true, shape_verdict },
	END,
};

static const struct call_shape shape_dry[] = {
	ANSWER,
	{ "text", STR, true, NULL },
	{ "data", OBJECT, false, NULL },
	END,
};

static const struct call_shape shape_put[] = {
	ANSWER,
	{ "have", INT, true, NULL },
	END,
};

static const struct call_shape shape_forget[] = {
	ANSWER,
	{ "floor", INT, true, NULL },
	END,
};

static const struct call_shape shape_item[] = {
	{ "what", STR, true, NULL },
	{ "name", STR, true, NULL },
	{ "attempt", STR, false, NULL },
	{ "since_ms", INT, false, NULL },
	END,
};

static const struct call_shape shape_left[] = {
	ANSWER,
	{ "left", ARRAY, true, shape_item },
	{ "more", BOOL, true, NULL },
	END,
};

static const struct call_shape shape_plain[] = { ANSWER, END };

static const struct call_shape *const shapes[] = {
	[WIRE_HELLO] = shape_hello,	[WIRE_PING] = shape_ping,
	[WIRE_PROBE] = shape_probe,	[WIRE_TCP] = shape_tcp,
	[WIRE_RUN] = shape_attempt,	[WIRE_COPY] = shape_attempt,
	[WIRE_CLEAN] = shape_attempt,	[WIRE_PACKAGE] = shape_attempt,
	[WIRE_ASK] = shape_attempt,	[WIRE_PEEK] = shape_peek,
	[WIRE_MAY] = shape_may,		[WIRE_DRY] = shape_dry,
	[WIRE_PUT] = shape_put,		[WIRE_SHEET] = shape_plain,
	[WIRE_FORGET] = shape_forget,	[WIRE_LEFT] = shape_left,
	[WIRE_BEGUN] = shape_begun,
};

_Static_assert(sizeof(shapes) / sizeof(shapes[0]) == WIRE_VERB_COUNT,
	       "every verb has a shape");

const struct call_shape *
call_hear_shape(enum wire_verb verb)
{
	return shapes[verb];
}

/* Only for members whose type was checked. */
static const char *
hear_str(const struct json_object *obj, const char *key)
{
	const struct json_object *value = json_member(obj, key);

	return value == NULL ? "" : json_as_str(value);
}

static int
hear_state(const struct json_object *obj, struct err *err)
{
	const char *state = hear_str(obj, "state");
	enum wire_state known;

	if (wire_state_find(state, &known) < 0)
		return err_set(err, ERR_PROTO, "no such state \"%.20s\"",
			       state);
	if ((known == WIRE_STATE_ENDED) !=
	    (json_member(obj, "result") != NULL))
		return err_set(err, ERR_PROTO,
			       "a result belongs to \"ended\" alone");
	return 0;
}

/* Of an attempt that the agent knows, and we may not. */
static int
hear_record(const struct call_heard *heard, struct err *err)
{
	const struct json_object *record = json_member(heard->doc, "record");

	return record == NULL ? 0 : hear_state(record, err);
}

static int
hear_push(struct call_heard *heard, struct err *err)
{
	heard->kind = CALL_HEARD_PUSH;
	if (call_shape_check(heard->doc, shape_push, err) < 0 ||
	    hear_state(heard->doc, err) < 0)
		return -1;
	if (strcmp(hear_str(heard->doc, "push"), "ended") != 0)
		return err_set(err, ERR_PROTO, "unknown push");
	heard->attempt = hear_str(heard->doc, "attempt");
	if (!uuid_valid(heard->attempt))
		return err_set(err, ERR_PROTO, "an attempt id is no uuid");
	heard->state = hear_str(heard->doc, "state");
	heard->result = json_member(heard->doc, "result");
	heard->why = hear_str(heard->doc, "why");
	return 0;
}

static int
hear_chunk(struct call_heard *heard, struct err *err)
{
	const char *stream;

	heard->kind = CALL_HEARD_CHUNK;
	if (call_shape_check(heard->doc, shape_chunk, err) < 0)
		return -1;
	stream = hear_str(heard->doc, "chunk");
	heard->is_err = strcmp(stream, "err") == 0;
	if (!heard->is_err && strcmp(stream, "out") != 0)
		return err_set(err, ERR_PROTO, "no such stream \"%.20s\"",
			       stream);
	heard->data = hear_str(heard->doc, "data");
	return 0;
}

static int
hear_refusal(struct call_heard *heard, struct err *err)
{
	const struct json_object *epoch;
	enum wire_code code;

	if (call_shape_check(heard->doc, shape_refusal, err) < 0)
		return -1;
	heard->code = hear_str(heard->doc, "code");
	if (wire_code_find(heard->code, &code) < 0)
		return err_set(err, ERR_PROTO, "no such code \"%.20s\"",
			       heard->code);
	heard->why = hear_str(heard->doc, "why");
	heard->hint = hear_str(heard->doc, "hint");
	epoch = json_member(heard->doc, "epoch");
	heard->epoch = epoch == NULL ? 0 : json_as_int(epoch);
	return hear_record(heard, err);
}

static int
hear_answer(struct call_heard *heard, struct err *err)
{
	heard->kind = CALL_HEARD_ANSWER;
	if (json_get_bool(heard->doc, "ok", &heard->ok, err) < 0)
		return -1;
	return heard->ok ? 0 : hear_refusal(heard, err);
}

static int
hear_kind(struct call_heard *heard, struct err *err)
{
	int64_t id;

	if (json_member(heard->doc, "push") != NULL)
		return hear_push(heard, err);
	if (json_get_int(heard->doc, "id", 1, INT64_MAX, &id, err) < 0)
		return -1;
	heard->id = (uint64_t)id;
	if (json_member(heard->doc, "chunk") != NULL)
		return hear_chunk(heard, err);
	return hear_answer(heard, err);
}

int
call_hear(const char *line, size_t len, struct call_heard *heard,
	  struct err *err)
{
	*heard = (struct call_heard){ .code = "", .why = "", .hint = "" };
	if (json_parse_object(line, len, &json_limits_wire, &heard->doc,
			      err) < 0)
		return -1;
	if (hear_kind(heard, err) == 0)
		return 0;
	call_heard_free(heard);
	return -1;
}

int
call_hear_body(const struct call_heard *heard, enum wire_verb verb,
	       struct err *err)
{
	assert(heard->kind == CALL_HEARD_ANSWER);
	if (!heard->ok)
		return 0;
	if (call_shape_check(heard->doc, shapes[verb], err) < 0)
		return -1;
	if (verb == WIRE_ASK || wire_verb_is_change(verb))
		return hear_state(heard->doc, err);
	return verb == WIRE_BEGUN ? hear_record(heard, err) : 0;
}

void
call_heard_free(struct call_heard *heard)
{
	json_free(&heard->doc);
}
