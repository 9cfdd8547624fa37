/* findings.c - what plan, check and doctor found, for a person. */
#include "findings.h"

#include <string.h>

#include "listing.h"

enum { CODE_WIDTH = 20, NAMED_MAX = 4 };

size_t
findings_count(const struct rows *findings, const char *severity)
{
	size_t i, n = 0;

	for (i = 0; i < rows_count(findings); i++)
		if (strcmp(rows_str(findings, i, "severity"), severity) == 0)
			n++;
	return n;
}

static enum tint
severity_tint(const char *severity)
{
	if (strcmp(severity, "error") == 0)
		return TINT_BAD;
	return strcmp(severity, "warning") == 0 ? TINT_WARN : TINT_NONE;
}

/* What it was found on, or NULL. */
static const char *
finding_where(const struct rows *r, size_t i)
{
	const char *backend = rows_text(r, i, "backend");

	return backend != NULL ? backend : rows_text(r, i, "host");
}

/* The same, but for where. */
static bool
finding_again(const struct rows *r, size_t i, size_t j)
{
	static const char *const columns[] = { "severity", "code", "message",
					       "hint" };

	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
		if (strcmp(rows_str(r, i, columns[c]),
			   rows_str(r, j, columns[c])) != 0)
			return false;
	return true;
}

/* Of many backends that have it the first are named, the rest counted. */
static void
where_write(struct buf *out, const struct face *f, const struct rows *r,
	    size_t first)
{
	size_t n = 0;

	for (size_t i = first;
	     i < rows_count(r) && finding_again(r, first, i); i++) {
		const char *where = finding_where(r, i);

		if (where == NULL || n++ >= NAMED_MAX)
			continue;
		(void)buf_adds(out, n == 1 ? " " : ", ");
		face_text(out, f, where);
	}
	if (n > NAMED_MAX)
		(void)buf_addf(out, " and %zu more", n - NAMED_MAX);
}

/*
 * A procedure's mistakes are lines of their own: the place, the source, a
 * caret.  What a host said stays on one, whatever it said.
 */
static void
message_write(struct buf *out, const struct face *f, const char *code,
	      const char *message)
{
	size_t len;

	if (strcmp(code, "PROCEDURE") != 0 || strchr(message, '\n') == NULL) {
		(void)buf_addc(out, ' ');
		face_text(out, f, message);
		(void)buf_addc(out, '\n');
		return;
	}
	(void)buf_addc(out, '\n');
	for (; *message != '\0'; message += len + (message[len] == '\n')) {
		len = strcspn(message, "\n");
		(void)buf_adds(out, "  ");
		face_bytes(out, f, message, len);
		(void)buf_addc(out, '\n');
	}
}

static void
finding_write(struct buf *out, const struct face *f, const struct rows *r,
	      size_t i)
{
	const char *severity = rows_str(r, i, "severity");
	const char *code = rows_str(r, i, "code");

	if (i > 0 && finding_again(r, i - 1, i))
		return;
	face_tinted(out, f, severity_tint(severity), severity);
	(void)buf_addc(out, ' ');
	face_text(out, f, code);
	where_write(out, f, r, i);
	(void)buf_addc(out, ':');
	message_write(out, f, code, rows_str(r, i, "message"));
	if (rows_text(r, i, "hint") != NULL) {
		(void)buf_adds(out, "  hint: ");
		face_text(out, f, rows_str(r, i, "hint"));
		(void)buf_addc(out, '\n');
	}
}

static void
counted(struct buf *out, const struct face *f, enum tint tint, size_t n,
	const char *word)
{
	if (n == 0)
		return;
	(void)buf_adds(out, "  ");
	face_begin(out, f, tint);
	(void)buf_addf(out, "%zu %s", n, word);
	face_end(out, f, tint);
}

/* one line of one check: how many were ok, how many not */
static void
summary_line(struct buf *out, const struct face *f, const struct rows *r,
	     const char *code)
{
	size_t i, ok = 0, notice = 0, warning = 0, error = 0, before = out->len;
	const char *severity;

	for (i = 0; i < rows_count(r); i++) {
		if (strcmp(rows_str(r, i, "code"), code) != 0)
			continue;
		severity = rows_str(r, i, "severity");
		error += strcmp(severity, "error") == 0;
		warning += strcmp(severity, "warning") == 0;
		notice += strcmp(severity, "notice") == 0;
		ok += strcmp(severity, "ok") == 0;
	}
	face_text(out, f, code);
	face_pad(out, out->len - before < CODE_WIDTH
			      ? CODE_WIDTH - (out->len - before)
			      : 0);
	counted(out, f, TINT_BAD, error, error == 1 ? "error" : "errors");
	counted(out, f, TINT_WARN, warning,
		warning == 1 ? "warning" : "warnings");
	counted(out, f, TINT_NONE, notice, "told");
	counted(out, f, TINT_GOOD, ok, "ok");
	(void)buf_addc(out, '\n');
}

int
findings_summary(struct cli *cli, const struct rows *r)
{
	struct buf out;
	size_t i, j;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	for (i = 0; i < rows_count(r); i++) {
		for (j = 0; j < i; j++)
			if (strcmp(rows_str(r, i, "code"),
				   rows_str(r, j, "code")) == 0)
				break;
		if (j == i)
			summary_line(&out, &cli->face, r,
				     rows_str(r, i, "code"));
	}
	for (i = 0, j = 0; i < rows_count(r); i++) {
		if (strcmp(rows_str(r, i, "severity"), "ok") == 0)
			continue;
		if (j++ == 0)
			(void)buf_addc(&out, '\n');
		finding_write(&out, &cli->face, r, i);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

int
findings_print(struct cli *cli, const struct rows *findings)
{
	struct buf out;
	size_t i;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	for (i = 0; i < rows_count(findings); i++)
		finding_write(&out, &cli->face, findings, i);
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
