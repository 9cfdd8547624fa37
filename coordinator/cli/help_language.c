/*
 * help_language.c - what may stand in a file, as lines for a terminal.
 */
#include "help_language.h"

#include <string.h>

enum {
	WIDTH = 79,
	INDENT = 2,
};

/* on a terminal: bytes that begin a character of UTF-8 */
static size_t
columns(const char *text, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n += ((unsigned char)text[len] & 0xc0) != 0x80;
	return n;
}

/* words from column `at` on, and on further lines from `indent` on */
static void
fill(struct buf *out, const char *text, size_t at, size_t indent)
{
	bool first = true;
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (!first && at + 1 + columns(text, len) > WIDTH) {
			(void)buf_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			(void)buf_addc(out, ' ');
			at++;
		}
		(void)buf_add(out, text, len);
		at += columns(text, len);
		first = false;
	}
	(void)buf_addc(out, '\n');
}

/* with the * of those that must be there */
static size_t
key_width(const struct yfield *key)
{
	return columns(key->name, strlen(key->name)) + (key->required ? 2 : 0);
}

static void
key_line(struct buf *out, const struct yfield *key, size_t width)
{
	size_t at = INDENT + width + 2;

	(void)buf_addf(out, "%*s%s%s%*s", INDENT, "", key->name,
		       key->required ? " *" : "",
		       (int)(width - key_width(key) + 2), "");
	fill(out, key->text, at, at);
}

void
help_part(struct buf *out, const struct language_part *part)
{
	size_t width = 0;

	for (size_t i = 0; i < part->rows->n; i++)
		if (key_width(&part->rows->row[i]) > width)
			width = key_width(&part->rows->row[i]);
	(void)buf_addf(out, "%s\n", part->title);
	if (part->text != NULL) {
		(void)buf_addf(out, "%*s", INDENT, "");
		fill(out, part->text, INDENT, INDENT);
	}
	for (size_t i = 0; i < part->rows->n; i++)
		key_line(out, &part->rows->row[i], width);
	(void)buf_addc(out, '\n');
}

static void
example_lines(struct buf *out, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = strcspn(text, "\n") + 1;
		(void)buf_addf(out, "%*s%.*s", INDENT, "", (int)len, text);
	}
}

void
help_language(struct buf *out, const struct language *l)
{
	fill(out, l->text, 0, 0);
	(void)buf_addc(out, '\n');
	for (size_t i = 0; i < l->n; i++)
		help_part(out, &l->part[i]);
	(void)buf_adds(out, "EXAMPLE\n");
	example_lines(out, l->example);
}
