/* expr_set.c - {a b c}: sets of words, and which of them has what. */
#include <string.h>

#include "expr_private.h"
#include "utf8.h"

#define BLANKS	" "
#define SET_MAX 32768 /* bytes; each word is looked for: no more than that */

bool
expr_is_set(const char *text)
{
	size_t len = strlen(text);

	return len >= 2 && len <= SET_MAX && text[0] == '{' &&
	       text[len - 1] == '}';
}

/* The next word of a set behind *at, with its length; NULL: there is none. */
static const char *
set_next(const char **at, size_t *len_r)
{
	const char *word = *at + strspn(*at, BLANKS);

	*len_r = strcspn(word, BLANKS);
	*at = word + *len_r;
	if (*len_r > 0 && **at == '\0')
		(*len_r)--; /* the brace */
	return *len_r > 0 ? word : NULL;
}

static bool
set_has(const char *set, const char *wanted, size_t len)
{
	const char *at = set + 1, *word;
	size_t n;

	while ((word = set_next(&at, &n)) != NULL)
		if (n == len && memcmp(word, wanted, len) == 0)
			return true;
	return false;
}

/* What `of` has and `set` lacks goes to out (NULL: nowhere). */
static bool
set_lacks(const char *set, const char *of, struct buf *out)
{
	const char *at = of + 1, *word;
	bool lacks = false;
	size_t n;

	while ((word = set_next(&at, &n)) != NULL) {
		if (set_has(set, word, n))
			continue;
		lacks = true;
		if (out == NULL)
			return true;
		(void)buf_addc(out, ' ');
		(void)utf8_escape(out, word, n);
		if (buf_over(out))
			break; /* a host may have removed them all */
	}
	return lacks;
}

enum tri
expr_set_compare(const char *left, enum expr_op op, const char *right)
{
	bool least = !set_lacks(left, right, NULL);  /* has all of right */
	bool most = !set_lacks(right, left, NULL); /* and nothing else */
	bool holds = false;

	switch (op) {
	case EXPR_EQ:
		holds = least && most;
		break;
	case EXPR_NE:
		holds = !least || !most;
		break;
	case EXPR_LE:
		holds = most;
		break;
	case EXPR_GE:
		holds = least;
		break;
	case EXPR_LT:
		holds = most && !least;
		break;
	case EXPR_GT:
		holds = least && !most;
		break;
	case EXPR_MATCH:
	case EXPR_NOMATCH:
		return TRI_UNKNOWN;
	}
	return holds ? TRI_TRUE : TRI_FALSE;
}

void
expr_set_why(const char *left, const char *right, struct buf *why)
{
	struct buf lacks;

	if (!expr_is_set(left) || !expr_is_set(right))
		return;
	buf_init(&lacks, EXPR_BYTES_MAX);
	if (set_lacks(left, right, &lacks))
		(void)buf_addf(why, ": it lacks%s", buf_str(&lacks));
	buf_free(&lacks);
}
