/* request_todo.c - what the plans would do, by host, each thing once. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "request_private.h"

/* One thing of a plan, on its way to the hosts of its target. */
struct todo_walk {
	struct request *request;
	const char *backend;
	struct request_item item;	/* borrowed texts */
	bool builtin_only;
};

void
request_todo_free(struct request *request)
{
	for (size_t i = 0; i < request->ntodos; i++) {
		struct request_todo *todo = request->todos[i];

		for (size_t k = 0; k < todo->n; k++) {
			free(todo->items[k].kind);
			free(todo->items[k].json);
			free(todo->items[k].step);
			free(todo->items[k].backend);
			free(todo->items[k].sha256);
		}
		free(todo->items);
		free(todo->host);
		free(todo);
	}
	free(request->todos);
	request->todos = NULL;
	request->ntodos = 0;
}

static struct request_todo *
todo_get(struct request *request, const char *host)
{
	struct request_todo *todo;

	for (size_t i = 0; i < request->ntodos; i++) {
		if (strcmp(request->todos[i]->host, host) == 0)
			return request->todos[i];
	}
	todo = x_new(struct request_todo);
	todo->request = request;
	todo->host = x_strdup(host);
	request->todos = x_realloc(request->todos, request->ntodos + 1,
				   sizeof(struct request_todo *));
	request->todos[request->ntodos++] = todo;
	return todo;
}

static void
todo_on(void *ctx, const char *host)
{
	struct todo_walk *walk = ctx;
	struct request_todo *todo = todo_get(walk->request, host);

	for (size_t i = 0; i < todo->n; i++) {
		if (strcmp(todo->items[i].json, walk->item.json) == 0)
			return;
	}
	todo->items = x_realloc(todo->items, todo->n + 1,
				sizeof(*todo->items));
	todo->items[todo->n++] = (struct request_item){
		.kind = x_strdup(walk->item.kind),
		.json = x_strdup(walk->item.json),
		.step = x_strdup(walk->item.step),
		.backend = x_strdup(walk->backend),
		.sha256 = x_strdup(walk->item.sha256),
	};
}

static void
todo_put(struct todo_walk *walk, const char *target)
{
	request_each_target(walk->request, walk->backend, target, todo_on,
			    walk);
}

static const char *
todo_str(const struct json_object *obj, const char *key, const char *other)
{
	const char *text = other;

	(void)json_opt_str(obj, key, 65536, &text, NULL);
	return text;
}

/* The words as they would be today; false: one cannot be told yet. */
static bool
todo_words(struct todo_walk *walk, const struct json_object *argv,
	   struct json_out *o)
{
	for (size_t i = 0; i < json_count(argv); i++) {
		struct err err = { 0 };
		const char *word = "";
		char *filled = NULL;

		(void)json_item_str(argv, i, 65536, &word, NULL);
		if (request_fill(walk->request, walk->backend, word, &filled,
				 &err) < 0) {
			request_find(walk->request, "notice", "NOT_ASKED",
				     NULL, walk->backend, NULL, NULL,
				     "%s: what is not known yet cannot be "
				     "asked about: %s", walk->item.step,
				     err.text);
			return false;
		}
		json_out_str(o, NULL, filled);
		free(filled);
	}
	return true;
}

static void
todo_run(struct todo_walk *walk, const struct json_object *argv,
	 const char *target)
{
	struct json_out o;
	struct buf text;
	bool ok;

	buf_init(&text, 65536);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	json_out_str(&o, "verb", "run");
	json_out_array(&o, "argv");
	ok = todo_words(walk, argv, &o);
	json_out_end(&o);
	json_out_end(&o);
	walk->item.kind = (char *)(uintptr_t)"run";
	walk->item.json = buf_take(&text);
	walk->item.sha256 = NULL;
	if (ok)
		todo_put(walk, target);
	free(walk->item.json);
}

static bool
todo_member(void *self, const char *key, const struct json_object *value)
{
	if (value != NULL)
		json_out_value(self, key, value);
	return true;
}

/* copy, clean, package: with "verb" for `may`, without for `dry`. */
static void
todo_builtin(struct todo_walk *walk, const char *kind,
	     const struct json_object *spec, const char *target)
{
	struct json_out o;
	struct buf text;

	buf_init(&text, 65536);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	if (!walk->builtin_only)
		json_out_str(&o, "verb", kind);
	json_each(spec, todo_member, &o);
	json_out_end(&o);
	walk->item.kind = (char *)(uintptr_t)kind;
	walk->item.json = buf_take(&text);
	walk->item.sha256 = (char *)(uintptr_t)todo_str(spec, "sha256", NULL);
	todo_put(walk, target);
	free(walk->item.json);
}

/* A step, or its undo: both have a kind and what belongs to it. */
static void
todo_act(struct todo_walk *walk, const struct json_object *act,
	 const char *target)
{
	static const char *const kinds[] = { "copy", "clean", "package" };
	const char *kind = todo_str(act, "kind", "run");
	const struct json_object *argv = NULL, *spec = NULL;

	target = todo_str(act, "target", target);
	(void)json_opt_array(act, "argv", 1000, &argv, NULL);
	if (argv != NULL && !walk->builtin_only && strcmp(kind, "run") == 0)
		todo_run(walk, argv, target);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		spec = NULL;
		(void)json_opt_object(act, kinds[i], &spec, NULL);
		/* what a purge takes is not there yet */
		if (spec != NULL && json_member(spec, "purge_of") != NULL)
			continue;
		if (spec != NULL && strcmp(kind, kinds[i]) == 0)
			todo_builtin(walk, kinds[i], spec, target);
	}
}

static void
todo_step(struct todo_walk *walk, const struct json_object *step)
{
	const struct json_object *undo = json_member(step, "undo");
	const char *target = todo_str(step, "target", "backend");
	char *name;

	/* decided when it was planned: it will not run */
	if (json_member(step, "skip") != NULL)
		return;
	walk->item.step = (char *)(uintptr_t)todo_str(step, "name", "?");
	todo_act(walk, step, target);
	if (json_kind(undo) != JSON_OBJECT || walk->builtin_only)
		return;
	name = x_asprintf("undo of %s", walk->item.step);
	walk->item.step = name;
	todo_act(walk, undo, target);
	free(name);
}

/* address:port */
static void
todo_tcp(struct json_out *o, const char *tcp)
{
	size_t colon = strlen(tcp);

	while (colon > 0 && tcp[colon] != ':')
		colon--;
	if (colon == 0)
		return;
	json_out_str(o, NULL, "tcp");
	json_out_strn(o, NULL, tcp, colon);
	json_out_str(o, NULL, &tcp[colon + 1]);
}

static void
todo_read(struct todo_walk *walk, const char *name, const char *target,
	  const struct json_object *argv, const char *tcp)
{
	struct json_out o;
	struct buf text;
	bool ok = true;

	buf_init(&text, 65536);
	json_out_init(&o, &text);
	json_out_array(&o, NULL);
	if (tcp != NULL)
		todo_tcp(&o, tcp);
	walk->item.step = (char *)(uintptr_t)name;
	if (argv != NULL)
		ok = todo_words(walk, argv, &o);
	json_out_end(&o);
	walk->item.kind = NULL;
	walk->item.sha256 = NULL;
	walk->item.json = buf_take(&text);
	if (ok)
		todo_put(walk, target);
	free(walk->item.json);
}

static bool
todo_probe(void *self, const char *key, const struct json_object *probe)
{
	const struct json_object *argv = NULL;

	if (json_kind(probe) != JSON_OBJECT)
		return true;
	(void)json_opt_array(probe, "run", 1000, &argv, NULL);
	todo_read(self, key, todo_str(probe, "target", "backend"), argv,
		  todo_str(probe, "tcp", NULL));
	return true;
}

void
request_todo_make(struct request *request, bool builtin_only)
{
	request_todo_free(request);
	for (size_t i = 0; i < request->nturns; i++) {
		const struct request_turn *turn = &request->turns[i];
		const struct json_object *steps = NULL, *probes = NULL;
		struct todo_walk walk = { .request = request,
					  .backend = turn->backend,
					  .builtin_only = builtin_only };

		(void)json_opt_array(turn->plan, "steps", 10000, &steps, NULL);
		(void)json_opt_object(turn->plan, "probes", &probes, NULL);
		for (size_t k = 0; steps != NULL && k < json_count(steps); k++)
			todo_step(&walk, json_item(steps, k));
		if (probes != NULL && !builtin_only)
			json_each(probes, todo_probe, &walk);
	}
}
