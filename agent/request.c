/* request.c - a line from the coordinator, read strictly. */
#include "request.h"

#include <string.h>

/*
 * What makes a change the change it is.  Who asks, under which epoch, with what
 * note and after what may differ when the same id is asked again.
 */
static const char *const digest_keys[] = {
	"verb",	    "attempt", "fleet", "seq",	    "step",	"argv",
	"sha256",   "staged",  "to",	"mode",	    "owner",	"group",
	"validate", "inside",  "match", "output",   "undo_of",	"timeout_ms",
	"packages", "version", "after", "purge_of", "services",
	"unless_running",
};

struct key_check {
	enum wire_verb verb;
	const char *stranger;
};

static bool
key_known(void *self, const char *key, const struct json_object *value)
{
	struct key_check *check = self;

	(void)value;
	if (wire_request_key(check->verb, key))
		return true;
	check->stranger = key;
	return false;
}

static int
request_read(struct request *r, struct err *err)
{
	struct key_check check = { .stranger = NULL };
	const char *word;

	if (json_get_int(r->doc, "id", 1, INT64_MAX, &r->id, err) < 0)
		return -1;
	if (json_get_str(r->doc, "verb", 32, &word, err) < 0)
		return -1;
	if (wire_verb_find(word, &r->verb) < 0)
		return err_set(err, ERR_PROTO, "there is no verb \"%.40s\"",
			       word);
	check.verb = r->verb;
	json_each(r->doc, key_known, &check);
	if (check.stranger != NULL)
		return err_set(err, ERR_PROTO, "\"%s\" has no key \"%.60s\"",
			       word, check.stranger);
	return 0;
}

int
request_parse(struct request *r, const char *text, size_t len, struct err *err)
{
	*r = (struct request){ .id = 0 };
	if (json_parse_object(text, len, &json_limits_wire, &r->doc, err) < 0)
		return -1;
	if (request_read(r, err) == 0)
		return 0;
	json_free(&r->doc);
	return -1;
}

int
request_uuid(const struct json_object *obj, const char *key, const char **out_r,
	     struct err *err)
{
	static const char none[] = "00000000-0000-0000-0000-000000000000";

	if (json_get_str(obj, key, UUID_TEXT_SIZE, out_r, err) < 0)
		return -1;
	if (!uuid_valid(*out_r) || strcmp(*out_r, none) == 0)
		return err_set(err, ERR_PROTO,
			       "%s: \"%.40s\" is not a UUID in lower case", key,
			       *out_r);
	return 0;
}

int
request_uuid_opt(const struct json_object *obj, const char *key,
		 const char **out_r, struct err *err)
{
	*out_r = NULL;
	if (json_member(obj, key) == NULL)
		return 0;
	return request_uuid(obj, key, out_r, err);
}

static int
change_abandoned(struct change *c, const struct json_object *obj,
		 struct err *err)
{
	const char *id;

	if (json_opt_array(obj, "abandoned", WIRE_LIST_MAX, &c->abandoned,
			   err) < 0)
		return -1;
	for (size_t i = 0; c->abandoned != NULL &&
			   i < json_count(c->abandoned); i++) {
		if (json_item_str(c->abandoned, i, UUID_TEXT_SIZE, &id, err) <
		    0)
			return -1;
		if (!uuid_valid(id))
			return err_set(err, ERR_PROTO,
				       "abandoned: \"%.40s\" is not a UUID in "
				       "lower case", id);
	}
	return 0;
}

static void
change_digest(struct change *c, const struct json_object *obj)
{
	struct buf text;
	struct json_out o;

	buf_init(&text, (size_t)2 * WIRE_LINE_MAX);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	for (size_t i = 0; i < sizeof(digest_keys) / sizeof(digest_keys[0]);
	     i++) {
		const struct json_object *v = json_member(obj, digest_keys[i]);

		if (v != NULL)
			json_out_value(&o, digest_keys[i], v);
	}
	json_out_end(&o);
	sha256_of(buf_str(&text), text.len, c->digest);
	buf_free(&text);
}

static int
change_numbers(struct change *c, const struct json_object *obj, struct err *err)
{
	if (json_get_int(obj, "epoch", 1, INT64_MAX - 1, &c->epoch, err) < 0 ||
	    json_get_int(obj, "seq", 1, INT64_MAX - 1, &c->seq, err) < 0 ||
	    json_get_int(obj, "timeout_ms", 1, WIRE_TIMEOUT_MAX, &c->timeout_ms,
			 err) < 0)
		return -1;
	return 0;
}

int
request_discard(const struct json_object *obj, bool *discard_r,
		struct err *err)
{
	const char *output = "keep";

	if (json_opt_str(obj, "output", 8, &output, err) < 0)
		return -1;
	*discard_r = strcmp(output, "discard") == 0;
	if (!*discard_r && strcmp(output, "keep") != 0)
		return err_set(err, ERR_PROTO, "output: keep or discard");
	return 0;
}

static int
change_words(struct change *c, const struct json_object *obj, struct err *err)
{
	if (json_get_str(obj, "step", WIRE_STEP_MAX, &c->step, err) < 0 ||
	    json_get_str(obj, "who", WIRE_WORD_MAX, &c->who, err) < 0 ||
	    json_opt_object(obj, "note", &c->note, err) < 0 ||
	    request_discard(obj, &c->discard, err) < 0)
		return -1;
	if (c->step[0] == '\0')
		return err_set(err, ERR_PROTO, "step: it is empty");
	return 0;
}

int
change_parse(struct change *c, const struct request *r, struct err *err)
{
	const struct json_object *obj = r->doc;

	*c = (struct change){ .note = NULL };
	if (request_uuid(obj, "attempt", &c->attempt, err) < 0 ||
	    request_uuid(obj, "fleet", &c->fleet, err) < 0 ||
	    request_uuid_opt(obj, "after", &c->after, err) < 0 ||
	    request_uuid_opt(obj, "undo_of", &c->undo_of, err) < 0 ||
	    change_abandoned(c, obj, err) < 0 ||
	    change_numbers(c, obj, err) < 0 || change_words(c, obj, err) < 0)
		return -1;
	change_digest(c, obj);
	return 0;
}
