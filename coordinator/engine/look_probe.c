/* look_probe.c - what a probe saw on each member: a column's value. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "json.h"
#include "look_private.h"
#include "num.h"

/* What every probe that ran has, whatever its format. */
static bool
probe_common(const struct look_probe *probe, const struct look_reading *r,
	     const char *column, struct buf *text)
{
	if (!r->ran)
		return false;
	if (strcmp(column, "asked") == 0) {
		(void)buf_addf(text, "%zu", probe->nseen);
		return true;
	}
	if (strcmp(column, "exit") == 0 && probe->spec->argv != NULL) {
		(void)buf_addf(text, "%lld", (long long)r->exit);
		return true;
	}
	if (strcmp(column, "stderr") == 0 && probe->spec->argv != NULL) {
		size_t len = r->err.len;

		while (len > 0 && buf_str(&r->err)[len - 1] == '\n')
			len--;
		(void)buf_add(text, buf_str(&r->err), len);
		return memchr(buf_str(text), '\0', text->len) == NULL;
	}
	if (strcmp(column, "connected") == 0 && probe->spec->argv == NULL) {
		(void)buf_adds(text, r->exit == 0 ? "true" : "false");
		return true;
	}
	return false;
}

static bool
probe_read(const struct look_probe *probe, struct look_reading *r,
	   const char *column, struct buf *text, struct buf *why)
{
	const struct reading_select select = {
		.many = probe->spec->many,
		.match = probe->match,
		.n = probe->nmatch,
	};
	const struct reading *rows;
	const char *reason = NULL;
	struct err err = { 0 };

	rows = look_reading_rows(r, probe->spec->format, &reason);
	if (rows != NULL &&
	    reading_field(rows, &select, column, text, &err) == 0)
		return true;
	buf_clear(text);
	if (probe_common(probe, r, column, text))
		return true;
	(void)buf_adds(why, rows == NULL ? reason : err.text);
	return false;
}

/* "any" shows the first member that answered, else the first of all. */
static const struct look_seen *
probe_seen(const struct look_probe *probe, size_t n)
{
	if (!probe->any)
		return n < probe->nseen ? &probe->seen[n] : NULL;
	if (n > 0 || probe->nseen == 0)
		return NULL;
	for (size_t i = 0; i < probe->nseen; i++) {
		const struct look_reading *r = probe->seen[i].need->reading;

		if (r != NULL && r->state == LOOK_SEEN)
			return &probe->seen[i];
	}
	return &probe->seen[0];
}

bool
look_probe_value(const struct look_probe *probe, const char *column, size_t n,
		 struct buf *text, struct expr_value *value_r)
{
	const struct look_seen *seen;
	struct buf why;

	*value_r = (struct expr_value){ .member = NULL };
	buf_clear(text);
	if (probe->broken != NULL) {
		value_r->why = probe->broken;
		return n == 0;
	}
	seen = probe_seen(probe, n);
	if (seen == NULL)
		return false;
	value_r->member = seen->member;
	value_r->why = "it was not asked";
	if (seen->need->reading == NULL)
		return true;
	buf_init(&why, LOOK_TEXT_MAX);
	if (probe_read(probe, seen->need->reading, column, text, &why)) {
		value_r->text = buf_str(text);
	} else {
		/* the caller's buffer holds the reason while it is read */
		buf_clear(text);
		(void)buf_adds(text, buf_str(&why));
		value_r->why = buf_str(text);
	}
	buf_free(&why);
	return true;
}

/* --- out.* --- */

static bool
out_number(const struct json_object *obj, const char *key, struct buf *text)
{
	const struct json_object *v = NULL;

	if (json_kind(obj) == JSON_OBJECT)
		v = json_member(obj, key);
	if (json_kind(v) == JSON_INT)
		(void)buf_addf(text, "%lld", (long long)json_as_int(v));
	else if (json_kind(v) == JSON_BOOL)
		(void)buf_adds(text, json_as_bool(v) ? "true" : "false");
	else
		return false;
	return true;
}

/* All of a stream or nothing: half a text must not decide anything. */
static const char *
out_stream(const struct json_object *result, const char *stream,
	   struct buf *text)
{
	const struct json_object *s = json_member(result, stream), *head, *n;

	if (json_kind(s) != JSON_OBJECT)
		return "there was no output";
	head = json_member(s, "head");
	n = json_member(s, "bytes");
	if (json_kind(head) != JSON_STRING)
		return "the output was discarded";
	if (base64_decode(text, json_as_str(head), strlen(json_as_str(head)),
			  NULL) < 0)
		return "the output is not base64";
	if (json_kind(n) != JSON_INT || (size_t)json_as_int(n) != text->len)
		return "the output is longer than 8 KiB: only its head is "
		       "known";
	if (memchr(buf_str(text), '\0', text->len) != NULL)
		return "the output has NUL bytes";
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	return NULL;
}

static const char *
out_column(const struct look_scope *scope, const char *column,
	   struct buf *text)
{
	const struct json_object *out = NULL;
	char duration[NUM_DURATION_SIZE];

	if (strcmp(column, "elapsed") == 0) {
		(void)buf_adds(text, num_format_duration(scope->elapsed_ms,
							 duration));
		return NULL;
	}
	if (scope->result == NULL)
		return "there is no result";
	if (strcmp(column, "text") == 0)
		return out_stream(scope->result, "out", text);
	if (strcmp(column, "stderr") == 0)
		return out_stream(scope->result, "err", text);
	if (strcmp(column, "lines") == 0 || strcmp(column, "bytes") == 0)
		out = json_member(scope->result, "out");
	else
		out = scope->result;
	return out_number(out, column, text) ? NULL : "the result has none";
}

bool
look_scope_out(const struct look_scope *scope, const char *column,
	       struct buf *text, struct expr_value *value_r)
{
	const char *why;

	buf_clear(text);
	*value_r = (struct expr_value){ .member = NULL };
	why = out_column(scope, column, text);
	if (why == NULL)
		value_r->text = buf_str(text);
	value_r->why = why;
	return true;
}
