/* look_spec.c - how to see something, out of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "look_roster.h"
#include "num.h"
#include "wire.h"

#define SPEC_TIMEOUT_MS 10000

struct spec_walk {
	struct look_spec *spec;
	struct err *err;
	bool bad;
};

static bool
spec_match(void *self, const char *key, const struct json_object *value)
{
	struct spec_walk *walk = self;
	struct look_spec *spec = walk->spec;
	char number[32];
	const char *text = number;

	if (json_kind(value) == JSON_STRING) {
		text = json_as_str(value);
	} else if (json_kind(value) == JSON_INT) {
		(void)snprintf(number, sizeof(number), "%lld",
			       (long long)json_as_int(value));
	} else {
		(void)err_set(walk->err, ERR_USAGE, "row: %.60s is %s", key,
			      json_kind_name(json_kind(value)));
		walk->bad = true;
		return false;
	}
	spec->match = x_realloc(spec->match, spec->nmatch + 1,
				sizeof(*spec->match));
	spec->match[spec->nmatch++] = (struct reading_match){
		.column = x_strdup(key), .value = x_strdup(text),
	};
	return true;
}

static int
spec_parse_rows(const struct json_object *obj, struct look_spec *spec,
		struct err *err)
{
	struct spec_walk walk = { .spec = spec, .err = err };
	const struct json_object *row = NULL, *rows = NULL;

	if (json_opt_object(obj, "row", &row, err) < 0 ||
	    json_opt_object(obj, "rows", &rows, err) < 0)
		return -1;
	if (row != NULL && rows != NULL)
		return err_set(err, ERR_USAGE, "row and rows exclude another");
	spec->many = rows != NULL;
	if (row != NULL)
		json_each(row, spec_match, &walk);
	if (rows != NULL)
		json_each(rows, spec_match, &walk);
	return walk.bad ? -1 : 0;
}

static int
spec_parse_argv(const struct json_object *list, struct look_spec *spec,
		struct err *err)
{
	size_t n = json_count(list);

	if (n == 0)
		return err_set(err, ERR_USAGE, "run: no words");
	spec->argv = x_calloc(n + 1, sizeof(*spec->argv));
	for (size_t i = 0; i < n; i++) {
		const char *word;

		if (json_item_str(list, i, WIRE_WORD_MAX, &word, err) < 0)
			return -1;
		spec->argv[i] = x_strdup(word);
	}
	return 0;
}

/* "10.0.0.11:143", "[fd00::1]:143" */
static int
spec_parse_tcp(const char *text, struct look_spec *spec, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	int64_t port;

	if (len == 0)
		return err_set(err, ERR_USAGE, "tcp: %.60s has no port", text);
	if (num_parse_int(colon + 1, 1, 65535, &port, err) < 0)
		return err_prefix(err, "tcp: ");
	if (text[0] == '[' && text[len - 1] == ']' && len > 2)
		spec->tcp_address = x_strndup(text + 1, len - 2);
	else
		spec->tcp_address = x_strndup(text, len);
	spec->tcp_port = (int)port;
	return 0;
}

static int
spec_parse(const struct json_object *obj, struct look_spec *spec,
	   struct err *err)
{
	const struct json_object *run = NULL;
	const char *tcp = NULL, *format = "text";

	spec->timeout_ms = SPEC_TIMEOUT_MS;
	if (json_opt_array(obj, "run", WIRE_ARGV_MAX, &run, err) < 0 ||
	    json_opt_str(obj, "tcp", 300, &tcp, err) < 0 ||
	    json_opt_str(obj, "format", 20, &format, err) < 0 ||
	    json_opt_int(obj, "timeout_ms", 1, WIRE_PROBE_TIMEOUT_MAX,
			 &spec->timeout_ms, err) < 0 ||
	    spec_parse_rows(obj, spec, err) < 0)
		return -1;
	if ((run == NULL) == (tcp == NULL))
		return err_set(err, ERR_USAGE, "needs run or tcp, one of them");
	if (reading_format_parse(format, &spec->format) < 0)
		return err_set(err, ERR_USAGE, "no such format: %.20s",
			       format);
	return run != NULL ? spec_parse_argv(run, spec, err) :
			     spec_parse_tcp(tcp, spec, err);
}

int
look_spec_parse(const struct json_object *obj, struct look_spec **spec_r,
		struct err *err)
{
	struct look_spec *spec = x_new(struct look_spec);

	if (spec_parse(obj, spec, err) < 0)
		look_spec_free(&spec);
	*spec_r = spec;
	return spec == NULL ? -1 : 0;
}

void
look_spec_free(struct look_spec **specp)
{
	struct look_spec *spec = *specp;

	*specp = NULL;
	if (spec == NULL)
		return;
	for (size_t i = 0; spec->argv != NULL && spec->argv[i] != NULL; i++)
		free(spec->argv[i]);
	free(spec->argv);
	free(spec->tcp_address);
	for (size_t i = 0; i < spec->nmatch; i++) {
		free((void *)(uintptr_t)spec->match[i].column);
		free((void *)(uintptr_t)spec->match[i].value);
	}
	free(spec->match);
	free(spec);
}
