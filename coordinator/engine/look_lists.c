/*
 * look_lists.c - what the members of a group say of one another.
 *
 * Each row of a `ready` reading may tell of a member, whom the column of
 * `lists: key:` names by its address.  A member may have several rows, such as
 * one for each of its connections: one that is up is enough.
 */
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "alloc.h"
#include "look_private.h"

struct row {
	const struct reading *rows;
	size_t nr;
};

static bool
row_lookup(void *ctx, const char *probe, const char *column, size_t n,
	   struct expr_value *value_r)
{
	const struct row *row = ctx;

	(void)probe;
	*value_r = (struct expr_value){
		.text = reading_cell(row->rows, row->nr, column),
		.why = "no such column",
	};
	return n == 0;
}

/* Does that member list the address as up?  UNKNOWN: it cannot be told. */
static enum tri
listed_up(const struct look_item *item, const struct look_seen *by,
	  const struct expr *up, const char *address)
{
	const char *unread, *key = item->group->lists_key;
	struct look_reading *r = by->need->reading;
	struct row row = { .nr = 0 };
	enum tri found = TRI_FALSE;

	if (r != NULL)
		row.rows = look_reading_rows(r, item->group->ready->format,
					     &unread);
	if (row.rows == NULL)
		return TRI_UNKNOWN;
	for (; row.nr < reading_rows(row.rows); row.nr++) {
		const char *cell = reading_cell(row.rows, row.nr, key);
		enum tri one = TRI_UNKNOWN;

		if (cell != NULL && strcmp(cell, address) != 0)
			continue;
		if (cell != NULL)
			one = expr_eval(up, row_lookup, &row, NULL, NULL);
		if (one == TRI_TRUE)
			return TRI_TRUE;
		if (one == TRI_UNKNOWN)
			found = TRI_UNKNOWN;
	}
	return found;
}

/* What all that were asked, but itself, say of it: how many they are. */
static size_t
lists_ask(const struct look_item *item, const char *member, enum tri *up_r)
{
	const struct look_host *host = look_roster_member(item->group, member);
	const struct look_probe *probe = &item->probes[0];
	struct expr *up = NULL;
	size_t n = 0;

	(void)expr_parse(item->group->lists_up, EXPR_COLUMNS, &up, NULL, NULL);
	for (size_t i = 0; i < probe->nseen; i++) {
		if (strcmp(probe->seen[i].member, member) == 0)
			continue;
		up_r[n++] = up == NULL ? TRI_UNKNOWN :
			listed_up(item, &probe->seen[i], up, host->address);
	}
	expr_free(&up);
	return n;
}

enum tri
look_lists_all(const struct look_item *item, struct buf *why)
{
	const struct look_probe *probe = &item->probes[0];
	enum tri *up = x_calloc(probe->nseen + 1, sizeof(*up));
	enum tri all = TRI_TRUE;

	for (size_t i = 0; all == TRI_TRUE && i < probe->nseen; i++) {
		const char *member = probe->seen[i].member;

		all = listed_by_others(up, lists_ask(item, member, up));
		if (all != TRI_TRUE)
			(void)buf_addf(why, "%s (%s) is listed as up by no "
				"other member", member, look_roster_member(
				item->group, member)->address);
	}
	free(up);
	return all;
}

enum tri
look_lists_absent(const struct look_item *item, enum tri ready,
		  struct buf *seen, struct buf *why)
{
	enum tri *up = x_calloc(item->probes[0].nseen + 1, sizeof(*up));
	size_t n = lists_ask(item, item->name, up);
	enum tri absent = absent_by_others(ready, up, n);

	if (absent == TRI_TRUE)
		(void)buf_addf(seen, "; none lists %s", item->name);
	if (absent == TRI_FALSE)
		(void)buf_addf(why, "%s is listed as up", item->name);
	free(up);
	return absent;
}
