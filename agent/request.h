/* request.h - a line from the coordinator, read strictly. */
#ifndef DRYDOCK_REQUEST_H
#define DRYDOCK_REQUEST_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "sha256.h"
#include "uuid.h"
#include "wire.h"

struct request {
	int64_t id; /* 0: not even that could be read */
	enum wire_verb verb;
	struct json_object *doc;
};

/*
 * 0: r->doc is the caller's to json_free().  -1: with r->id 0 the line is none
 * of ours and the connection should end; else the request can be refused.
 */
int
request_parse(struct request *r, const char *text, size_t len, struct err *err);

/* What every change carries; strings belong to the document. */
struct change {
	const char *attempt, *fleet, *step, *who;
	const char *after, *undo_of; /* NULL: none */
	int64_t epoch, seq, timeout_ms;
	const struct json_object *note;	     /* NULL: none */
	const struct json_object *abandoned; /* list of uuids, NULL: none */
	bool discard;
	char digest[SHA256_TEXT_SIZE]; /* of what makes it this change */
};

int change_parse(struct change *c, const struct request *r, struct err *err);

/* A member that must be a UUID, and not all zero. */
int request_uuid(const struct json_object *obj, const char *key,
		 const char **out_r, struct err *err);
/* The same, NULL when it is not there. */
int request_uuid_opt(const struct json_object *obj, const char *key,
		     const char **out_r, struct err *err);
/* Its "output", keep or discard; keep when it has none. */
int request_discard(const struct json_object *obj, bool *discard_r,
		    struct err *err);

#endif
