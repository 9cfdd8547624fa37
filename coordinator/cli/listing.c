/*
 * listing.c - commands that show one view: a query, its columns, a JSON key.
 */
#include "listing.h"

#include <ctype.h>
#include <string.h>

#include "array.h"
#include "json.h"
#include "rows_csv.h"
#include "rows_json.h"
#include "when.h"

int
listing_now(struct cli *cli)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r,
			     "select extract(epoch from"
			     " (fleet.version()->>'now')::timestamptz) as now",
			     0, NULL);

	if (code == EXIT_OK)
		cli->face.now = rows_double(r, 0, "now");
	rows_free(&r);
	return code;
}

int
listing_print(struct cli *cli, const struct listing *l, const struct rows *rows)
{
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json)
		rows_json_list(&out, l->key, rows);
	else if (cli->csv)
		rows_csv(&out, rows);
	else if (rows_count(rows) == 0)
		cli_note(cli, "%s", l->empty);
	else
		table_write(&out, &cli->face, rows, l->columns);
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

int
listing_run(struct cli *cli, const struct listing *l, size_t nparams,
	    const char *const *params)
{
	struct rows *rows = NULL;
	int code = listing_now(cli);

	if (code == EXIT_OK)
		code = cli_query(cli, &rows, l->sql, nparams, params);
	if (code == EXIT_OK)
		code = listing_print(cli, l, rows);
	rows_free(&rows);
	return code;
}

/* "in_service" as "in service" */
static void
label_write(struct buf *out, const char *name, size_t width)
{
	size_t i, len = strlen(name);

	for (i = 0; i < width; i++)
		(void)buf_addc(out, i >= len	     ? ' '
				    : name[i] == '_' ? ' '
						     : name[i]);
}

static enum show
show_of(enum cell_kind kind)
{
	switch (kind) {
	case CELL_SPAN:
		return SHOW_SPAN;
	case CELL_TIME:
		return SHOW_DAY;
	case CELL_BOOL:
		return SHOW_YES;
	case CELL_LIST:
		return SHOW_LIST;
	case CELL_TEXT:
	case CELL_NUMBER:
	case CELL_JSON:
		return SHOW_TEXT;
	}
	return SHOW_TEXT;
}

static void
one_write(struct buf *out, const struct face *f, const struct rows *rows,
	  size_t row)
{
	size_t i, width = 0, len;
	struct column c;

	for (i = 0; i < rows_columns(rows); i++) {
		len = strlen(rows_name(rows, i));
		width = len > width ? len : width;
	}
	for (i = 0; i < rows_columns(rows); i++) {
		if (rows_cell(rows, row, i) == NULL)
			continue;
		c = (struct column){ .name = rows_name(rows, i),
				     .show = show_of(rows_kind(rows, i)) };
		label_write(out, c.name, width + 2);
		table_cell(out, f, rows, row, &c);
		(void)buf_addc(out, '\n');
	}
}

int
listing_print_one(struct cli *cli, const char *key, const struct rows *rows,
		  size_t row)
{
	struct json_out o;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (cli->json) {
		doc_begin(&o, &out);
		rows_json_one(&o, key, rows, row);
		doc_end(&o, &out);
	} else {
		one_write(&out, &cli->face, rows, row);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
