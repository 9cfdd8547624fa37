/* template.c - see template.h. */
#include "template.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

static void
part_add(struct template *tpl, bool is_name, const char *text, size_t len,
	 size_t off)
{
	struct template_part *p;

	if (len == 0 && !is_name)
		return;
	tpl->part = x_realloc(tpl->part, tpl->n + 1, sizeof(*tpl->part));
	p = &tpl->part[tpl->n++];
	*p = (struct template_part){
		.is_name = is_name,
		.text = x_strndup(text, len),
		.off = off,
	};
}

void
template_free(struct template **tpl)
{
	if (*tpl == NULL)
		return;
	for (size_t i = 0; i < (*tpl)->n; i++)
		free((*tpl)->part[i].text);
	free((*tpl)->part);
	x_free(tpl);
}

static struct template *
template_copy(const struct template *tpl)
{
	struct template *copy = x_new(struct template);

	for (size_t i = 0; i < tpl->n; i++)
		part_add(copy, tpl->part[i].is_name, tpl->part[i].text,
			 strlen(tpl->part[i].text), tpl->part[i].off);
	return copy;
}

bool
template_is_plain(const struct template *tpl)
{
	for (size_t i = 0; i < tpl->n; i++)
		if (tpl->part[i].is_name)
			return false;
	return true;
}

/* At "${": its length with the braces, or 0. */
static size_t
name_length(const char *p)
{
	size_t n = strspn(p + 2, name_chars);

	return n == 0 || p[2 + n] != '}' ? 0 : n + 3;
}

static int
name_bad(const char *p, size_t off, size_t *off_r, struct err *err)
{
	if (off_r != NULL)
		*off_r = off;
	if (strchr(p, '}') == NULL)
		return err_set(err, ERR_USAGE, "a ${ without its }");
	return err_set(err, ERR_USAGE,
		       "between ${ and } stands a name such as "
		       "backend.address and nothing else");
}

static int
parts_parse(const char *text, struct template *tpl, size_t *off_r,
	    struct err *err)
{
	struct buf lit;
	size_t at = 0, begin = 0, n;
	int ret = 0;

	buf_init(&lit, TEMPLATE_BYTES_MAX);
	while (text[at] != '\0') {
		if (strncmp(text + at, "$${", 3) == 0) {
			(void)buf_adds(&lit, "${");
			at += 3;
			continue;
		}
		if (strncmp(text + at, "${", 2) != 0) {
			(void)buf_addc(&lit, text[at++]);
			continue;
		}
		n = name_length(text + at);
		if (n == 0) {
			ret = name_bad(text + at, at, off_r, err);
			break;
		}
		part_add(tpl, false, buf_str(&lit), lit.len, begin);
		buf_clear(&lit);
		part_add(tpl, true, text + at + 2, n - 3, at);
		begin = at += n;
	}
	part_add(tpl, false, buf_str(&lit), lit.len, begin);
	buf_free(&lit);
	return ret;
}

int
template_parse(const char *text, struct template **tpl_r, size_t *off_r,
	       struct err *err)
{
	struct template *tpl;

	*tpl_r = NULL;
	if (off_r != NULL)
		*off_r = 0;
	if (strlen(text) >= TEMPLATE_BYTES_MAX)
		return err_set(err, ERR_USAGE, "longer than 64 KiB");
	tpl = x_new(struct template);
	if (parts_parse(text, tpl, off_r, err) < 0) {
		template_free(&tpl);
		return -1;
	}
	*tpl_r = tpl;
	return 0;
}

/* Each "${" in what stands as it is must not become a name. */
static void
literal_print(const char *text, struct buf *out)
{
	const char *p;

	while ((p = strstr(text, "${")) != NULL) {
		(void)buf_add(out, text, (size_t)(p - text));
		(void)buf_adds(out, "$${");
		text = p + 2;
	}
	(void)buf_adds(out, text);
}

void
template_print(const struct template *tpl, struct buf *out)
{
	for (size_t i = 0; i < tpl->n; i++) {
		if (tpl->part[i].is_name)
			(void)buf_addf(out, "${%s}", tpl->part[i].text);
		else
			literal_print(tpl->part[i].text, out);
	}
}

/* A value inside a pattern means itself. */
static void
ere_escape(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (strchr("\\^$.[]|()*+?{}", *value) != NULL)
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, *value);
	}
}

/*
 * A `$` right before a name that stays open would read as the plain "${": it
 * cannot be written down, so it is refused.
 */
static int
open_check(const struct buf *lit, const char *name, struct err *err)
{
	if (lit->len == 0 || lit->data[lit->len - 1] != '$')
		return 0;
	return err_set(err, ERR_USAGE, "a $ right before ${%s}", name);
}

int
template_fill_self(struct template *tpl, template_lookup_fn *fn, void *ctx,
		   bool ere, size_t *off_r, struct err *err)
{
	struct template *done = x_new(struct template);
	struct buf lit, value;
	size_t begin = 0;
	int ret = 0;

	buf_init(&lit, TEMPLATE_BYTES_MAX);
	buf_init(&value, TEMPLATE_BYTES_MAX);
	for (size_t i = 0; i < tpl->n && ret == 0; i++) {
		const struct template_part *p = &tpl->part[i];
		enum template_answer answer = TEMPLATE_VALUE;

		if (off_r != NULL)
			*off_r = p->off;
		if (!p->is_name) {
			(void)buf_adds(&lit, p->text);
			continue;
		}
		buf_clear(&value);
		answer = fn(ctx, p->text, &value, err);
		if (answer == TEMPLATE_UNKNOWN) {
			ret = -1;
		} else if (answer == TEMPLATE_OPEN) {
			ret = open_check(&lit, p->text, err);
			part_add(done, false, buf_str(&lit), lit.len, begin);
			buf_clear(&lit);
			part_add(done, true, p->text, strlen(p->text), p->off);
			begin = p->off;
		} else if (ere) {
			ere_escape(&lit, buf_str(&value));
		} else {
			(void)buf_adds(&lit, buf_str(&value));
		}
	}
	if (ret == 0 && (buf_over(&lit) || buf_over(&value)))
		ret = err_set(err, ERR_USAGE, "longer than 64 KiB");
	part_add(done, false, buf_str(&lit), lit.len, begin);
	if (ret == 0) {
		struct template old = *tpl;

		*tpl = *done;
		*done = old;
	}
	template_free(&done);
	buf_free(&lit);
	buf_free(&value);
	return ret;
}

static int
text_print(const struct template *tpl, struct buf *out, size_t *off_r,
	   struct err *err)
{
	for (size_t i = 0; i < tpl->n; i++) {
		const struct template_part *p = &tpl->part[i];

		if (p->is_name) {
			if (off_r != NULL)
				*off_r = p->off;
			return err_set(err, ERR_USAGE, "${%s} is not known yet",
				       p->text);
		}
		(void)buf_adds(out, p->text);
	}
	return 0;
}

int
template_fill(const struct template *tpl, template_lookup_fn *fn, void *ctx,
	      enum template_mode mode, struct buf *out, size_t *off_r,
	      struct err *err)
{
	struct template *filled = template_copy(tpl);
	int ret = template_fill_self(filled, fn, ctx, false, off_r, err);

	if (ret == 0 && mode == TEMPLATE_AGAIN)
		template_print(filled, out);
	else if (ret == 0)
		ret = text_print(filled, out, off_r, err);
	template_free(&filled);
	if (ret == 0 && buf_over(out))
		ret = err_set(err, ERR_USAGE, "longer than allowed");
	return ret;
}

int
template_fill_text(const char *text, template_lookup_fn *fn, void *ctx,
		   char **text_r, struct err *err)
{
	struct template *tpl;
	struct buf out;
	int ret;

	*text_r = NULL;
	if (template_parse(text, &tpl, NULL, err) < 0)
		return -1;
	buf_init(&out, TEMPLATE_BYTES_MAX);
	ret = template_fill(tpl, fn, ctx, TEMPLATE_TEXT, &out, NULL, err);
	template_free(&tpl);
	if (ret == 0)
		*text_r = buf_take(&out);
	buf_free(&out);
	return ret;
}
