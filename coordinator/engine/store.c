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

/* 57: the server stops or starts; 08: the connection; 25006: read only. */
bool
store_away(const struct pg_error *error)
{
	return error->sqlstate[0] == '\0' ||
		strncmp(error->sqlstate, "57", 2) == 0 ||
		strncmp(error->sqlstate, "08", 2) == 0 ||
		strcmp(error->sqlstate, "25006") == 0;
}

const char *
store_num(struct store_num *num, int64_t value)
{
	snprintf(num->text, sizeof(num->text), "%lld", (long long)value);
	return num->text;
}
