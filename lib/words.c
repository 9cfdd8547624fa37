/* words.c - a command as people type it, split into words. */
#include "words.h"

#include <string.h>

#include "alloc.h"

#define WORDS_BLANK " \t\r\n"

static bool
words_blank(char c)
{
	return c != '\0' && strchr(WORDS_BLANK, c) != NULL;
}

static void
words_push(struct words *w, char *word)
{
	w->word = x_realloc(w->word, w->n + 2, sizeof(*w->word));
	w->word[w->n++] = word;
	w->word[w->n] = NULL;
}

/* The inside of a quote that opens at p; returns what is behind it, or NULL. */
static const char *
words_quote(const char *p, struct buf *word)
{
	char quote = *p++;

	for (; *p != quote; p++) {
		if (*p == '\0')
			return NULL;
		if (quote == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		(void)buf_addc(word, *p);
	}
	return p + 1;
}

/* One word from p on; returns what is behind it, or NULL with *bad_r. */
static const char *
words_one(const char *p, struct buf *word, const char **bad_r)
{
	while (*p != '\0' && !words_blank(*p)) {
		if (*p == '\'' || *p == '"') {
			*bad_r = p;
			p = words_quote(p, word);
			if (p == NULL)
				return NULL;
		} else {
			(void)buf_addc(word, *p++);
		}
	}
	return p;
}

static int
words_fail(struct words *w, size_t *column_r, size_t column, struct err *err,
	   const char *why)
{
	words_free(w);
	if (column_r != NULL)
		*column_r = column;
	return err_set(err, ERR_USAGE, "%s (column %zu)", why, column);
}

int
words_split(const char *text, struct words *w, size_t *column_r,
	    struct err *err)
{
	const char *p = text, *bad = text;
	struct buf word;

	*w = (struct words){ 0 };
	buf_init(&word, strlen(text) + 1);
	for (p += strspn(p, WORDS_BLANK); *p != '\0';
	     p += strspn(p, WORDS_BLANK)) {
		size_t column = (size_t)(p - text) + 1;

		p = words_one(p, &word, &bad);
		if (p == NULL) {
			buf_free(&word);
			return words_fail(w, column_r, (size_t)(bad - text) + 1,
					  err, "a quote that does not end");
		}
		if (w->n == WORDS_MAX) {
			buf_free(&word);
			return words_fail(w, column_r, column, err,
					  "too many words");
		}
		words_push(w, x_strdup(buf_str(&word)));
		buf_clear(&word);
	}
	buf_free(&word);
	if (w->n == 0)
		return words_fail(w, column_r, 1, err, "there is no word");
	return 0;
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	x_free(&w->word);
	w->n = 0;
}

static void
words_join_one(struct buf *out, const char *word)
{
	if (word[0] != '\0' && strpbrk(word, WORDS_BLANK "'\"") == NULL) {
		(void)buf_adds(out, word);
		return;
	}
	(void)buf_addc(out, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, *word);
	}
	(void)buf_addc(out, '"');
}

char *
words_join(const char *const *word, size_t n)
{
	struct buf out;

	buf_init(&out, (size_t)16 << 20);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_addc(&out, ' ');
		words_join_one(&out, word[i]);
	}
	return buf_take(&out);
}

void
words_for_shell(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_.:/@%+,-";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		(void)buf_adds(out, word);
		return;
	}
	(void)buf_addc(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			(void)buf_adds(out, "'\\''");
		else
			(void)buf_addc(out, *word);
	}
	(void)buf_addc(out, '\'');
}

bool
words_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, " ");

		if (n == len && memcmp(at, word, n) == 0)
			return true;
		at += n + (at[n] == ' ');
	}
	return false;
}
