/*
 * complete.c - what may come next on the command line.
 */
#include "complete.h"

#include <stdbool.h>
#include <string.h>

#include "args.h"
#include "help.h"

static const char *const name_words[] = {
#define X(name, word, sql) word,
	COMPLETE_NAMES(X)
#undef X
};

struct complete {
	struct buf *out;
	const char *begin;
	size_t len;
};

static void
offer(struct complete *c, const char *before, const char *word, size_t len)
{
	size_t lead = strlen(before);
	const char *rest = c->begin;

	if (lead > 0) {
		if (strncmp(rest, before, c->len < lead ? c->len : lead) != 0)
			return;
		rest = c->len < lead ? "" : rest + lead;
	}
	if (strncmp(word, rest, strlen(rest) < len ? strlen(rest) : len) != 0 ||
	    strlen(rest) > len)
		return;
	(void)buf_addf(c->out, "%s%.*s\n", before, (int)len, word);
}

/* "table|json" in small letters is a choice; NAME and the like are not */
static void
offer_choice(struct complete *c, const char *value)
{
	size_t len;

	if (strchr(value, '|') == NULL)
		return;
	for (;; value += len + 1) {
		len = strcspn(value, "|");
		if (value[0] >= 'a' && value[0] <= 'z' &&
		    memchr(value, '=', len) == NULL)
			offer(c, "", value, len);
		if (value[len] == '\0')
			return;
	}
}

/* the names that a word of a row's args stands for */
static unsigned
names_in(const char *word, size_t len)
{
	unsigned set = 0;
	size_t at, n;

	for (size_t i = 0; i < COMPLETE_COUNT; i++) {
		n = strlen(name_words[i]);
		for (at = 0; at + n <= len; at++)
			if (strncmp(word + at, name_words[i], n) == 0)
				set |= 1U << i;
	}
	return set;
}

/* the flag that wants the next word as its value, or NULL */
static const struct flag *
flag_of(const char *word)
{
	if (word[0] != '-' || word[1] == '\0')
		return NULL;
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if ((word[1] == '-' &&
		     strcmp(word + 2, flag_table[i].name) == 0) ||
		    (word[1] == flag_table[i].letter && word[2] == '\0'))
			return flag_table[i].value != NULL ? &flag_table[i]
							   : NULL;
	return NULL;
}

static unsigned
flag_value(struct complete *c, const struct flag *f)
{
	if (f == &flag_table[FLAG_ONLY] || f == &flag_table[FLAG_EXCEPT] ||
	    f == &flag_table[FLAG_BACKEND])
		return 1U << COMPLETE_BACKEND;
	if (f == &flag_table[FLAG_FLEET] || f == &flag_table[FLAG_CONFIRM])
		return 1U << COMPLETE_FLEET;
	offer_choice(c, f->value);
	return 0;
}

static void
offer_flags(struct complete *c, uint64_t set)
{
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if ((set & UINT64_C(1) << i) != 0)
			offer(c, "--", flag_table[i].name,
			      strlen(flag_table[i].name));
}

static void
offer_children(struct complete *c, const struct command *at)
{
	for (const struct command *s = at->sub; s->name != NULL; s++)
		offer(c, "", s->name, strlen(s->name));
}

static void
offer_topics(struct complete *c)
{
	struct buf topics;
	const char *p;

	buf_init(&topics, 65536);
	help_topics(&topics);
	for (p = buf_str(&topics); *p != '\0'; p += *p == '\n') {
		p += strspn(p, " ");
		offer(c, "", p, strcspn(p, " \n"));
		p += strcspn(p, "\n");
	}
	buf_free(&topics);
}

/*
 * What the nth word behind the verb may be; what is in [] may be missing, so
 * the word behind it is possible too.
 */
static unsigned
arg_names(struct complete *c, const struct command *at, size_t nth)
{
	const char *p = at->args != NULL ? at->args : "";
	unsigned set = 0;
	size_t i = 0, len;
	bool more = true;

	for (; *p != '\0' && more; p += len + strspn(p + len, " "), i++) {
		len = strcspn(p, " ");
		if (i < nth)
			continue;
		set |= names_in(p, len);
		if (len == strlen("[TOPIC]") && strncmp(p, "[TOPIC]", len) == 0)
			offer_topics(c);
		if (p[0] >= 'a' && p[0] <= 'z') {
			char choice[64] = "";

			strncat(choice, p, len < 63 ? len : 63);
			offer_choice(c, choice);
		}
		more = p[0] == '[';
	}
	return set;
}

unsigned
complete_words(struct buf *out, const struct command *root,
	       const char *const *words, size_t count, const char *begin)
{
	struct complete c = { .out = out, .begin = begin };
	const struct command *at = root, *next;
	const struct flag *flag = NULL;
	size_t i, nth = 0;

	c.len = strlen(begin);
	for (i = 0; i < count; i++) {
		bool is_value = flag != NULL;

		flag = is_value ? NULL : flag_of(words[i]);
		if (is_value || words[i][0] == '-')
			continue;
		if (at->sub == NULL) {
			nth++;
			continue;
		}
		for (next = at->sub; next->name != NULL; next++)
			if (strcmp(next->name, words[i]) == 0)
				break;
		if (next->name == NULL)
			return 0;
		at = next;
	}
	if (flag != NULL)
		return flag_value(&c, flag);
	if (begin[0] == '-')
		offer_flags(&c, at->flags | FLAGS_GLOBAL);
	else if (at->sub != NULL)
		offer_children(&c, at);
	else
		return arg_names(&c, at, nth);
	return 0;
}
