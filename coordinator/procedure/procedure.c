/* procedure.c - a procedure as a whole: read, let go, asked for its name. */
#include "procedure.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "procedure_private.h"

enum {
	F_PROCEDURE,
	F_FORMAT,
	F_DESCRIPTION,
	F_STRATEGY,
	F_VARS,
	F_PROBES,
	F_PREFLIGHT,
	F_PHASES,
	F_N
};
static const struct yfield procedure_fields[] = {
	[F_PROCEDURE] = { "procedure", YNAME, true,
			  "its name: a-z, 0-9, - and _, at most 63" },
	[F_FORMAT] = { "format", YINT, true,
		       "1, the language that is told here" },
	[F_DESCRIPTION] = { "description", YTEXT, false,
			    "one sentence for people" },
	[F_STRATEGY] = { "strategy", YMAP(&strategy_keys), false,
			 "which backend comes next, and when" },
	[F_VARS] = { "vars", YMANY(YMAP(&var_keys)), false,
		     "NAME: {type: …}, what a plan is given with -e "
		     "NAME=VALUE" },
	[F_PROBES] = { "probes", YMANY(YMAP(&probe_keys)), false,
		       "NAME: {run: …}, what is read, for the expressions" },
	[F_PREFLIGHT] = { "preflight", YLIST(YMAP(&preflight_keys)), false,
			  "what must hold before anything is done, and again "
			  "before each backend is taken" },
	[F_PHASES] = { "phases", YLIST(YMAP(&phase_keys)), true,
		       "what is done to one backend, one phase after the "
		       "other" },
};
const struct yfields procedure_keys = YFIELDS(procedure_fields);

enum { S_ORDER, S_CANARY, S_SETTLE, S_N };
static const struct yfield strategy_fields[] = {
	[S_ORDER] = { "order", YLIST(YTEXT), false,
		      "list of name, address, labels.X and listed (as the "
		      "inventory lists them, the default); mail2 comes before "
		      "mail10" },
	[S_CANARY] = { "canary", YINT, false,
		       "after so many backends a person says go on, 0 to 1000; "
		       "default 0, nobody is asked" },
	[S_SETTLE] = { "settle", YDURATION, false,
		       "how long a backend must stay in service before the "
		       "next is taken, up to 1d, or ${vars.X} of a duration; "
		       "default 0s" },
};
const struct yfields strategy_keys = YFIELDS(strategy_fields);

static void
order_check(struct proc_reader *r, const struct ynode *order)
{
	for (size_t i = 0; i < order->n; i++) {
		const struct ynode *k = order->item[i];

		if (k->kind == YNODE_SCALAR &&
		    (strcmp(k->text, "name") == 0 ||
		     strcmp(k->text, "address") == 0 ||
		     strcmp(k->text, "listed") == 0 ||
		     (strncmp(k->text, "labels.", 7) == 0 &&
		      yname_valid(k->text + 7))))
			continue;
		ynode_error(r->d, k,
			    "an order is made of name, address, "
			    "labels.X and listed");
	}
}

static void
strategy_read(struct proc_reader *r, const struct ynode *node)
{
	const struct ynode *f[S_N];

	if (node == NULL)
		return;
	(void)yfields_read(r->d, node, "a strategy", strategy_fields, S_N, f);
	if (f[S_ORDER] != NULL) {
		order_check(r, f[S_ORDER]);
		r->proc->order = f[S_ORDER];
	}
	if (f[S_CANARY] != NULL)
		(void)yread_int(r->d, f[S_CANARY], "canary", 0, 1000,
				&r->proc->canary);
	span_read(r, f[S_SETTLE], "settle", 0, DAY_MS, &r->proc->settle);
}

/* There is no backend yet: a duration, or one variable that is one. */
static void
settle_check(struct proc_reader *r)
{
	const struct text *t = &r->proc->settle.text;
	const struct var *var = text_var(r->proc, t);

	if (t->tpl == NULL || template_is_plain(t->tpl))
		return;
	if (var == NULL || var->type != VAR_DURATION) {
		ynode_error(r->d, t->node,
			    "settle is a duration, or one "
			    "variable of that type");
		return;
	}
	r->proc->var[var - r->proc->var].used = true;
	if (var->tpl != NULL && !template_is_plain(var->tpl))
		ynode_error(r->d, t->node,
			    "settle is for the whole fleet: "
			    "\"%s\" must not depend on the backend",
			    var->name);
}

static void
all_read(struct proc_reader *r, const struct ynode *root)
{
	const struct ynode *f[F_N];

	(void)yfields_read(r->d, root, "a procedure", procedure_fields, F_N, f);
	if (f[F_PROCEDURE] != NULL)
		(void)yread_name(r->d, f[F_PROCEDURE], "procedure",
				 &r->proc->name);
	if (f[F_FORMAT] != NULL && strcmp(f[F_FORMAT]->text, "1") != 0)
		ynode_error(r->d, f[F_FORMAT], "this drydock knows format 1");
	strategy_read(r, f[F_STRATEGY]);
	vars_read(r, f[F_VARS]);
	settle_check(r);
	probes_read(r, f[F_PROBES]);
	preflights_read(r, f[F_PREFLIGHT]);
	phases_read(r, f[F_PHASES]);
	procedure_check(r);
}

int
procedure_parse(const char *text, size_t len, struct diags *d,
		struct procedure **proc_r)
{
	struct procedure *proc = x_new(struct procedure);
	struct proc_reader r = { .proc = proc, .d = d };
	unsigned int before = d->errors;

	*proc_r = proc;
	proc->name = "";
	(void)sha256_of(text, len, proc->sha256);
	if (ydoc_parse(text, len, d, &proc->doc) < 0)
		return -1;
	all_read(&r, proc->doc->root);
	return d->errors > before ? -1 : 0;
}

void
procedure_free(struct procedure **proc)
{
	struct procedure *p = *proc;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->vars; i++)
		template_free(&p->var[i].tpl);
	for (size_t i = 0; i < p->probes; i++)
		probe_clear(&p->probe[i]);
	for (size_t i = 0; i < p->preflights; i++)
		preflight_clear(&p->preflight[i]);
	for (size_t i = 0; i < p->steps; i++)
		step_clear(&p->step[i]);
	for (size_t i = 0; i < p->phases; i++)
		text_clear(&p->phase[i].deadline.text);
	text_clear(&p->settle.text);
	free(p->var);
	free(p->probe);
	free(p->preflight);
	free(p->step);
	free(p->phase);
	ydoc_free(&p->doc);
	x_free(proc);
}

const char *
procedure_name(const struct procedure *proc)
{
	return proc->name;
}

size_t
step_find(const struct procedure *proc, const char *name)
{
	size_t i = 0;

	while (i < proc->steps && strcmp(proc->step[i].name, name) != 0)
		i++;
	return i;
}

static void
default_out(struct json_out *o, const struct ynode *def)
{
	if (def == NULL) {
		json_out_null(o, "default");
	} else if (def->kind == YNODE_SCALAR) {
		json_out_str(o, "default", def->text);
	} else {
		json_out_array(o, "default");
		for (size_t i = 0; i < def->n; i++)
			json_out_str(o, NULL, def->item[i]->text);
		json_out_end(o);
	}
}

void
procedure_vars(const struct procedure *proc, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_array(&o, NULL);
	for (size_t i = 0; i < proc->vars; i++) {
		const struct var *v = &proc->var[i];

		json_out_object(&o, NULL);
		json_out_str(&o, "name", v->name);
		json_out_str(&o, "type", var_words.row[v->type].name);
		json_out_bool(&o, "required", v->required);
		default_out(&o, v->def);
		if (v->of != NULL) {
			json_out_array(&o, "of");
			for (size_t k = 0; k < v->of->n; k++)
				json_out_str(&o, NULL, v->of->item[k]->text);
			json_out_end(&o);
		}
		json_out_str(&o, "description", v->description);
		json_out_end(&o);
	}
	json_out_end(&o);
}
