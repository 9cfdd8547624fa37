/*
 * status.c - drydock status: where a rollout stands now.
 */
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "look.h"
#include "rows_json.h"

/* whole lines, harmless on a terminal, byte by byte into a file */
static void
sheet_lines(struct cli *cli, struct buf *out, const char *text)
{
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		char *line;

		len = strcspn(text, "\n");
		line = x_strndup(text, len);
		if (cli->tty)
			face_text(out, &cli->face, line);
		else
			(void)buf_adds(out, line);
		(void)buf_addc(out, '\n');
		x_free(&line);
	}
}

/* what the runner keeps on the hosts, line by line */
static int
sheet_print(struct cli *cli, const char *id)
{
	struct rows *r = NULL;
	struct buf out;
	char *hint =
		x_asprintf("drydock plan %s --as-shell   (a whole turn)", id);
	int code = cli_query(cli, &r,
			     "select backend, sheet from fleet.turn"
			     " where rollout = $1::bigint and sheet is not null"
			     " order by position",
			     DB(id));

	if (code == EXIT_OK && rows_count(r) == 0 && !cli->json)
		code = cli_error(cli, EXIT_ERROR, NULL, hint,
				 "rollout %s has no backend in hand: there is "
				 "nothing to finish",
				 id);
	if (code == EXIT_OK) {
		buf_init(&out, CLI_OUT_MAX);
		if (cli->json)
			rows_json_list(&out, "sheets", r);
		for (size_t i = 0; !cli->json && i < rows_count(r); i++)
			sheet_lines(cli, &out, rows_str(r, i, "sheet"));
		code = cli_print(cli, &out);
		buf_free(&out);
	}
	x_free(&hint);
	rows_free(&r);
	return code;
}

static int
status_print(struct cli *cli, const struct standing *s)
{
	struct buf out;
	int code;

	cli->face.whole = true;
	buf_init(&out, CLI_OUT_MAX);
	if (cli->json)
		standing_json(&out, s);
	else if (rows_count(s->rollout) == 0)
		standing_idle(&out, &cli->face, s);
	else
		standing_text(&out, &cli->face, s);
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

/* Its hosts and its coordinator can be in trouble all the same. */
static int
status_idle(struct cli *cli)
{
	struct complaint c = { 0 };
	struct standing s = { 0 };
	int code = look_idle(cli, cli->fleet, &s, &c);

	if (c.what != NULL)
		(void)cli_complain(cli, &c);
	if (code != EXIT_OK)
		return code;
	cli_note(cli, "fleet %s has no rollout yet: drydock plan PROCEDURE",
		 cli->fleet);
	code = status_print(cli, &s);
	standing_free(&s);
	return code;
}

static int
status_rollout(struct cli *cli, const char *id)
{
	struct complaint c = { 0 };
	struct standing s = { 0 };
	int code = look_fetch(cli, id, LOOK_STATUS, &s, &c);

	if (c.what != NULL)
		(void)cli_complain(cli, &c);
	if (code != EXIT_OK)
		return code;
	code = status_print(cli, &s);
	if (code == EXIT_OK && args_has(&cli->args, FLAG_EXIT_STATUS))
		code = look_exit(&s);
	standing_free(&s);
	return code;
}

int
run_status(struct cli *cli)
{
	bool sheet = args_has(&cli->args, FLAG_SHEET);
	char *id = NULL;
	int code = sheet ? cli_rollout(cli, 0, &id)
			 : cli_rollout_if_any(cli, 0, &id);

	if (code == EXIT_OK)
		code = cli_open(cli);
	if (code == EXIT_OK)
		code = sheet	    ? sheet_print(cli, id)
		       : id == NULL ? status_idle(cli)
				    : status_rollout(cli, id);
	x_free(&id);
	return code;
}
