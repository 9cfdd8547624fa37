/*
 * plan.c - drydock plan and check: before anything happens.
 *
 * The coordinator plans and checks (it alone reaches the hosts); we read the
 * procedure only to know which variables are files, and send their content.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "commands.h"
#include "findings.h"
#include "json.h"
#include "listing.h"
#include "num.h"
#include "plan_files.h"
#include "plan_view.h"
#include "request.h"
#include "rows_json.h"

bool
plan_is_number(const char *word)
{
	return word != NULL && strspn(word, "0123456789") == strlen(word);
}

int
plan_flags(struct cli *cli, const char *word)
{
	static const enum flag_id of_new[] = { FLAG_VAR, FLAG_ONLY, FLAG_EXCEPT,
					       FLAG_NOTE };
	size_t i;

	if (word != NULL && !plan_is_number(word))
		return EXIT_OK;
	for (i = 0; i < sizeof(of_new) / sizeof(of_new[0]); i++) {
		const char *name = flag_table[of_new[i]].name;

		if (!args_has(&cli->args, of_new[i]))
			continue;
		if (word == NULL)
			return cli_error(cli, EXIT_USAGE, NULL,
					 "name the procedure that it is for",
					 "nothing is planned: no --%s", name);
		return cli_error(cli, EXIT_USAGE,
				 "its backends, steps and values are pinned",
				 "drydock plan PROCEDURE, with it, makes "
				 "another",
				 "plan %s is made already: it takes no --%s",
				 word, name);
	}
	return EXIT_OK;
}

int
plan_stop_after(struct cli *cli)
{
	long n = 0;

	if (args_has(&cli->args, FLAG_STOP_AFTER) &&
	    args_has(&cli->args, FLAG_NO_CANARY))
		return cli_error(cli, EXIT_USAGE, NULL,
				 "--stop-after alone: it stands in for the "
				 "canaries",
				 "--stop-after and --no-canary contradict "
				 "each other");
	return cli_number(cli, FLAG_STOP_AFTER, 100000, &n);
}

static void
names_write(struct json_out *o, const struct args *a, enum flag_id flag,
	    const char *key)
{
	const char *name;
	size_t i;

	json_out_array(o, key);
	for (i = 0; (name = args_nth(a, flag, i)) != NULL; i++)
		json_out_str(o, NULL, name);
	json_out_end(o);
}

int
plan_args(struct cli *cli, const char *name, struct buf *args)
{
	struct plan_files files = { .count = 0 };
	struct json_out o;
	int code = plan_files_read(cli, name, &files);

	if (code == EXIT_OK) {
		json_out_init(&o, args);
		json_out_object(&o, NULL);
		json_out_str(&o, "procedure", name);
		plan_files_write(&files, &o);
		names_write(&o, &cli->args, FLAG_ONLY, "only");
		names_write(&o, &cli->args, FLAG_EXCEPT, "except");
		json_out_bool(&o, "save", true);
		if (args_value(&cli->args, FLAG_NOTE) != NULL)
			json_out_str(&o, "note",
				     args_value(&cli->args, FLAG_NOTE));
		json_out_end(&o);
	}
	plan_files_free(&files);
	return code;
}

/* the coordinator could not, or found problems */
static int
plan_refused(struct cli *cli, const char *what, const struct rows *request,
	     const struct rows *findings)
{
	if (rows_count(findings) > 0 && !cli->json)
		(void)findings_print(cli, findings);
	return cli_error(cli,
			 rows_count(findings) > 0 ? EXIT_FINDINGS : EXIT_ERROR,
			 rows_text(request, 0, "message"), NULL, "%s", what);
}

int
plan_make(struct cli *cli, const char *name, char **id_r)
{
	struct rows *request = NULL, *findings = NULL;
	const char *fleet;
	struct buf args;
	int code;

	buf_init(&args, CLI_OUT_MAX);
	code = cli_fleet(cli, &fleet);
	if (code == EXIT_OK)
		code = plan_args(cli, name, &args);
	if (code == EXIT_OK)
		code = request_run(cli, "plan", fleet, buf_str(&args), &request,
				   &findings);
	if (code == EXIT_OK) {
		*id_r = request_result(request, "rollout");
		if (!rows_bool(request, 0, "ok") || *id_r == NULL)
			code = plan_refused(cli, "there is no plan", request,
					    findings);
		else if (rows_count(findings) > 0 && !cli->json)
			code = findings_print(cli, findings);
	}
	rows_free(&request);
	rows_free(&findings);
	buf_free(&args);
	return code;
}

int
plan_show(struct cli *cli, const char *id)
{
	struct rows *rollout = NULL, *steps = NULL;
	struct json_out o;
	struct buf out;
	int code;

	code = cli_query(
		cli, &rollout,
		"select r.*, p.remaining"
		" from fleet.rollout r join fleet.progress p using (rollout)"
		" where r.rollout = $1::bigint",
		DB(id));
	if (code == EXIT_OK && rows_count(rollout) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "drydock history   (shows them)",
				 "there is no plan %s", id);
	if (code == EXIT_OK)
		code = cli_query(
			cli, &steps,
			"select s.backend, s.position,"
			" s.phase, s.step, s.kind, s.target, s.no_return,"
			" s.expected, s.spec from fleet.step s"
			" join fleet.turn t using (rollout, backend)"
			" where s.rollout = $1::bigint"
			" order by t.position, s.position",
			DB(id));
	if (code == EXIT_OK) {
		buf_init(&out, CLI_OUT_MAX);
		if (cli->json) {
			doc_begin(&o, &out);
			rows_json_one(&o, "plan", rollout, 0);
			rows_json_all(&o, "steps", steps);
			doc_end(&o, &out);
		} else {
			plan_view(&out, &cli->face, rollout, steps,
				  args_has(&cli->args, FLAG_FULL));
		}
		code = cli_print(cli, &out);
		buf_free(&out);
	}
	rows_free(&rollout);
	rows_free(&steps);
	return code;
}

int
run_plan(struct cli *cli)
{
	const char *word = cli_word(cli, 0);
	char *id = NULL;
	int code = plan_flags(cli, word);

	if (code == EXIT_OK && plan_is_number(word))
		id = x_strdup(word);
	else if (code == EXIT_OK)
		code = plan_make(cli, word, &id);
	if (code == EXIT_OK && args_has(&cli->args, FLAG_AS_SHELL))
		code = plan_as_shell(cli, id);
	else if (code == EXIT_OK)
		code = plan_show(cli, id);
	if (code == EXIT_OK)
		cli_note(cli,
			 "Nothing was changed.\nNext:  drydock check %s"
			 "     then     drydock start %s",
			 id, id);
	x_free(&id);
	return code;
}

static int
check_print(struct cli *cli, const struct rows *request,
	    const struct rows *findings)
{
	size_t errors = findings_count(findings, "error");
	size_t warnings = findings_count(findings, "warning");
	struct buf out;
	int code;

	if (cli->json) {
		buf_init(&out, CLI_OUT_MAX);
		rows_json_list(&out, "findings", findings);
		code = cli_print(cli, &out);
		buf_free(&out);
	} else {
		code = args_has(&cli->args, FLAG_FULL)
			       ? findings_print(cli, findings)
			       : findings_summary(cli, findings);
	}
	if (code != EXIT_OK)
		return code;
	if (!rows_bool(request, 0, "ok") && errors == 0)
		return cli_error(cli, EXIT_ERROR,
				 rows_text(request, 0, "message"), NULL,
				 "the check was not finished");
	cli_note(cli, "%zu %s, %zu %s.%s", errors,
		 num_noun(errors, "error", "errors"), warnings,
		 num_noun(warnings, "warning", "warnings"),
		 errors > 0 ? "  A rollout would not start." : "");
	return errors > 0 ? EXIT_FINDINGS : EXIT_OK;
}

/* {"rollout":17}, {"procedure":…} or, without a word, the fleet alone */
static int
check_args(struct cli *cli, struct buf *args)
{
	const char *word = cli_word(cli, 0);

	if (word == NULL)
		return buf_adds(args, "{}") < 0 ? EXIT_ERROR : EXIT_OK;
	if (!plan_is_number(word))
		return plan_args(cli, word, args);
	(void)buf_addf(args, "{\"rollout\":%s}", word);
	return EXIT_OK;
}

/* a plan's own fleet, else the one of --fleet */
static int
check_fleet(struct cli *cli, const char **fleet_r)
{
	const char *word = cli_word(cli, 0);
	struct rows *r = NULL;
	int code;

	if (!plan_is_number(word))
		return cli_fleet(cli, fleet_r);
	code = cli_query(
		cli, &r,
		"select fleet from fleet.rollout where rollout = $1::bigint",
		DB(word));
	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(cli, EXIT_ERROR, NULL,
				 "drydock history   (shows them)",
				 "there is no plan %s", word);
	if (code == EXIT_OK)
		x_strset(&cli->fleet, rows_str(r, 0, "fleet"));
	*fleet_r = cli->fleet;
	rows_free(&r);
	return code;
}

int
run_check(struct cli *cli)
{
	struct rows *request = NULL, *findings = NULL;
	const char *fleet;
	struct buf args;
	int code;

	buf_init(&args, CLI_OUT_MAX);
	code = plan_flags(cli, cli_word(cli, 0));
	if (code == EXIT_OK)
		code = check_fleet(cli, &fleet);
	if (code == EXIT_OK)
		code = check_args(cli, &args);
	if (code == EXIT_OK)
		code = request_run(cli, "check", fleet, buf_str(&args),
				   &request, &findings);
	if (code == EXIT_OK)
		code = check_print(cli, request, findings);
	rows_free(&request);
	rows_free(&findings);
	buf_free(&args);
	return code;
}
