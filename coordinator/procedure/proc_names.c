/* proc_names.c - does every ${name} and every PROBE.COLUMN exist? */
#include <string.h>

#include "alloc.h"
#include "nearest.h"
#include "procedure_private.h"

#define NAMES_MAX 512

/* All that could have been meant, for the nearest name. */
struct names {
	char *name[NAMES_MAX];
	size_t n;
};

static void names_add(struct names *all, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
names_add(struct names *all, const char *fmt, ...)
{
	va_list ap;

	if (all->n == NAMES_MAX)
		return;
	va_start(ap, fmt);
	all->name[all->n++] = x_vasprintf(fmt, ap);
	va_end(ap);
}

static void
names_collect(const struct scope *s, struct names *all)
{
	const struct procedure *proc = s->r->proc;

	names_add(all, "backend.name");
	names_add(all, "backend.address");
	names_add(all, "fleet.name");
	names_add(all, "rollout.id");
	if (s->new_file)
		names_add(all, "new_file");
	for (size_t i = 0; i < proc->vars && !s->no_probes; i++)
		names_add(all, "vars.%s", proc->var[i].name);
	for (size_t i = 0; i < proc->steps && i <= s->own; i++)
		for (size_t k = 0; k < proc->step[i].remembers; k++)
			names_add(all, "steps.%s.%s", proc->step[i].name,
				  proc->step[i].remember[k].name);
}

/* What people call it elsewhere. */
static const char *
alias_find(const char *name)
{
	static const char *const aliases[][2] = {
		{ "backend.ip", "backend.address" },
		{ "backend.host", "backend.name" },
		{ "backend.hostname", "backend.name" },
		{ "fleet", "fleet.name" },
		{ "rollout", "rollout.id" },
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(name, aliases[i][0]) == 0)
			return aliases[i][1];
	return NULL;
}

static const char *
prefix_hint(const char *name)
{
	if (strncmp(name, "backend.", 8) == 0)
		return "a backend has name, address and labels.X";
	if (strncmp(name, "steps.", 6) == 0)
		return "it is ${steps.STEP.NAME}, with a NAME under that "
		       "step's \"remember\", or ${steps.STEP.state}";
	if (strncmp(name, "vars.", 5) == 0)
		return "variables are listed under \"vars\"";
	return "there are ${vars.X}, ${backend.name|address|labels.X}, "
	       "${fleet.name}, ${rollout.id} and ${steps.S.X}";
}

static void
name_unknown(const struct scope *s, const struct ynode *node, const char *name)
{
	struct names all = { .n = 0 };
	const char *near = NULL;
	unsigned int width = (unsigned int)strlen(name) + 3;

	diag_error(s->r->d, name_mark(s->r->proc->doc, node, name), width,
		   "unknown variable \"%s\"", name);
	names_collect(s, &all);
	near = alias_find(name);
	if (near == NULL)
		near = nearest_name(name, (const char *const *)all.name, all.n);
	/* A word without its family: ${address}. */
	for (size_t i = 0; near == NULL && i < all.n; i++) {
		const char *dot = strrchr(all.name[i], '.');

		if (dot != NULL && strcmp(dot + 1, name) == 0)
			near = all.name[i];
	}
	if (near != NULL)
		diag_hint(s->r->d,
			  "did you mean ${%s}? Write $${ for a plain ${.",
			  near);
	else
		diag_hint(s->r->d, "%s. Write $${ for a plain ${.",
			  prefix_hint(name));
	for (size_t i = 0; i < all.n; i++)
		free(all.name[i]);
}

static void
name_error(const struct scope *s, const struct ynode *node, const char *name,
	   const char *why, const char *hint)
{
	unsigned int width = (unsigned int)strlen(name) + 3;

	diag_error(s->r->d, name_mark(s->r->proc->doc, node, name), width,
		   "${%s} %s", name, why);
	if (hint != NULL)
		diag_hint(s->r->d, "%s", hint);
}

static bool
step_remembers(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->remembers; i++)
		if (strcmp(step->remember[i].name, name) == 0)
			return true;
	return false;
}

static void
name_step(const struct scope *s, const struct ynode *node, const char *name)
{
	const struct procedure *proc = s->r->proc;
	const char *step = name + 6, *dot = strchr(step, '.');
	char *which =
		dot == NULL ? NULL : x_strndup(step, (size_t)(dot - step));
	size_t i = which == NULL ? proc->steps : step_find(proc, which);
	bool is_state = dot != NULL && strcmp(dot + 1, "state") == 0;

	free(which);
	if (i == proc->steps ||
	    (!is_state && !step_remembers(&proc->step[i], dot + 1)))
		name_unknown(s, node, name);
	else if (i >= s->behind && (i != s->own || is_state))
		name_error(s, node, name, "is not known at this point",
			   "it must be a step that comes before");
}

static void
name_var(const struct scope *s, const struct ynode *node, const char *name)
{
	const struct var *var = var_find(s->r->proc, name + 5);

	if (var == NULL) {
		name_unknown(s, node, name);
		return;
	}
	s->r->proc->var[var - s->r->proc->var].used = true;
	if (s->no_probes)
		name_error(s, node, name, "cannot be used in a default",
			   "defaults may name the backend and the fleet");
	else if (var->type == VAR_FILE)
		name_error(s, node, name, "is a file, not a text",
			   "files are used in copy: {from: \"${vars.X}\"}");
	else if (var->type == VAR_PACKAGES)
		name_error(s, node, name, "is a list of packages, not a text",
			   "used in package: {install: \"${vars.X}\"}");
	else if (var->type == VAR_SECRET)
		name_error(s, node, name, "is a secret, it goes nowhere else",
			   "used in copy: {staged: \"${vars.X}\"}: the file is "
			   "on the host already");
}

static void
name_check(const struct scope *s, const struct ynode *node, const char *name)
{
	static const char *const plain[] = { "backend.name", "backend.address",
					     "fleet.name", "rollout.id" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(name, plain[i]) == 0)
			return;
	if (strncmp(name, "backend.labels.", 15) == 0 && yname_valid(name + 15))
		return;
	if (strncmp(name, "vars.", 5) == 0)
		name_var(s, node, name);
	else if (strncmp(name, "steps.", 6) == 0)
		name_step(s, node, name);
	else if (strcmp(name, "new_file") != 0 || !s->new_file)
		name_unknown(s, node, name);
}

static void
template_check(const struct scope *s, const struct ynode *node,
	       const struct template *tpl)
{
	for (size_t i = 0; tpl != NULL && i < tpl->n; i++)
		if (tpl->part[i].is_name)
			name_check(s, node, tpl->part[i].text);
}

void
scope_text(const struct scope *s, const struct text *text)
{
	template_check(s, text->node, text->tpl);
}

void
scope_argv(const struct scope *s, const struct argv *argv)
{
	for (size_t i = 0; i < argv->n; i++)
		template_check(s, argv->at[i], argv->word[i]);
}

/* A field at its place. */
struct place {
	const struct scope *s;
	const struct ynode *node;
};

static struct mark
place_mark(const struct place *p, size_t off)
{
	return ynode_mark(p->s->r->proc->doc, p->node, off);
}

static void
out_check(const struct place *p, const char *column, size_t off)
{
	static const char *const columns[] = { "exit",	"text",	 "stderr",
					       "lines", "bytes", "elapsed" };
	struct diags *d = p->s->r->d;
	bool elapsed = strcmp(column, "elapsed") == 0, known = false;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		known |= strcmp(columns[i], column) == 0;
	if (!known) {
		diag_error(d, place_mark(p, off), 4, "out has no \"%s\"",
			   column);
		diag_hint(d, "out has: exit text stderr lines bytes; a poll's "
			     "has: elapsed");
		ynode_suggest(d, column, columns,
			      sizeof(columns) / sizeof(columns[0]));
	} else if (p->s->out != (elapsed ? SCOPE_ELAPSED : SCOPE_OUT)) {
		diag_error(d, place_mark(p, off), 4, "out.%s is not known here",
			   column);
		diag_hint(d, "out.exit and the like belong into \"expect\", "
			     "out.elapsed into a poll's \"until\"");
	}
}

/*
 * Columns of tab, json and kv are the host's: nobody can know them here.  Every
 * probe has asked (of how many it was asked), every command exit and stderr,
 * every connection says whether it came about.
 */
static void
column_check(const struct place *p, const struct probe *probe,
	     const char *column, size_t off)
{
	static const char *const text[] = { "text", "value", "lines", "bytes",
					    "count" };
	const char *const *allowed = text;
	size_t n = 5, word;
	int64_t ms;

	if (strcmp(column, "asked") == 0)
		return;
	if (probe->tcp.node != NULL ? strcmp(column, "connected") == 0
				    : strcmp(column, "exit") == 0 ||
					      strcmp(column, "stderr") == 0)
		return;
	if (probe->many)
		allowed = text + 4, n = 1;
	else if (probe->format == READING_DURATION &&
		 reading_plus_column(column, &ms))
		return;
	else if (probe->format == READING_DURATION)
		n = 2;
	else if (probe->format == READING_COUNTS)
		allowed = text + 2, n = 2;
	else if (probe->format != READING_TEXT ||
		 reading_set_column(column, &word))
		return;
	for (size_t i = 0; i < n; i++)
		if (strcmp(allowed[i], column) == 0)
			return;
	diag_error(p->s->r->d, place_mark(p, off), 1,
		   "probe \"%s\" has no \"%s\"", probe->name, column);
	if (probe->many)
		diag_hint(p->s->r->d, "with \"rows\" there is %s.count alone",
			  probe->name);
	else
		diag_hint(p->s->r->d, "its format is %s, so there is %s.%s",
			  reading_format_name(probe->format), probe->name,
			  probe->format == READING_TEXT ? "text" : allowed[n - 1]);
}

/* The others of the fleet: how many are in service. */
static void
peers_check(const struct place *p, const char *column, size_t off)
{
	if (strcmp(column, "in_service") == 0)
		return;
	diag_error(p->s->r->d, place_mark(p, off), 6, "peers has no \"%s\"",
		   column);
	diag_hint(p->s->r->d, "there is peers.in_service: how many other "
			      "backends are");
}

static void
probe_unknown(const struct place *p, const char *name, size_t off)
{
	const struct procedure *proc = p->s->r->proc;
	const char *names[NAMES_MAX] = { "service", "out", "peers" };
	size_t n = 3;

	for (size_t i = 0; i < proc->probes && n < NAMES_MAX; i++)
		names[n++] = proc->probe[i].name;
	diag_error(p->s->r->d, place_mark(p, off), (unsigned int)strlen(name),
		   "unknown probe \"%s\"", name);
	diag_hint(p->s->r->d, "probes are listed under \"probes\"; "
			      "\"service\" and \"peers\" come with the fleet");
	ynode_suggest(p->s->r->d, name, names, n);
}

static void
op_check(const struct place *p, enum expr_op op, const char *literal,
	 size_t off)
{
	if (op != EXPR_LT && op != EXPR_LE && op != EXPR_GT && op != EXPR_GE)
		return;
	if (literal == NULL ||
	    expr_compare(literal, EXPR_EQ, literal) != TRI_TRUE ||
	    expr_compare(literal, EXPR_LE, literal) == TRI_TRUE)
		return;
	diag_error(p->s->r->d, place_mark(p, off), 1,
		   "\"%s\" compares numbers or durations, \"%s\" is neither",
		   expr_op_text(op), literal);
}

static void
place_field(const struct place *p, const char *probe_name, const char *column,
	    size_t off)
{
	struct procedure *proc = p->s->r->proc;
	const struct probe *probe;

	if (strcmp(probe_name, "service") == 0)
		return;
	if (strcmp(probe_name, "out") == 0) {
		out_check(p, column, off);
		return;
	}
	if (strcmp(probe_name, "peers") == 0) {
		peers_check(p, column, off);
		return;
	}
	probe = probe_find(proc, probe_name);
	if (probe == NULL) {
		probe_unknown(p, probe_name, off);
		return;
	}
	proc->probe[probe - proc->probe].used = true;
	column_check(p, probe, column, off);
}

static void
cond_field(void *ctx, const char *probe, const char *column, enum expr_op op,
	   const char *literal, size_t off)
{
	const struct place *p = ctx;

	place_field(p, probe, column, off);
	op_check(p, op, literal, off);
}

static void
cond_name(void *ctx, const char *name, size_t off)
{
	const struct place *p = ctx;

	(void)off;
	name_check(p->s, p->node, name);
}

void
scope_cond(const struct scope *s, const struct cond *cond)
{
	struct place p = { .s = s, .node = cond->node };

	if (cond->expr == NULL)
		return;
	expr_fields(cond->expr, cond_field, &p);
	expr_names(cond->expr, cond_name, &p);
}

void
scope_field(const struct scope *s, const struct field *field)
{
	struct place p = { .s = s, .node = field->node };
	char *probe, *dot;

	if (field->text == NULL)
		return;
	probe = x_strdup(field->text);
	dot = strchr(probe, '.');
	*dot = '\0';
	place_field(&p, probe, dot + 1, 0);
	free(probe);
}
