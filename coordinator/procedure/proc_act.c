/* proc_act.c - the seven things a step can do. */
#include <string.h>

#include "alloc.h"
#include "procedure_private.h"

const char *const act_words[] = {
#define X(name, word, step, undo, sentence) [ACT_##name] = word,
	ACT_KINDS(X)
#undef X
};

enum { POLL_UNTIL, POLL_EVERY, POLL_AT_MOST, POLL_THEN, POLL_RECORD, POLL_N };
static const struct yfield then_rows[] = {
	YWORD("fail", NULL),
	YWORD("continue", NULL),
};
static const struct yfields then_words = YFIELDS(then_rows);
static const struct yfield poll_fields[] = {
	[POLL_UNTIL] = { "until", YTEXT, true,
			 "expression to wait for; out.elapsed is how long it "
			 "did" },
	[POLL_EVERY] = { "every", YDURATION, false,
			 "how often it is asked, 1s to 1h; default 5s" },
	[POLL_AT_MOST] = { "at_most", YDURATION, true,
			   "how long it may take, 1s to 1d" },
	[POLL_THEN] = { "then", YCHOICE(&then_words), false,
			"what it is after that: fail, or continue (it passed); "
			"default fail" },
	[POLL_RECORD] = { "record", YTEXT, false,
			  "FIELD whose readings are kept as a series, such as "
			  "service.users" },
};
const struct yfields poll_keys = YFIELDS(poll_fields);

static void
poll_read(struct proc_reader *r, struct act *act)
{
	const struct ynode *f[POLL_N];
	size_t then = 0;

	(void)yfields_read(r->d, act->node, "a poll", poll_fields, POLL_N, f);
	cond_read(r, f[POLL_UNTIL], &act->poll.until);
	span_read(r, f[POLL_EVERY], "every", SECOND_MS, HOUR_MS,
		  &act->poll.every);
	span_read(r, f[POLL_AT_MOST], "at_most", SECOND_MS, DAY_MS,
		  &act->poll.at_most);
	if (f[POLL_THEN] != NULL)
		(void)yread_choice(r->d, f[POLL_THEN], "then", &then_words,
				   &then);
	act->poll.go_on = then == 1;
	field_read(r, f[POLL_RECORD], &act->poll.record);
}

enum {
	COPY_FROM,
	COPY_STAGED,
	COPY_TO,
	COPY_MODE,
	COPY_OWNER,
	COPY_GROUP,
	COPY_VALIDATE,
	COPY_N
};
static const struct yfield copy_fields[] = {
	[COPY_FROM] = { "from", YTEXT, false,
			"${vars.X} of a variable of type file; none given: "
			"skipped; either from or staged" },
	[COPY_STAGED] = { "staged", YTEXT, false,
			  "absolute path of a file that is on the host "
			  "already, or ${vars.X} of a secret" },
	[COPY_TO] = { "to", YTEXT, true,
		      "absolute path of the file that it becomes" },
	[COPY_MODE] = { "mode", YTEXT, false,
			"four octal digits, the first 0; default that of the "
			"old file, else 0644" },
	[COPY_OWNER] = { "owner", YNAME, false,
			 "user; default that of the old file, else root" },
	[COPY_GROUP] = { "group", YNAME, false,
			 "group; default that of the old file, else root" },
	[COPY_VALIDATE] = { "validate", YTEXTS, false,
			    "command that must exit 0 before the file takes "
			    "its name; ${new_file} is where it lies until "
			    "then" },
};
const struct yfields copy_keys = YFIELDS(copy_fields);

/* What the agent refuses anyway is better told here. */
static void
path_check(struct proc_reader *r, const struct text *path)
{
	const char *p;

	if (path->tpl == NULL || !template_is_plain(path->tpl))
		return;
	p = path->node->text;
	if (*p != '/' || strstr(p, "//") != NULL || strstr(p, "/../") ||
	    strstr(p, "/./") || p[strlen(p) - 1] == '/' ||
	    strcmp(strrchr(p, '/'), "/..") == 0 ||
	    strcmp(strrchr(p, '/'), "/.") == 0)
		ynode_error(r->d, path->node,
			    "an absolute path without //, ., .. and last / is "
			    "wanted");
}

static void
mode_check(struct proc_reader *r, const struct ynode *node)
{
	const char *m = node->text;

	if (strlen(m) != 4 || m[0] != '0' || strspn(m, "01234567") != 4) {
		ynode_error(r->d, node,
			    "a mode has four octal digits, the "
			    "first is 0");
		diag_hint(r->d, "such as \"0644\"");
	}
}

static void
copy_read(struct proc_reader *r, struct act *act)
{
	const struct ynode *f[COPY_N];

	(void)yfields_read(r->d, act->node, "a copy", copy_fields, COPY_N, f);
	text_read(r, f[COPY_FROM], &act->copy.from);
	text_read(r, f[COPY_STAGED], &act->copy.staged);
	text_read(r, f[COPY_TO], &act->copy.to);
	path_check(r, &act->copy.staged);
	path_check(r, &act->copy.to);
	argv_read(r, f[COPY_VALIDATE], &act->copy.validate);
	if (f[COPY_MODE] != NULL) {
		mode_check(r, f[COPY_MODE]);
		act->copy.mode = f[COPY_MODE]->text;
	}
	if (f[COPY_OWNER] != NULL)
		(void)yread_name(r->d, f[COPY_OWNER], "owner",
				 &act->copy.owner);
	if (f[COPY_GROUP] != NULL)
		(void)yread_name(r->d, f[COPY_GROUP], "group",
				 &act->copy.group);
	if ((f[COPY_FROM] == NULL) == (f[COPY_STAGED] == NULL))
		diag_error(r->d, act->node->at, 1,
			   "a copy has either \"from\" "
			   "(a file variable) or \"staged\" (a path there)");
}

enum { CLEAN_INSIDE, CLEAN_MATCH, CLEAN_UNLESS, CLEAN_N };
static const struct yfield clean_fields[] = {
	[CLEAN_INSIDE] = { "inside", YTEXT, true,
			   "absolute path of a directory, of two parts or "
			   "more, under a root of the host's allow file" },
	[CLEAN_MATCH] = { "match", YTEXT, false,
			  "pattern of the names to remove, such as cache-*; "
			  "default all" },
	[CLEAN_UNLESS] = { "unless_running", YNAME, false,
			   "systemd unit; while it runs nothing is removed" },
};
const struct yfields clean_keys = YFIELDS(clean_fields);

static void
clean_read(struct proc_reader *r, struct act *act)
{
	const struct ynode *f[CLEAN_N];
	const char *p;

	(void)yfields_read(r->d, act->node, "a clean", clean_fields, CLEAN_N,
			   f);
	text_read(r, f[CLEAN_INSIDE], &act->clean.inside);
	text_read(r, f[CLEAN_MATCH], &act->clean.match);
	path_check(r, &act->clean.inside);
	/* no template: it was wrong, and that was told */
	p = act->clean.inside.tpl == NULL ? NULL : f[CLEAN_INSIDE]->text;
	if (p != NULL && template_is_plain(act->clean.inside.tpl) &&
	    *p == '/' && strchr(p + 1, '/') == NULL)
		ynode_error(r->d, f[CLEAN_INSIDE],
			    "a path of two parts or more is wanted");
	if (f[CLEAN_MATCH] != NULL && strchr(f[CLEAN_MATCH]->text, '/'))
		ynode_error(r->d, f[CLEAN_MATCH],
			    "a pattern for names has no /");
	if (f[CLEAN_UNLESS] != NULL)
		(void)yread_name(r->d, f[CLEAN_UNLESS], "unless_running",
				 &act->clean.unless_running);
}

enum { PACKAGE_INSTALL, PACKAGE_SERVICES, PACKAGE_N };
static const struct yfield services_rows[] = {
	YWORD("hold", NULL),
	YWORD("leave", NULL),
};
static const struct yfields services_words = YFIELDS(services_rows);
static const struct yfield package_fields[] = {
	[PACKAGE_INSTALL] = { "install", YTEXTS, true,
			      "NAME=VERSION, a list of them, or ${vars.X} of a "
			      "variable of type packages (none given: "
			      "skipped); or one dovecot-*=VERSION, for all of "
			      "these that are installed" },
	[PACKAGE_SERVICES] = { "services", YCHOICE(&services_words), false,
			       "hold them down while packages change, or leave "
			       "them; default hold" },
};
const struct yfields package_keys = YFIELDS(package_fields);

static void
install_add(struct proc_reader *r, struct act *act, const struct ynode *node)
{
	size_t n = act->package.n;

	act->package.install = x_realloc(act->package.install, n + 1,
					 sizeof(*act->package.install));
	act->package.install[n] = (struct text){ 0 };
	text_read(r, node, &act->package.install[n]);
	act->package.n++;
}

static void
package_read(struct proc_reader *r, struct act *act)
{
	const struct ynode *f[PACKAGE_N], *install;
	size_t i = 0;

	(void)yfields_read(r->d, act->node, "a package", package_fields,
			   PACKAGE_N, f);
	install = f[PACKAGE_INSTALL];
	if (install != NULL && install->kind == YNODE_LIST)
		for (size_t k = 0; k < install->n; k++)
			install_add(r, act, install->item[k]);
	else if (install != NULL)
		install_add(r, act, install);
	if (f[PACKAGE_SERVICES] != NULL)
		(void)yread_choice(r->d, f[PACKAGE_SERVICES], "services",
				   &services_words, &i);
	act->package.leave = i == 1;
}

void
act_read(struct proc_reader *r, const struct ynode *node, enum act_kind kind,
	 struct act *act)
{
	act->kind = kind;
	act->node = node;
	switch (kind) {
	case ACT_RUN:
		argv_read(r, node, &act->run);
		return;
	case ACT_POLL:
		poll_read(r, act);
		return;
	case ACT_WAIT:
		span_read(r, node, "wait", SECOND_MS, 7 * DAY_MS, &act->wait);
		return;
	case ACT_APPROVE:
		text_read(r, node, &act->approve);
		return;
	case ACT_COPY:
		copy_read(r, act);
		return;
	case ACT_CLEAN:
		clean_read(r, act);
		return;
	case ACT_PACKAGE:
		package_read(r, act);
		return;
	case ACT_COUNT:
		break;
	}
	abort();
}

void
act_clear(struct act *act)
{
	argv_clear(&act->run);
	cond_clear(&act->poll.until);
	text_clear(&act->poll.every.text);
	text_clear(&act->poll.at_most.text);
	x_free(&act->poll.record.text);
	text_clear(&act->wait.text);
	text_clear(&act->approve);
	text_clear(&act->copy.from);
	text_clear(&act->copy.staged);
	text_clear(&act->copy.to);
	argv_clear(&act->copy.validate);
	text_clear(&act->clean.inside);
	text_clear(&act->clean.match);
	for (size_t i = 0; i < act->package.n; i++)
		text_clear(&act->package.install[i]);
	x_free(&act->package.install);
}
