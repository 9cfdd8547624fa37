/*
 * inventory_cmd.c - drydock import and export: the fleet's file.
 *
 * The file is read here, the database compares and applies it.  The difference
 * is shown before anything is asked or done: a dry run first, in SQL too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "file.h"
#include "inventory.h"
#include "json.h"
#include "findings.h"
#include "request.h"

enum { INVENTORY_MAX = 1 << 20 };

/* the file as normalised JSON; what is wrong in it to stderr */
static int
inventory_read(struct cli *cli, const char *path, struct buf *json)
{
	struct ydoc *doc = NULL;
	struct diags d;
	struct buf text, out;
	int code;

	buf_init(&text, INVENTORY_MAX);
	code = file_read(cli, path, INVENTORY_MAX, &text);
	if (code == EXIT_OK) {
		diags_init(&d,
			   strcmp(path, "-") == 0 ? "standard input" : path);
		buf_init(&out, CLI_OUT_MAX);
		if (inventory_parse(buf_str(&text), text.len, &d, &doc, json) <
		    0)
			code = EXIT_USAGE;
		diags_sort(&d);
		diags_print(&d, &out);
		(void)fputs(buf_str(&out), stderr);
		buf_free(&out);
		diags_free(&d);
		ydoc_free(&doc);
	}
	if (code == EXIT_USAGE && text.len > 0)
		(void)cli_error(cli, EXIT_USAGE, NULL, NULL,
				"%s was not imported", path);
	buf_free(&text);
	return code;
}

/* the differences as rows: what, text */
static int
changes_fetch(struct cli *cli, const char *json, bool dry, struct rows **r)
{
	return cli_query(cli, r,
			 "select i as answer, i->>'fleet' as fleet,"
			 " c->>'what' as what, c->>'text' as text"
			 " from fleet.import($1::jsonb, $2::bool, $3::bool) i"
			 " left join lateral "
			 "jsonb_array_elements(i->'changes') c on true",
			 DB(json,
			    args_has(&cli->args, FLAG_PRUNE) ? "true" : "false",
			    dry ? "true" : "false"));
}

static char
change_sign(const char *what)
{
	static const struct {
		const char *what;
		char sign;
	} signs[] = {
		{ "add", '+' },
		{ "change", '~' },
		{ "remove", '-' },
	};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strcmp(signs[i].what, what) == 0)
			return signs[i].sign;
	return ' ';
}

static size_t
changes_count(const struct rows *r, const char *what)
{
	size_t i, n = 0;

	for (i = 0; i < rows_count(r); i++)
		if (strcmp(rows_str(r, i, "what"), what) == 0)
			n++;
	return n;
}

static int
changes_print(struct cli *cli, const struct rows *r)
{
	struct buf out;
	size_t i;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json) {
		(void)buf_addf(&out, "%s\n", rows_str(r, 0, "answer"));
	} else {
		for (i = 0; i < rows_count(r); i++) {
			if (rows_text(r, i, "what") == NULL)
				continue;
			(void)buf_addf(&out, "  %c ",
				       change_sign(rows_str(r, i, "what")));
			face_text(&out, &cli->face, rows_str(r, i, "text"));
			(void)buf_addc(&out, '\n');
		}
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

/* a person at a terminal is asked; a script only before something goes */
static int
changes_ask(struct cli *cli, const struct rows *r)
{
	size_t gone = changes_count(r, "remove");
	char *question;
	int code;

	if (!cli->may_ask && gone == 0)
		return EXIT_OK;
	question = x_asprintf("Apply this to fleet %s (%zu added, %zu "
			      "changed, %zu removed)?",
			      rows_str(r, 0, "fleet"), changes_count(r, "add"),
			      changes_count(r, "change"), gone);
	code = cli_ask_yes(cli, question);
	x_free(&question);
	return code;
}

static int
import_apply(struct cli *cli, const char *json)
{
	struct rows *dry = NULL, *done = NULL;
	size_t real;
	int code = changes_fetch(cli, json, true, &dry);

	if (code != EXIT_OK)
		return code;
	real = changes_count(dry, "add") + changes_count(dry, "change") +
	       changes_count(dry, "remove");
	if (args_has(&cli->args, FLAG_DRY_RUN) || real == 0) {
		code = changes_print(cli, dry);
		cli_note(cli,
			 real == 0 ? "fleet %s: nothing to change"
				   : "fleet %s: a dry run, nothing was changed",
			 rows_str(dry, 0, "fleet"));
		rows_free(&dry);
		return code;
	}
	if (!cli->json)
		code = changes_print(cli, dry);
	if (code == EXIT_OK)
		code = changes_ask(cli, dry);
	if (code == EXIT_OK)
		code = changes_fetch(cli, json, false, &done);
	if (code == EXIT_OK && cli->json)
		code = changes_print(cli, done);
	if (code == EXIT_OK)
		cli_note(cli,
			 "fleet %s: %zu added, %zu changed, %zu removed\n"
			 "Next:  drydock host list   shows what wants a key",
			 rows_str(done, 0, "fleet"), changes_count(done, "add"),
			 changes_count(done, "change"),
			 changes_count(done, "remove"));
	rows_free(&dry);
	rows_free(&done);
	return code;
}

/* what the service shows and the inventory lacks, as findings */
static int
import_discover(struct cli *cli, const char *json)
{
	struct rows *request = NULL, *findings = NULL;
	struct json_object *doc = NULL;
	const char *fleet = "";
	int code;

	if (json_parse_object(json, strlen(json), &json_limits_doc, &doc,
			      NULL) == 0)
		(void)json_opt_str(doc, "fleet", 100, &fleet, NULL);
	code = request_run(cli, "discover", fleet, "{}", &request, &findings);
	json_free(&doc);
	if (code == EXIT_OK)
		code = findings_print(cli, findings);
	if (code == EXIT_OK && !rows_bool(request, 0, "ok"))
		code = cli_error(cli, EXIT_ERROR,
				 rows_text(request, 0, "message"), NULL,
				 "the fleet's service could not be read");
	rows_free(&request);
	rows_free(&findings);
	return code;
}

int
run_import(struct cli *cli)
{
	struct buf json;
	int code;

	buf_init(&json, CLI_OUT_MAX);
	code = inventory_read(cli, cli_word(cli, 0), &json);
	if (code == EXIT_OK)
		code = import_apply(cli, buf_str(&json));
	if (code == EXIT_OK && args_has(&cli->args, FLAG_DISCOVER))
		code = import_discover(cli, buf_str(&json));
	buf_free(&json);
	return code;
}

int
run_export(struct cli *cli)
{
	struct rows *r = NULL;
	const char *fleet;
	struct buf out;
	struct err err;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = cli_query(cli, &r, "select fleet.export($1) as doc",
				 DB(fleet));
	if (code != EXIT_OK)
		return code;
	buf_init(&out, CLI_OUT_MAX);
	if (cli->json)
		(void)buf_addf(&out, "%s\n", rows_str(r, 0, "doc"));
	else if (inventory_print(rows_str(r, 0, "doc"),
				 strlen(rows_str(r, 0, "doc")), &out, &err) < 0)
		code = cli_error(cli, EXIT_ERROR, err.text, NULL,
				 "the inventory of %s cannot be written",
				 fleet);
	if (code == EXIT_OK)
		code = cli_print(cli, &out);
	buf_free(&out);
	rows_free(&r);
	return code;
}
