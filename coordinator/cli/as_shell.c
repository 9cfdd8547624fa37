/* as_shell.c - drydock plan --as-shell: a plan that needs no drydock. */
#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "plan.h"
#include "plan_shell.h"

int
plan_as_shell(struct cli *cli, const char *id)
{
	struct rows *r = NULL;
	struct err err = { 0 };
	struct buf out;
	int code = cli_query(
		cli, &r,
		"select fleet.export(r.fleet)::text as inventory, (select"
		" json_agg(json_build_object('backend', t.backend, 'plan',"
		" t.plan) order by t.position)::text from fleet.turn t"
		" where t.rollout = r.rollout) as turns"
		" from fleet.rollout r where r.rollout = $1::bigint",
		DB(id));

	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "drydock history   (shows them)",
				 "there is no plan %s", id);
	if (code == EXIT_OK) {
		buf_init(&out, CLI_OUT_MAX);
		if (plan_shell(rows_str(r, 0, "inventory"),
			       rows_str(r, 0, "turns"), id, &out, &err) < 0)
			code = cli_error(cli, EXIT_ERROR, err.text, NULL,
					 "plan %s is no script", id);
		else
			code = cli_print(cli, &out);
		buf_free(&out);
	}
	rows_free(&r);
	return code;
}
