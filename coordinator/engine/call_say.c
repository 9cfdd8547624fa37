/* call_say.c - the lines that we send to an agent. */
#include <string.h>

#include "base64.h"
#include "call_private.h"
#include "json.h"

/*
 * A line begins with id and verb and ends with the brace; between them each
 * question writes its own members.  The buffer's bound is the line's: whether
 * it held is asked once, at the end.
 */
static struct json_out
say_begin(struct buf *line, uint64_t id, const char *verb)
{
	struct json_out o;

	json_out_init(&o, line);
	json_out_object(&o, NULL);
	json_out_int(&o, "id", (int64_t)id);
	json_out_str(&o, "verb", verb);
	return o;
}

static int
say_end(struct json_out *o)
{
	json_out_end(o);
	return buf_over(o->to) ? -1 : 0;
}

static bool
say_member(void *self, const char *key, const struct json_object *value)
{
	json_out_value(self, key, value);
	return true;
}

/* The members of an object given as text, among ours. */
static int
say_spliced(struct json_out *o, const char *spec, struct err *err)
{
	struct json_object *doc;

	if (json_parse_object(spec, strlen(spec), &json_limits_wire, &doc,
			      err) < 0)
		return err_prefix(err, "what the step is to do: ");
	json_each(doc, say_member, o);
	json_free(&doc);
	return 0;
}

static void
say_fleets(struct json_out *o, const struct call *call)
{
	const struct call_hooks *hooks;
	void *ctx;

	hooks = call_set_hooks(call, &ctx);
	json_out_array(o, "fleets");
	for (size_t i = 0; i < call->host.nfleets; i++) {
		const struct call_fleet *fleet = &call->host.fleets[i];

		json_out_object(o, NULL);
		json_out_str(o, "uuid", fleet->uuid);
		json_out_str(o, "name", fleet->name);
		json_out_int(o, "epoch", fleet->epoch);
		if (hooks->given_out != NULL)
			json_out_int(o, "seq",
				     hooks->given_out(ctx, fleet->uuid));
		json_out_end(o);
	}
	json_out_end(o);
}

int
call_say_hello(struct buf *line, uint64_t id, const struct call *call)
{
	struct json_out o = say_begin(line, id, wire_verb_name(WIRE_HELLO));
	const struct call_host *host = &call->host;

	say_fleets(&o, call);
	json_out_str(&o, "host", host->name);
	json_out_str(&o, "coordinator",
		     host->coordinator != NULL ? host->coordinator : "");
	return say_end(&o);
}

int
call_say_plain(struct buf *line, uint64_t id, const char *verb)
{
	struct json_out o = say_begin(line, id, verb);

	return say_end(&o);
}

int
call_say_change(struct buf *line, uint64_t id,
		const struct call_change *change, struct err *err)
{
	struct json_out o = say_begin(line, id, change->verb);

	json_out_str(&o, "attempt", change->attempt);
	json_out_str(&o, "fleet", change->fleet);
	json_out_int(&o, "epoch", change->epoch);
	json_out_int(&o, "seq", change->seq);
	json_out_str(&o, "step", change->step);
	json_out_str(&o, "after", change->after);
	if (change->nabandoned > 0) {
		json_out_array(&o, "abandoned");
		for (size_t i = 0; i < change->nabandoned; i++)
			json_out_str(&o, NULL, change->abandoned[i]);
		json_out_end(&o);
	}
	if (change->undo_of != NULL)
		json_out_str(&o, "undo_of", change->undo_of);
	json_out_raw(&o, "note", change->note != NULL ? change->note : "{}");
	json_out_str(&o, "who", change->who);
	json_out_int(&o, "timeout_ms", change->timeout_ms);
	json_out_str(&o, "output", change->discard ? "discard" : "keep");
	if (change->spec != NULL && say_spliced(&o, change->spec, err) < 0)
		return -1;
	if (say_end(&o) < 0)
		return err_set(err, ERR_USAGE,
			       "the step is longer than a message may be (%d "
			       "bytes)", WIRE_LINE_MAX);
	return 0;
}

int
call_say_ask(struct buf *line, uint64_t id, const char *attempt)
{
	struct json_out o = say_begin(line, id, "ask");

	json_out_str(&o, "attempt", attempt);
	return say_end(&o);
}

int
call_say_begun(struct buf *line, uint64_t id, const char *fleet, int64_t epoch,
	       const char *step, const char *after)
{
	struct json_out o = say_begin(line, id, "begun");

	json_out_str(&o, "fleet", fleet);
	json_out_int(&o, "epoch", epoch);
	json_out_str(&o, "step", step);
	json_out_str(&o, "after", after);
	return say_end(&o);
}

int
call_say_probe(struct buf *line, uint64_t id, const char *const *argv,
	       int64_t timeout_ms, size_t max_bytes, bool discard)
{
	struct json_out o = say_begin(line, id, "probe");

	json_out_array(&o, "argv");
	for (; *argv != NULL; argv++)
		json_out_str(&o, NULL, *argv);
	json_out_end(&o);
	json_out_int(&o, "timeout_ms", timeout_ms);
	json_out_int(&o, "max_bytes", (int64_t)max_bytes);
	if (discard)
		json_out_str(&o, "output", "discard");
	return say_end(&o);
}

int
call_say_tcp(struct buf *line, uint64_t id, const char *address, int port,
	     int64_t timeout_ms)
{
	struct json_out o = say_begin(line, id, "tcp");

	json_out_str(&o, "address", address);
	json_out_int(&o, "port", port);
	json_out_int(&o, "timeout_ms", timeout_ms);
	return say_end(&o);
}

int
call_say_may(struct buf *line, uint64_t id, const char *changes,
	     const char *reads)
{
	struct json_out o = say_begin(line, id, "may");

	json_out_raw(&o, "changes", changes);
	json_out_raw(&o, "reads", reads);
	return say_end(&o);
}

int
call_say_dry(struct buf *line, uint64_t id, const char *kind, const char *spec,
	     bool fetch, int64_t timeout_ms, struct err *err)
{
	struct json_out o = say_begin(line, id, "dry");

	json_out_str(&o, "kind", kind);
	if (fetch)
		json_out_bool(&o, "fetch", true);
	json_out_int(&o, "timeout_ms", timeout_ms);
	if (say_spliced(&o, spec, err) < 0)
		return -1;
	if (say_end(&o) < 0)
		return err_set(err, ERR_USAGE, "the step is too long to ask");
	return 0;
}

int
call_say_put(struct buf *line, uint64_t id, const char *sha256, size_t size,
	     size_t offset, const void *data, size_t len)
{
	struct json_out o = say_begin(line, id, "put");
	struct buf text;
	int ret;

	buf_init(&text, WIRE_LINE_MAX);
	ret = base64_encode(&text, data, len);
	json_out_str(&o, "sha256", sha256);
	json_out_int(&o, "size", (int64_t)size);
	json_out_int(&o, "offset", (int64_t)offset);
	json_out_str(&o, "data", buf_str(&text));
	buf_free(&text);
	return say_end(&o) < 0 ? -1 : ret;
}

int
call_say_peek(struct buf *line, uint64_t id, const char *attempt,
	      const char *stream, uint64_t offset)
{
	struct json_out o = say_begin(line, id, "peek");

	json_out_str(&o, "attempt", attempt);
	json_out_str(&o, "stream", stream);
	json_out_int(&o, "offset", (int64_t)offset);
	return say_end(&o);
}

int
call_say_sheet(struct buf *line, uint64_t id, const char *fleet, int64_t epoch,
	       const char *rollout, const char *text)
{
	struct json_out o = say_begin(line, id, "sheet");

	json_out_str(&o, "fleet", fleet);
	json_out_int(&o, "epoch", epoch);
	json_out_str(&o, "rollout", rollout);
	json_out_str(&o, "text", text);
	return say_end(&o);
}

int
call_say_forget(struct buf *line, uint64_t id, const char *fleet,
		int64_t epoch, int64_t floor)
{
	struct json_out o = say_begin(line, id, "forget");

	json_out_str(&o, "fleet", fleet);
	json_out_int(&o, "epoch", epoch);
	json_out_int(&o, "floor", floor);
	return say_end(&o);
}

int
call_say_left(struct buf *line, uint64_t id, const char *fleet, int64_t epoch,
	      bool fix)
{
	struct json_out o = say_begin(line, id, "left");

	json_out_str(&o, "fleet", fleet);
	json_out_int(&o, "epoch", epoch);
	json_out_bool(&o, "fix", fix);
	return say_end(&o);
}
