/* proc_check.c - one part against the others: names, order, kinds. */
#include <string.h>

#include "alloc.h"
#include "procedure_private.h"

static struct scope
scope_of(struct proc_reader *r, size_t step)
{
	return (struct scope){ .r = r, .behind = step, .own = step };
}

static void
vars_check(struct proc_reader *r)
{
	struct scope s = scope_of(r, 0);

	s.no_probes = true;
	s.own = r->proc->steps;
	for (size_t i = 0; i < r->proc->vars; i++) {
		struct text def = { r->proc->var[i].def, r->proc->var[i].tpl };

		scope_text(&s, &def);
	}
}

/* What one host or connection says once cannot differ from itself. */
static void
same_check(const struct scope *s, const struct field *field)
{
	const struct probe *p;
	char *name;

	if (field->text == NULL)
		return;
	scope_field(s, field);
	name = x_strndup(field->text, strcspn(field->text, "."));
	p = probe_find(s->r->proc, name);
	free(name);
	if (p == NULL || p->target.group == NULL || p->target.each)
		return;
	ynode_error(s->r->d, field->node,
		    "probe \"%s\" is asked on one member of %s alone",
		    p->name, p->target.group);
	diag_hint(s->r->d, "\"same\" compares what every backend shows, or "
			   "with \"target: each %s\" every member",
		  p->target.group);
}

/* Looks happen at any time: what steps remember may not be there yet. */
static void
probes_check(struct proc_reader *r)
{
	struct scope s = scope_of(r, 0);

	s.own = r->proc->steps;
	for (size_t i = 0; i < r->proc->probes; i++) {
		const struct probe *p = &r->proc->probe[i];

		scope_argv(&s, &p->run);
		scope_text(&s, &p->tcp);
		scope_text(&s, &p->timeout.text);
		for (size_t k = 0; k < p->n; k++)
			scope_text(&s, &p->match[k].value);
	}
	for (size_t i = 0; i < r->proc->preflights; i++) {
		const struct preflight *p = &r->proc->preflight[i];

		scope_cond(&s, &p->expect);
		for (size_t k = 0; k < p->nsame; k++)
			same_check(&s, &p->same[k]);
	}
}

static void
copy_check(const struct scope *s, const struct act *act)
{
	struct scope validate = *s;
	const struct var *var = text_var(s->r->proc, &act->copy.from);

	if (act->copy.from.tpl != NULL &&
	    (var == NULL || var->type != VAR_FILE)) {
		scope_text(s, &act->copy.from);
		ynode_error(s->r->d, act->copy.from.node,
			    "\"from\" is \"${vars.X}\" of a variable of type "
			    "file, and nothing else");
	} else if (var != NULL) {
		s->r->proc->var[var - s->r->proc->var].used = true;
	}
	var = text_var(s->r->proc, &act->copy.staged);
	if (var != NULL && var->type == VAR_SECRET)
		s->r->proc->var[var - s->r->proc->var].used = true;
	else
		scope_text(s, &act->copy.staged);
	scope_text(s, &act->copy.to);
	validate.new_file = true;
	scope_argv(&validate, &act->copy.validate);
}

static void
package_check(const struct scope *s, const struct act *act)
{
	for (size_t i = 0; i < act->package.n; i++) {
		const struct text *t = &act->package.install[i];
		const struct var *var = text_var(s->r->proc, t);

		if (var != NULL && var->type == VAR_PACKAGES)
			s->r->proc->var[var - s->r->proc->var].used = true;
		else
			scope_text(s, t);
	}
}

static void
act_check(const struct scope *s, const struct act *act)
{
	struct scope until = *s;

	until.out = SCOPE_ELAPSED;
	scope_argv(s, &act->run);
	scope_cond(&until, &act->poll.until);
	scope_text(s, &act->poll.every.text);
	scope_text(s, &act->poll.at_most.text);
	scope_field(s, &act->poll.record);
	scope_text(s, &act->wait.text);
	scope_text(s, &act->approve);
	scope_text(s, &act->clean.inside);
	scope_text(s, &act->clean.match);
	if (act->kind == ACT_COPY)
		copy_check(s, act);
	if (act->kind == ACT_PACKAGE)
		package_check(s, act);
}

static void
step_names_check(struct proc_reader *r, size_t i)
{
	const struct step *step = &r->proc->step[i];
	struct scope own = scope_of(r, i), before = own, expect = own;

	before.own = r->proc->steps;
	expect.out = SCOPE_OUT;
	scope_cond(&before, &step->when);
	for (size_t k = 0; k < step->remembers; k++) {
		scope_field(&before, &step->remember[k].value);
		scope_cond(&before, &step->remember[k].where);
	}
	scope_cond(&own, &step->require);
	scope_cond(&own, &step->check);
	scope_cond(&expect, &step->expect);
	act_check(&own, &step->act);
	act_check(&own, &step->undo.act);
	scope_cond(&own, &step->undo.check);
	scope_text(&own, &step->undo.timeout.text);
	scope_text(&own, &step->timeout.text);
	scope_text(&own, &step->settle.text);
	scope_text(&own, &step->backoff.text);
	scope_text(&own, &step->expected.text);
}

static void
keep_check(struct proc_reader *r, size_t i)
{
	const struct step *step = &r->proc->step[i];
	const char *names[256] = { "end" };
	size_t until, n = 1;

	if (step->keep == NULL)
		return;
	if (step->check.node == NULL && step->act.kind != ACT_POLL)
		diag_error(r->d, step->keep->at, 1,
			   "step \"%s\" has nothing to keep: \"keep\" proves "
			   "its \"check\" again, or a poll's \"until\"",
			   step->name);
	until = step_find(r->proc, step->keep_until);
	if (strcmp(step->keep_until, "end") == 0 ||
	    (until > i && until < r->proc->steps))
		return;
	if (until < r->proc->steps) {
		ynode_error(r->d, step->keep,
			    "step \"%s\" does not come after this one",
			    step->keep_until);
		return;
	}
	ynode_error(r->d, step->keep, "there is no step \"%s\"",
		    step->keep_until);
	for (size_t k = i + 1; k < r->proc->steps && n < 256; k++)
		names[n++] = r->proc->step[k].name;
	diag_hint(r->d, "\"keep\" lasts until a later step begins, or \"end\"");
	ynode_suggest(r->d, step->keep_until, names, n);
}

static void
unique_check(struct proc_reader *r)
{
	struct procedure *proc = r->proc;

	for (size_t i = 0; i < proc->phases; i++)
		for (size_t k = 0; k < i; k++)
			if (*proc->phase[i].name != '\0' &&
			    strcmp(proc->phase[i].name, proc->phase[k].name) ==
				    0)
				ynode_error(r->d, proc->phase[i].node,
					    "phase \"%s\" stands here twice",
					    proc->phase[i].name);
	for (size_t i = 0; i < proc->steps; i++) {
		const struct step *step = &proc->step[i];
		size_t first = step_find(proc, step->name);

		if (*step->name != '\0' && first < i) {
			ynode_error(r->d, step->node,
				    "step \"%s\" stands here twice",
				    step->name);
			diag_hint(r->d,
				  "the first is in line %u; names are "
				  "unique in the whole procedure",
				  proc->step[first].node->at.line);
		}
		if (strcmp(step->name, "end") == 0)
			ynode_error(r->d, step->node,
				    "\"end\" is the end of the turn, choose "
				    "another name");
	}
}

/* A phase has one deadline, whatever its steps remember. */
static void
deadlines_check(struct proc_reader *r)
{
	struct scope s = scope_of(r, 0);

	s.own = r->proc->steps;
	for (size_t i = 0; i < r->proc->phases; i++)
		scope_text(&s, &r->proc->phase[i].deadline.text);
}

void
procedure_check(struct proc_reader *r)
{
	unique_check(r);
	deadlines_check(r);
	vars_check(r);
	probes_check(r);
	for (size_t i = 0; i < r->proc->steps; i++) {
		step_names_check(r, i);
		keep_check(r, i);
	}
	shape_check(r);
}
