/*
 * args.c - argv, sorted into words and flags.
 */
#include "args.h"

#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "nearest.h"
#include "words.h"

enum { AGAIN_MAX = 1 << 20 };

const struct flag flag_table[FLAG_COUNT] = {
#define X(id, fname, fletter, fvalue, fhelp)                                   \
	[FLAG_##id] = { .name = (fname),                                       \
			.letter = (fletter),                                   \
			.value = (fvalue),                                     \
			.help = (fhelp) },
	DRYDOCK_FLAGS(X)
#undef X
};

static int
flag_by_name(const char *name, size_t len)
{
	int i;

	for (i = 0; i < FLAG_COUNT; i++)
		if (strlen(flag_table[i].name) == len &&
		    strncmp(flag_table[i].name, name, len) == 0)
			return i;
	return -1;
}

static int
flag_by_letter(char letter)
{
	int i;

	for (i = 0; i < FLAG_COUNT; i++)
		if (flag_table[i].letter == letter)
			return i;
	return -1;
}

static int
flag_unknown(const char *name, struct err *err)
{
	struct nearest near = { .word = name };
	int i;

	for (i = 0; i < FLAG_COUNT; i++)
		nearest_offer(&near, flag_table[i].name);
	if (near.best == NULL)
		return err_set(err, ERR_USAGE, "unknown option --%s", name);
	return err_set(err, ERR_USAGE,
		       "unknown option --%s; did you mean --%s?", name,
		       near.best);
}

static int
args_give(struct args *a, enum flag_id flag, const char *value, struct err *err)
{
	const struct flag *f = &flag_table[flag];
	uint64_t bit = UINT64_C(1) << flag;

	if (f->value == NULL && value != NULL)
		return err_set(err, ERR_USAGE, "--%s takes no value", f->name);
	if (f->value != NULL && (value == NULL || value[0] == '\0'))
		return err_set(err, ERR_USAGE, "--%s wants a value: --%s %s",
			       f->name, f->name, f->value);
	if ((a->set & bit) != 0 && (FLAGS_MANY & bit) == 0)
		return err_set(err, ERR_USAGE, "--%s is given twice", f->name);
	a->set |= bit;
	a->given[a->ngiven++] = (struct given){ .flag = flag, .value = value };
	return 0;
}

/* --name, --name=value, --name value; *next_r moves when it took the word */
static int
args_long(struct args *a, const char *text, char ***next, struct err *err)
{
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	int flag = flag_by_name(text, len);
	const char *value = equals != NULL ? equals + 1 : NULL;

	if (flag < 0)
		return flag_unknown(text, err);
	if (value == NULL && flag_table[flag].value != NULL && **next != NULL)
		value = *(*next)++;
	return args_give(a, (enum flag_id)flag, value, err);
}

/* -x, -xvalue, -x value, -xyz when x and y are switches */
static int
args_letters(struct args *a, const char *text, char ***next, struct err *err)
{
	const char *value;
	int flag;

	for (; *text != '\0'; text++) {
		flag = flag_by_letter(*text);
		if (flag < 0)
			return err_set(err, ERR_USAGE, "unknown option -%s",
				       text);
		if (flag_table[flag].value == NULL) {
			if (args_give(a, (enum flag_id)flag, NULL, err) < 0)
				return -1;
			continue;
		}
		value = text[1] != '\0' ? text + 1 : NULL;
		if (value == NULL && **next != NULL)
			value = *(*next)++;
		return args_give(a, (enum flag_id)flag, value, err);
	}
	return 0;
}

int
args_parse(struct args *a, int argc, char **argv, struct err *err)
{
	char **next = argv + 1;
	bool flags = true;
	const char *word;
	int ret = 0;

	*a = (struct args){
		.words = x_calloc((size_t)argc + 1, sizeof(*a->words)),
		/* -qqq… is many flags in one word, but a second one ends it */
		.given = x_calloc((size_t)argc + FLAG_COUNT + 1,
				  sizeof(*a->given)),
	};
	while (ret == 0 && argc > 0 && (word = *next) != NULL) {
		next++;
		if (flags && strcmp(word, "--") == 0)
			flags = false;
		else if (flags && strncmp(word, "--", 2) == 0)
			ret = args_long(a, word + 2, &next, err);
		else if (flags && word[0] == '-' && word[1] != '\0')
			ret = args_letters(a, word + 1, &next, err);
		else
			a->words[a->nwords++] = word;
	}
	return ret;
}

void
args_free(struct args *a)
{
	x_free(&a->words);
	x_free(&a->given);
	*a = (struct args){ 0 };
}

bool
args_has(const struct args *a, enum flag_id flag)
{
	return (a->set & UINT64_C(1) << flag) != 0;
}

const char *
args_nth(const struct args *a, enum flag_id flag, size_t n)
{
	size_t i;

	for (i = 0; i < a->ngiven; i++)
		if (a->given[i].flag == flag && n-- == 0)
			return a->given[i].value;
	return NULL;
}

const char *
args_value(const struct args *a, enum flag_id flag)
{
	return args_nth(a, flag, 0);
}

static bool
may_be_secret(const struct given *g)
{
	return g->flag == FLAG_DATABASE && (strstr(g->value, "pass") != NULL ||
					    strchr(g->value, '@') != NULL);
}

static void
again_given(struct buf *out, const struct given *g)
{
	const struct flag *f = &flag_table[g->flag];

	(void)buf_addf(out, " --%s", f->name);
	if (g->value == NULL)
		return;
	(void)buf_addc(out, ' ');
	if (may_be_secret(g))
		(void)buf_adds(out, f->value);
	else
		words_for_shell(out, g->value);
}

char *
args_again(const struct args *a, enum flag_id flag, const char *value)
{
	struct buf out;
	size_t i;

	buf_init(&out, AGAIN_MAX);
	(void)buf_adds(&out, "drydock");
	for (i = 0; i < a->nwords; i++) {
		(void)buf_addc(&out, ' ');
		words_for_shell(&out, a->words[i]);
	}
	for (i = 0; i < a->ngiven; i++)
		if (a->given[i].flag != flag)
			again_given(&out, &a->given[i]);
	(void)buf_addf(&out, " --%s", flag_table[flag].name);
	if (value != NULL)
		(void)buf_addf(&out, " %s", value);
	return buf_take(&out);
}
