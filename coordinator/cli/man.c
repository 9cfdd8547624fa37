/*
 * man.c - drydock(1) and the pages of files: the words of help, as roff.
 */
#include "man.h"

#include <ctype.h>
#include <string.h>

#include "args.h"
#include "help.h"

/* what stands for itself; a dash as it is typed, not a hyphen */
static void
man_text(struct buf *out, const char *text)
{
	bool begin = true;

	for (; *text != '\0'; begin = *text++ == '\n') {
		if (begin && (*text == '.' || *text == '\'' ||
			      strncmp(text, "…", strlen("…")) == 0))
			(void)buf_adds(out, "\\&");
		if (*text == '\\')
			(void)buf_adds(out, "\\e");
		else if (*text == '-')
			(void)buf_adds(out, "\\-");
		else if (strncmp(text, "…", strlen("…")) == 0) {
			(void)buf_adds(out, "...");
			text += strlen("…") - 1;
		} else
			(void)buf_addc(out, *text);
	}
}

static void
man_line(struct buf *out, const char *macro, const char *text)
{
	(void)buf_adds(out, macro);
	man_text(out, text);
	(void)buf_addc(out, '\n');
}

/* as it is, line by line */
static void
man_block(struct buf *out, const char *text)
{
	(void)buf_adds(out, ".PP\n.nf\n");
	man_text(out, text);
	(void)buf_adds(out, ".fi\n");
}

static void
man_flags(struct buf *out, uint64_t set)
{
	struct buf left;

	buf_init(&left, 200);
	for (int i = 0; i < FLAG_COUNT; i++) {
		const struct flag *f = &flag_table[i];

		if ((set & UINT64_C(1) << i) == 0)
			continue;
		buf_clear(&left);
		if (f->letter != 0)
			(void)buf_addf(&left, "-%c, ", f->letter);
		(void)buf_addf(&left, "--%s%s%s", f->name,
			       f->value != NULL ? " " : "",
			       f->value != NULL ? f->value : "");
		man_line(out, ".TP\n", buf_str(&left));
		man_line(out, "", f->help);
	}
	buf_free(&left);
}

static void
man_command(struct buf *out, const struct command *c, const char *path)
{
	struct buf name;

	buf_init(&name, 1000);
	(void)buf_addf(&name, "%s%s%s", path, path[0] != '\0' ? " " : "",
		       c->name);
	if (c->sub != NULL) {
		for (const struct command *s = c->sub; s->name != NULL; s++)
			man_command(out, s, buf_str(&name));
		buf_free(&name);
		return;
	}
	if (c->args != NULL)
		(void)buf_addf(&name, " %s", c->args);
	man_line(out, ".SS ", buf_str(&name));
	man_line(out, "", c->help);
	if (c->flags != 0)
		man_flags(out, c->flags);
	if (c->examples != NULL)
		man_block(out, c->examples);
	buf_free(&name);
}

static void
man_topics(struct buf *out)
{
	const char *name;
	struct language l;
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; (name = help_topic_at(i)) != NULL; i++) {
		if (help_topic_language(name, &l))
			continue;
		buf_clear(&text);
		(void)help_topic(&text, name);
		(void)buf_adds(out, ".SH ");
		for (; *name != '\0'; name++)
			(void)buf_addc(out, *name == '-'
						    ? ' '
						    : (char)toupper(*name));
		(void)buf_addc(out, '\n');
		man_block(out, buf_str(&text));
	}
	buf_free(&text);
}

/* "drydock: what it does.  More." is what apropos(1) wants on one line */
static void
man_name(struct buf *out, const struct command *root)
{
	const char *p = strstr(root->help, ": ");

	(void)buf_addf(out, "%s \\- ", root->name);
	p = p != NULL ? p + 2 : root->help;
	for (; *p != '\0' && *p != '.'; p++)
		(void)buf_addc(out, *p == '\n' ? ' ' : *p);
	(void)buf_addc(out, '\n');
}

/* the other pages; `self`: the topic whose page this is, NULL: drydock(1) */
static void
man_see_also(struct buf *out, const char *self)
{
	const char *name, *before = self != NULL ? ",\n" : "";
	struct language l;

	(void)buf_addf(out, ".SH SEE ALSO\n%s",
		       self != NULL ? ".BR drydock (1)" : "");
	for (size_t i = 0; (name = help_topic_at(i)) != NULL; i++) {
		if (!help_topic_language(name, &l) ||
		    (self != NULL && strcmp(name, self) == 0))
			continue;
		(void)buf_addf(out, "%s.BR drydock\\-%s (5)", before, name);
		before = ",\n";
	}
	(void)buf_addc(out, '\n');
}

void
man_page(struct buf *out, const struct command *root, const char *version)
{
	(void)buf_addf(out, ".TH DRYDOCK 1 \"\" \"drydock %s\"\n.SH NAME\n",
		       version);
	man_name(out, root);
	(void)buf_adds(out, ".SH SYNOPSIS\n.B drydock\n[options] COMMAND\n"
			    ".SH COMMANDS\n");
	for (const struct command *s = root->sub; s->name != NULL; s++)
		man_command(out, s, "");
	(void)buf_adds(out, ".SH OPTIONS OF EVERY COMMAND\n");
	man_flags(out, FLAGS_GLOBAL);
	man_topics(out);
	(void)buf_adds(out, ".SH EXAMPLES\n");
	man_block(out, root->examples);
	man_see_also(out, NULL);
}

static void
man_part(struct buf *out, const struct language_part *part)
{
	man_line(out, ".SH ", part->title);
	if (part->text != NULL)
		man_line(out, "", part->text);
	for (size_t i = 0; i < part->rows->n; i++) {
		const struct yfield *key = &part->rows->row[i];

		(void)buf_adds(out, ".TP\n");
		man_text(out, key->name);
		man_line(out, "", key->required ? " *" : "");
		man_line(out, "", key->text);
	}
}

int
man_topic_page(struct buf *out, const char *topic, const char *version)
{
	struct language l;

	if (!help_topic_language(topic, &l))
		return -1;
	(void)buf_adds(out, ".TH DRYDOCK\\-");
	for (const char *p = topic; *p != '\0'; p++)
		(void)buf_addc(out, (char)toupper(*p));
	(void)buf_addf(out, " 5 \"\" \"drydock %s\"\n.SH NAME\n", version);
	(void)buf_addf(out, "drydock-%s \\- ", topic);
	man_line(out, "", l.what);
	man_line(out, ".SH DESCRIPTION\n", l.text);
	for (size_t i = 0; i < l.n; i++)
		man_part(out, &l.part[i]);
	(void)buf_adds(out, ".SH EXAMPLE\n");
	man_block(out, l.example);
	man_see_also(out, topic);
	return 0;
}
