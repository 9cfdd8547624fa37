/*
 * plan_files.c - the variables of a plan: -e NAME=VALUE, files with content.
 */
#include "plan_files.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"
#include "procedure.h"
#include "utf8.h"

enum { CONTENT_MAX = 16 << 20 };

static int
var_add(struct cli *cli, struct plan_files *f, const char *text)
{
	const char *equals = strchr(text, '=');
	char *name;
	size_t i;

	if (equals == NULL || equals == text)
		return cli_error(cli, EXIT_USAGE, NULL, "-e NAME=VALUE",
				 "-e \"%s\" has no name or no value", text);
	if (!utf8_valid(text, strlen(text)))
		return cli_error(cli, EXIT_USAGE, NULL, NULL,
				 "-e \"%s\" is not UTF-8", text);
	if (f->count == PLAN_VARS_MAX)
		return cli_error(cli, EXIT_USAGE, NULL, NULL,
				 "more than %d variables", PLAN_VARS_MAX);
	name = x_strndup(text, (size_t)(equals - text));
	for (i = 0; i < f->count; i++) {
		if (strcmp(f->var[i].name, name) == 0) {
			x_free(&name);
			return cli_error(cli, EXIT_USAGE, NULL, NULL,
					 "variable %s is given twice",
					 f->var[i].name);
		}
	}
	f->var[f->count++] =
		(struct plan_var){ .name = name, .value = equals + 1 };
	return EXIT_OK;
}

/* mark the variables that the procedure declares as files */
static void
files_mark(struct plan_files *f, const char *vars)
{
	const struct json_object *one;
	struct json_object *doc = NULL;
	const char *name, *type;
	size_t i, j;

	if (json_parse(vars, strlen(vars), &json_limits_doc, &doc, NULL) < 0)
		return;
	for (i = 0; i < json_count(doc); i++) {
		one = json_item(doc, i);
		if (json_get_str(one, "name", 1000, &name, NULL) < 0 ||
		    json_get_str(one, "type", 1000, &type, NULL) < 0 ||
		    strcmp(type, "file") != 0)
			continue;
		for (j = 0; j < f->count; j++)
			if (strcmp(f->var[j].name, name) == 0)
				f->var[j].is_file = true;
	}
	json_free(&doc);
}

static int
procedure_ask(struct cli *cli, const char *name, struct plan_files *f)
{
	struct procedure *proc = NULL;
	struct rows *r = NULL;
	const char *text;
	struct diags d;
	struct buf vars;
	int code;

	code = cli_query(cli, &r,
			 "select text from fleet.procedure"
			 " where procedure = split_part($1, '@', 1)"
			 " and starts_with(sha256, split_part($1, '@', 2))"
			 " order by added_at desc limit 1",
			 DB(name));
	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(
			cli, EXIT_ERROR, NULL,
			"drydock procedure list   or: drydock procedure add FILE",
			"there is no procedure %s", name);
	if (code == EXIT_OK) {
		text = rows_str(r, 0, "text");
		diags_init(&d, name);
		buf_init(&vars, CLI_OUT_MAX);
		if (procedure_parse(text, strlen(text), &d, &proc) == 0) {
			procedure_vars(proc, &vars);
			files_mark(f, buf_str(&vars));
		}
		buf_free(&vars);
		diags_free(&d);
		procedure_free(&proc);
	}
	rows_free(&r);
	return code;
}

static int
content_put(struct cli *cli, struct plan_var *v)
{
	static const char hex[] = "0123456789abcdef";
	struct rows *r = NULL;
	struct buf data, text;
	size_t i;
	int code;

	buf_init(&data, CONTENT_MAX);
	buf_init(&text, (size_t)CONTENT_MAX * 2 + 3);
	code = file_read(cli, v->value, CONTENT_MAX, &data);
	if (code == EXIT_OK) {
		(void)buf_adds(&text, "\\x");
		for (i = 0; i < data.len; i++) {
			(void)buf_addc(&text,
				       hex[(unsigned char)data.data[i] >> 4]);
			(void)buf_addc(&text,
				       hex[(unsigned char)data.data[i] & 15]);
		}
		code = cli_query(
			cli, &r,
			"select fleet.put_content($1::bytea) as sha256",
			DB(buf_str(&text)));
	}
	if (code == EXIT_OK)
		v->sha256 = x_strdup(rows_str(r, 0, "sha256"));
	rows_free(&r);
	buf_free(&data);
	buf_free(&text);
	return code;
}

int
plan_files_read(struct cli *cli, const char *procedure, struct plan_files *f)
{
	const char *text;
	int code = EXIT_OK;
	size_t i;

	*f = (struct plan_files){ .count = 0 };
	for (i = 0; code == EXIT_OK &&
		    (text = args_nth(&cli->args, FLAG_VAR, i)) != NULL;
	     i++)
		code = var_add(cli, f, text);
	if (code == EXIT_OK)
		code = procedure_ask(cli, procedure, f);
	for (i = 0; code == EXIT_OK && i < f->count; i++)
		if (f->var[i].is_file)
			code = content_put(cli, &f->var[i]);
	return code;
}

void
plan_files_free(struct plan_files *f)
{
	size_t i;

	for (i = 0; i < f->count; i++) {
		x_free(&f->var[i].name);
		x_free(&f->var[i].sha256);
	}
	f->count = 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

void
plan_files_write(const struct plan_files *f, struct json_out *o)
{
	size_t i;

	json_out_object(o, "vars");
	for (i = 0; i < f->count; i++)
		if (!f->var[i].is_file)
			json_out_str(o, f->var[i].name, f->var[i].value);
	json_out_end(o);
	json_out_object(o, "files");
	for (i = 0; i < f->count; i++) {
		if (!f->var[i].is_file)
			continue;
		json_out_object(o, f->var[i].name);
		json_out_str(o, "name", base_name(f->var[i].value));
		json_out_str(o, "sha256", f->var[i].sha256);
		json_out_end(o);
	}
	json_out_end(o);
}
