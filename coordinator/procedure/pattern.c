/* pattern.c - what would regcomp() make of it? */
#include "pattern.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/*
 * A part of a pattern as regcomp() writes it out: its size, and the ways that
 * it follows before a character must be read: `enter` from its begin, `within`
 * from the worst place of it.  `through` and `leave` are those of them that
 * come to its end.  Each stops growing just above the limits.
 */
struct part {
	unsigned long size, enter, through, within, leave;
	bool anchored;
};

static const struct part part_none = { 0, 0, 0, 0, 0, false };
static const struct part part_empty = { 0, 0, 1, 0, 1, false };
static const struct part part_character = { 1, 1, 0, 1, 1, false };
static const struct part part_anchor = { 1, 1, 1, 1, 1, true };

/* One level of parentheses: the alternatives that are complete, the pieces of
 * the one being read, and its last piece, which a repetition is about. */
struct level {
	struct part others, row, last;
};

struct sizing {
	const char *at;
	struct level level[PATTERN_DEPTH_MAX + 1];
	int depth;
	bool reference, anchor_repeated;
};

static unsigned long
max(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

static struct part
part_capped(struct part p)
{
	unsigned long *count[] = { &p.size, &p.enter, &p.through, &p.within,
				   &p.leave };

	for (size_t i = 0; i < sizeof(count) / sizeof(count[0]); i++)
		if (*count[i] > PATTERN_MAX)
			*count[i] = PATTERN_MAX + 1;
	return p;
}

static struct part
part_join(struct part a, struct part b)
{
	return part_capped((struct part){
		.size = a.size + b.size,
		.enter = a.enter + a.through * b.enter,
		.through = a.through * b.through,
		.within = max(a.within + a.leave * b.enter, b.within),
		.leave = max(a.leave * b.through, b.leave),
		.anchored = a.anchored || b.anchored,
	});
}

static struct part
part_either(struct part a, struct part b)
{
	return part_capped((struct part){
		.size = a.size + b.size + 1,
		.enter = a.enter + b.enter + 1,
		.through = a.through + b.through,
		.within = max(max(a.within, b.within), a.enter + b.enter + 1),
		.leave = max(max(a.leave, b.leave), a.through + b.through),
		.anchored = a.anchored || b.anchored,
	});
}

static struct part
part_maybe(struct part p)
{
	return part_either(p, part_empty);
}

/* From its end each way leads to its begin once more. */
static struct part
part_loop(struct part p)
{
	struct part twice = part_join(p, p);

	twice.size = p.size;
	return part_maybe(twice);
}

static struct part
part_times(struct part p, unsigned long n)
{
	struct part all = part_empty;

	for (unsigned long i = 0; i < n && all.size <= PATTERN_MAX; i++)
		all = part_join(all, p);
	return all;
}

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

/* {n}, {n,} or {n,m} of the piece. */
static struct part
interval_read(const char **at, struct part piece)
{
	unsigned long n[2] = { 0, 0 };
	struct part always;
	bool open = true;
	int i = 0;

	for ((*at)++; **at != '\0' && **at != '}'; (*at)++) {
		if (**at == ',') {
			i = 1;
			continue;
		}
		open = i == 0;
		if (isdigit((unsigned char)**at) && n[i] <= PATTERN_MAX)
			n[i] = n[i] * 10 + (unsigned long)(**at - '0');
	}
	*at += **at == '}';
	always = part_times(piece, n[0]);
	if (i == 0)
		return always;
	if (open || n[1] < n[0])
		return part_join(always, part_loop(piece));
	return part_join(always, part_times(part_maybe(piece), n[1] - n[0]));
}

static void
piece_begin(struct sizing *s, struct part piece)
{
	struct level *l = &s->level[s->depth];

	l->row = part_join(l->row, l->last);
	l->last = piece;
}

static void
alternative_begin(struct sizing *s)
{
	struct level *l = &s->level[s->depth];

	l->others = part_either(l->others, part_join(l->row, l->last));
	l->row = l->last = part_empty;
}

static struct part
level_whole(const struct level *l)
{
	struct part row = part_join(l->row, l->last);

	return l->others.size > 0 ? part_either(l->others, row) : row;
}

/* False: too deep, or more `)` than `(`, which regcomp() knows better. */
static bool
level_change(struct sizing *s, char paren)
{
	if (paren == '(') {
		if (s->depth == PATTERN_DEPTH_MAX)
			return false;
		s->level[++s->depth] = (struct level){
			part_none, part_empty, part_empty
		};
	} else if (s->depth > 0) {
		s->depth--;
		piece_begin(s, level_whole(&s->level[s->depth + 1]));
	}
	return true;
}

/* What stands behind the piece that it repeats; `s->at` moves behind it. */
static void
repetition_read(struct sizing *s)
{
	struct part *last = &s->level[s->depth].last;

	s->anchor_repeated |= last->anchored;
	switch (*s->at) {
	case '{':
		*last = interval_read(&s->at, *last);
		return;
	case '+':
		*last = part_join(*last, part_loop(*last));
		break;
	case '*':
		*last = part_loop(*last);
		break;
	default:
		*last = part_maybe(*last);
		break;
	}
	s->at++;
}

static void
character_read(struct sizing *s)
{
	bool escape = *s->at == '\\' && s->at[1] != '\0';
	/* glibc's own \< \b \` and the like read nothing, too. */
	bool anchor = escape ? strchr("<>bB`'", s->at[1]) != NULL
			     : *s->at == '^' || *s->at == '$';

	s->reference |= escape && isdigit((unsigned char)s->at[1]) != 0;
	s->at += escape ? 2 : 1;
	piece_begin(s, anchor ? part_anchor : part_character);
}

static bool
size_next(struct sizing *s)
{
	switch (*s->at) {
	case '(':
	case ')':
		return level_change(s, *s->at++);
	case '|':
		alternative_begin(s);
		s->at++;
		return true;
	case '[':
		s->at = bracket_skip(s->at);
		piece_begin(s, part_character);
		return true;
	case '{':
	case '+':
	case '*':
	case '?':
		repetition_read(s);
		return true;
	default:
		character_read(s);
		return true;
	}
}

static bool
size_fits(const struct sizing *s)
{
	for (int i = 0; i <= s->depth; i++) {
		struct part whole = level_whole(&s->level[i]);

		if (whole.size > PATTERN_MAX || whole.within > PATTERN_MAX)
			return false;
	}
	return true;
}

static int
pattern_size(const char *text, struct err *err)
{
	struct sizing s = {
		.at = text,
		.level = { { part_none, part_empty, part_empty } },
	};

	while (*s.at != '\0') {
		if (!size_next(&s))
			return err_set(err, ERR_USAGE, "more than %d "
				       "parentheses in one another",
				       PATTERN_DEPTH_MAX);
		if (!size_fits(&s))
			return err_set(err, ERR_USAGE, "its repetitions, "
				       "written out, are too long");
	}
	if (s.reference)
		return err_set(err, ERR_USAGE,
			       "there are no back-references such as \\1");
	if (s.anchor_repeated)
		return err_set(err, ERR_USAGE,
			       "an anchor such as ^ or $ is repeated");
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
