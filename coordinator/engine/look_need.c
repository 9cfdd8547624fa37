/* look_need.c - which hosts a probe is asked on, and with which words. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "look_private.h"
#include "words.h"

/* No joined words begin with a blank. */
static char *
need_key(const struct look_spec *spec, char *const *argv)
{
	size_t n = 0;
	char *words, *key;

	if (argv == NULL)
		return x_asprintf(" tcp %s %d", spec->tcp_address,
				  spec->tcp_port);
	while (argv[n] != NULL)
		n++;
	words = words_join((const char *const *)argv, n);
	if (spec->format != READING_COUNTS)
		return words;
	key = x_asprintf(" counts %s", words);
	free(words);
	return key;
}

static void
need_free_argv(char **argv)
{
	for (size_t i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

/* Each distinct (host, words) stands once in a look. */
static struct look_need *
need_get(struct look *look, const char *host, const struct look_spec *spec,
	 char *const *argv)
{
	char *key = need_key(spec, argv);
	struct look_need *need;
	size_t n = 0;

	for (size_t i = 0; i < look->nneeds; i++) {
		need = look->needs[i];
		if (strcmp(need->host, host) == 0 &&
		    strcmp(need->key, key) == 0) {
			free(key);
			return need;
		}
	}
	need = x_new(struct look_need);
	need->look = look;
	need->host = x_strdup(host);
	need->key = key;
	need->timeout_ms = spec->timeout_ms;
	need->counts = spec->format == READING_COUNTS;
	need->tcp_address = x_strdup(spec->tcp_address);
	need->tcp_port = spec->tcp_port;
	while (argv != NULL && argv[n] != NULL)
		n++;
	if (argv != NULL)
		need->argv = x_calloc(n + 1, sizeof(*need->argv));
	for (size_t i = 0; i < n; i++)
		need->argv[i] = x_strdup(argv[i]);
	look->needs = x_realloc(look->needs, look->nneeds + 1,
				sizeof(struct look_need *));
	look->needs[look->nneeds++] = need;
	return need;
}

void
look_need_free(struct look_need *need)
{
	look_reading_release(need);
	need_free_argv(need->argv);
	free(need->tcp_address);
	free(need->host);
	free(need->key);
	free(need);
}

static void
probe_on(struct look *look, struct look_probe *probe, const char *host,
	 char *const *argv)
{
	probe->seen = x_realloc(probe->seen, probe->nseen + 1,
				sizeof(*probe->seen));
	probe->seen[probe->nseen++] = (struct look_seen){
		.member = host,
		.need = need_get(look, host, probe->spec, argv),
	};
}

static void
probe_on_group(struct look *look, struct look_probe *probe,
	       const struct look_group *group, const char *without,
	       char *const *argv)
{
	for (size_t i = 0; i < group->nmembers; i++) {
		const struct look_host *member = &group->members[i];

		if (!member->excluded &&
		    (without == NULL || strcmp(member->name, without) != 0))
			probe_on(look, probe, member->name, argv);
	}
}

/* The rows of the spec, and one more condition when the key is not NULL. */
static void
probe_match(struct look_probe *probe, const char *key, const char *value)
{
	const struct look_spec *spec = probe->spec;

	probe->match = x_calloc(spec->nmatch + 1, sizeof(*probe->match));
	for (size_t i = 0; i < spec->nmatch; i++)
		probe->match[probe->nmatch++] = spec->match[i];
	if (key != NULL)
		probe->match[probe->nmatch++] = (struct reading_match){
			.column = key, .value = value,
		};
}

void
look_probe_service(struct look *look, struct look_probe *probe,
		   const struct look_host *backend, const char *without)
{
	const struct look_roster *roster = look->roster;
	const struct look_group *group = NULL;

	probe->spec = roster->service;
	probe_match(probe, roster->service_key, backend->address);
	if (roster->service_group != NULL)
		group = look_roster_group(roster, roster->service_group);
	if (group != NULL)
		probe_on_group(look, probe, group, without, probe->spec->argv);
	else
		probe_on(look, probe, backend->name, probe->spec->argv);
}

void
look_probe_rows(struct look *look, struct look_probe *probe)
{
	const struct look_roster *roster = look->roster;

	probe->spec = roster->service;
	probe_match(probe, NULL, NULL);
	if (roster->service_group != NULL) {
		probe_on_group(look, probe,
			       look_roster_group(roster,
						 roster->service_group),
			       NULL, probe->spec->argv);
		return;
	}
	for (size_t i = 0; i < roster->nbackends; i++) {
		if (!roster->backends[i].excluded)
			probe_on(look, probe, roster->backends[i].name,
				 probe->spec->argv);
	}
}

void
look_probe_ready(struct look *look, struct look_probe *probe,
		 const struct look_group *group, const char *without)
{
	probe->spec = group->ready;
	probe_match(probe, NULL, NULL);
	probe_on_group(look, probe, group, without, probe->spec->argv);
}

/* ${rollout.id}, or ${steps.S.x}: the last dot parts S from x. */
enum template_answer
look_scope_name(void *ctx, const char *name, struct buf *value,
		struct err *err)
{
	const struct look_scope *scope = ctx;
	const char *dot = strrchr(name, '.'), *text = NULL;
	char *step;

	if (strcmp(name, "rollout.id") == 0) {
		if (scope->rollout != NULL)
			(void)buf_adds(value, scope->rollout);
		return scope->rollout != NULL ? TEMPLATE_VALUE : TEMPLATE_OPEN;
	}
	if (strncmp(name, "steps.", 6) != 0 || dot <= name + 6) {
		(void)err_set(err, ERR_USAGE, "${%.80s} means nothing here",
			      name);
		return TEMPLATE_UNKNOWN;
	}
	step = x_strndup(name + 6, (size_t)(dot - name - 6));
	if (scope->step_value != NULL)
		text = scope->step_value(scope->ctx, step, dot + 1);
	free(step);
	if (text == NULL)
		return TEMPLATE_OPEN;
	(void)buf_adds(value, text);
	return TEMPLATE_VALUE;
}

/* The words with what was remembered in them; NULL and why when not yet. */
static char **
probe_words(const struct look_spec *spec, const struct look_scope *scope,
	    char **why_r)
{
	struct err err = { 0 };
	size_t n = 0;
	char **argv;

	while (spec->argv[n] != NULL)
		n++;
	argv = x_calloc(n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++) {
		if (template_fill_text(spec->argv[i], look_scope_name,
				       (void *)(uintptr_t)scope, &argv[i],
				       &err) == 0)
			continue;
		need_free_argv(argv);
		*why_r = x_strdup(err.text);
		return NULL;
	}
	return argv;
}

/* backend, each GROUP, or GROUP: the turn's mouth, or whoever answers. */
static void
probe_target(struct look *look, struct look_probe *probe,
	     const struct look_scope *scope, const char *target,
	     char *const *argv)
{
	bool each = strncmp(target, "each ", 5) == 0;
	const struct look_group *group;
	const char *mouth = NULL;

	if (strcmp(target, "backend") == 0) {
		if (scope->backend == NULL)
			probe->broken = x_strdup("there is no backend here");
		else
			probe_on(look, probe, scope->backend, argv);
		return;
	}
	group = look_roster_group(look->roster, each ? target + 5 : target);
	if (group == NULL) {
		probe->broken = x_asprintf("no group %.60s", target);
		return;
	}
	if (!each && scope->mouth != NULL)
		mouth = scope->mouth(scope->ctx, group->name);
	probe->any = !each;
	if (mouth != NULL && scope->without != NULL &&
	    strcmp(mouth, scope->without) == 0)
		mouth = NULL;
	for (size_t i = 0; mouth != NULL && i < group->nmembers; i++) {
		if (strcmp(group->members[i].name, mouth) == 0) {
			probe_on(look, probe, group->members[i].name, argv);
			return;
		}
	}
	probe_on_group(look, probe, group, scope->without, argv);
}

static const struct json_object *
probe_find(const struct look_scope *scope, const char *name)
{
	const struct json_object *probes = NULL, *probe;

	if (scope->plan != NULL)
		probes = json_member(scope->plan, "probes");
	if (json_kind(probes) != JSON_OBJECT)
		return NULL;
	probe = json_member(probes, name);
	return json_kind(probe) == JSON_OBJECT ? probe : NULL;
}

bool
look_probe_is_members(const struct look *look, const struct look_scope *scope,
		      const char *name)
{
	const struct json_object *obj = probe_find(scope, name);
	const char *target = "backend";

	if (obj == NULL)
		return strcmp(name, "service") == 0 &&
			look->roster->service_group != NULL;
	(void)json_opt_str(obj, "target", 255, &target, NULL);
	return strcmp(target, "backend") != 0;
}

static void
probe_planned(struct look *look, struct look_probe *probe,
	      const struct look_scope *scope, const struct json_object *obj)
{
	const char *target = "backend";
	struct err err = { 0 };
	char **argv = NULL;

	if (json_opt_str(obj, "target", 255, &target, &err) < 0 ||
	    look_spec_parse(obj, &probe->spec, &err) < 0) {
		probe->broken = x_strdup(err.text);
		return;
	}
	probe->spec_owned = true;
	probe_match(probe, NULL, NULL);
	if (probe->spec->argv != NULL) {
		argv = probe_words(probe->spec, scope, &probe->broken);
		if (argv == NULL)
			return;
	}
	probe_target(look, probe, scope, target, argv);
	need_free_argv(argv);
}

void
look_probe_plan(struct look *look, struct look_probe *probe,
		const struct look_scope *scope, const char *name)
{
	const struct json_object *obj = probe_find(scope, name);
	const struct look_host *backend = NULL;

	probe->name = x_strdup(name);
	if (obj != NULL) {
		probe_planned(look, probe, scope, obj);
		return;
	}
	if (scope->backend != NULL)
		backend = look_roster_backend(look->roster, scope->backend);
	if (strcmp(name, "service") == 0 && backend != NULL)
		look_probe_service(look, probe, backend, scope->without);
	else
		probe->broken = x_asprintf("the plan has no probe %.60s",
					   name);
}

void
look_probe_free(struct look_probe *probe)
{
	if (probe->spec_owned)
		look_spec_free(&probe->spec);
	free(probe->name);
	free(probe->match);
	free(probe->seen);
	free(probe->broken);
}
