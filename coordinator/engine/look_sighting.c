/* look_sighting.c - what each member last said of each backend. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "look_private.h"
#include "words.h"

#define SIGHTINGS_MAX (1u << 20)

struct sighting {
	const struct look_roster *roster;
	struct look_reading *reading;
	const struct reading *rows;
	size_t row;
};

static bool
sighting_lookup(void *ctx, const char *probe, const char *column, size_t n,
		struct expr_value *value_r)
{
	const struct sighting *s = ctx;

	(void)probe;
	*value_r = (struct expr_value){
		.text = reading_cell(s->rows, s->row, column),
		.why = "no such column",
	};
	return n == 0;
}

static void
sighting_row(const struct sighting *s, struct json_out *o)
{
	json_out_object(o, "row");
	for (size_t i = 0; i < reading_columns(s->rows); i++) {
		const char *name = reading_column(s->rows, i);
		const char *cell = reading_cell(s->rows, s->row, name);

		if (cell != NULL)
			json_out_str(o, name, cell);
	}
	json_out_end(o);
}

/* The member's row of that backend; not found in a whole answer is "no". */
static enum tri
sighting_find(struct sighting *s, const struct expr *in,
	      const struct look_host *backend, bool *found_r)
{
	const struct look_spec *spec = s->roster->service;
	struct reading_match *match;
	size_t n = spec->nmatch;
	bool found;

	match = x_calloc(n + 1, sizeof(*match));
	for (size_t i = 0; i < n; i++)
		match[i] = spec->match[i];
	if (s->roster->service_key != NULL)
		match[n++] = (struct reading_match){
			.column = s->roster->service_key,
			.value = backend->address,
		};
	found = reading_find(s->rows, match, n, &s->row, NULL) == 0;
	free(match);
	*found_r = found;
	return found ? expr_eval(in, sighting_lookup, s, NULL, NULL) :
		       TRI_FALSE;
}

static void
sighting_write(struct sighting *s, const struct expr *in,
	       const struct look_host *backend, struct json_out *o)
{
	bool found = false;
	enum tri tri = s->rows == NULL ? TRI_UNKNOWN :
					 sighting_find(s, in, backend, &found);

	json_out_object(o, NULL);
	json_out_str(o, "member", s->reading->host);
	json_out_str(o, "backend", backend->name);
	if (tri == TRI_UNKNOWN)
		json_out_null(o, "in_service");
	else
		json_out_bool(o, "in_service", tri == TRI_TRUE);
	if (found)
		sighting_row(s, o);
	json_out_int(o, "asked_ms", s->reading->asked_ms);
	json_out_int(o, "at_ms", s->reading->at_ms);
	json_out_end(o);
}

/* Is there a newer one of the same host and words before it in the list? */
static bool
sighting_is_newest(const struct look_roster *roster,
		   const struct look_reading *reading)
{
	LIST_EACH (struct look_reading, r, &roster->readings, link) {
		if (r == reading)
			return true;
		if (r->state != LOOK_ASKING &&
		    strcmp(r->host, reading->host) == 0 &&
		    strcmp(r->key, reading->key) == 0)
			return false;
	}
	return true;
}

static size_t
sighting_reading(struct sighting *s, const struct expr *in,
		 struct json_out *o)
{
	const struct look_roster *roster = s->roster;
	bool on_backend = roster->service_group == NULL;
	const char *why;
	size_t n = 0;

	s->rows = look_reading_rows(s->reading, roster->service->format,
				    &why);
	for (size_t i = 0; i < roster->nbackends; i++) {
		const struct look_host *backend = &roster->backends[i];

		if (on_backend &&
		    strcmp(backend->name, s->reading->host) != 0)
			continue;
		sighting_write(s, in, backend, o);
		n++;
	}
	return n;
}

static char *
sighting_key(const struct look_roster *roster)
{
	const struct look_spec *spec = roster->service;
	size_t n = 0;

	if (spec->argv == NULL)
		return x_asprintf("tcp %s %d", spec->tcp_address,
				  spec->tcp_port);
	while (spec->argv[n] != NULL)
		n++;
	return words_join((const char *const *)spec->argv, n);
}

char *
look_sightings(const struct look_roster *roster, int64_t since_ms)
{
	struct sighting s = { .roster = roster };
	char *key = sighting_key(roster);
	struct expr *in = NULL;
	struct json_out o;
	struct buf text;
	size_t n = 0;

	buf_init(&text, SIGHTINGS_MAX);
	json_out_init(&o, &text);
	json_out_array(&o, NULL);
	if (expr_parse(roster->service_in, EXPR_COLUMNS, &in, NULL, NULL) < 0)
		in = NULL;
	LIST_EACH (struct look_reading, r, &roster->readings, link) {
		if (in == NULL || r->state == LOOK_ASKING ||
		    r->at_ms < since_ms || strcmp(r->key, key) != 0 ||
		    !sighting_is_newest(roster, r))
			continue;
		s.reading = r;
		n += sighting_reading(&s, in, &o);
	}
	json_out_end(&o);
	expr_free(&in);
	free(key);
	if (n > 0 && !buf_over(&text))
		return buf_take(&text);
	buf_free(&text);
	return NULL;
}
