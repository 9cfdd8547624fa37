/*
 * help.c - help, walked from the tree of commands and the lists of flags.
 */
#include "help.h"

#include <stdbool.h>
#include <string.h>

#include "args.h"
#include "checks.h"
#include "exits.h"
#include "flags.h"
#include "help_language.h"
#include "nearest.h"

enum { HELP_INDENT = 26 };

/* `left` in its column, `right` beside it, or below when left is long */
static void
help_line(struct buf *out, const char *left, const char *right)
{
	if (strlen(left) + 2 < HELP_INDENT)
		(void)buf_addf(out, "  %-*s%s\n", HELP_INDENT - 2, left, right);
	else
		(void)buf_addf(out, "  %s\n%*s%s\n", left, HELP_INDENT, "",
			       right);
}

static void
help_flags(struct buf *out, uint64_t set)
{
	const struct flag *f;
	struct buf left;
	int i;

	buf_init(&left, 200);
	for (i = 0; i < FLAG_COUNT; i++) {
		if ((set & UINT64_C(1) << i) == 0)
			continue;
		f = &flag_table[i];
		buf_clear(&left);
		if (f->letter != 0)
			(void)buf_addf(&left, "-%c, ", f->letter);
		(void)buf_addf(&left, "--%s", f->name);
		if (f->value != NULL)
			(void)buf_addf(&left, " %s", f->value);
		help_line(out, buf_str(&left), f->help);
	}
	buf_free(&left);
}

static void
help_usage(struct buf *out, const struct command *c, const char *path)
{
	(void)buf_addf(out, "%s%s%s", path, path[0] != '\0' ? " " : "",
		       c->name);
	if (c->sub != NULL)
		(void)buf_adds(out, " COMMAND");
	else if (c->args != NULL)
		(void)buf_addf(out, " %s", c->args);
	(void)buf_addf(out, "%s\n", c->flags != 0 ? " [options]" : "");
}

static void
help_children(struct buf *out, const struct command *c)
{
	const char *group = NULL;
	const struct command *s;
	struct buf left;

	buf_init(&left, 200);
	for (s = c->sub; s->name != NULL; s++) {
		if (s->group != NULL &&
		    (group == NULL || strcmp(group, s->group) != 0)) {
			group = s->group;
			(void)buf_addf(out, "\n%s:\n", group);
		}
		buf_clear(&left);
		(void)buf_adds(&left, s->name);
		if (s->args != NULL)
			(void)buf_addf(&left, " %s", s->args);
		help_line(out, buf_str(&left), s->help);
	}
	buf_free(&left);
}

void
help_command(struct buf *out, const struct command *c, const char *path)
{
	const char *line, *end;

	for (line = c->examples; line != NULL && *line != '\0'; line = end) {
		end = strchr(line, '\n');
		end = end != NULL ? end + 1 : line + strlen(line);
		(void)buf_adds(out, "  ");
		(void)buf_add(out, line, (size_t)(end - line));
	}
	(void)buf_addf(out, "%s%s\n\nusage: ", c->examples != NULL ? "\n" : "",
		       c->help);
	help_usage(out, c, path);
	if (c->sub != NULL)
		help_children(out, c);
	if (c->flags != 0) {
		(void)buf_adds(out, "\noptions:\n");
		help_flags(out, c->flags);
	}
	(void)buf_adds(out, "\noptions of every command:\n");
	help_flags(out, FLAGS_GLOBAL);
	if (path[0] == '\0') {
		(void)buf_adds(out, "\nMore: drydock help TOPIC, with TOPIC\n");
		help_topics(out);
	}
}

void
help_tree(struct buf *out, const struct command *c, const char *path)
{
	const struct command *s;
	struct buf sub;

	if (c->sub == NULL) {
		(void)buf_addf(out, "%s%s%s%s%s\t%s\n", path, *path ? " " : "",
			       c->name, c->args != NULL ? " " : "",
			       c->args != NULL ? c->args : "", c->help);
		return;
	}
	buf_init(&sub, 200);
	(void)buf_addf(&sub, "%s%s%s", path, *path ? " " : "", c->name);
	for (s = c->sub; s->name != NULL; s++)
		help_tree(out, s, buf_str(&sub));
	buf_free(&sub);
}

static void
topic_exit_codes(struct buf *out)
{
#define X(id, number, meaning)                                                 \
	(void)buf_addf(out, "  %3d  %s\n", number, meaning);
	DRYDOCK_EXITS(X)
#undef X
}

static void
topic_states(struct buf *out)
{
	(void)buf_adds(
		out,
		"A rollout is planned, scheduled, running, then succeeded,\n"
		"incomplete (a backend was skipped, excluded or left out), "
		"aborted\n"
		"or cancelled.  Why a running one does not move is its holds:\n"
		"  halted   a backend is held and waits for a person\n"
		"  waiting  a gate, a window, an approval, a contact or the "
		"database\n"
		"  paused   somebody paused it\n"
		"\n"
		"A backend's turn is waiting, working, then done; or held "
		"(see\n"
		"retry, restore, skip, settle), restoring, restored, skipped; "
		"or\n"
		"out: at rest out of service after an abort past the point of "
		"no\n"
		"return (see include, exclude --accept-out).\n"
		"\n"
		"A step is pending, running, then passed, failed, skipped, "
		"undone;\n"
		"or unknown: it was sent and nobody can say whether it "
		"happened.\n");
}

static void
topic_holds(struct buf *out)
{
	(void)buf_adds(
		out, "A hold says why a rollout does not move; `drydock "
		     "status` shows\n"
		     "each with its reason, since when, and what to type.\n"
		     "  pause     drydock resume\n"
		     "  turn      drydock retry, restore, skip or settle\n"
		     "  window    waits for the fleet's window\n"
		     "  approval  drydock approve\n"
		     "  gate      another backend is not in service, or a "
		     "group is not\n"
		     "            ready: repaired there, it goes on by itself; "
		     "some can\n"
		     "            be lifted for one backend (drydock "
		     "override)\n"
		     "  contact   a host does not answer; asking goes on.  "
		     "Another one of\n"
		     "            its group is told instead only when it is "
		     "gone: no other\n"
		     "            lists it any more, or it was silent for 75 "
		     "s\n"
		     "  database  the coordinator cannot write\n");
}

static void
topic_checks(struct buf *out)
{
	(void)buf_adds(out, "`drydock check` asks all of it and changes "
			    "nothing; so does a start,\n"
			    "before it takes the first backend.  Each finding "
			    "says what to type.\n");
#define GROUP(name) (void)buf_adds(out, "\n" name ":\n");
#define X(code, meaning) help_line(out, #code, meaning);
	DRYDOCK_CHECKS(GROUP, X)
#undef X
#undef GROUP
	(void)buf_adds(out, "\nBeside these stand the codes of a procedure's "
			    "own preflight.\n");
}

static void
topic_variables(struct buf *out)
{
	struct language l = language_procedure();

	for (size_t i = 0; i < l.n; i++)
		if (l.part[i].names)
			help_part(out, &l.part[i]);
	(void)buf_adds(out, "ENVIRONMENT\n"
			    "  DRYDOCK_DATABASE    as --database\n"
			    "  DRYDOCK_FLEET       as --fleet\n"
			    "  PGHOST, PGSERVICE…  as for psql\n"
			    "  NO_COLOR TERM LANG  colours and signs\n");
}

static const struct topic {
	const char *name;
	const char *help;
	void (*write)(struct buf *out);
	struct language (*language)(void); /* instead; a manual of its own */
} topics[] = {
	{ "exit-codes", "what the exit codes mean", topic_exit_codes, NULL },
	{ "states", "the words for rollouts, turns and steps", topic_states,
	  NULL },
	{ "holds", "why a rollout does not move", topic_holds, NULL },
	{ "checks", "what plan, check and doctor may find", topic_checks,
	  NULL },
	{ "variables", "in procedures and in the environment", topic_variables,
	  NULL },
	{ "procedure", "all that a procedure's file may say", NULL,
	  language_procedure },
	{ "fleet", "all that a fleet's file (an inventory) may say", NULL,
	  language_fleet },
};

#define TOPIC_COUNT (sizeof(topics) / sizeof(topics[0]))

static const struct topic *
topic_find(const char *name)
{
	size_t i;

	for (i = 0; i < TOPIC_COUNT; i++)
		if (strcmp(topics[i].name, name) == 0)
			return &topics[i];
	return NULL;
}

bool
help_topic_language(const char *topic, struct language *language_r)
{
	const struct topic *t = topic_find(topic);

	if (t == NULL || t->language == NULL)
		return false;
	*language_r = t->language();
	return true;
}

int
help_topic(struct buf *out, const char *topic)
{
	const struct topic *t = topic_find(topic);
	struct language l;

	if (t == NULL)
		return -1;
	if (help_topic_language(topic, &l))
		help_language(out, &l);
	else
		t->write(out);
	return 0;
}

void
help_topics(struct buf *out)
{
	size_t i;

	for (i = 0; i < TOPIC_COUNT; i++)
		help_line(out, topics[i].name, topics[i].help);
}

const char *
help_topic_nearest(const char *word)
{
	struct nearest near = { .word = word };
	size_t i;

	for (i = 0; i < TOPIC_COUNT; i++)
		nearest_offer(&near, topics[i].name);
	return near.best;
}

const char *
help_topic_at(size_t nth)
{
	return nth < TOPIC_COUNT ? topics[nth].name : NULL;
}
