/* request_check.h - what the files of a check share. */
#ifndef REQUEST_CHECK_H
#define REQUEST_CHECK_H

#include "request_private.h"

/* A question of the look and whom it is about. */
struct check_item {
	enum check_kind {
		CHECK_READY, CHECK_SERVICE, CHECK_PREFLIGHT, CHECK_VALUE,
		CHECK_ROWS
	} kind;
	unsigned int nr;
	const char *what;	/* group, backend, code, or step */
	const char *backend;
	const char *name;	/* of a value */
	const char *hint;
};

/* What a step would remember, were it today. */
struct check_value {
	const char *backend, *step, *name;
	char *text;
};

struct check {
	struct check_item *items;
	size_t nitems;
	struct check_value *values;
	size_t nvalues;
	char rollout[24];
};

/* request_look.c: all questions of a check, and what they showed. */
void request_look_ask(struct request *request);
void request_look_show(struct request *request);

#endif
