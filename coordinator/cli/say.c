/*
 * say.c - errors, notes and data: what `drydock` writes, and where.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "num.h"

enum { MESSAGE_MAX = 65536 };

/* each line of a text, escaped; the second and later ones indented */
static void
say_lines(struct buf *out, const struct face *f, const char *text,
	  const char *margin)
{
	size_t len;
	char *line;

	for (;;) {
		len = strcspn(text, "\n");
		line = x_strndup(text, len);
		face_text(out, f, line);
		x_free(&line);
		text += len;
		if (*text++ == '\0')
			break;
		(void)buf_addf(out, "\n%s", margin);
	}
	(void)buf_addc(out, '\n');
}

static void
say_labelled(struct buf *out, const struct face *f, enum tint tint,
	     const char *label, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	face_begin(out, f, tint);
	(void)buf_adds(out, label);
	face_end(out, f, tint);
	say_lines(out, f, text, "        ");
}

static void
say_error(struct cli *cli, const char *what, const char *why, const char *hint)
{
	struct buf out;

	buf_init(&out, (size_t)MESSAGE_MAX * 4);
	(void)buf_adds(&out, "drydock: ");
	say_labelled(&out, &cli->errface, TINT_BAD, "error: ", what);
	say_labelled(&out, &cli->errface, TINT_BOLD, "  why: ", why);
	say_labelled(&out, &cli->errface, TINT_BOLD, "  hint: ", hint);
	(void)fflush(stdout);
	(void)fputs(buf_str(&out), stderr);
	buf_free(&out);
}

int
cli_error(struct cli *cli, enum exit_code code, const char *why,
	  const char *hint, const char *fmt, ...)
{
	va_list ap;
	char *what;

	va_start(ap, fmt);
	what = x_vasprintf(fmt, ap);
	va_end(ap);
	say_error(cli, what, why, hint);
	x_free(&what);
	return (int)code;
}

int
cli_error_flag(struct cli *cli, const char *why, enum flag_id flag,
	       const char *value, const char *fmt, ...)
{
	char *hint = args_again(&cli->args, flag, value), *what;
	va_list ap;

	va_start(ap, fmt);
	what = x_vasprintf(fmt, ap);
	va_end(ap);
	say_error(cli, what, why, hint);
	x_free(&what);
	x_free(&hint);
	return EXIT_USAGE;
}

int
cli_complain(struct cli *cli, struct complaint *c)
{
	int code = (int)c->code;

	say_error(cli, c->what != NULL ? c->what : "the database refused",
		  c->why, c->hint);
	complaint_free(c);
	return code;
}

void
cli_note(struct cli *cli, const char *fmt, ...)
{
	struct buf out;
	va_list ap;
	char *text;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	buf_init(&out, (size_t)MESSAGE_MAX * 4);
	say_lines(&out, &cli->errface, text, "");
	(void)fflush(stdout);
	(void)fputs(buf_str(&out), stderr);
	buf_free(&out);
	x_free(&text);
}

int
cli_print(struct cli *cli, struct buf *out)
{
	size_t len = out->len;
	bool over = buf_over(out);
	bool ok = fwrite(buf_str(out), 1, len, stdout) == len &&
		  fflush(stdout) == 0;

	buf_clear(out);
	if (!ok)
		return cli_error(cli, EXIT_ERROR, strerror(errno), NULL,
				 "standard output cannot be written");
	if (over)
		return cli_error(cli, EXIT_ERROR, NULL, NULL,
				 "the answer is too large to show");
	return EXIT_OK;
}

const char *
cli_word(const struct cli *cli, size_t i)
{
	return i < cli->nwords ? cli->words[i] : NULL;
}

int
cli_number(struct cli *cli, enum flag_id flag, long max, long *n_r)
{
	const char *text = args_value(&cli->args, flag);
	struct err err;
	int64_t n;

	if (text == NULL)
		return EXIT_OK;
	if (num_parse_int(text, 1, max, &n, &err) < 0)
		return cli_error(cli, EXIT_USAGE, err.text, NULL,
				 "--%s wants a number from 1 to %ld",
				 flag_table[flag].name, max);
	*n_r = (long)n;
	return EXIT_OK;
}

int
cli_open(struct cli *cli)
{
	struct complaint c = { 0 };

	if (db_alive(&cli->db))
		return EXIT_OK;
	if (db_open(&cli->db, args_value(&cli->args, FLAG_DATABASE), &c) < 0)
		return cli_complain(cli, &c);
	return EXIT_OK;
}

int
cli_query(struct cli *cli, struct rows **rows_r, const char *sql,
	  size_t nparams, const char *const *params)
{
	struct complaint c = { 0 };
	int code = cli_open(cli);

	if (code != EXIT_OK)
		return code;
	if (db_query(&cli->db, rows_r, sql, nparams, params, &c) < 0)
		return cli_complain(cli, &c);
	return EXIT_OK;
}
