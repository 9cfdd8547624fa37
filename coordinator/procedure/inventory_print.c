/* inventory_print.c - the normalised JSON as a fleet.yaml for people. */
#include <string.h>

#include "inventory.h"
#include "json.h"
#include "num.h"

/* Plain where YAML could not misread it, else in double quotes. */
static void
scalar_print(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./+%-: ";
	size_t len = strlen(text);

	if (len > 0 && strspn(text, plain) == len &&
	    strchr(": %", text[0]) == NULL && text[len - 1] != ' ' &&
	    (text[0] != '-' || (len > 1 && strchr(" -", text[1]) == NULL)) &&
	    text[len - 1] != ':' && strstr(text, ": ") == NULL) {
		(void)buf_adds(out, text);
		return;
	}
	(void)buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\t') {
			(void)buf_adds(out, *text == '\n' ? "\\n" : "\\t");
			continue;
		}
		if (*text == '"' || *text == '\\')
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, *text);
	}
	(void)buf_addc(out, '"');
}

/* "key: text" with what stands before it; nothing for NULL. */
static void
pair_print(struct buf *out, const char *before, const char *key,
	   const char *text)
{
	if (text == NULL)
		return;
	(void)buf_adds(out, before);
	scalar_print(out, key);
	(void)buf_adds(out, ": ");
	scalar_print(out, text);
}

static void
duration_print(struct buf *out, const char *before, const char *key, int64_t ms)
{
	char text[NUM_DURATION_SIZE];

	pair_print(out, before, key, num_format_duration(ms, text));
}

static int
words_print(struct buf *out, const struct json_object *obj, const char *before,
	    struct err *err)
{
	const struct json_object *run;
	const char *word;

	if (json_get_array(obj, "run", 256, &run, err) < 0)
		return -1;
	(void)buf_addf(out, "%srun: [", before);
	for (size_t i = 0; i < json_count(run); i++) {
		if (json_item_str(run, i, 4096, &word, err) < 0)
			return -1;
		(void)buf_adds(out, i == 0 ? "" : ", ");
		scalar_print(out, word);
	}
	(void)buf_addc(out, ']');
	return 0;
}

struct pairs {
	struct buf *out;
	bool first, bad;
};

static bool
pair_each(void *self, const char *key, const struct json_object *value)
{
	struct pairs *p = self;

	p->bad |= json_kind(value) != JSON_STRING;
	if (p->bad)
		return false;
	pair_print(p->out, p->first ? "" : ", ", key, json_as_str(value));
	p->first = false;
	return true;
}

/* {a: b, c: d}; nothing when it is absent, or empty. */
static int
pairs_print(struct buf *out, const struct json_object *obj, const char *key,
	    const char *before, struct err *err)
{
	const struct json_object *map = NULL;
	struct pairs p = { .out = out, .first = true };
	size_t len = out->len;

	if (json_opt_object(obj, key, &map, err) < 0)
		return -1;
	if (map == NULL)
		return 0;
	(void)buf_addf(out, "%s%s: {", before, key);
	json_each(map, pair_each, &p);
	(void)buf_addc(out, '}');
	if (p.first)
		out->len = len, out->data[len] = '\0';
	return p.bad ? err_set(err, ERR_PROTO, "%s: not all texts", key) : 0;
}

static int
text_print(struct buf *out, const struct json_object *obj, const char *key,
	   const char *before, struct err *err)
{
	const char *text = NULL;

	if (json_opt_str(obj, key, 65536, &text, err) < 0)
		return -1;
	pair_print(out, before, key, text);
	return 0;
}

static int
service_print(struct buf *out, const struct json_object *doc, struct err *err)
{
	const struct json_object *s;

	if (json_get_object(doc, "service", &s, err) < 0)
		return err_prefix(err, "service: ");
	(void)buf_adds(out, "\nservice:");
	if (text_print(out, s, "from", "\n  ", err) < 0 ||
	    words_print(out, s, "\n  ", err) < 0 ||
	    text_print(out, s, "format", "\n  ", err) < 0 ||
	    text_print(out, s, "key", "\n  ", err) < 0 ||
	    text_print(out, s, "in", "\n  ", err) < 0 ||
	    text_print(out, s, "strangers", "\n  ", err) < 0)
		return err_prefix(err, "service: ");
	return 0;
}

static int
ready_print(struct buf *out, const struct json_object *group, struct err *err)
{
	const struct json_object *r = NULL;

	if (json_opt_object(group, "ready", &r, err) < 0)
		return -1;
	if (r == NULL)
		return 0;
	(void)buf_adds(out, "\n    ready:");
	if (words_print(out, r, "\n      ", err) < 0 ||
	    text_print(out, r, "format", "\n      ", err) < 0 ||
	    pairs_print(out, r, "row", "\n      ", err) < 0 ||
	    text_print(out, r, "in", "\n      ", err) < 0 ||
	    pairs_print(out, r, "lists", "\n      ", err) < 0)
		return err_prefix(err, "ready: ");
	return 0;
}

static int
host_print(struct buf *out, const struct json_object *list, size_t i,
	   const char *before, struct err *err)
{
	const struct json_object *host;
	bool elsewhere = false;

	if (json_item_object(list, i, &host, err) < 0)
		return -1;
	(void)buf_addf(out, "%s- {", before);
	if (text_print(out, host, "name", "", err) < 0 ||
	    text_print(out, host, "address", ", ", err) < 0 ||
	    pairs_print(out, host, "labels", ", ", err) < 0 ||
	    json_opt_bool(host, "address_elsewhere", &elsewhere, err) < 0)
		return -1;
	(void)buf_adds(out, elsewhere ? ", address_elsewhere: true}" : "}");
	return 0;
}

struct groups {
	struct buf *out;
	struct err *err;
	int ret;
};

static int
group_print(struct buf *out, const char *name, const struct json_object *g,
	    struct err *err)
{
	const struct json_object *members;
	int64_t gap = 0, confirm = 0;

	if (json_kind(g) != JSON_OBJECT)
		return err_set(err, ERR_PROTO, "not an object");
	(void)buf_adds(out, "\n  ");
	scalar_print(out, name);
	(void)buf_adds(out, ":\n    members:");
	if (json_get_array(g, "members", 10000, &members, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(members); i++)
		if (host_print(out, members, i, "\n      ", err) < 0)
			return -1;
	if (ready_print(out, g, err) < 0 ||
	    json_opt_int(g, "min_gap_ms", 0, INT64_MAX, &gap, err) < 0 ||
	    json_opt_int(g, "confirm_ms", 0, INT64_MAX, &confirm, err) < 0)
		return -1;
	duration_print(out, "\n    ", "min_gap", gap);
	duration_print(out, "\n    ", "confirm", confirm);
	return 0;
}

static bool
group_each(void *self, const char *key, const struct json_object *value)
{
	struct groups *g = self;

	if (g->ret == 0 && g->out != NULL &&
	    group_print(g->out, key, value, g->err) < 0) {
		(void)err_prefix(g->err, "group %.60s: ", key);
		g->ret = -1;
	}
	return g->ret == 0;
}

static int
groups_print(struct buf *out, const struct json_object *doc, struct err *err)
{
	const struct json_object *groups = NULL;
	struct groups g = { .out = out, .err = err };
	size_t before = out->len, begun;

	if (json_opt_object(doc, "groups", &groups, err) < 0)
		return -1;
	if (groups == NULL)
		return 0;
	(void)buf_adds(out, "\ngroups:");
	begun = out->len;
	json_each(groups, group_each, &g);
	if (out->len == begun)
		out->len = before, out->data[before] = '\0';
	return g.ret;
}

static int
lists_print(struct buf *out, const struct json_object *doc, struct err *err)
{
	const struct json_object *windows = NULL, *backends;
	const char *text;

	if (json_opt_array(doc, "windows", 1000, &windows, err) < 0)
		return -1;
	for (size_t i = 0; windows != NULL && i < json_count(windows); i++) {
		if (json_item_str(windows, i, 255, &text, err) < 0)
			return -1;
		(void)buf_adds(out, i == 0 ? "\nwindows:\n  - " : "\n  - ");
		scalar_print(out, text);
	}
	if (service_print(out, doc, err) < 0 ||
	    groups_print(out, doc, err) < 0 ||
	    json_get_array(doc, "backends", 100000, &backends, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(backends); i++) {
		(void)buf_adds(out, i == 0 ? "\nbackends:" : "");
		if (host_print(out, backends, i, "\n  ", err) < 0)
			return -1;
	}
	return 0;
}

static int
fleet_print(struct buf *out, const struct json_object *doc, struct err *err)
{
	const struct json_object *ssh = NULL;
	bool change = false, single = false, eyes = false;
	const char *user = "drydock";
	int64_t port = 22;

	if (text_print(out, doc, "fleet", "", err) < 0 ||
	    text_print(out, doc, "timezone", "\n", err) < 0 ||
	    text_print(out, doc, "min_up", "\n", err) < 0 ||
	    text_print(out, doc, "interlock", "\n", err) < 0 ||
	    json_opt_bool(doc, "change_required", &change, err) < 0 ||
	    text_print(out, doc, "change_pattern", "\n", err) < 0 ||
	    json_opt_bool(doc, "four_eyes", &eyes, err) < 0 ||
	    json_opt_bool(doc, "allow_single", &single, err) < 0 ||
	    json_opt_object(doc, "ssh", &ssh, err) < 0)
		return -1;
	if (ssh != NULL &&
	    (json_opt_str(ssh, "user", 255, &user, err) < 0 ||
	     json_opt_int(ssh, "port", 1, 65535, &port, err) < 0))
		return -1;
	(void)buf_adds(out, change ? "\nchange_required: true" : "");
	(void)buf_adds(out, eyes ? "\nfour_eyes: true" : "");
	(void)buf_adds(out, single ? "\nallow_single: true" : "");
	pair_print(out, "\nssh: {", "user", user);
	(void)buf_addf(out, ", port: %d}", (int)port);
	return lists_print(out, doc, err);
}

int
inventory_print(const char *json, size_t len, struct buf *out, struct err *err)
{
	struct json_object *doc;
	int ret;

	if (json_parse_object(json, len, &json_limits_doc, &doc, err) < 0)
		return -1;
	ret = fleet_print(out, doc, err);
	(void)buf_addc(out, '\n');
	json_free(&doc);
	if (ret == 0 && buf_over(out))
		ret = err_set(err, ERR_PROTO, "the fleet is too large");
	return ret;
}
