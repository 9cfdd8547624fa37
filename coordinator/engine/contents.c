/* contents.c - the files that a turn copies. */
#include "contents.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "store.h"
#include "wire.h"

#define FETCH_MS 30000

struct content {
	char *sha256;
	struct buf bytes;
	bool here, wanted;
};

struct contents {
	struct content *items;
	size_t n;
	size_t fetching;		/* of the call under way */
	struct pg_call *call;
};

static void contents_fetch(struct fleet *f);

void
contents_free(struct fleet *f)
{
	struct contents *c = f->contents;

	f->contents = NULL;
	if (c == NULL)
		return;
	if (c->call != NULL)
		pg_call_cancel(&c->call);
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].sha256);
		buf_free(&c->items[i].bytes);
	}
	free(c->items);
	free(c);
}

static struct content *
contents_find(const struct fleet *f, const char *sha256)
{
	for (size_t i = 0; f->contents != NULL && i < f->contents->n; i++) {
		if (strcmp(f->contents->items[i].sha256, sha256) == 0)
			return &f->contents->items[i];
	}
	return NULL;
}

static void
contents_got(void *self, const struct pg_rows *rows,
	     const struct pg_error *error)
{
	struct fleet *f = self;
	struct content *content = &f->contents->items[f->contents->fetching];
	const char *text = rows != NULL ? store_value(rows) : NULL;
	struct err err = { ERR_NONE, "" };

	f->contents->call = NULL;
	if (text == NULL || base64_decode(&content->bytes, text, strlen(text),
					  &err) < 0)
		log_warn("%s: file %s: %s", f->name, content->sha256,
			 text == NULL ? error->err.text : err.text);
	else
		content->here = true;
	/* one that failed is asked for again when it is needed */
	content->wanted = false;
	contents_fetch(f);
	fleet_wake(f);
}

static void
contents_fetch(struct fleet *f)
{
	struct contents *c = f->contents;
	const char *params[1];

	for (size_t i = 0; i < c->n && c->call == NULL; i++) {
		if (c->items[i].here || !c->items[i].wanted)
			continue;
		c->fetching = i;
		params[0] = c->items[i].sha256;
		c->call = store_call(f->pg, STORE_CONTENT, params, FETCH_MS,
				     contents_got, f);
	}
}

static void
contents_want(struct fleet *f, const char *sha256)
{
	struct content *content = contents_find(f, sha256);

	if (f->contents == NULL)
		f->contents = x_new(struct contents);
	if (content == NULL) {
		struct contents *c = f->contents;

		c->items = x_realloc(c->items, c->n + 1, sizeof(*c->items));
		content = &c->items[c->n++];
		*content = (struct content){ .sha256 = x_strdup(sha256) };
		buf_init(&content->bytes, WIRE_CONTENT_MAX);
	}
	content->wanted = true;
	contents_fetch(f);
}

/* Which file a step of the turn at hand copies, NULL: none. */
static const char *
contents_of(const struct fleet *f, int step)
{
	return jdoc_str(jdoc_in(f->view.steps[step].spec, "copy"), "sha256",
			NULL);
}

/* Does any step of the turn at hand still copy this? */
static bool
contents_used(const struct fleet *f, const char *sha256)
{
	for (int i = 0; i < f->view.nsteps; i++) {
		const char *its = contents_of(f, i);

		if (its != NULL && strcmp(its, sha256) == 0)
			return true;
	}
	return false;
}

void
contents_load(struct fleet *f)
{
	bool stale = false;

	for (size_t i = 0; f->contents != NULL && i < f->contents->n; i++)
		stale |= !contents_used(f, f->contents->items[i].sha256);
	if (stale)
		contents_free(f);
	for (int i = 0; i < f->view.nsteps; i++) {
		const char *sha256 = contents_of(f, i);

		if (sha256 != NULL && contents_find(f, sha256) == NULL)
			contents_want(f, sha256);
	}
}

int
contents_get(struct fleet *f, const char *sha256, const void **data_r,
	     size_t *size_r, const char **why_r)
{
	const struct content *content = contents_find(f, sha256);

	if (content == NULL || !content->here) {
		*why_r = "its file is not read from the database yet";
		contents_want(f, sha256);
		return -1;
	}
	*data_r = buf_str(&content->bytes);
	*size_r = content->bytes.len;
	return 0;
}
