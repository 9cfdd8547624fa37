/*
 * array.c - PostgreSQL's text of a text[]: {a,"b c",NULL}.
 */
#include "array.h"

#include <string.h>

#include "alloc.h"
#include "words.h"

enum { ELEMENT_MAX = 1 << 20 };

/* one element at *p into `out`; *p moves to the ',' or '}' behind it */
static int
array_element(const char **p, struct buf *out, bool *null_r)
{
	bool quoted = **p == '"';
	const char *s = *p + (quoted ? 1 : 0);

	buf_clear(out);
	while (*s != '\0' && (quoted ? *s != '"' : strchr(",{}", *s) == NULL)) {
		s += *s == '\\' && s[1] != '\0' ? 1 : 0;
		(void)buf_addc(out, *s++);
	}
	if (quoted && *s++ != '"')
		return -1;
	if (*s != ',' && *s != '}')
		return -1;
	*null_r = !quoted && strcmp(buf_str(out), "NULL") == 0;
	*p = s;
	return 0;
}

/* Called per element; NULL for a null. */
typedef void array_fn(void *self, const char *element);

/* -1 when it is no one-dimensional array; elements before that were told */
static int
array_each(const char *text, array_fn *fn, void *self)
{
	struct buf element;
	bool null;
	int ret = -1;

	if (strcmp(text, "{}") == 0)
		return 0;
	if (*text != '{')
		return -1;
	buf_init(&element, ELEMENT_MAX);
	do {
		text++;
		if (array_element(&text, &element, &null) < 0)
			goto out;
		fn(self, null ? NULL : buf_str(&element));
	} while (*text == ',');
	ret = strcmp(text, "}") == 0 ? 0 : -1;
out:
	buf_free(&element);
	return ret;
}

struct word_list {
	char *word[WORDS_MAX];
	size_t n;
};

static void
words_add(void *self, const char *element)
{
	struct word_list *w = self;

	if (w->n < WORDS_MAX)
		w->word[w->n++] = x_strdup(element != NULL ? element : "");
}

void
array_write_words(struct buf *out, const struct face *f, const char *text)
{
	struct word_list w = { .n = 0 };
	char *joined;
	size_t i;

	if (array_each(text, words_add, &w) < 0) {
		face_text(out, f, text);
	} else {
		joined = words_join((const char *const *)w.word, w.n);
		face_text(out, f, joined);
		free(joined);
	}
	for (i = 0; i < w.n; i++)
		free(w.word[i]);
}

static void
json_add(void *self, const char *element)
{
	json_out_str(self, NULL, element);
}

void
array_write_json(struct json_out *o, const char *key, const char *text)
{
	json_out_array(o, key);
	(void)array_each(text, json_add, o);
	json_out_end(o);
}
