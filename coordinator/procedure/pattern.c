/* pattern.c - how large is it when written out? */
#include "pattern.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* One level of parentheses: what stands in it, and how much of that is the
 * last piece, which a repetition multiplies. */
struct level {
	unsigned long sum, last;
};

struct sizing {
	const char *at;
	struct level level[PATTERN_DEPTH_MAX + 1];
	int depth;
	bool reference;
};

/* Behind a bracket expression that begins at `at`; regcomp() judges it. */
static const char *
bracket_skip(const char *at)
{
	at++;
	at += *at == '^';
	at += *at == ']';
	while (*at != '\0' && *at != ']') {
		char kind = at[1];

		if (*at == '[' && kind != '\0' && strchr(":.=", kind) != NULL) {
			const char end[] = { kind, ']', '\0' };
			const char *close = strstr(at + 2, end);

			if (close == NULL)
				return at + strlen(at);
			at = close + 1;
		}
		at++;
	}
	return at + (*at == ']');
}

/* How many times {n}, {n,} or {n,m} writes the last piece out. */
static unsigned long
interval_read(const char **at)
{
	unsigned long n[2] = { 0, 0 };
	int i = 0;

	for ((*at)++; **at != '\0' && **at != '}'; (*at)++) {
		if (**at == ',')
			i = 1;
		else if (isdigit((unsigned char)**at) &&
			 n[i] <= PATTERN_SIZE_MAX)
			n[i] = n[i] * 10 + (unsigned long)(**at - '0');
	}
	*at += **at == '}';
	return n[0] > n[1] ? n[0] + 1 : n[1];
}

static void
size_piece(struct sizing *s, unsigned long size)
{
	s->level[s->depth].sum += size;
	s->level[s->depth].last = size;
}

static void
size_times(struct sizing *s, unsigned long times)
{
	struct level *l = &s->level[s->depth];

	if (times > 1) {
		l->sum += l->last * (times - 1);
		l->last *= times;
	}
}

/* False: too deep, or more `)` than `(`, which regcomp() knows better. */
static bool
size_level(struct sizing *s, char paren)
{
	s->at++;
	if (paren == '(') {
		if (s->depth == PATTERN_DEPTH_MAX)
			return false;
		s->level[++s->depth] = (struct level){ 0, 0 };
	} else if (s->depth > 0) {
		s->depth--;
		size_piece(s, s->level[s->depth + 1].sum + 1);
	}
	return true;
}

static bool
size_next(struct sizing *s)
{
	switch (*s->at) {
	case '(':
	case ')':
		return size_level(s, *s->at);
	case '[':
		s->at = bracket_skip(s->at);
		size_piece(s, 1);
		return true;
	case '{':
		size_times(s, interval_read(&s->at));
		return true;
	case '\\':
		s->reference |= isdigit((unsigned char)s->at[1]) != 0;
		s->at += s->at[1] != '\0';
		break;
	case '+':
		size_times(s, 2);
		s->at++;
		return true;
	case '*':
	case '?':
		s->at++;
		return true;
	default:
		break;
	}
	s->at++;
	size_piece(s, 1);
	return true;
}

static int
pattern_size(const char *text, struct err *err)
{
	struct sizing s = { .at = text };

	while (*s.at != '\0') {
		if (!size_next(&s))
			return err_set(err, ERR_USAGE, "more than %d "
				       "parentheses in one another",
				       PATTERN_DEPTH_MAX);
		if (s.level[s.depth].sum > PATTERN_SIZE_MAX)
			return err_set(err, ERR_USAGE, "its repetitions, "
				       "written out, are too long");
	}
	if (s.reference)
		return err_set(err, ERR_USAGE,
			       "there are no back-references such as \\1");
	return 0;
}

int
pattern_compile(regex_t *re, const char *text, struct err *err)
{
	char why[256];
	int rc;

	if (pattern_size(text, err) < 0)
		return -1;
	rc = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
	if (rc == 0)
		return 0;
	(void)regerror(rc, re, why, sizeof(why));
	return err_set(err, ERR_USAGE, "%s", why);
}
