/*
 * procedure_text.c - a procedure's text, parsed, with what was found in it.
 */
#include "procedure_text.h"

#include <string.h>

#include "alloc.h"
#include "file.h"

void
parsed_open(struct parsed *p, const char *name, const struct buf *text)
{
	*p = (struct parsed){ .proc = NULL };
	diags_init(&p->diags, name);
	p->good = procedure_parse(buf_str(text), text->len, &p->diags,
				  &p->proc) == 0;
	if (p->good)
		procedure_lint(p->proc, &p->diags);
	diags_sort(&p->diags);
}

void
parsed_close(struct parsed *p)
{
	diags_free(&p->diags);
	procedure_free(&p->proc);
}

void
parsed_print(const struct parsed *p, FILE *to)
{
	struct buf out;

	buf_init(&out, CLI_OUT_MAX);
	diags_print(&p->diags, &out);
	(void)fflush(stdout);
	(void)fputs(buf_str(&out), to);
	buf_free(&out);
}

int
procedure_fetch(struct cli *cli, const char *name, struct rows **rows_r)
{
	int code = cli_query(cli, rows_r,
			     "select * from fleet.procedure"
			     " where procedure = split_part($1, '@', 1)"
			     " and starts_with(sha256, split_part($1, '@', 2))"
			     " order by added_at desc limit 1",
			     DB(name));

	if (code == EXIT_OK && rows_count(*rows_r) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "drydock procedure list",
				 "there is no procedure %s", name);
	return code;
}

/* a word with a slash is a file; a procedure's name has none */
int
procedure_text(struct cli *cli, const char *word, struct buf *text,
	       char **name_r)
{
	struct rows *r = NULL;
	int code;

	if (strchr(word, '/') != NULL) {
		*name_r = x_strdup(word);
		return file_read(cli, word, PROCEDURE_MAX, text);
	}
	code = procedure_fetch(cli, word, &r);
	if (code == EXIT_OK) {
		(void)buf_adds(text, rows_str(r, 0, "text"));
		*name_r = x_asprintf("%s@%.12s", rows_str(r, 0, "procedure"),
				     rows_str(r, 0, "sha256"));
	}
	rows_free(&r);
	return code;
}

int
procedure_print(struct cli *cli, const char *text)
{
	struct buf out;
	size_t len;
	char *line;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	while (*text != '\0') {
		len = strcspn(text, "\n");
		line = x_strndup(text, len);
		/* to a file as it was, byte by byte */
		if (cli->tty)
			face_text(&out, &cli->face, line);
		else
			(void)buf_adds(&out, line);
		(void)buf_addc(&out, '\n');
		x_free(&line);
		text += len + (text[len] == '\n' ? 1 : 0);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
