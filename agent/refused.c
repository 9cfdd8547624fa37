/* refused.c - changes that were refused for good. */
#include "refused.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

void
refusals_init(struct refusals *r)
{
	list_init(&r->list);
	r->n = 0;
}

static void
refused_free(struct refusals *r, struct refused *no)
{
	list_del(&no->link);
	r->n--;
	x_free(&no->why);
	x_free(&no);
}

void
refusals_free(struct refusals *r)
{
	LIST_EACH_SAFE (struct refused, no, &r->list, link)
		refused_free(r, no);
}

void
refusals_add(struct refusals *r, const char *attempt, enum wire_code code,
	     const char *why, const char *hint)
{
	struct refused *no = x_new(struct refused);

	assert(code != WIRE_CODE_BUSY && code != WIRE_CODE_SYSTEM &&
	       code != WIRE_CODE_EPOCH);
	snprintf(no->attempt, sizeof(no->attempt), "%s", attempt);
	no->code = code;
	no->why = x_strdup(why);
	no->hint = hint;
	list_add(&r->list, &no->link);
	r->n++;
	if (r->n > REFUSED_MAX)
		refused_free(r, list_first(struct refused, &r->list, link));
}

const struct refused *
refusals_find(const struct refusals *r, const char *attempt)
{
	LIST_EACH (struct refused, no, &r->list, link) {
		if (strcmp(no->attempt, attempt) == 0)
			return no;
	}
	return NULL;
}
