/* include.c - backends that a person wants included: on proof only. */
#include <stdio.h>
#include <string.h>

#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"

enum { INCLUDE_FRESH_MS = 10000, INCLUDE_AGAIN_MS = 5000 };

static void
include_turn_op(struct fleet *f, int64_t turn)
{
	char text[160];

	snprintf(text, sizeof(text), "{\"op\":\"turn\",\"turn\":%lld,"
		 "\"from\":\"out\",\"to\":\"restored\",\"cause\":null}",
		 (long long)turn);
	act_op(f, text);
}

/* Its turn rests out of service, in this rollout or an ended one. */
static void
include_turn(struct fleet *f, int64_t backend_id)
{
	const char *const lists[] = { "out", "turns" };

	for (int l = 0; l < 2; l++) {
		const struct json_object *turns = jdoc_in(f->work, lists[l]);

		for (size_t i = 0; i < jdoc_count(turns); i++) {
			const struct json_object *turn = json_item(turns, i);

			if (jdoc_int(turn, "backend_id", 0) == backend_id &&
			    strcmp(jdoc_str(turn, "state", ""), "out") == 0)
				include_turn_op(f, jdoc_int(turn, "turn_id",
							    0));
		}
	}
}

static void
include_ops(struct fleet *f, const struct service *s)
{
	char text[200];

	snprintf(text, sizeof(text), "{\"op\":\"proof\",\"backend\":%lld,"
		 "\"in_service\":true,\"age_ms\":%lld}",
		 (long long)s->backend_id,
		 (long long)(fleet_now_ms(f) - s->at_ms));
	act_op(f, text);
	snprintf(text, sizeof(text), "{\"op\":\"include\",\"backend\":%lld}",
		 (long long)s->backend_id);
	act_op(f, text);
	include_turn(f, s->backend_id);
	log_notice("%s: %s is in service and included again", f->name,
		   s->name);
	f->ops_what |= WRITES_INCLUDE;
	f->ops_reload = true;
	write_flush(f);
}

void
include_asked(struct fleet *f)
{
	const struct json_object *backends = jdoc_in(f->doc, "backends");
	int64_t now = fleet_now_ms(f);

	for (size_t i = 0; i < jdoc_count(backends); i++) {
		const struct json_object *doc = json_item(backends, i);
		int b = fleet_service(f, jdoc_str(doc, "name", ""));
		struct service *s;

		if (jdoc_in(doc, "asked") == NULL || b < 0 ||
		    f->batches != NULL)
			continue;
		s = &f->services[b];
		if (now - s->at_ms <= INCLUDE_FRESH_MS &&
		    s->value == TRI_TRUE) {
			include_ops(f, s);
			return;
		}
		if (now - f->asked_include_ms >= INCLUDE_AGAIN_MS) {
			f->asked_include_ms = now;
			facts_include(f, b);
			return;
		}
	}
}
