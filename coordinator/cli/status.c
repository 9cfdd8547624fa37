/*
 * status.c - drydock status: where a rollout stands now.
 */
#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "look.h"

int
run_status(struct cli *cli)
{
	struct complaint c = { 0 };
	struct standing s = { 0 };
	struct buf out;
	char *id = NULL;
	int code = cli_rollout(cli, 0, &id);

	if (code == EXIT_OK)
		code = cli_open(cli);
	if (code == EXIT_OK)
		code = look_fetch(cli, id, LOOK_STATUS, &s, &c);
	if (c.what != NULL)
		(void)cli_complain(cli, &c);
	x_free(&id);
	if (code != EXIT_OK)
		return code;
	/* nothing is cut: what to type must be whole */
	cli->face.width = 0;
	buf_init(&out, CLI_OUT_MAX);
	if (cli->json)
		standing_json(&out, &s);
	else
		standing_text(&out, &cli->face, &s);
	code = cli_print(cli, &out);
	buf_free(&out);
	if (code == EXIT_OK && args_has(&cli->args, FLAG_EXIT_STATUS))
		code = look_exit(&s);
	standing_free(&s);
	return code;
}
