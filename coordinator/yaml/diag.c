/* diag.c - see diag.h. */
#include "diag.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "utf8.h"

#define SHOWN  100 /* characters of a source line */
#define BEFORE 60  /* of them, before the caret in a long line */

void
diags_init(struct diags *d, const char *file)
{
	memset(d, 0, sizeof(*d));
	d->file = x_strdup(file);
}

void
diags_free(struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		x_free(&d->item[i].message);
		x_free(&d->item[i].hint);
	}
	x_free(&d->file);
	d->n = 0;
}

void
diags_source(struct diags *d, const char *text, size_t len)
{
	d->text = text;
	d->len = len;
}

static void
diag_add(struct diags *d, enum diag_severity severity, struct mark at,
	 unsigned int width, char *message)
{
	struct diag *item;

	if (severity == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->n == DIAGS_MAX) {
		x_free(&message);
		return;
	}
	item = &d->item[d->n++];
	*item = (struct diag){
		.severity = severity,
		.at = at,
		.width = width,
		.message = message,
	};
}

void
diag_error(struct diags *d, struct mark at, unsigned int width, const char *fmt,
	   ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, DIAG_ERROR, at, width, x_vasprintf(fmt, ap));
	va_end(ap);
}

void
diag_warning(struct diags *d, struct mark at, unsigned int width,
	     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, DIAG_WARNING, at, width, x_vasprintf(fmt, ap));
	va_end(ap);
}

void
diag_hint(struct diags *d, const char *fmt, ...)
{
	struct diag *item;
	va_list ap;

	/* The last one may be among those that are only counted. */
	if (d->n == 0 || d->errors + d->warnings > d->n)
		return;
	item = &d->item[d->n - 1];
	x_free(&item->hint);
	va_start(ap, fmt);
	item->hint = x_vasprintf(fmt, ap);
	va_end(ap);
}

static bool
diag_after(const struct diag *a, const struct diag *b)
{
	if (a->at.line != b->at.line)
		return a->at.line > b->at.line;
	return a->at.col > b->at.col;
}

void
diags_sort(struct diags *d)
{
	for (size_t i = 1; i < d->n; i++) {
		struct diag item = d->item[i];
		size_t j = i;

		for (; j > 0 && diag_after(&d->item[j - 1], &item); j--)
			d->item[j] = d->item[j - 1];
		d->item[j] = item;
	}
}

/* The source line, without its end. */
static const char *
line_find(const struct diags *d, unsigned int line, size_t *len_r)
{
	const char *p = d->text, *end, *nl;

	if (p == NULL || line == 0)
		return NULL;
	end = p + d->len;
	for (; line > 1; line--) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			return NULL;
		p = nl + 1;
	}
	nl = memchr(p, '\n', (size_t)(end - p));
	*len_r = (size_t)((nl == NULL ? end : nl) - p);
	return p;
}

/* One character of the source takes one column here, whatever it is. */
static size_t
char_print(struct buf *out, const char *p, size_t len)
{
	uint32_t code;
	size_t n = utf8_next(p, len, &code);

	if (n == 0) {
		(void)buf_addc(out, '?');
		return 1;
	}
	if (*p == '\t')
		(void)buf_addc(out, ' ');
	else if (*p != '\r' && utf8_is_control(code))
		(void)buf_addc(out, '?');
	else if (*p != '\r')
		(void)buf_add(out, p, n);
	return n;
}

static void
line_print(struct buf *out, const char *p, size_t len, const struct diag *item)
{
	unsigned int col = 1, first = 1, width = item->width, caret;
	uint32_t code;

	if (item->at.col > SHOWN)
		first = item->at.col - BEFORE;
	for (; len > 0 && col < first; col++) {
		size_t n = utf8_next(p, len, &code);

		n = n == 0 ? 1 : n;
		p += n;
		len -= n;
	}
	(void)buf_addf(out, "%5u | %s", item->at.line, first > 1 ? "…" : "");
	for (; len > 0 && col < first + SHOWN; col++) {
		size_t n = char_print(out, p, len);

		p += n;
		len -= n;
	}
	(void)buf_addf(out, "%s\n      | %s", len > 0 ? "…" : "",
		       first > 1 ? " " : "");
	for (caret = first; caret < item->at.col; caret++)
		(void)buf_addc(out, ' ');
	if (caret + width > first + SHOWN)
		width = first + SHOWN - caret;
	do
		(void)buf_addc(out, '^');
	while (width-- > 1);
	(void)buf_addc(out, '\n');
}

static void
text_print(struct buf *out, const char *text)
{
	const char *p = text;
	size_t len = strlen(text);

	while (len > 0) {
		size_t n = *p == '\n' ? 1 : char_print(out, p, len);

		if (*p == '\n')
			(void)buf_adds(out, "\n        ");
		p += n;
		len -= n;
	}
	(void)buf_addc(out, '\n');
}

static void
diag_print(const struct diags *d, const struct diag *item, struct buf *out)
{
	const char *line;
	size_t len = 0;

	(void)buf_adds(out, d->file);
	if (item->at.line > 0)
		(void)buf_addf(out, ":%u:%u", item->at.line, item->at.col);
	(void)buf_addf(out, ": %s: ",
		       item->severity == DIAG_ERROR ? "error" : "warning");
	text_print(out, item->message);
	line = line_find(d, item->at.line, &len);
	if (line != NULL && len > 0)
		line_print(out, line, len, item);
	if (item->hint != NULL) {
		(void)buf_adds(out, "  hint: ");
		text_print(out, item->hint);
	}
}

void
diags_print(const struct diags *d, struct buf *out)
{
	assert(d->n <= DIAGS_MAX);
	for (size_t i = 0; i < d->n; i++)
		diag_print(d, &d->item[i], out);
	if (d->errors + d->warnings > d->n)
		(void)buf_addf(out, "%s: and %u more\n", d->file,
			       d->errors + d->warnings - (unsigned int)d->n);
}
