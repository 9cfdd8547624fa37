/* store.c - every SQL statement of the coordinator, in one table. */
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "store.h"

static const struct {
	const char *name, *text;
	size_t nparams;
} statements[] = {
#define X(name, nparams, text) { #name, text, nparams },
	STORE_STATEMENTS(X)
#undef X
};

struct pg_call *
store_call(struct pg *pg, enum store_statement statement,
	   const char *const *params, unsigned int wait_ms, pg_done_fn *done,
	   void *self)
{
	(void)FAULT_OF("db.send", statements[statement].name);
	return pg_call(pg, statements[statement].name,
		       statements[statement].text, params,
		       statements[statement].nparams, wait_ms, done, self);
}

const char *
store_value(const struct pg_rows *rows)
{
	const char *value = pg_rows_count(rows) > 0 ?
		pg_rows_get(rows, 0, 0) : NULL;

	return value != NULL ? value : "";
}

bool
store_refused(const struct pg_error *error, const char *sqlstate)
{
	return error != NULL && strcmp(error->sqlstate, sqlstate) == 0;
}

/*
 * 57: the server stops or starts; 08: the connection; 53, 58: it lacks memory,
 * disk, or what it stands on; 40: it had to undo one of two; 25006: read only.
 */
bool
store_away(const struct pg_error *error)
{
	static const char *const away[] = { "57", "08", "53", "58", "40",
					    "25006" };

	if (error->sqlstate[0] == '\0')
		return true;
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++)
		if (strncmp(error->sqlstate, away[i], strlen(away[i])) == 0)
			return true;
	return false;
}

const char *
store_num(struct store_num *num, int64_t value)
{
	snprintf(num->text, sizeof(num->text), "%lld", (long long)value);
	return num->text;
}
