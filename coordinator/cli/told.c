/*
 * told.c - functions of the database that answer with a sentence.
 */
#include "told.h"

#include <string.h>

#include "alloc.h"
#include "hint.h"
#include "json.h"
#include "rows_json.h"

void
told_write(struct buf *out, const struct face *face, const char *told)
{
	size_t len;
	char *one;

	while (*told != '\0') {
		len = strcspn(told, "\n");
		one = x_strndup(told, len);
		face_text(out, face, one);
		(void)buf_addc(out, '\n');
		x_free(&one);
		told += len + (told[len] == '\n' ? 1 : 0);
	}
}

/* the sentence `told`, as text or JSON */
static int
told_print(struct cli *cli, const char *told)
{
	struct json_out o;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json) {
		doc_begin(&o, &out);
		json_out_str(&o, "told", told);
		doc_end(&o, &out);
	} else {
		told_write(&out, &cli->face, told);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

int
told_run(struct cli *cli, const char *sql, size_t nparams,
	 const char *const *params)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r, sql, nparams, params);
	char *told;

	if (code == EXIT_OK) {
		told = hint_translate(rows_str(r, 0, "told"));
		code = told_print(cli, told);
		x_free(&told);
	}
	rows_free(&r);
	return code;
}
