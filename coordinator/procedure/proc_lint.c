/* proc_lint.c - what is allowed and is mostly a mistake. */
#include <string.h>

#include "procedure_private.h"

struct lint {
	const struct procedure *proc;
	struct diags *d;
};

static void
unused_lint(const struct lint *l)
{
	for (size_t i = 0; i < l->proc->vars; i++)
		if (!l->proc->var[i].used)
			diag_warning(l->d, l->proc->var[i].node->at,
				     l->proc->var[i].node->width,
				     "variable \"%s\" is not used",
				     l->proc->var[i].name);
	for (size_t i = 0; i < l->proc->probes; i++)
		if (!l->proc->probe[i].used)
			diag_warning(l->d, l->proc->probe[i].node->at,
				     l->proc->probe[i].node->width,
				     "probe \"%s\" is not used",
				     l->proc->probe[i].name);
}

/* There is no shell behind a command, and people forget. */
static void
argv_lint(const struct lint *l, const struct argv *argv)
{
	static const char *const shell[] = { "|",  "||", "&&", ";",  ">",
					     ">>", "<",	 "&",  "2>", "2>&1" };

	for (size_t i = 0; i < argv->n; i++) {
		const struct template *t = argv->word[i];

		for (size_t k = 0; t->n == 1 && !t->part[0].is_name &&
				   k < sizeof(shell) / sizeof(shell[0]);
		     k++) {
			if (strcmp(t->part[0].text, shell[k]) != 0)
				continue;
			diag_warning(l->d, argv->at[i]->at, argv->at[i]->width,
				     "there is no shell: \"%s\" is given to "
				     "the command as a word",
				     shell[k]);
			return;
		}
		if (t->n > 0 && !t->part[0].is_name &&
		    (strstr(t->part[0].text, "{{") != NULL ||
		     strstr(t->part[0].text, "$(") != NULL)) {
			diag_warning(l->d, argv->at[i]->at, argv->at[i]->width,
				     "{{ }} and $( ) mean nothing here");
			diag_hint(l->d, "write ${vars.x}");
			return;
		}
	}
}

struct literal {
	const struct lint *l;
	const struct cond *cond;
};

static void
literal_field(void *ctx, const char *probe, const char *column, enum expr_op op,
	      const char *text, size_t off)
{
	const struct literal *lit = ctx;
	const char *dot = text == NULL ? NULL : strchr(text, '.');
	char name[64];

	(void)probe;
	(void)column;
	if (dot == NULL || op == EXPR_MATCH || op == EXPR_NOMATCH ||
	    (size_t)(dot - text) >= sizeof(name))
		return;
	memcpy(name, text, (size_t)(dot - text));
	name[dot - text] = '\0';
	if (strcmp(name, "service") != 0 && strcmp(name, "out") != 0 &&
	    strcmp(name, "peers") != 0 &&
	    probe_find(lit->l->proc, name) == NULL)
		return;
	diag_warning(
		lit->l->d, ynode_mark(lit->l->proc->doc, lit->cond->node, off),
		1, "\"%s\" on the right is a plain text, not the field", text);
	diag_hint(lit->l->d, "remember it in a step before and write "
			     "${steps.STEP.NAME}");
}

static void
cond_lint(const struct lint *l, const struct cond *cond)
{
	struct literal lit = { .l = l, .cond = cond };

	if (cond->expr != NULL)
		expr_fields(cond->expr, literal_field, &lit);
}

static void
step_at(const struct lint *l, const struct step *step, const char *what,
	const char *hint)
{
	diag_warning(l->d, step->node->at, step->node->width, "step \"%s\" %s",
		     step->name, what);
	diag_hint(l->d, "%s", hint);
}

static void
marks_lint(const struct lint *l, size_t i)
{
	const struct procedure *proc = l->proc;
	const struct step *step = &proc->step[i];
	const struct phase *phase = &proc->phase[step->phase];
	size_t out = phase_takes_out(proc);

	if (!step_changes(step))
		return;
	if (phase->no_pause && step->check.node == NULL && !step->idempotent)
		step_at(l, step,
			"has no \"check\" in a phase that "
			"cannot pause",
			"a lost answer would hold the turn in the worst "
			"place: give it a check, or idempotent: true");
	if (step->act.kind == ACT_RUN && step->undo.node == NULL &&
	    out < proc->phases && step->phase >= out &&
	    i < step_no_return(proc))
		step_at(l, step,
			"has no \"undo\" before the point "
			"of no return",
			"restore and abort could not take it back: write "
			"undo: {run: …, check: …}, or undo: none");
	if ((step->destroys || step->act.kind == ACT_CLEAN) &&
	    step->require.node == NULL)
		step_at(l, step,
			"destroys and requires no "
			"evidence",
			"add require: what must be true right before");
}

static void
poll_lint(const struct lint *l, const struct step *step)
{
	struct literal lit = { .l = l, .cond = &step->act.poll.until };
	const struct phase *phase = &l->proc->phase[step->phase];

	if (step->act.kind == ACT_POLL && step->act.poll.until.expr != NULL)
		expr_fields(step->act.poll.until.expr, literal_field, &lit);
	if (phase->no_pause && step->act.kind == ACT_WAIT)
		step_at(l, step,
			"waits in a phase that cannot "
			"pause",
			"move it into a phase of its own");
}

static void
drain_lint(const struct lint *l)
{
	size_t out = phase_takes_out(l->proc);
	const struct phase *phase;

	if (out == l->proc->phases)
		return;
	phase = &l->proc->phase[out];
	for (size_t i = phase->first; i < phase->first + phase->n; i++)
		if (l->proc->step[i].keep != NULL)
			return;
	diag_warning(l->d, phase->node->at, phase->node->width,
		     "phase \"%s\" takes out and keeps nothing", phase->name);
	diag_hint(l->d, "somebody else may put users back meanwhile: add "
			"keep: {until: STEP} to the step that drains");
}

void
procedure_lint(const struct procedure *proc, struct diags *d)
{
	const struct lint l = { .proc = proc, .d = d };

	unused_lint(&l);
	for (size_t i = 0; i < proc->probes; i++)
		argv_lint(&l, &proc->probe[i].run);
	for (size_t i = 0; i < proc->preflights; i++)
		cond_lint(&l, &proc->preflight[i].expect);
	for (size_t i = 0; i < proc->steps; i++) {
		const struct step *step = &proc->step[i];

		argv_lint(&l, &step->act.run);
		argv_lint(&l, &step->undo.act.run);
		cond_lint(&l, &step->require);
		cond_lint(&l, &step->check);
		cond_lint(&l, &step->expect);
		cond_lint(&l, &step->undo.check);
		marks_lint(&l, i);
		poll_lint(&l, step);
	}
	drain_lint(&l);
}
