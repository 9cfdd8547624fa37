/* plan_step.c - the steps of one backend's plan, as JSON. */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "packages.h"
#include "plan_private.h"

#define DEADLINE_MS (5 * MINUTE_MS)
#define EVERY_MS    (5 * SECOND_MS)

void
out_argv(struct env *e, struct json_out *o, const char *key,
	 const struct argv *argv)
{
	if (argv->n == 0)
		return;
	json_out_array(o, key);
	for (size_t i = 0; i < argv->n; i++) {
		const struct text word = { argv->at[i], argv->word[i] };
		char *text = env_text(e, &word);

		json_out_str(o, NULL, text);
		free(text);
	}
	json_out_end(o);
}

void
out_cond(struct env *e, struct json_out *o, const char *key,
	 const struct cond *cond)
{
	char *text = env_cond(e, cond, NULL);

	if (text != NULL)
		json_out_str(o, key, text);
	free(text);
}

void
out_span(struct env *e, struct json_out *o, const char *key,
	 const struct span *span)
{
	if (span->text.tpl != NULL)
		json_out_int(o, key, env_span(e, span, span->min_ms));
}

void
out_target(struct env *e, struct json_out *o, const struct target *target)
{
	char *text;

	env_target(e, target);
	text = x_asprintf("%s%s", target->each ? "each " : "",
			  target->group == NULL ? "backend" : target->group);
	json_out_str(o, "target", text);
	free(text);
}

static void
out_text(struct env *e, struct json_out *o, const char *key,
	 const struct text *text)
{
	char *filled;

	if (text->tpl == NULL)
		return;
	filled = env_text(e, text);
	json_out_str(o, key, filled);
	free(filled);
}

/*
 * What goes to the agent as it stands, in copy, clean and package: nothing may
 * be open any more, and $${ is a plain ${ by now.
 */
static void
out_final(struct env *e, struct json_out *o, const char *key,
	  const struct text *text)
{
	char *filled;

	if (text->tpl == NULL)
		return;
	filled = env_final(e, text);
	json_out_str(o, key, filled);
	free(filled);
}

static void
validate_out(struct env *e, struct json_out *o, const struct argv *argv)
{
	if (argv->n == 0)
		return;
	json_out_array(o, "validate");
	for (size_t i = 0; i < argv->n; i++) {
		const struct text word = { argv->at[i], argv->word[i] };

		/* The agent puts its own file there. */
		if (word.tpl->n == 1 && word.tpl->part[0].is_name &&
		    strcmp(word.tpl->part[0].text, "new_file") == 0)
			json_out_str(o, NULL, "${new_file}");
		else
			out_final(e, o, NULL, &word);
	}
	json_out_end(o);
}

static void
poll_out(struct env *e, struct json_out *o, const struct act *act)
{
	json_out_object(o, "poll");
	out_cond(e, o, "until", &act->poll.until);
	json_out_int(o, "every_ms", env_span(e, &act->poll.every, EVERY_MS));
	out_span(e, o, "at_most_ms", &act->poll.at_most);
	json_out_str(o, "then", act->poll.go_on ? "continue" : "fail");
	if (act->poll.record.text != NULL)
		json_out_str(o, "record", act->poll.record.text);
	json_out_end(o);
}

static void
copy_out(struct env *e, struct json_out *o, const struct act *act)
{
	const struct var *var = text_var(e->proc, &act->copy.from);
	const struct json_object *file = var == NULL ? NULL : env_file(e, var);
	const char *sha = NULL;
	struct err err;

	json_out_object(o, "copy");
	if (file != NULL) {
		if (json_get_str(file, "sha256", 64, &sha, &err) < 0)
			ynode_error(e->d, act->copy.from.node, "%s", err.text);
		json_out_str(o, "sha256", sha);
	}
	out_final(e, o, "staged", &act->copy.staged);
	out_final(e, o, "to", &act->copy.to);
	if (act->copy.mode != NULL)
		json_out_str(o, "mode", act->copy.mode);
	if (act->copy.owner != NULL)
		json_out_str(o, "owner", act->copy.owner);
	if (act->copy.group != NULL)
		json_out_str(o, "group", act->copy.group);
	validate_out(e, o, &act->copy.validate);
	json_out_end(o);
}

static void
clean_out(struct env *e, struct json_out *o, const struct act *act)
{
	json_out_object(o, "clean");
	out_final(e, o, "inside", &act->clean.inside);
	out_final(e, o, "match", &act->clean.match);
	if (act->clean.unless_running != NULL)
		json_out_str(o, "unless_running", act->clean.unless_running);
	json_out_end(o);
}

/* All that is to be installed, from variables and from the text. */
static void
packages_collect(struct env *e, const struct act *act, struct packages *all)
{
	struct err err;

	*all = (struct packages){ .n = 0 };
	for (size_t i = 0; i < act->package.n; i++) {
		const struct text *t = &act->package.install[i];
		const struct var *var = text_var(e->proc, t);
		char *text;

		if (t->tpl == NULL)
			continue;
		if (var != NULL && env_var(e, var) == NULL)
			continue;
		text = env_final(e, t);
		if (packages_parse(text, all, &err) < 0)
			ynode_error(e->d, t->node, "%s", err.text);
		free(text);
	}
}

static void
package_out(struct env *e, struct json_out *o, const struct act *act)
{
	struct packages all;

	packages_collect(e, act, &all);
	json_out_object(o, "package");
	if (all.match) {
		json_out_str(o, "match", all.item[0].name);
		json_out_str(o, "version", all.item[0].version);
	} else {
		json_out_array(o, "packages");
		for (size_t i = 0; i < all.n; i++) {
			json_out_object(o, NULL);
			json_out_str(o, "name", all.item[i].name);
			json_out_str(o, "version", all.item[i].version);
			json_out_end(o);
		}
		json_out_end(o);
	}
	json_out_str(o, "services", act->package.leave ? "leave" : "hold");
	json_out_end(o);
	packages_free(&all);
}

/* "no file was given": why an act has nothing to do; NULL: it has. */
static char *
plan_act_idle(struct env *e, const struct act *act)
{
	struct packages all;
	const struct var *var = NULL;
	size_t n;

	if (act->kind == ACT_PACKAGE) {
		packages_collect(e, act, &all);
		n = all.n;
		packages_free(&all);
		return n > 0 ? NULL : x_strdup("no packages were given");
	}
	if (act->kind != ACT_COPY)
		return NULL;
	var = text_var(e->proc, &act->copy.from);
	if (var != NULL && env_file(e, var) == NULL)
		return x_asprintf("no file was given (%s)", var->name);
	var = text_var(e->proc, &act->copy.staged);
	if (var != NULL && env_var(e, var) == NULL)
		return x_asprintf("no file was named (%s)", var->name);
	return NULL;
}

/* What an act does, under its own keys (kind, argv, poll, …). */
static void
plan_act(struct env *e, struct json_out *o, const struct act *act)
{
	json_out_str(o, "kind", act_words[act->kind]);
	switch (act->kind) {
	case ACT_RUN:
		out_argv(e, o, "argv", &act->run);
		return;
	case ACT_POLL:
		poll_out(e, o, act);
		return;
	case ACT_WAIT:
		out_span(e, o, "wait_ms", &act->wait);
		return;
	case ACT_APPROVE:
		out_text(e, o, "approve", &act->approve);
		return;
	case ACT_COPY:
		copy_out(e, o, act);
		return;
	case ACT_CLEAN:
		clean_out(e, o, act);
		return;
	case ACT_PACKAGE:
		package_out(e, o, act);
		return;
	case ACT_COUNT:
		break;
	}
	abort();
}

/* Without one, copy, clean and package bring their own. */
static void
undo_out(struct env *e, struct json_out *o, const struct step *step)
{
	const struct undo *undo = &step->undo;

	if (undo->none) {
		json_out_str(o, "undo", "none");
	} else if (undo->node != NULL) {
		json_out_object(o, "undo");
		plan_act(e, o, &undo->act);
		out_target(e, o,
			   undo->target.node != NULL ? &undo->target
						     : &step->target);
		out_cond(e, o, "check", &undo->check);
		out_span(e, o, "timeout_ms", &undo->timeout);
		json_out_end(o);
	}
}

static void
remember_out(struct env *e, struct json_out *o, const struct step *step)
{
	if (step->remembers == 0)
		return;
	json_out_array(o, "remember");
	for (size_t i = 0; i < step->remembers; i++) {
		const struct remember *m = &step->remember[i];

		json_out_object(o, NULL);
		json_out_str(o, "name", m->name);
		json_out_str(o, "value", m->value.text);
		out_cond(e, o, "where", &m->where);
		json_out_end(o);
	}
	json_out_end(o);
}

static void
marks_out(struct env *e, struct json_out *o, const struct step *step)
{
	if (step->no_return)
		json_out_bool(o, "no_return", true);
	if (step->destroys || step->act.kind == ACT_CLEAN)
		json_out_bool(o, "destroys", true);
	if (step->idempotent)
		json_out_bool(o, "idempotent", true);
	if (step->discard)
		json_out_str(o, "output", "discard");
	if (step->ignore)
		json_out_str(o, "on_failure", "ignore");
	out_span(e, o, "timeout_ms", &step->timeout);
	out_span(e, o, "settle_ms", &step->settle);
	if (step->retries > 0)
		json_out_int(o, "retries", step->retries);
	out_span(e, o, "backoff_ms", &step->backoff);
	if (step->expected.text.tpl != NULL)
		out_span(e, o, "expected_ms", &step->expected);
	else if (step->act.kind == ACT_WAIT)
		out_span(e, o, "expected_ms", &step->act.wait);
	else if (step->act.kind == ACT_POLL)
		out_span(e, o, "expected_ms", &step->act.poll.at_most);
}

/* Is there something to do for this backend?  true: no, and it is said why. */
static bool
when_out(struct env *e, struct json_out *o, const struct step *step)
{
	enum tri tri = TRI_TRUE;
	char *when = env_cond(e, &step->when, &tri);
	char *idle = tri == TRI_FALSE ? NULL : plan_act_idle(e, &step->act);

	if (when != NULL && tri == TRI_FALSE)
		idle = x_asprintf("%s does not hold", step->when.node->text);
	else if (when != NULL && tri == TRI_UNKNOWN)
		json_out_str(o, "when", when);
	if (idle != NULL)
		json_out_str(o, "skip", idle);
	free(when);
	free(idle);
	return idle != NULL;
}

static bool
step_out(struct env *e, struct json_out *o, const struct step *step)
{
	bool skipped;

	json_out_object(o, NULL);
	json_out_str(o, "name", step->name);
	json_out_str(o, "phase", e->proc->phase[step->phase].name);
	plan_act(e, o, &step->act);
	out_target(e, o, &step->target);
	skipped = when_out(e, o, step);
	remember_out(e, o, step);
	out_cond(e, o, "require", &step->require);
	out_cond(e, o, "check", &step->check);
	out_cond(e, o, "expect", &step->expect);
	if (step->keep != NULL) {
		json_out_object(o, "keep");
		json_out_str(o, "until", step->keep_until);
		json_out_int(o, "repair", step->keep_repair);
		json_out_end(o);
	}
	undo_out(e, o, step);
	marks_out(e, o, step);
	json_out_end(o);
	return skipped;
}

/*
 * What a clean put aside is deleted at the very end, when nobody wants it back
 * any more.  Its attempt is only known then.
 */
static void
purge_out(struct env *e, struct json_out *o, const struct step *step)
{
	const struct phase *last = &e->proc->phase[e->proc->phases - 1];
	char *name = x_asprintf("purge-%s", step->name);
	char *when = x_asprintf("${steps.%s.state} == passed", step->name);
	char *of = x_asprintf("${steps.%s.attempt}", step->name);

	json_out_object(o, NULL);
	json_out_str(o, "name", name);
	json_out_str(o, "phase", last->name);
	json_out_str(o, "kind", "clean");
	json_out_object(o, "clean");
	out_final(e, o, "inside", &step->act.clean.inside);
	json_out_str(o, "purge_of", of);
	json_out_end(o);
	out_target(e, o, &step->target);
	json_out_str(o, "when", when);
	json_out_str(o, "undo", "none");
	json_out_bool(o, "idempotent", true);
	json_out_str(o, "on_failure", "ignore");
	json_out_end(o);
	free(name);
	free(when);
	free(of);
}

void
plan_steps(struct env *e, struct json_out *o)
{
	const struct procedure *proc = e->proc;
	bool *skipped = x_calloc(proc->steps + 1, sizeof(*skipped));

	json_out_array(o, "steps");
	for (size_t i = 0; i < proc->steps; i++)
		skipped[i] = step_out(e, o, &proc->step[i]);
	for (size_t i = 0; i < proc->steps; i++)
		if (proc->step[i].act.kind == ACT_CLEAN && !skipped[i])
			purge_out(e, o, &proc->step[i]);
	json_out_end(o);
	free(skipped);
}
