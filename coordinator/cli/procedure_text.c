/*
 * procedure_text.c - a procedure's text, parsed, with what was found in it.
 */
#include "procedure_text.h"

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
