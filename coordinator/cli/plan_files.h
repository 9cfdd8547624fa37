/*
 * plan_files.h - the variables of a plan: -e NAME=VALUE, files with content.
 */
#ifndef DRYDOCK_PLAN_FILES_H
#define DRYDOCK_PLAN_FILES_H

#include "cli.h"
#include "json.h"

#define PLAN_VARS_MAX 64

struct plan_var {
	char *name;
	const char *value; /* the command line's */
	bool is_file;
	char *sha256; /* of its content, stored */
};

struct plan_files {
	struct plan_var var[PLAN_VARS_MAX];
	size_t count;
};

/*
 * Read -e of the command line.  Which are files is asked of the procedure's
 * text in the database; their content is stored there.  0 or an exit code.
 */
int
plan_files_read(struct cli *cli, const char *procedure, struct plan_files *f);
void plan_files_free(struct plan_files *f);

/* "vars":{…},"files":{VAR:{"name","sha256"}} */
void plan_files_write(const struct plan_files *f, struct json_out *o);

#endif
