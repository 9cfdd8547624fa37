/* plan_shell_step.c - one step of a script: when, before, act, proof, undo. */
#include <string.h>

#include "alloc.h"
#include "plan_shell.h"
#include "shell_private.h"
#include "words.h"

#define SETTLE_MS 60000

static const char *
step_target(const struct json_object *step)
{
	return shell_str(step, "target", "backend");
}

/* seconds, at least one */
static long long
seconds_of(int64_t ms)
{
	return ms <= 1000 ? 1 : (long long)((ms + 999) / 1000);
}

/* A check through a group counts when it holds twice. */
static long long
confirm_of(const struct shell *s, const char *target)
{
	const struct json_object *groups = shell_in(s->inventory, "groups");

	if (strncmp(target, "each ", 5) == 0)
		target += 5;
	return (shell_int(shell_in(groups, target), "confirm_ms", 0) + 999) /
	       1000;
}

static void
gap_print(struct shell *s, const char *target)
{
	const struct json_object *groups = shell_in(s->inventory, "groups");
	int64_t ms;

	if (strncmp(target, "each ", 5) == 0)
		target += 5;
	ms = shell_int(shell_in(groups, target), "min_gap_ms", 0);
	if (ms > 0)
		(void)buf_addf(s->out, "sleep %lld.%03lld\n",
			       (long long)ms / 1000, (long long)ms % 1000);
}

/* A loop around the members that are all told. */
static void
run_print(struct shell *s, const struct json_object *act, const char *target)
{
	bool each = strncmp(target, "each ", 5) == 0;

	gap_print(s, target);
	(void)buf_adds(s->out, each ? "for host in " : "run ");
	shell_hosts(s, target, false);
	if (each)
		(void)buf_adds(s->out, "; do run \"$host\"");
	shell_words(s, shell_in(act, "argv"));
	(void)buf_adds(s->out, each ? "; done\n" : "\n");
}

/* What a person would type on the backend. */
static void
line_print(struct shell *s, const char *kind, const struct json_object *step)
{
	struct buf line;

	buf_init(&line, 1 << 20);
	(void)plan_shell_line(kind, step, &line);
	(void)buf_adds(s->out, "run \"$backend\" sh -c ");
	words_for_shell(s->out, buf_str(&line));
	(void)buf_addc(s->out, '\n');
	buf_free(&line);
}

static void
copy_print(struct shell *s, const struct json_object *step)
{
	const struct json_object *copy = shell_in(step, "copy");
	const struct json_object *validate = shell_in(copy, "validate");
	const char *to = shell_str(copy, "to", "");

	if (shell_str(copy, "sha256", NULL) == NULL) {
		line_print(s, "copy", step);
		return;
	}
	(void)buf_addf(s->out, "put \"$backend\" %s ",
		       shell_str(copy, "sha256", ""));
	shell_word(s, to);
	(void)buf_addf(s->out, " %s\nnew_file=",
		       shell_str(copy, "mode", "0644"));
	shell_word(s, to);
	(void)buf_adds(s->out, ".new\n");
	if (validate != NULL) {
		(void)buf_adds(s->out, "run \"$backend\"");
		shell_words(s, validate);
		(void)buf_adds(s->out, "\n[ \"$rc\" -eq 0 ] || "
				       "die \"the new file is not valid\"\n");
	}
	(void)buf_adds(s->out, "run \"$backend\" mv \"$new_file\" ");
	shell_word(s, to);
	(void)buf_adds(s->out, "\nundo \"$backend\" mv ");
	shell_word(s, to);
	(void)buf_adds(s->out, ".before ");
	shell_word(s, to);
	(void)buf_addc(s->out, '\n');
}

static void
clean_print(struct shell *s, const struct json_object *step)
{
	const struct json_object *clean = shell_in(step, "clean");

	if (shell_str(clean, "purge_of", NULL) != NULL) {
		shell_comment(s, "", "nothing was put aside by this script");
		(void)buf_adds(s->out, "rc=0\n");
		return;
	}
	line_print(s, "clean", step);
}

static void
poll_print(struct shell *s, const struct json_object *step)
{
	const struct json_object *poll = shell_in(step, "poll");
	const char *until = shell_str(poll, "until", "false");

	shell_comment(s, "", until);
	shell_cond(s, until);
	(void)buf_addf(s->out, "poll %lld %lld || %s\n",
		       seconds_of(shell_int(poll, "at_most_ms", 0)),
		       seconds_of(shell_int(poll, "every_ms", 5000)),
		       strcmp(shell_str(poll, "then", "fail"), "continue") == 0
			       ? "say \"not in time, and it goes on\""
			       : "die \"not in time\"");
}

static void
act_print(struct shell *s, const struct json_object *step)
{
	const char *kind = shell_str(step, "kind", "");

	if (strcmp(kind, "run") == 0)
		run_print(s, step, step_target(step));
	else if (strcmp(kind, "poll") == 0)
		poll_print(s, step);
	else if (strcmp(kind, "wait") == 0)
		(void)buf_addf(s->out, "sleep %lld\n",
			       seconds_of(shell_int(step, "wait_ms", 0)));
	else if (strcmp(kind, "copy") == 0)
		copy_print(s, step);
	else if (strcmp(kind, "clean") == 0)
		clean_print(s, step);
	else if (strcmp(kind, "package") == 0)
		line_print(s, "package", step);
	else {
		(void)buf_adds(s->out, "read -rp ");
		shell_word(s, shell_str(step, "approve", "go on?"));
		(void)buf_adds(s->out, "' [enter] ' _\n");
	}
}

static void
remember_print(struct shell *s, const struct json_object *step)
{
	const struct json_object *list = shell_in(step, "remember");

	for (size_t i = 0; list != NULL && i < json_count(list); i++) {
		const struct json_object *item = json_item(list, i);
		const char *field = shell_str(item, "value", ".");
		const char *where = shell_str(item, "where", NULL);
		int probe = (int)strcspn(field, ".");

		if (where != NULL) {
			shell_cond(s, where);
			(void)buf_adds(s->out, "must ");
			shell_word(s, where);
			(void)buf_addc(s->out, '\n');
		}
		(void)buf_addf(s->out, "keep %s.%s %.*s %s\n",
			       shell_str(step, "name", ""),
			       shell_str(item, "name", ""), probe, field,
			       field + probe + 1);
	}
}

/* Does a command end with a status that decides? */
static bool
has_status(const struct json_object *step)
{
	const char *kind = shell_str(step, "kind", "");

	return strcmp(kind, "poll") != 0 && strcmp(kind, "wait") != 0 &&
		strcmp(kind, "approve") != 0;
}

/* Without a check or an expect the exit status decides, as in drydock. */
static void
proof_print(struct shell *s, const struct json_object *step)
{
	const char *check = shell_str(step, "check", NULL);
	const char *expect = shell_str(step, "expect", NULL);

	if (expect != NULL) {
		shell_cond(s, expect);
		(void)buf_adds(s->out, "must ");
		shell_word(s, expect);
		(void)buf_addc(s->out, '\n');
	} else if (check == NULL && has_status(step)) {
		(void)buf_adds(s->out, "[ \"$rc\" -eq 0 ] || die \"it ended "
				       "with $rc\"\n");
	}
	if (check == NULL)
		return;
	shell_comment(s, "done when ", check);
	shell_cond(s, check);
	(void)buf_addf(s->out, "await %lld %lld || die \"it was done, and does "
		       "not show\"\n",
		       seconds_of(shell_int(step, "settle_ms", SETTLE_MS)),
		       confirm_of(s, step_target(step)));
}

static void
undo_print(struct shell *s, const struct json_object *step)
{
	const struct json_object *undo = shell_in(step, "undo");
	const char *target = shell_str(undo, "target", step_target(step));

	if (json_kind(undo) != JSON_OBJECT ||
	    strcmp(shell_str(undo, "kind", ""), "run") != 0)
		return;
	(void)buf_adds(s->out, "undo ");
	shell_hosts(s, target, false);
	shell_words(s, shell_in(undo, "argv"));
	(void)buf_addc(s->out, '\n');
}

/* What is true already is not done again. */
static void
body_print(struct shell *s, const struct json_object *step)
{
	const char *check = shell_str(step, "check", NULL);
	const char *require = shell_str(step, "require", NULL);

	remember_print(s, step);
	if (require != NULL) {
		shell_cond(s, require);
		(void)buf_adds(s->out, "must ");
		shell_word(s, require);
		(void)buf_addc(s->out, '\n');
	}
	if (check != NULL) {
		shell_cond(s, check);
		(void)buf_adds(s->out, "if cond; then\nsay \"is so already\""
				       "\nelse\n");
	}
	act_print(s, step);
	proof_print(s, step);
	if (check != NULL)
		(void)buf_adds(s->out, "fi\n");
	undo_print(s, step);
	(void)buf_adds(s->out, "passed\n");
}

void
shell_step(struct shell *s, const struct json_object *step)
{
	const char *name = shell_str(step, "name", "");
	const char *skip = shell_str(step, "skip", NULL);
	const char *when = shell_str(step, "when", NULL);
	char *title = x_asprintf("%s / %s%s", shell_str(step, "phase", ""),
				 name, shell_in(step, "no_return") != NULL
					       ? ": no return from here" : "");

	(void)buf_addc(s->out, '\n');
	shell_comment(s, "", title);
	free(title);
	if (skip != NULL) {
		(void)buf_addf(s->out, "skip %s ", name);
		shell_word(s, skip);
		(void)buf_addc(s->out, '\n');
		return;
	}
	if (when != NULL) {
		shell_cond(s, when);
		(void)buf_addf(s->out, "if ! cond; then skip %s ", name);
		shell_word(s, when);
		(void)buf_adds(s->out, "; else\n");
	}
	(void)buf_addf(s->out, "begin %s\n", name);
	body_print(s, step);
	if (when != NULL)
		(void)buf_adds(s->out, "fi\n");
}
