/* request_survey.c - discover, greet and scan: read and tell. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "expr.h"
#include "request_private.h"
#include "transport.h"

#define LOOK_MS 20000

/* --- greet --- */

struct greeting {
	const struct request *request;
	struct json_out o;
};

static void
greet_host(void *ctx, const char *host)
{
	struct greeting *g = ctx;
	struct call *call = call_find(request_calls(g->request), host);
	const struct call_facts *facts = call == NULL ? NULL :
							call_facts(call);

	json_out_object(&g->o, NULL);
	json_out_str(&g->o, "host", host);
	json_out_bool(&g->o, "up", call != NULL && call_is_up(call));
	if (call != NULL && !call_is_up(call))
		json_out_str(&g->o, "why", call_why(call));
	if (facts != NULL) {
		json_out_str(&g->o, "agent", facts->agent);
		json_out_str(&g->o, "machine_id", facts->machine_id);
		json_out_str(&g->o, "boot_id", facts->boot_id);
		json_out_str(&g->o, "hold", facts->hold);
		json_out_str(&g->o, "journal", facts->journal);
		json_out_str(&g->o, "allow_sha256", facts->allow_sha256);
		json_out_int(&g->o, "skew_ms",
			     facts->wall_ms - facts->wall_at_ms);
	}
	json_out_end(&g->o);
}

static void
greet_end(struct request *request)
{
	struct greeting g = { .request = request };
	unsigned int errors = request->errors;
	struct buf text;

	buf_init(&text, 4u << 20);
	json_out_init(&g.o, &text);
	json_out_object(&g.o, NULL);
	json_out_array(&g.o, "hosts");
	request_each_host(request, greet_host, &g);
	json_out_end(&g.o);
	json_out_end(&g.o);
	request_done(request, errors == 0, buf_str(&text),
		     errors == 0 ? "every agent answered" :
				   "not every agent answered as it should");
	buf_free(&text);
}

void
request_greet(struct request *request)
{
	request_reach(request, greet_end);
}

/* --- discover --- */

struct discovery {
	struct request *request;
	struct json_out o;
	const char **keys;		/* told already */
	size_t nkeys;
};

static void
discover_row(void *ctx, const char *member, const char *key,
	     const struct reading *rows, size_t row)
{
	struct discovery *d = ctx;
	struct request *request = d->request;
	const struct look_host *known =
		look_roster_by_address(request->roster, key);

	for (size_t i = 0; i < d->nkeys; i++) {
		if (strcmp(d->keys[i], key) == 0)
			return;
	}
	d->keys = x_realloc(d->keys, d->nkeys + 1, sizeof(*d->keys));
	d->keys[d->nkeys++] = key;
	json_out_object(&d->o, NULL);
	json_out_str(&d->o, "address", key);
	json_out_str(&d->o, "name", known != NULL ? known->name : NULL);
	json_out_str(&d->o, "seen_on", member);
	json_out_object(&d->o, "row");
	for (size_t i = 0; i < reading_columns(rows); i++) {
		const char *name = reading_column(rows, i);
		const char *cell = reading_cell(rows, row, name);

		if (cell != NULL)
			json_out_str(&d->o, name, cell);
	}
	json_out_end(&d->o);
	json_out_end(&d->o);
	if (known == NULL)
		request_find(request, "notice", "NEW_BACKEND", member, NULL,
			     "add it to the inventory, or set strangers: "
			     "ignore", NULL, "%.60s is no backend of this "
			     "fleet", key);
}

static void
discover_missing(struct discovery *d)
{
	const struct look_roster *roster = d->request->roster;

	for (size_t i = 0; i < roster->nbackends; i++) {
		bool found = false;

		for (size_t k = 0; k < d->nkeys; k++)
			found |= strcmp(d->keys[k],
					roster->backends[i].address) == 0;
		if (!found)
			request_find(d->request, "warning", "NOT_THERE", NULL,
				     roster->backends[i].name, NULL, NULL,
				     "no member names %s",
				     roster->backends[i].address);
	}
}

static void
discover_end(struct request *request, unsigned int nr)
{
	const struct look_fact *fact = look_fact(request->look, nr);
	struct discovery d = { .request = request };
	bool whole = fact->truth == TRI_TRUE;
	struct buf text;

	buf_init(&text, 4u << 20);
	json_out_init(&d.o, &text);
	json_out_object(&d.o, NULL);
	json_out_array(&d.o, "backends");
	look_each_row(request->look, nr, discover_row, &d);
	json_out_end(&d.o);
	json_out_end(&d.o);
	discover_missing(&d);
	if (!whole)
		request_find(request, "error", "SILENT", NULL, NULL, NULL,
			     NULL, "the read is not whole: %s%s", fact->text,
			     fact->silent);
	request_done(request, whole, buf_str(&text),
		     whole ? "the fleet was read" : "not every member "
		     "answered");
	free(d.keys);
	buf_free(&text);
}

static void
discover_looked(void *ctx, struct look *look)
{
	(void)look;
	discover_end(ctx, 0);
}

void
request_discover(struct request *request)
{
	request->look = look_new(request->roster);
	(void)look_rows(request->look);
	look_run(request->look, 0, LOOK_MS, discover_looked, request);
}

/* --- scan --- */

/* The transport cannot be told to forget a scan: what it tells may be late. */
struct scan {
	struct request *request;	/* NULL: nobody waits any more */
};

static void
scan_done(void *self, const char *key, const struct err *why)
{
	struct scan *scan = self;
	struct request *request = scan->request;
	struct json_out o;
	struct buf text;

	free(scan);
	if (request == NULL)
		return;
	request->own = NULL;
	request->own_free = NULL;
	if (key == NULL) {
		request_fail(request, "%s", why->text);
		return;
	}
	buf_init(&text, 65536);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	json_out_array(&o, "keys");
	json_out_str(&o, NULL, key);
	json_out_end(&o);
	json_out_end(&o);
	request_done(request, true, buf_str(&text), "the host shows this key; "
		     "compare it with what its console says");
	buf_free(&text);
}

static void
scan_free(struct request *request)
{
	struct scan *scan = request->own;

	scan->request = NULL;
}

static void
scan_host(void *ctx, const char *value, const char *why)
{
	struct request *request = ctx;
	struct transport *transport = request_transport(request);
	struct transport_host host = { .port = 22 };
	struct json_object *doc = NULL;
	struct err err = { 0 };
	int64_t port = 22;

	if (value == NULL || value[0] == '\0') {
		request_fail(request, "%s", value == NULL ? why :
			     "there is no host of that name; import it first");
		return;
	}
	if (json_parse_object(value, strlen(value), &json_limits_doc, &doc,
			      &err) < 0 ||
	    json_get_str(doc, "host", 255, &host.name, &err) < 0 ||
	    json_get_str(doc, "address", 255, &host.address, &err) < 0 ||
	    json_opt_str(doc, "ssh_user", 255, &host.user, &err) < 0 ||
	    json_opt_int(doc, "port", 1, 65535, &port, &err) < 0) {
		json_free(&doc);
		request_fail(request, "%s", err.text);
		return;
	}
	host.port = (unsigned int)port;
	if (host.user == NULL)
		host.user = "drydock";
	request->own = x_new(struct scan);
	((struct scan *)request->own)->request = request;
	request->own_free = scan_free;
	transport->ops->scan(transport, &host, scan_done, request->own);
	json_free(&doc);
}

void
request_scan(struct request *request)
{
	const char *params[1], *host = NULL;
	struct err err = { 0 };

	if (json_get_str(request->args, "host", 255, &host, &err) < 0) {
		request_fail(request, "%s", err.text);
		return;
	}
	if (request_transport(request)->ops->scan == NULL) {
		request_fail(request, "this coordinator's transport has no "
			     "host keys");
		return;
	}
	params[0] = host;
	request_ask(request, REQUEST_HOST, params, scan_host);
}
