/*
 * allow_print.c - the agents' allow files that permit exactly one procedure.
 *
 * Every command of a procedure becomes a line for the host it runs on: what a
 * probe runs a `read`, what a step or an undo runs a `change`.  A ${name}
 * becomes a typed place; a variable or a remembered value may say which with
 * `place:`.
 */
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "procedure_private.h"
#include "words.h"

struct allow_out {
	const struct procedure *proc;
	const char *role; /* a group's name; NULL: the backends */
	struct buf lines; /* each once, in order, with newlines */
};

static void
line_add(struct allow_out *a, const char *line)
{
	size_t len = strlen(line);
	const char *p = buf_str(&a->lines);

	for (; (p = strstr(p, line)) != NULL; p++)
		if ((p == buf_str(&a->lines) || p[-1] == '\n') &&
		    p[len] == '\n')
			return;
	(void)buf_addf(&a->lines, "%s\n", line);
}

static bool
role_is(const struct allow_out *a, const struct target *target)
{
	if (a->role == NULL || target->group == NULL)
		return a->role == NULL && target->group == NULL;
	return strcmp(a->role, target->group) == 0;
}

static void
int_place(const struct var *var, struct buf *out)
{
	int64_t min = var->min == INT64_MIN ? 0 : var->min;
	int64_t max = var->max == INT64_MAX ? 1000000000 : var->max;

	(void)buf_addf(out, "<int %lld..%lld>", (long long)min, (long long)max);
}

static void
choice_place(const struct var *var, struct buf *out)
{
	(void)buf_adds(out, "<one of");
	for (size_t i = 0; i < var->of->n; i++)
		(void)buf_addf(out, " %s", var->of->item[i]->text);
	(void)buf_addc(out, '>');
}

static void
var_place(const struct var *var, struct buf *out)
{
	if (var->place != NULL)
		(void)buf_addf(out, "<%s>", var->place);
	else if (var->type == VAR_INT)
		int_place(var, out);
	else if (var->type == VAR_CHOICE)
		choice_place(var, out);
	else
		(void)buf_adds(out, "<word>");
}

static void
step_place(const struct procedure *proc, const char *name, struct buf *out)
{
	for (size_t i = 0; i < proc->steps; i++) {
		const struct step *step = &proc->step[i];
		size_t len = strlen(step->name);

		if (strncmp(name, step->name, len) != 0 || name[len] != '.')
			continue;
		for (size_t k = 0; k < step->remembers; k++) {
			if (strcmp(step->remember[k].name, name + len + 1) ||
			    step->remember[k].place == NULL)
				continue;
			(void)buf_addf(out, "<%s>", step->remember[k].place);
			return;
		}
	}
	(void)buf_adds(out, "<word>");
}

static void
name_place(const struct procedure *proc, const char *name, struct buf *out)
{
	const struct var *var;

	if (strcmp(name, "backend.address") == 0) {
		(void)buf_adds(out, "<ip>");
	} else if (strcmp(name, "new_file") == 0) {
		(void)buf_adds(out, "${new_file}");
	} else if (strncmp(name, "steps.", 6) == 0) {
		step_place(proc, name + 6, out);
	} else if (strcmp(name, "rollout.id") == 0) {
		(void)buf_adds(out, "<int 1..1000000000>");
	} else if (strncmp(name, "vars.", 5) == 0) {
		var = var_find(proc, name + 5);
		if (var != NULL)
			var_place(var, out);
	} else {
		(void)buf_adds(out, "<name>");
	}
}

/* One word of a command; -1: no allow line can express it. */
static int
word_print(const struct procedure *proc, const struct template *tpl,
	   struct buf *out)
{
	const char *text = tpl->n == 0 ? "" : tpl->part[0].text;
	char *quoted;

	if (tpl->n == 1 && tpl->part[0].is_name) {
		name_place(proc, text, out);
		return 0;
	}
	if (template_is_plain(tpl)) {
		quoted = words_join(&text, 1);
		/* What could be read as a place is quoted. */
		if (*quoted == '<')
			(void)buf_addf(out, "'%s'", quoted);
		else
			(void)buf_adds(out, quoted);
		free(quoted);
		return *text == '\0' ? -1 : 0;
	}
	(void)buf_adds(out, "<word>");
	return !tpl->part[0].is_name && text[0] == '-' ? -1 : 0;
}

static void
argv_add(struct allow_out *a, const char *what, const struct argv *argv)
{
	struct buf line;
	int bad = 0;

	if (argv->n == 0)
		return;
	buf_init(&line, 65536);
	(void)buf_adds(&line, what);
	for (size_t i = 0; i < argv->n; i++) {
		(void)buf_addc(&line, ' ');
		bad |= word_print(a->proc, argv->word[i], &line);
	}
	if (bad) {
		char *text = buf_take(&line);

		(void)buf_addf(&line, "# no line can permit this: %s", text);
		free(text);
	}
	line_add(a, buf_str(&line));
	buf_free(&line);
}

/* The root a path lies under: what is known of it, or NULL. */
static char *
path_place(const struct procedure *proc, const struct text *path)
{
	const struct var *var;

	if (path->tpl == NULL)
		return NULL;
	if (template_is_plain(path->tpl))
		return x_asprintf("<path under %s>", path->node->text);
	var = text_var(proc, path);
	if (var == NULL)
		return NULL;
	if (var->place != NULL && strncmp(var->place, "path ", 5) == 0)
		return x_asprintf("<%s>", var->place);
	if (var->def != NULL && var->def->kind == YNODE_SCALAR &&
	    *var->def->text == '/' && template_is_plain(var->tpl))
		return x_asprintf("<path under %s>", var->def->text);
	return NULL;
}

static void
path_add(struct allow_out *a, const char *verb, const struct text *path,
	 const char *behind)
{
	char *place = path_place(a->proc, path), *line;

	if (place == NULL)
		line = x_asprintf("# change %s <path under DIR>: name the "
				  "DIR yourself",
				  verb);
	else
		line = x_asprintf("change %s %s%s", verb, place, behind);
	line_add(a, line);
	free(line);
	free(place);
}

static void
copy_add(struct allow_out *a, const struct act *act)
{
	char *staged = path_place(a->proc, &act->copy.staged);
	char *behind = staged == NULL ? x_strdup("")
				      : x_asprintf(" staged %s", staged);

	if (act->copy.staged.tpl != NULL && staged == NULL)
		line_add(a, "# change copy <path under DIR> staged <path under "
			    "DIR>: name the DIRs yourself");
	else
		path_add(a, "copy", &act->copy.to, behind);
	argv_add(a, "read  ", &act->copy.validate);
	free(staged);
	free(behind);
}

static void
clean_add(struct allow_out *a, const struct act *act)
{
	const char *unit = act->clean.unless_running;
	char *behind = unit == NULL ? x_strdup("")
				    : x_asprintf(" unless-running %s", unit);

	path_add(a, "clean", &act->clean.inside, behind);
	free(behind);
}

static void
package_add(struct allow_out *a, const struct act *act)
{
	for (size_t i = 0; i < act->package.n; i++) {
		const struct text *t = &act->package.install[i];
		const struct var *var = text_var(a->proc, t);
		char *line;

		if (var != NULL && var->place != NULL)
			line = x_asprintf("change package %s", var->place);
		else if (var != NULL || t->tpl == NULL)
			line = x_strdup("# change package NAME: name the "
					"packages yourself");
		else
			line = x_asprintf("change package %.*s",
					  (int)strcspn(t->node->text, "="),
					  t->node->text);
		line_add(a, line);
		free(line);
	}
}

static void
act_add(struct allow_out *a, const struct act *act)
{
	if (act->kind == ACT_RUN)
		argv_add(a, "change", &act->run);
	else if (act->kind == ACT_COPY)
		copy_add(a, act);
	else if (act->kind == ACT_CLEAN)
		clean_add(a, act);
	else if (act->kind == ACT_PACKAGE)
		package_add(a, act);
}

static void
tcp_add(struct allow_out *a, const struct text *tcp)
{
	const struct template *t = tcp->tpl;
	const char *port = strrchr(tcp->node->text, ':');
	size_t digits = port == NULL ? 0 : strspn(port + 1, "0123456789");
	char *line;

	if (t->n > 0 && t->part[0].is_name && digits > 0 &&
	    port[1 + digits] == '\0')
		line = x_asprintf("read   tcp <ip> %s", port + 1);
	else
		line = x_strdup("read   tcp <ip> <port>");
	line_add(a, line);
	free(line);
}

static void
procedure_lines(struct allow_out *a)
{
	const struct procedure *proc = a->proc;

	for (size_t i = 0; i < proc->probes; i++) {
		const struct probe *p = &proc->probe[i];

		if (!role_is(a, &p->target))
			continue;
		argv_add(a, "read  ", &p->run);
		if (p->tcp.tpl != NULL)
			tcp_add(a, &p->tcp);
	}
	for (size_t i = 0; i < proc->steps; i++) {
		const struct step *step = &proc->step[i];
		const struct undo *undo = &step->undo;

		if (role_is(a, &step->target))
			act_add(a, &step->act);
		if (undo->act.kind != ACT_COUNT &&
		    role_is(a, undo->target.node != NULL ? &undo->target
							 : &step->target))
			act_add(a, &undo->act);
	}
}

/* A command of the inventory: literal words. */
static void
run_add(struct allow_out *a, const struct json_object *block)
{
	const struct json_object *run = NULL;
	struct buf line;
	const char *word;

	if (block == NULL ||
	    json_opt_array(block, "run", 256, &run, NULL) < 0 || run == NULL)
		return;
	buf_init(&line, 65536);
	(void)buf_adds(&line, "read  ");
	for (size_t i = 0; i < json_count(run); i++) {
		char *quoted;

		if (json_item_str(run, i, 4096, &word, NULL) < 0)
			continue;
		quoted = words_join(&word, 1);
		(void)buf_addf(&line, *quoted == '<' ? " '%s'" : " %s", quoted);
		free(quoted);
	}
	line_add(a, buf_str(&line));
	buf_free(&line);
}

static void
inventory_lines(struct allow_out *a, const struct json_object *doc)
{
	const struct json_object *service = NULL, *groups = NULL, *group = NULL,
				 *ready = NULL;
	const char *from = "backend";

	(void)json_opt_object(doc, "service", &service, NULL);
	if (service != NULL)
		(void)json_opt_str(service, "from", 255, &from, NULL);
	if (a->role == NULL ? strcmp(from, "backend") == 0
			    : strncmp(from, "each ", 5) == 0 &&
				      strcmp(from + 5, a->role) == 0)
		run_add(a, service);
	(void)json_opt_object(doc, "groups", &groups, NULL);
	if (a->role != NULL && groups != NULL)
		(void)json_opt_object(groups, a->role, &group, NULL);
	if (group != NULL)
		(void)json_opt_object(group, "ready", &ready, NULL);
	run_add(a, ready);
}

static void
role_print(const struct procedure *proc, const struct json_object *doc,
	   const char *role, bool heading, struct buf *out)
{
	struct allow_out a = { .proc = proc, .role = role };

	buf_init(&a.lines, 1 << 20);
	if (doc != NULL)
		inventory_lines(&a, doc);
	procedure_lines(&a);
	if (heading && role == NULL)
		(void)buf_adds(out, "# on every backend\n");
	else if (heading)
		(void)buf_addf(out, "\n# on every member of %s\n", role);
	(void)buf_adds(out, buf_str(&a.lines));
	buf_free(&a.lines);
}

static void
role_add(const char *roles[], size_t *n, const struct target *target)
{
	if (target->group == NULL || *n == 64)
		return;
	for (size_t i = 0; i < *n; i++)
		if (strcmp(roles[i], target->group) == 0)
			return;
	roles[(*n)++] = target->group;
}

static size_t
roles_find(const struct procedure *proc, const char *roles[])
{
	size_t n = 0;

	for (size_t i = 0; i < proc->probes; i++)
		role_add(roles, &n, &proc->probe[i].target);
	for (size_t i = 0; i < proc->steps; i++) {
		role_add(roles, &n, &proc->step[i].target);
		role_add(roles, &n, &proc->step[i].undo.target);
	}
	return n;
}

int
procedure_allow(const struct procedure *proc, const char *inventory,
		const char *role, struct diags *d, struct buf *out)
{
	struct json_object *doc = NULL;
	const char *roles[64];
	struct err err;
	size_t n;

	if (inventory != NULL &&
	    json_parse_object(inventory, strlen(inventory), &json_limits_doc,
			      &doc, &err) < 0) {
		diag_error(d, (struct mark){ 0 }, 0, "the inventory: %s",
			   err.text);
		return -1;
	}
	(void)buf_addf(out, "# made from procedure %s (%.12s)\n", proc->name,
		       proc->sha256);
	if (role != NULL) {
		role_print(proc, doc,
			   strcmp(role, "backend") == 0 ? NULL : role, false,
			   out);
	} else {
		role_print(proc, doc, NULL, true, out);
		n = roles_find(proc, roles);
		for (size_t i = 0; i < n; i++)
			role_print(proc, doc, roles[i], true, out);
	}
	json_free(&doc);
	return 0;
}
