/*
 * procedure_allow.c - drydock procedure allow: the agents' allow files that
 * permit exactly one procedure.
 */
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "json.h"
#include "procedure_text.h"

/* the fleet's inventory, so that its own reads are in the list too */
static int
inventory_fetch(struct cli *cli, char **json_r)
{
	struct rows *r = NULL;
	const char *fleet;
	int code = cli_fleet(cli, &fleet);

	if (code == EXIT_OK)
		code = cli_query(cli, &r, "select fleet.export($1) as doc",
				 DB(fleet));
	if (code == EXIT_OK)
		*json_r = x_strdup(rows_str(r, 0, "doc"));
	rows_free(&r);
	return code;
}

/* a role is "backend" or a group of the fleet */
static int
role_check(struct cli *cli, const char *inventory)
{
	const char *role = cli_word(cli, 1);
	const struct json_object *groups = NULL;
	struct json_object *doc = NULL;
	int code = EXIT_OK;

	if (role == NULL || strcmp(role, "backend") == 0)
		return EXIT_OK;
	if (json_parse_object(inventory, strlen(inventory), &json_limits_doc,
			      &doc, NULL) == 0)
		groups = json_member(doc, "groups");
	if (groups == NULL || json_member(groups, role) == NULL)
		code = cli_error(cli, EXIT_USAGE, NULL,
				 "\"backend\", or a group of the inventory",
				 "the fleet has no group \"%s\"", role);
	json_free(&doc);
	return code;
}

static int
allow_print(struct cli *cli, const char *name, const struct buf *text,
	    const char *inventory)
{
	struct parsed p;
	struct buf out;
	int code;

	parsed_open(&p, name, text);
	buf_init(&out, CLI_OUT_MAX);
	if (!p.good || procedure_allow(p.proc, inventory, cli_word(cli, 1),
				       &p.diags, &out) < 0) {
		parsed_print(&p, stderr);
		code = cli_error(cli, EXIT_USAGE, NULL, NULL,
				 "there is no allow file for %s", name);
	} else {
		code = cli_print(cli, &out);
	}
	buf_free(&out);
	parsed_close(&p);
	return code;
}

int
run_procedure_allow(struct cli *cli)
{
	char *inventory = NULL, *name = NULL;
	struct buf text;
	int code;

	buf_init(&text, PROCEDURE_MAX);
	code = inventory_fetch(cli, &inventory);
	if (code == EXIT_OK)
		code = role_check(cli, inventory);
	if (code == EXIT_OK)
		code = procedure_text(cli, cli_word(cli, 0), &text, &name);
	if (code == EXIT_OK)
		code = allow_print(cli, name, &text, inventory);
	x_free(&name);
	x_free(&inventory);
	buf_free(&text);
	return code;
}
