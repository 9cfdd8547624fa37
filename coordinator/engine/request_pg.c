/* request_pg.c - the statements of requests, on a real connection. */
#include <assert.h>

#include "alloc.h"
#include "fault.h"
#include "pg.h"
#include "request.h"
#include "store.h"

#define ANSWER_MS 30000

static const struct {
	const char *name, *text;
	size_t nparams;
} statements[] = {
#define X(name, nparams, text) { "REQUEST_" #name, text, nparams },
	REQUEST_STATEMENTS(X)
#undef X
};

struct request_pg {
	struct pg *pg;
	struct pg_call *call;
	request_got_fn *got;
	void *ctx;
	bool refused;
};

static void
request_pg_done(void *self, const struct pg_rows *rows,
		const struct pg_error *error)
{
	struct request_pg *r = self;
	const char *value = NULL;

	r->call = NULL;
	r->refused = rows == NULL && !store_away(error);
	if (rows == NULL) {
		r->got(r->ctx, NULL, error->err.text);
		return;
	}
	if (pg_rows_count(rows) > 0)
		value = pg_rows_get(rows, 0, 0);
	r->got(r->ctx, value != NULL ? value : "", NULL);
}

static void
request_pg_ask(void *self, enum request_statement statement,
	       const char *const *params, request_got_fn *got, void *ctx)
{
	struct request_pg *r = self;

	assert(r->call == NULL);
	r->got = got;
	r->ctx = ctx;
	(void)FAULT_OF("db.send", statements[statement].name);
	r->call = pg_call(r->pg, statements[statement].name,
			  statements[statement].text, params,
			  statements[statement].nparams, ANSWER_MS,
			  request_pg_done, r);
}

static bool
request_pg_refused(void *self)
{
	const struct request_pg *r = self;

	return r->refused;
}

static void
request_pg_cancel(void *self)
{
	struct request_pg *r = self;

	if (r->call != NULL)
		pg_call_cancel(&r->call);
}

struct request_pg *
request_pg_new(struct pg *pg, struct request_db *db_r)
{
	struct request_pg *r = x_new(struct request_pg);

	r->pg = pg;
	*db_r = (struct request_db){ request_pg_ask, request_pg_refused,
				      request_pg_cancel, r };
	return r;
}

void
request_pg_free(struct request_pg **rp)
{
	if (*rp == NULL)
		return;
	request_pg_cancel(*rp);
	x_free(rp);
}
