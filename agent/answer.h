/* answer.h - one line back to the coordinator. */
#ifndef DRYDOCK_ANSWER_H
#define DRYDOCK_ANSWER_H

#include "buf.h"
#include "conn.h"
#include "json.h"
#include "wire.h"

struct answer {
	struct buf text;
	struct json_out o;
};

/* {"id":7,"ok":true and it goes on with a->o. */
void answer_begin(struct answer *a, int64_t id);
/* {"id":7,"ok":false,"code":…,"why":…,"hint":…  hint NULL: none. */
void answer_begin_no(struct answer *a, int64_t id, enum wire_code code,
		     const char *why, const char *hint);
/* }  One that grew too long is replaced by a refusal. */
void answer_send(struct answer *a, struct conn *c, int64_t id);

/* Whole refusals. */
void answer_no(struct conn *c, int64_t id, enum wire_code code, const char *why,
	       const char *hint);

#endif
