/* proc_var.c - the variables: their types, and which text fits which. */
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "packages.h"
#include "procedure_private.h"
#include "utf8.h"

static const struct yfield type_rows[] = {
#define X(name, word, sentence) YWORD(word, sentence),
	VAR_TYPES(X)
#undef X
};
const struct yfields var_words = YFIELDS(type_rows);

enum {
	F_TYPE,
	F_DEFAULT,
	F_REQUIRED,
	F_OF,
	F_MIN,
	F_MAX,
	F_DESCRIPTION,
	F_PLACE,
	F_N
};
static const struct yfield var_fields[] = {
	[F_TYPE] = { "type", YCHOICE(&var_words), true, "see TYPES" },
	[F_DEFAULT] = { "default", YTEXTS, false,
			"the value when none is given; may name ${backend.…} "
			"and ${fleet.name}. Only what is required, and file, "
			"packages and secret, may be without; a file has "
			"none" },
	[F_REQUIRED] = { "required", YBOOL, false,
			 "yes: no plan without a value" },
	[F_OF] = { "of", YLIST(YTEXT), false, "list of the words of a choice" },
	[F_MIN] = { "min", YTEXT, false,
		    "the least that an int or a duration may be; a duration's "
		    "default 0s" },
	[F_MAX] = { "max", YTEXT, false,
		    "the most that an int or a duration may be; a duration's "
		    "default 1d" },
	[F_DESCRIPTION] = { "description", YTEXT, false,
			    "one sentence for people" },
	[F_PLACE] = { "place", YTEXT, false,
		      "what allow files have for it between < and >, such as "
		      "int 0..1000" },
};
const struct yfields var_keys = YFIELDS(var_fields);

const struct var *
var_find(const struct procedure *proc, const char *name)
{
	for (size_t i = 0; i < proc->vars; i++)
		if (strcmp(proc->var[i].name, name) == 0)
			return &proc->var[i];
	return NULL;
}

/* What could be an option or a second word is no word. */
static int
word_check(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0 || len > 255)
		return err_set(err, ERR_USAGE, "a word has 1 to 255 bytes");
	if (*text == '-')
		return err_set(err, ERR_USAGE, "a word does not begin with -");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ')
			return err_set(err, ERR_USAGE, "a word has no blanks");
	return 0;
}

static int
string_check(const char *text, struct err *err)
{
	size_t len = strlen(text), n;
	uint32_t code;

	if (len > 4096)
		return err_set(err, ERR_USAGE, "longer than 4096 bytes");
	for (size_t i = 0; i < len; i += n) {
		n = utf8_next(text + i, len - i, &code);
		if (n == 0)
			return err_set(err, ERR_USAGE, "it is not UTF-8");
		if (utf8_is_control(code))
			return err_set(err, ERR_USAGE,
				       "it has a control character");
	}
	return 0;
}

static int
choice_check(const struct var *var, const char *text, struct err *err)
{
	struct buf all;

	buf_init(&all, 300);
	for (size_t i = 0; var->of != NULL && i < var->of->n; i++) {
		if (strcmp(var->of->item[i]->text, text) == 0) {
			buf_free(&all);
			return 0;
		}
		(void)buf_addf(&all, "%s%s", i == 0 ? "" : " | ",
			       var->of->item[i]->text);
	}
	(void)err_set(err, ERR_USAGE, "it is one of: %s", buf_str(&all));
	buf_free(&all);
	return -1;
}

static int
path_value_check(const char *text, struct err *err)
{
	if (*text != '/' || strstr(text, "//") || strstr(text, "/../") ||
	    strstr(text, "/./") || text[strlen(text) - 1] == '/')
		return err_set(err, ERR_USAGE,
			       "the absolute path of a file on the host is "
			       "wanted, never the secret itself");
	return word_check(text, err);
}

int
var_value_check(const struct var *var, const char *text, struct err *err)
{
	struct packages p = { 0 };
	int64_t n;
	int ret;

	if (string_check(text, err) < 0)
		return -1;
	switch (var->type) {
	case VAR_WORD:
		return word_check(text, err);
	case VAR_STRING:
		return 0;
	case VAR_INT:
		return num_parse_int(text, var->min, var->max, &n, err);
	case VAR_DURATION:
		return num_parse_duration(text, var->min, var->max, &n, err);
	case VAR_CHOICE:
		return choice_check(var, text, err);
	case VAR_FILE:
		return word_check(text, err);
	case VAR_PACKAGES:
		ret = packages_parse(text, &p, err);
		packages_free(&p);
		return ret;
	case VAR_SECRET:
		return path_value_check(text, err);
	}
	abort();
}

static void
bounds_read(struct proc_reader *r, const struct ynode *const f[],
	    struct var *var)
{
	var->min = var->type == VAR_INT ? INT64_MIN : 0;
	var->max = var->type == VAR_INT ? INT64_MAX : DAY_MS;
	if (var->type != VAR_INT && var->type != VAR_DURATION) {
		if (f[F_MIN] != NULL || f[F_MAX] != NULL)
			ynode_error(r->d, f[F_MIN] ? f[F_MIN] : f[F_MAX],
				    "only int and duration have min and max");
		return;
	}
	for (int i = F_MIN; i <= F_MAX; i++) {
		int64_t *out = i == F_MIN ? &var->min : &var->max;

		if (f[i] == NULL)
			continue;
		if (var->type == VAR_INT)
			(void)yread_int(r->d, f[i], var_fields[i].name,
					INT64_MIN, INT64_MAX, out);
		else
			(void)yread_duration(r->d, f[i], var_fields[i].name, 0,
					     NUM_DURATION_MAX, out);
	}
}

const char *
place_read(struct proc_reader *r, const struct ynode *node)
{
	if (node == NULL)
		return NULL;
	if (*node->text != '\0' && strpbrk(node->text, "<>\"'\n") == NULL)
		return node->text;
	ynode_error(r->d, node,
		    "a place is what stands between < and > of an "
		    "allow line");
	diag_hint(r->d, "such as: int 0..1000, or: user in "
			"/etc/drydock/probe-users");
	return NULL;
}

static void
of_read(struct proc_reader *r, const struct ynode *of, struct var *var)
{
	struct err err;

	if ((of != NULL) != (var->type == VAR_CHOICE)) {
		ynode_error(r->d, of != NULL ? of : var->node,
			    "\"of\" lists the words of a choice");
		return;
	}
	if (of == NULL)
		return;
	if (of->n == 0)
		ynode_error(r->d, of, "a choice has words");
	for (size_t i = 0; i < of->n; i++) {
		if (of->item[i]->kind != YNODE_SCALAR ||
		    word_check(of->item[i]->text, &err) < 0) {
			ynode_error(r->d, of->item[i], "a word is wanted");
			return;
		}
	}
	var->of = of;
}

/* A text; for packages also a list of texts, read where it is used. */
static void
default_check(struct proc_reader *r, struct var *var)
{
	const struct ynode *def = var->def;
	struct text text = { 0 };
	struct err err;

	if (def->kind == YNODE_LIST && var->type == VAR_PACKAGES) {
		for (size_t i = 0; i < def->n; i++)
			if (def->item[i]->kind != YNODE_SCALAR)
				ynode_error(r->d, def->item[i],
					    "NAME=VERSION is wanted");
			else if (var_value_check(var, def->item[i]->text,
						 &err) < 0)
				ynode_error(r->d, def->item[i], "%s", err.text);
		return;
	}
	if (var->type == VAR_FILE) {
		ynode_error(r->d, def, "a file has no default");
		return;
	}
	text_read(r, def, &text);
	var->tpl = text.tpl;
	if (var->tpl == NULL || !template_is_plain(var->tpl))
		return;
	if (var->type == VAR_CHOICE && var->of == NULL)
		return;
	if (var_value_check(var, def->text, &err) < 0)
		ynode_error(r->d, def, "the default does not fit: %s",
			    err.text);
}

static bool
var_may_be_absent(enum var_type type)
{
	return type == VAR_FILE || type == VAR_PACKAGES || type == VAR_SECRET;
}

static void
var_read(struct proc_reader *r, const struct ynode *key,
	 const struct ynode *node)
{
	struct procedure *proc = r->proc;
	const struct ynode *f[F_N];
	struct var *var;
	size_t type = VAR_WORD;

	proc->var = x_realloc(proc->var, proc->vars + 1, sizeof(*proc->var));
	var = &proc->var[proc->vars++];
	*var = (struct var){ .node = key, .name = key->text };
	(void)yread_name(r->d, key, "variable", &var->name);
	if (yfields_read(r->d, node, "a variable", var_fields, F_N, f) < 0 &&
	    f[F_TYPE] == NULL)
		return;
	if (yread_choice(r->d, f[F_TYPE], "type", &var_words, &type) < 0)
		return;
	var->type = (enum var_type)type;
	if (f[F_REQUIRED] != NULL)
		(void)yread_bool(r->d, f[F_REQUIRED], "required",
				 &var->required);
	if (f[F_DESCRIPTION] != NULL)
		var->description = f[F_DESCRIPTION]->text;
	var->place = place_read(r, f[F_PLACE]);
	bounds_read(r, f, var);
	of_read(r, f[F_OF], var);
	var->def = f[F_DEFAULT];
	if (var->def != NULL)
		default_check(r, var);
	if (var->def != NULL && var->required)
		ynode_error(r->d, var->def,
			    "a required variable has no default");
	if (var->def == NULL && !var->required && !var_may_be_absent(var->type))
		ynode_error(r->d, key,
			    "variable \"%s\" needs a default, or "
			    "required: true",
			    var->name);
}

void
vars_read(struct proc_reader *r, const struct ynode *node)
{
	for (size_t i = 0; node != NULL && i < node->n; i++)
		var_read(r, node->key[i], node->item[i]);
}
