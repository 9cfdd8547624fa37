/* pg_rows.c - results by column name, and errors as the server told them. */
#include <assert.h>
#include <string.h>

#include "log.h"
#include "pg_private.h"

/* A struct pg_rows is a PGresult to everybody else. */
static const PGresult *
pg_rows_result(const struct pg_rows *rows)
{
	return (const PGresult *)(const void *)rows;
}

size_t
pg_rows_count(const struct pg_rows *rows)
{
	return (size_t)PQntuples(pg_rows_result(rows));
}

int
pg_rows_column(const struct pg_rows *rows, const char *name)
{
	const PGresult *res = pg_rows_result(rows);

	/* not PQfnumber(): that one folds case and takes off quotes */
	for (int i = 0; i < PQnfields(res); i++)
		if (strcmp(PQfname(res, i), name) == 0)
			return i;
	return -1;
}

const char *
pg_rows_get(const struct pg_rows *rows, size_t row, int column)
{
	const PGresult *res = pg_rows_result(rows);

	assert(row < pg_rows_count(rows));
	assert(column >= 0 && column < PQnfields(res));
	if (PQgetisnull(res, (int)row, column))
		return NULL;
	return PQgetvalue(res, (int)row, column);
}

bool
pg_result_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/*
 * What the code means to us.  Classes 08 and 57P0x are a server that is going:
 * a commit it was busy with may have happened.
 */
static enum err_code
pg_error_code(const char *sqlstate)
{
	if (strncmp(sqlstate, "RD", 2) == 0)
		return ERR_REFUSED;
	if (strncmp(sqlstate, "08", 2) == 0 ||
	    strncmp(sqlstate, "57P0", 4) == 0)
		return ERR_LOST;
	return ERR_FAILED;
}

void
pg_error_fill(struct pg_error *error, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	error->message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	error->detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	error->hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	error->constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	if (state != NULL && strlen(state) == 5)
		memcpy(error->sqlstate, state, 6);
	(void)err_set(&error->err,
		      state != NULL ? pg_error_code(state) : ERR_LOST,
		      "%s%s%s%s%s",
		      error->message != NULL ? error->message :
					       PQresultErrorMessage(result),
		      error->detail != NULL ? "; " : "",
		      error->detail != NULL ? error->detail : "",
		      state != NULL ? ", SQLSTATE " : "",
		      state != NULL ? state : "");
	error->err.text[strcspn(error->err.text, "\n")] = '\0';
	log_redact(error->err.text);
}
