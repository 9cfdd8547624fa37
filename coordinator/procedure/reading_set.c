/* reading_set.c - the same word of every line, as a set. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "reading_private.h"

#define BLANKS " \t\r"

bool
reading_set_column(const char *column, size_t *word_r)
{
	int64_t n;

	if (strncmp(column, "set_", 4) != 0 ||
	    num_parse_int(column + 4, 1, READING_COLUMNS_MAX, &n, NULL) < 0)
		return false;
	*word_r = (size_t)n;
	return true;
}

/* The nth word of a line, cut out of it; NULL: it has fewer. */
static char *
word_of(char *line, size_t n)
{
	for (;;) {
		line += strspn(line, BLANKS);
		if (*line == '\0')
			return NULL;
		if (--n == 0)
			break;
		line += strcspn(line, BLANKS);
	}
	line[strcspn(line, BLANKS)] = '\0';
	return line;
}

static int
word_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
set_print(char **item, size_t n, struct buf *value)
{
	qsort(item, n, sizeof(*item), word_order);
	(void)buf_addc(value, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(item[i], item[i - 1]) == 0)
			continue;
		(void)buf_addf(value, i == 0 ? "%s" : " %s", item[i]);
	}
	(void)buf_addc(value, '}');
}

int
reading_set(const char *text, size_t word, struct buf *value, struct err *err)
{
	char *copy = x_strdup(text), *rest = copy, *line;
	char *item[READING_SET_MAX];
	size_t n = 0;
	int ret = 0;

	while (ret == 0 && (line = strsep(&rest, "\n")) != NULL) {
		char *one = word_of(line, word);

		if (one == NULL && line[strspn(line, BLANKS)] == '\0')
			continue;
		if (one == NULL)
			ret = err_set(err, ERR_FAILED,
				      "a line has fewer than %zu words", word);
		else if (n == READING_SET_MAX)
			ret = err_set(err, ERR_FAILED, "more than %d lines, too "
				      "many for a set", READING_SET_MAX);
		else
			item[n++] = one;
	}
	if (ret == 0)
		set_print(item, n, value);
	free(copy);
	return ret;
}
