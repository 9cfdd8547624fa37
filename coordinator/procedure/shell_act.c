/*
 * shell_act.c - what copy, clean and package do, as one line for the shell of
 * the host itself.
 */
#include <string.h>

#include "alloc.h"
#include "plan_shell.h"
#include "shell_private.h"
#include "wire.h"
#include "words.h"

/* Debian's scripts must not start what is stopped. */
#define POLICY                                                                 \
	"p=/usr/sbin/policy-rc.d; printf '#!/bin/sh\\nexit 101\\n' >$p && "    \
	"chmod 755 $p && "
#define POLICY_GONE "; rc=$?; rm -f $p; exit $rc"
#define APT                                                                    \
	"env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -y "  \
	"--no-remove --allow-downgrades -o Dpkg::Options::=--force-confold "   \
	"install"

static void
word_add(struct buf *out, const char *before, const char *word)
{
	(void)buf_adds(out, before);
	words_for_shell(out, word);
}

/* ${new_file} is what it is called until it is checked. */
static void
validate_line(const struct json_object *argv, const char *file,
	      struct buf *out)
{
	(void)buf_adds(out, " &&");
	for (size_t i = 0; i < json_count(argv); i++) {
		const char *word = json_as_str(json_item(argv, i));

		word_add(out, " ", strcmp(word, "${new_file}") == 0 ? file
								    : word);
	}
}

static void
owner_line(const struct json_object *copy, const char *file, struct buf *out)
{
	const char *owner = shell_str(copy, "owner", NULL);
	const char *group = shell_str(copy, "group", NULL);
	char *both;

	if (owner == NULL && group == NULL)
		return;
	both = x_asprintf("%s%s%s", owner == NULL ? "" : owner,
			  group == NULL ? "" : ":",
			  group == NULL ? "" : group);
	word_add(out, " && chown ", both);
	word_add(out, " ", file);
	free(both);
}

/* The old one is kept as TO.before; the new one has its mode and its owner. */
static void
copy_line(const struct json_object *copy, struct buf *out)
{
	const char *to = shell_str(copy, "to", ""), *mode, *from;
	const struct json_object *validate = shell_in(copy, "validate");
	char *file = x_asprintf("%s.new", to), *old, *content;

	from = shell_str(copy, "staged", NULL);
	content = x_asprintf(WIRE_CONTENT_DIR "/%s",
			     shell_str(copy, "sha256", ""));
	old = x_asprintf("%s.before", to);
	word_add(out, "{ [ ! -e ", to);
	word_add(out, " ] || { cp -a ", to);
	word_add(out, " ", old);
	word_add(out, " && cp -a ", to);
	word_add(out, " ", file);
	word_add(out, "; }; } && cat ", from != NULL ? from : content);
	word_add(out, " >", file);
	mode = shell_str(copy, "mode", NULL);
	if (mode != NULL) {
		word_add(out, " && chmod ", mode);
		word_add(out, " ", file);
	}
	owner_line(copy, file, out);
	if (validate != NULL)
		validate_line(validate, file, out);
	word_add(out, " && mv ", file);
	word_add(out, " ", to);
	free(file);
	free(old);
	free(content);
}

static void
clean_line(const struct json_object *clean, struct buf *out)
{
	const char *unit = shell_str(clean, "unless_running", NULL);
	bool purge = shell_str(clean, "purge_of", NULL) != NULL;

	if (unit != NULL) {
		word_add(out, "[ \"$(systemctl show -p ActiveState --value ",
			 unit);
		(void)buf_adds(out, ")\" = inactive ] && ");
	}
	word_add(out, "find ", shell_str(clean, "inside", ""));
	word_add(out, " -xdev -mindepth 1 -maxdepth 1 -name ",
		 purge ? WIRE_TRASH "*" : shell_str(clean, "match", "*"));
	(void)buf_adds(out, " -exec rm -rf --one-file-system -- '{}' +");
}

/* A pattern means all of them that are installed. */
static void
match_words(const struct json_object *package, struct buf *out)
{
	char *form = x_asprintf("${db:Status-Status} ${Package}=%s\\n",
				shell_str(package, "version", ""));

	word_add(out, " $(dpkg-query -W -f ", form);
	word_add(out, " ", shell_str(package, "match", ""));
	(void)buf_adds(out, " | sed -n 's/^installed //p')");
	free(form);
}

static void
package_line(const struct json_object *package, struct buf *out)
{
	const struct json_object *list = shell_in(package, "packages");
	bool hold = strcmp(shell_str(package, "services", ""), "hold") == 0;

	(void)buf_addf(out, "(%s%s", hold ? POLICY : "", APT);
	if (list == NULL)
		match_words(package, out);
	for (size_t i = 0; list != NULL && i < json_count(list); i++) {
		const struct json_object *item = json_item(list, i);
		char *word = x_asprintf("%s=%s", shell_str(item, "name", ""),
					shell_str(item, "version", ""));

		word_add(out, " ", word);
		free(word);
	}
	(void)buf_addf(out, "%s)", hold ? POLICY_GONE : "");
}

bool
plan_shell_line(const char *kind, const struct json_object *step,
		struct buf *out)
{
	static const struct {
		const char *kind;
		void (*print)(const struct json_object *spec, struct buf *out);
	} lines[] = {
		{ "copy", copy_line },
		{ "clean", clean_line },
		{ "package", package_line },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(kind, lines[i].kind) != 0)
			continue;
		lines[i].print(shell_in(step, kind), out);
		return true;
	}
	return false;
}
