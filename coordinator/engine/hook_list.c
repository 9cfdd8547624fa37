/* hook_list.c - the hooks that a configuration names. */
#include "hook_list.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"

#define NAME_MAX_LEN 63
#define NAME_CHARS   "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define EVENT_CHARS  "abcdefghijklmnopqrstuvwxyz0123456789_.*"

static char **
words_split(const char *text)
{
	char *copy = x_strdup(text), *at = copy, *word;
	char **words = x_calloc(1, sizeof(*words));
	size_t n = 0;

	while ((word = strsep(&at, " \t")) != NULL) {
		if (*word == '\0')
			continue;
		words = x_realloc(words, n + 2, sizeof(*words));
		words[n++] = x_strdup(word);
		words[n] = NULL;
	}
	free(copy);
	return words;
}

static void
words_free(char ***words)
{
	for (size_t i = 0; *words != NULL && (*words)[i] != NULL; i++)
		free((*words)[i]);
	x_free(words);
}

static void
words_set(char ***to, const char *text)
{
	words_free(to);
	*to = words_split(text);
}

void
hook_list_free(struct hook_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->hook[i].name);
		words_free(&list->hook[i].argv);
		words_free(&list->hook[i].on);
		words_free(&list->hook[i].fleets);
	}
	x_free(&list->hook);
	list->n = 0;
}

static struct hook *
hook_get(struct hook_list *list, const char *name, size_t len)
{
	struct hook *h;

	for (size_t i = 0; i < list->n; i++)
		if (strlen(list->hook[i].name) == len &&
		    strncmp(list->hook[i].name, name, len) == 0)
			return &list->hook[i];
	list->hook = x_realloc(list->hook, list->n + 1, sizeof(*list->hook));
	h = &list->hook[list->n++];
	*h = (struct hook){ .name = x_strndup(name, len),
			    .on = words_split(HOOK_ON),
			    .timeout_ms = HOOK_TIMEOUT_MS };
	return h;
}

static int
hook_set_program(struct hook *h, const char *value, struct err *err)
{
	if (value[0] != '/')
		return err_set(err, ERR_USAGE, "\"%.60s\" is no absolute path "
			       "of a program", value);
	words_set(&h->argv, value);
	return 0;
}

static int
hook_set_on(struct hook *h, const char *value, struct err *err)
{
	if (value[strspn(value, " \t" EVENT_CHARS)] != '\0' ||
	    value[strspn(value, " \t")] == '\0')
		return err_set(err, ERR_USAGE, "\"%.60s\" is no list of kinds "
			       "of events, like: turn.* rollout.summary",
			       value);
	words_set(&h->on, value);
	return 0;
}

static int
hook_set(struct hook *h, const char *what, const char *value, struct err *err)
{
	if (*what == '\0')
		return hook_set_program(h, value, err);
	if (strcmp(what, ".on") == 0)
		return hook_set_on(h, value, err);
	if (strcmp(what, ".timeout") == 0)
		return num_parse_duration(value, 1000, 3600000, &h->timeout_ms,
					  err);
	if (strcmp(what, ".fleet") == 0) {
		words_set(&h->fleets, value);
		return 0;
	}
	return err_set(err, ERR_USAGE, "a hook has .on, .timeout and .fleet, "
		       "not \"%.60s\"", what);
}

static int
hook_read(struct hook_list *list, const struct conf_item *line,
	  struct err *err)
{
	size_t len = strspn(line->name, NAME_CHARS);
	char end = line->name[len];

	if (len == 0 || len > NAME_MAX_LEN || (end != '\0' && end != '.') ||
	    line->name[0] == '-' || line->name[0] == '_')
		return err_set(err, ERR_USAGE, "a hook's name has small "
			       "letters, digits, - and _ only");
	return hook_set(hook_get(list, line->name, len), line->name + len,
			line->value, err);
}

int
hook_list_read(struct hook_list *list, const struct conf_list *lines,
	       const char *path, struct err *err)
{
	int ret = 0;

	*list = (struct hook_list){ 0 };
	for (size_t i = 0; ret == 0 && i < lines->n; i++) {
		ret = hook_read(list, &lines->item[i], err);
		if (ret < 0)
			err_prefix(err, "%s:%u: hook.%.80s: ", path,
				   lines->item[i].line, lines->item[i].name);
	}
	for (size_t i = 0; ret == 0 && i < list->n; i++)
		if (list->hook[i].argv == NULL)
			ret = err_set(err, ERR_USAGE, "%s: hook.%s says when, "
				      "but not what to run: hook.%s = PROGRAM",
				      path, list->hook[i].name,
				      list->hook[i].name);
	if (ret < 0)
		hook_list_free(list);
	return ret;
}
