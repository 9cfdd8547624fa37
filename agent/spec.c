/* spec.c - what is to be done, checked for form and against the allow file. */
#include "spec.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "place.h"
#include "uuid.h"
#include "words.h"

#define HEX "0123456789abcdef"

int
spec_argv_parse(struct spec_argv *argv, const struct json_object *obj,
		const char *key, struct err *err)
{
	const struct json_object *list;

	argv->n = 0;
	if (json_get_array(obj, key, WIRE_ARGV_MAX, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_item_str(list, i, WIRE_WORD_MAX, &argv->word[i], err) <
		    0)
			return err_prefix(err, "%s: ", key);
	}
	argv->n = json_count(list);
	argv->word[argv->n] = NULL;
	if (argv->n == 0 || argv->word[0][0] == '\0' || argv->word[0][0] == '-')
		return err_set(err, ERR_USAGE, "%s names no program", key);
	return 0;
}

static int
path_get(const struct json_object *obj, const char *key, const char **path_r,
	 struct err *err)
{
	if (json_get_str(obj, key, WIRE_WORD_MAX, path_r, err) < 0)
		return -1;
	if (!place_path_clean(*path_r))
		return err_set(err, ERR_USAGE,
			       "%s: \"%.100s\" is not a clean absolute path "
			       "(no . or .., no //, no / at the end)",
			       key, *path_r);
	return 0;
}

static int
mode_parse(const char *text, int64_t *mode_r, struct err *err)
{
	char *end;
	long mode = strtol(text, &end, 8);

	if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode > 0777)
		return err_set(err, ERR_USAGE,
			       "mode: \"%.20s\" is not 0000 to 0777", text);
	*mode_r = mode;
	return 0;
}

static int
copy_source(struct spec *s, const struct json_object *obj, struct err *err)
{
	const char *sha = NULL;

	if (json_opt_str(obj, "sha256", 64, &sha, err) < 0)
		return -1;
	if (sha != NULL && (strlen(sha) != 64 || strspn(sha, HEX) != 64))
		return err_set(err, ERR_USAGE, "sha256: 64 hex digits");
	s->copy.sha256 = sha;
	if (json_member(obj, "staged") != NULL &&
	    path_get(obj, "staged", &s->copy.staged, err) < 0)
		return -1;
	if ((sha == NULL) == (s->copy.staged == NULL))
		return err_set(err, ERR_USAGE,
			       "copy takes either sha256 or staged");
	return 0;
}

static int
copy_parse(struct spec *s, const struct json_object *obj, struct err *err)
{
	const char *mode = NULL;

	s->copy.mode = -1;
	if (copy_source(s, obj, err) < 0 ||
	    path_get(obj, "to", &s->copy.to, err) < 0 ||
	    json_opt_str(obj, "mode", 8, &mode, err) < 0 ||
	    json_opt_str(obj, "owner", 64, &s->copy.owner, err) < 0 ||
	    json_opt_str(obj, "group", 64, &s->copy.group, err) < 0)
		return -1;
	if (mode != NULL && mode_parse(mode, &s->copy.mode, err) < 0)
		return -1;
	if (json_member(obj, "validate") == NULL)
		return 0;
	return spec_argv_parse(&s->copy.validate, obj, "validate", err);
}

static int
clean_parse(struct spec *s, const struct json_object *obj, struct err *err)
{
	static const struct place name = { .type = PLACE_NAME };

	if (path_get(obj, "inside", &s->clean.inside, err) < 0 ||
	    json_opt_str(obj, "match", 255, &s->clean.match, err) < 0 ||
	    json_opt_str(obj, "unless_running", 255, &s->clean.unless_running,
			 err) < 0 ||
	    json_opt_str(obj, "purge_of", 36, &s->clean.purge_of, err) < 0)
		return -1;
	if (s->clean.unless_running != NULL &&
	    !place_match(&name, s->clean.unless_running, NULL))
		return err_set(err, ERR_USAGE, "unless_running: not a unit's "
			       "name");
	if (s->clean.purge_of != NULL && !uuid_valid(s->clean.purge_of))
		return err_set(err, ERR_USAGE, "purge_of: not a UUID");
	if (strchr(s->clean.inside + 1, '/') == NULL)
		return err_set(err, ERR_USAGE,
			       "inside: %s has fewer than two components",
			       s->clean.inside);
	if (s->clean.match != NULL &&
	    (s->clean.match[0] == '\0' || strchr(s->clean.match, '/') != NULL))
		return err_set(err, ERR_USAGE,
			       "match: a pattern for names, without /");
	return 0;
}

static int
package_name_check(const char *name, struct err *err)
{
	static const struct place place = { .type = PLACE_NAME };
	size_t len = strlen(name);

	/* apt takes "name-" for "remove it", "name+" for "install it". */
	if (place_match(&place, name, NULL) && name[len - 1] != '-')
		return 0;
	return err_set(err, ERR_USAGE, "\"%.80s\" is not a package name", name);
}

static int
version_check(const char *version, struct err *err)
{
	static const struct place place = { .type = PLACE_VERSION };

	if (place_match(&place, version, NULL))
		return 0;
	return err_set(err, ERR_USAGE, "\"%.80s\" is not a package version",
		       version);
}

static int
package_one(struct spec *s, const struct json_object *item, struct err *err)
{
	static const char *const keys[] = { "name", "version", NULL };
	struct spec_package *p = &s->package.list[s->package.n];

	if (json_only_keys(item, keys, err) < 0 ||
	    json_get_str(item, "name", 64, &p->name, err) < 0 ||
	    json_get_str(item, "version", 128, &p->version, err) < 0 ||
	    package_name_check(p->name, err) < 0 ||
	    version_check(p->version, err) < 0)
		return -1;
	s->package.n++;
	return 0;
}

static int
package_list(struct spec *s, const struct json_object *obj, struct err *err)
{
	const struct json_object *list, *item;

	if (json_get_array(obj, "packages", WIRE_LIST_MAX, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_item_object(list, i, &item, err) < 0 ||
		    package_one(s, item, err) < 0)
			return -1;
	}
	if (s->package.n == 0)
		return err_set(err, ERR_USAGE, "packages: none is named");
	return 0;
}

static int
package_parse(struct spec *s, const struct json_object *obj, struct err *err)
{
	const char *services = "leave";

	if (json_opt_str(obj, "services", 8, &services, err) < 0)
		return -1;
	s->package.hold_services = strcmp(services, "hold") == 0;
	if (!s->package.hold_services && strcmp(services, "leave") != 0)
		return err_set(err, ERR_USAGE, "services: hold or leave");
	if (json_member(obj, "packages") != NULL)
		return package_list(s, obj, err);
	if (json_get_str(obj, "match", 64, &s->package.match, err) < 0 ||
	    json_get_str(obj, "version", 128, &s->package.version, err) < 0)
		return -1;
	if (strchr("*?[", s->package.match[0]) != NULL)
		return err_set(err, ERR_USAGE,
			       "match: \"%s\" would match any package",
			       s->package.match);
	return version_check(s->package.version, err);
}

int
spec_parse(struct spec *s, enum wire_verb verb, const struct json_object *obj,
	   struct err *err)
{
	*s = (struct spec){ .verb = verb };
	if (verb == WIRE_RUN)
		return spec_argv_parse(&s->argv, obj, "argv", err);
	if (verb == WIRE_COPY)
		return copy_parse(s, obj, err);
	if (verb == WIRE_CLEAN)
		return clean_parse(s, obj, err);
	if (verb == WIRE_PACKAGE)
		return package_parse(s, obj, err);
	return err_set(err, ERR_USAGE, "\"%s\" is no change",
		       wire_verb_name(verb));
}

static int
copy_allowed(const struct spec *s, const struct allow *a, struct err *err)
{
	if (allow_copy(a, s->copy.to, s->copy.staged, err) < 0)
		return -1;
	if (s->copy.validate.n == 0)
		return 0;
	if (allow_argv(a, ALLOW_READ, s->copy.validate.word, s->copy.validate.n,
		       err) < 0)
		return err_prefix(err, "validate: ");
	return 0;
}

int
spec_allowed(const struct spec *s, const struct allow *a, struct err *err)
{
	const char *root, *unless;

	if (s->verb == WIRE_RUN)
		return allow_argv(a, ALLOW_CHANGE, s->argv.word, s->argv.n,
				  err);
	if (s->verb == WIRE_COPY)
		return copy_allowed(s, a, err);
	if (s->verb == WIRE_CLEAN)
		return allow_clean(a, s->clean.inside, &root, &unless, err);
	for (size_t i = 0; i < s->package.n; i++) {
		if (allow_package(a, s->package.list[i].name, err) < 0)
			return -1;
	}
	return 0;
}

static void
package_print(const struct spec *s, struct buf *out)
{
	if (s->package.match != NULL)
		buf_addf(out, "package %s=%s", s->package.match,
			 s->package.version);
	else
		buf_adds(out, "package");
	for (size_t i = 0; i < s->package.n; i++)
		buf_addf(out, " %s=%s", s->package.list[i].name,
			 s->package.list[i].version);
}

void
spec_print(const struct spec *s, struct buf *out)
{
	char *words;

	if (s->verb == WIRE_RUN) {
		words = words_join(s->argv.word, s->argv.n);
		buf_addf(out, "run %s", words);
		x_free(&words);
	} else if (s->verb == WIRE_COPY) {
		buf_addf(out, "copy %s to %s",
			 s->copy.staged != NULL ? s->copy.staged
						: s->copy.sha256,
			 s->copy.to);
	} else if (s->verb == WIRE_CLEAN) {
		buf_addf(out, "%s %s %s",
			 s->clean.purge_of != NULL ? "purge" : "clean",
			 s->clean.inside,
			 s->clean.match != NULL ? s->clean.match : "*");
	} else {
		package_print(s, out);
	}
}
