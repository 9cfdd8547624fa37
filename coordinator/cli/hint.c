/*
 * hint.c - hints of SQL functions, said in the words of the command line.
 */
#include "hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "words.h"

enum { HINT_MAX = 16384, ARGS_MAX = 8, ARG_SIZE = 256 };

/*
 * A function and what its arguments are on the command line: "" a word, a
 * flag its value, "?a:b" a switch for true and one for false, "!a" a word
 * unless it is that one, "=" what is assigned to the word before.  An
 * underscore parts two words of a command.
 */
static const struct call {
	const char *verb;
	const char *arg[ARGS_MAX];
} calls[] = {
	{ "plan", { "--fleet", "" } },
	{ "pause", { "", "--reason", "--after", "--expires" } },
	{ "resume", { "", "--note" } },
	{ "approve", { "", "--note" } },
	{ "retry", { "", "", "--from", "?--destroy-again:" } },
	{ "restore", { "", "", "--reason" } },
	{ "skip", { "", "", "--reason", "?--accept-out:" } },
	{ "settle", { "", "", "?--done:--not-done", "--reason", "--backend" } },
	{ "abort", { "", "--reason" } },
	{ "start",
	  { "", "--at", "?--ignore-window:", "--stop-after", "--change" } },
	{ "override",
	  { "", "!value", "--reason", "--backend", "--value", "=" } },
	{ "cancel", { "", "--reason" } },
	{ "include", { "--fleet", "" } },
	{ "exclude", { "--fleet", "", "--reason", "?--accept-out:" } },
	{ "schedule_add", { "--fleet", "", "" } },
};

static const struct {
	const char *name, *arg;
} named[] = {
	{ "accept_out", "?--accept-out:" },
	{ "destroy_again", "?--destroy-again:" },
	{ "ignore_window", "?--ignore-window:" },
	{ "change_ref", "--change" },
	{ "stop_after", "--stop-after" },
	{ "missed", "--missed" },
};

/* a query and the command that shows the same; what stands behind = is kept */
static const struct {
	const char *begin, *command;
	bool value;
} queries[] = {
	{ "select * from fleet.backend where fleet = ",
	  "drydock backend list --fleet", true },
	{ "select * from fleet.rollout where fleet = ",
	  "drydock history --fleet", true },
	{ "select * from fleet.fleet", "drydock fleet list", false },
	{ "select * from fleet.backend", "drydock backend list", false },
	{ "select * from fleet.host", "drydock host list", false },
	{ "select * from fleet.coordinator", "drydock coordinator list",
	  false },
	{ "select * from fleet.window", "drydock window list", false },
	{ "select * from fleet.schedule", "drydock schedule list", false },
	{ "select * from fleet.turn where rollout = ", "drydock status", true },
	{ "select * from fleet.hold where rollout = ", "drydock status", true },
	{ "select * from fleet.progress where rollout = ", "drydock watch",
	  true },
	{ "select * from fleet.rollout", "drydock history", false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* one SQL argument at *p: a word, a 'text', or name => value */
static int
arg_read(const char **p, char value[ARG_SIZE], char name[ARG_SIZE])
{
	const char *s = *p;
	size_t n = 0;
	char quote;

	name[0] = '\0';
again:
	s += strspn(s, " ");
	quote = *s == '\'' ? *s++ : '\0';
	for (n = 0; *s != '\0' && n + 1 < ARG_SIZE; s++) {
		if (quote != '\0' && *s == quote && *++s != quote)
			break;
		if (quote == '\0' && strchr(" ,)", *s) != NULL)
			break;
		value[n++] = *s;
	}
	value[n] = '\0';
	s += strspn(s, " ");
	if (strncmp(s, "=>", 2) == 0 && name[0] == '\0') {
		strcpy(name, value);
		s += 2;
		goto again;
	}
	if (*s != ',' && *s != ')')
		return -1;
	*p = s;
	return 0;
}

static const char *
named_arg(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(named); i++)
		if (strcmp(named[i].name, name) == 0)
			return named[i].arg;
	return NULL;
}

/* Double quotes read better, where a shell acts on nothing in them. */
static void
word_write(struct buf *out, const char *value)
{
	(void)buf_addc(out, ' ');
	if (strcmp(value, "reason") == 0)
		(void)buf_adds(out, "\"...\"");
	else if (strpbrk(value, " '") != NULL &&
		 strpbrk(value, "\"$`\\!\n") == NULL)
		(void)buf_addf(out, "\"%s\"", value);
	else
		words_for_shell(out, value);
}

static void
arg_write(struct buf *out, const char *as, const char *value)
{
	const char *colon;
	bool yes = strcmp(value, "true") == 0;

	if (strcmp(value, "null") == 0 ||
	    (as[0] == '!' && strcmp(value, as + 1) == 0))
		return;
	if (as[0] == '=') {
		(void)buf_addc(out, '=');
		words_for_shell(out, value);
	} else if (as[0] == '?') {
		colon = strchr(as, ':');
		(void)buf_addf(
			out, "%s%.*s", colon[yes ? -1 : 1] != '\0' ? " " : "",
			yes ? (int)(colon - as - 1) : (int)strlen(colon + 1),
			yes ? as + 1 : colon + 1);
	} else if (strcmp(value, "keep_drained") == 0) {
		(void)buf_adds(out, " --keep-drained");
	} else {
		if (as[0] == '-')
			(void)buf_addf(out, " %s", as);
		word_write(out, value);
	}
}

/* "17, 'mail02', 'reason')" behind the verb; -1: not understood */
static int
args_write(struct buf *out, const struct call *c, const char *p,
	   const char *end)
{
	char value[ARG_SIZE], name[ARG_SIZE];
	const char *as;
	size_t i;

	for (i = 0; *p != ')'; i++, p += *p == ',' ? 1 : 0) {
		if (i >= ARGS_MAX || arg_read(&p, value, name) < 0)
			return -1;
		as = name[0] != '\0' ? named_arg(name) : c->arg[i];
		if (as == NULL)
			return -1;
		arg_write(out, as, value);
	}
	return p + 1 == end ? 0 : -1;
}

static void
verb_write(struct buf *out, const char *verb)
{
	(void)buf_adds(out, "drydock ");
	for (; *verb != '\0'; verb++)
		(void)buf_addc(out, *verb == '_' ? ' ' : *verb);
}

static int
call_write(struct buf *out, const char *text, const char *end)
{
	static const char begin[] = "select fleet.";
	size_t i, len;

	if (strncmp(text, begin, strlen(begin)) != 0)
		return -1;
	text += strlen(begin);
	len = strcspn(text, "(");
	for (i = 0; i < COUNT(calls); i++) {
		if (strlen(calls[i].verb) == len && text + len < end &&
		    strncmp(calls[i].verb, text, len) == 0) {
			verb_write(out, calls[i].verb);
			return args_write(out, &calls[i], text + len + 1, end);
		}
	}
	return -1;
}

static int
query_write(struct buf *out, const char *text)
{
	size_t i, len;

	for (i = 0; i < COUNT(queries); i++) {
		len = strlen(queries[i].begin);
		if (strncmp(text, queries[i].begin, len) != 0)
			continue;
		(void)buf_adds(out, queries[i].command);
		text += len + (text[len] == '\'' ? 1 : 0);
		if (queries[i].value)
			(void)buf_addf(out, " %.*s", (int)strcspn(text, "' ;"),
				       text);
		return 0;
	}
	return -1;
}

/* one statement up to `end` (its semicolon) */
static void
statement_write(struct buf *out, const char *text, const char *end)
{
	struct buf said;

	buf_init(&said, HINT_MAX);
	if (call_write(&said, text, end) == 0) {
		(void)buf_adds(out, buf_str(&said));
	} else {
		buf_clear(&said);
		if (query_write(&said, text) == 0)
			(void)buf_adds(out, buf_str(&said));
		else
			(void)buf_add(out, text, (size_t)(end - text) + 1);
	}
	buf_free(&said);
}

char *
hint_translate(const char *hint)
{
	const char *sql, *end;
	struct buf out;

	if (hint == NULL)
		return NULL;
	buf_init(&out, HINT_MAX);
	while ((sql = strstr(hint, "select ")) != NULL &&
	       (end = strchr(sql, ';')) != NULL) {
		(void)buf_add(&out, hint, (size_t)(sql - hint));
		statement_write(&out, sql, end);
		hint = end + 1;
		/* several of them: "a; b" reads as a choice */
		if (strncmp(hint, " select ", 8) == 0) {
			(void)buf_adds(&out, "  or ");
			hint++;
		}
	}
	(void)buf_adds(&out, hint);
	return buf_take(&out);
}
