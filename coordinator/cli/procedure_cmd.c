/*
 * procedure_cmd.c - drydock procedure lint, add and show.
 */
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "file.h"
#include "listing.h"
#include "procedure_text.h"

static int
lint_file(struct cli *cli, const char *path)
{
	struct parsed p;
	struct buf text;
	int code;

	buf_init(&text, PROCEDURE_MAX);
	code = file_read(cli, path, PROCEDURE_MAX, &text);
	if (code == EXIT_OK) {
		parsed_open(&p, path, &text);
		parsed_print(&p, stdout);
		if (!p.good)
			code = EXIT_USAGE;
		else if (p.diags.warnings > 0)
			code = EXIT_FINDINGS;
		else
			cli_note(cli, "%s: ok, procedure %s", path,
				 procedure_name(p.proc));
		parsed_close(&p);
	}
	buf_free(&text);
	return code;
}

int
run_procedure_lint(struct cli *cli)
{
	int code, worst = EXIT_OK;
	size_t i;

	/* a file that does not parse (2) says more than a warning (5) */
	for (i = 0; cli_word(cli, i) != NULL; i++) {
		code = lint_file(cli, cli_word(cli, i));
		if (code == EXIT_USAGE || worst == EXIT_OK)
			worst = code;
	}
	return worst;
}

static int
added_print(struct cli *cli, const struct rows *r)
{
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json) {
		(void)buf_adds(&out, rows_str(r, 0, "answer"));
	} else {
		(void)buf_adds(&out, "procedure ");
		face_text(&out, &cli->face, rows_str(r, 0, "procedure"));
		(void)buf_addf(&out, " %.12s %s", rows_str(r, 0, "sha256"),
			       rows_bool(r, 0, "new") ? "added"
						      : "is there already");
	}
	(void)buf_addc(&out, '\n');
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

int
run_procedure_add(struct cli *cli)
{
	const char *path = cli_word(cli, 0);
	struct rows *r = NULL;
	struct parsed p;
	struct buf text;
	int code;

	buf_init(&text, PROCEDURE_MAX);
	code = file_read(cli, path, PROCEDURE_MAX, &text);
	if (code == EXIT_OK) {
		parsed_open(&p, path, &text);
		parsed_print(&p, stderr);
		if (!p.good)
			code = cli_error(cli, EXIT_USAGE, NULL, NULL,
					 "%s was not added", path);
		parsed_close(&p);
	}
	if (code == EXIT_OK)
		code = cli_query(
			cli, &r,
			"select a as answer,"
			" a->>'procedure' as procedure, a->>'sha256' as sha256,"
			" (a->>'new')::bool as new"
			" from fleet.add_procedure($1) a",
			DB(buf_str(&text)));
	if (code == EXIT_OK)
		code = added_print(cli, r);
	rows_free(&r);
	buf_free(&text);
	return code;
}

int
run_procedure_show(struct cli *cli)
{
	struct rows *r = NULL;
	int code = procedure_fetch(cli, cli_word(cli, 0), &r);

	if (code == EXIT_OK && cli->json)
		code = listing_print_one(cli, "procedure", r, 0);
	else if (code == EXIT_OK)
		code = procedure_print(cli, rows_str(r, 0, "text"));
	rows_free(&r);
	return code;
}
