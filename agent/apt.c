/* apt.c - dpkg and apt-get, called with argv. */
#include "apt.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "paths.h"

#define DEBS	   "debs" /* in the state directory: present versions, fetched */
#define OUTPUT_MAX ((size_t)4 << 20)
#define WORDS_APT  32

static const char *const apt_env[] = {
	"DEBIAN_FRONTEND=noninteractive", "UCF_FORCE_CONFFOLD=1",
	"APT_LISTCHANGES_FRONTEND=none",
	"NEEDRESTART_SUSPEND=1", /* it would restart services */
	NULL
};

static const char *const apt_words[] = {
	"apt-get",
	"-y",
	"-q",
	"--allow-downgrades",
	"--no-install-recommends",
	"-o",
	"DPkg::Lock::Timeout=120",
	"-o",
	"Dpkg::Options::=--force-confold",
	"-o",
	"Dpkg::Options::=--force-confdef",
	"-o",
	"Dpkg::Use-Pty=0",
	"-o",
	"APT::Sandbox::User=root",
};

void
apt_set_add(struct apt_set *set, const char *name, const char *version)
{
	if (set->n == WIRE_LIST_MAX)
		return;
	set->item[set->n].name = x_strdup(name);
	set->item[set->n].version = x_strdup(version);
	set->item[set->n].present = NULL;
	set->n++;
}

void
apt_set_free(struct apt_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		x_free(&set->item[i].name);
		x_free(&set->item[i].version);
		x_free(&set->item[i].present);
	}
	set->n = 0;
}

/* What dpkg knows: "name TAB version TAB status" lines.  fn per package. */
typedef void dpkg_fn(void *self, const char *name, const char *version);

static int
dpkg_each(dpkg_fn *fn, void *self, struct err *err)
{
	static const char *const argv[] = {
		"dpkg-query", "-W", "-f",
		"${Package}\\t${Version}\\t${db:Status-Status}\\n", NULL
	};
	char *line, *rest, *name, *version;
	struct buf text;
	int rc;

	buf_init(&text, OUTPUT_MAX);
	rc = act_run(argv, NULL, &text, err);
	if (rc == 0 && buf_over(&text))
		rc = err_set(err, ERR_FAILED, "dpkg-query printed too much");
	else if (rc > 0)
		rc = err_set(err, ERR_FAILED, "dpkg-query ended with %d", rc);
	rest = rc == 0 ? text.data : NULL;
	while ((line = strsep(&rest, "\n")) != NULL) {
		name = strsep(&line, "\t");
		version = strsep(&line, "\t");
		if (version != NULL && line != NULL &&
		    strcmp(line, "not-installed") != 0 &&
		    strcmp(line, "config-files") != 0)
			fn(self, name, version);
	}
	buf_free(&text);
	return rc;
}

struct match {
	const char *glob, *version;
	struct apt_set *set;
	size_t found;
};

static void
match_one(void *self, const char *name, const char *version)
{
	struct match *m = self;

	(void)version;
	if (fnmatch(m->glob, name, 0) != 0)
		return;
	m->found++;
	apt_set_add(m->set, name, m->version);
}

int
apt_match(const char *glob, const char *version, struct apt_set *set,
	  struct err *err)
{
	struct match m = { .glob = glob, .version = version, .set = set };

	if (dpkg_each(match_one, &m, err) < 0)
		return -1;
	if (m.found == 0)
		return err_set(err, ERR_FAILED,
			       "no installed package matches %s", glob);
	if (m.found > WIRE_LIST_MAX)
		return err_set(err, ERR_FAILED,
			       "%zu packages match %s; at most %d", m.found,
			       glob, WIRE_LIST_MAX);
	return 0;
}

static void
present_one(void *self, const char *name, const char *version)
{
	struct apt_set *set = self;

	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->item[i].name, name) == 0)
			x_strset(&set->item[i].present, version);
	}
}

int
apt_present(struct apt_set *set, struct err *err)
{
	for (size_t i = 0; i < set->n; i++)
		x_free(&set->item[i].present);
	return dpkg_each(present_one, set, err);
}

int
apt_configure(struct err *err)
{
	static const char *const argv[] = { "dpkg",
					    "--configure",
					    "-a",
					    "--force-confold",
					    "--force-confdef",
					    NULL };
	int rc = act_run(argv, apt_env, NULL, err);

	if (rc > 0)
		return err_set(err, ERR_FAILED,
			       "dpkg --configure -a ended with %d: packages "
			       "were half installed before",
			       rc);
	return rc;
}

/* argv that owns the words behind the fixed ones. */
struct command {
	const char *argv[WORDS_APT + WIRE_LIST_MAX];
	char *own[WIRE_LIST_MAX];
	size_t n, n_own;
};

static void
command_begin(struct command *c, const char *const *more)
{
	*c = (struct command){ .n = 0 };
	for (size_t i = 0; i < sizeof(apt_words) / sizeof(apt_words[0]); i++)
		c->argv[c->n++] = apt_words[i];
	for (; *more != NULL; more++)
		c->argv[c->n++] = *more;
}

static void
command_add(struct command *c, char *word)
{
	c->own[c->n_own++] = word;
	c->argv[c->n++] = word;
	c->argv[c->n] = NULL;
}

static void
command_free(struct command *c)
{
	for (size_t i = 0; i < c->n_own; i++)
		x_free(&c->own[i]);
}

/* "NAME_VERSION_*.deb" among the kept ones: its path, or NULL. */
static char *
deb_find(int state, const char *name, const char *version)
{
	int dir = paths_dir_open(state, DEBS, NULL);
	DIR *list = dir >= 0 ? fdopendir(dir) : NULL;
	char *coded = x_strdup(""), *glob, *path = NULL;
	struct dirent *de;

	for (const char *at = version; *at != '\0'; at++) {
		char *more = *at == ':' ? x_asprintf("%s%%3a", coded)
					: x_asprintf("%s%c", coded, *at);

		x_free(&coded);
		coded = more;
	}
	glob = x_asprintf("%s_%s_*.deb", name, coded);
	while (list != NULL && path == NULL && (de = readdir(list)) != NULL) {
		if (fnmatch(glob, de->d_name, 0) == 0)
			path = x_asprintf("%s%s/" DEBS "/%s", paths_root(),
					  PATHS_STATE, de->d_name);
	}
	if (list != NULL)
		closedir(list);
	x_free(&coded);
	x_free(&glob);
	return path;
}

/* The words that name the set; use: take kept files. */
static void
command_set(struct command *c, int state, const struct apt_set *set, bool use)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct apt_item *it = &set->item[i];
		char *deb = NULL;

		if (it->version == NULL) {
			if (it->present != NULL)
				command_add(c, x_asprintf("%s-", it->name));
			continue;
		}
		if (use)
			deb = deb_find(state, it->name, it->version);
		command_add(c, deb != NULL ? deb
					   : x_asprintf("%s=%s", it->name,
							it->version));
	}
}

static bool
set_has(const struct apt_set *set, const char *name, bool absent)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->item[i].name, name) == 0)
			return !absent || set->item[i].version == NULL;
	}
	return false;
}

/* Of a simulation: names behind "Remv " or "Inst " that nobody asked for. */
static size_t
simulation_names(const char *text, const char *what, const struct apt_set *set,
		 bool absent, struct json_out *o, const char *key)
{
	char *copy = x_strdup(text), *rest = copy, *line;
	size_t n = 0;

	if (o != NULL)
		json_out_array(o, key);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, what, 5) != 0)
			continue;
		line += 5;
		line[strcspn(line, " :")] = '\0';
		if (set_has(set, line, absent))
			continue;
		n++;
		if (o != NULL)
			json_out_str(o, NULL, line);
		else
			fprintf(stderr, "would remove %s\n", line);
	}
	if (o != NULL)
		json_out_end(o);
	x_free(&copy);
	return n;
}

static int
simulate(int state, const struct apt_set *set, bool undo, struct buf *text,
	 struct err *err)
{
	static const char *const more[] = { "-s", "install", "--", NULL };
	struct command c;
	int rc;

	command_begin(&c, more);
	command_set(&c, state, set, undo);
	rc = act_run(c.argv, apt_env, text, err);
	command_free(&c);
	fputs(buf_str(text), stdout);
	if (rc > 0)
		return err_set(err, ERR_FAILED,
			       "the simulation fails (apt-get %d); is each "
			       "version in the package lists? apt-get update",
			       rc);
	return rc;
}

/* With removals in the set --no-remove cannot guard: the simulation does. */
static int
removals_check(int state, const struct apt_set *set, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, OUTPUT_MAX);
	rc = simulate(state, set, true, &text, err);
	if (rc == 0 && simulation_names(buf_str(&text), "Remv ", set, true,
					NULL, NULL) > 0)
		rc = err_set(err, ERR_REFUSED,
			     "it would remove packages that were there");
	buf_free(&text);
	return rc;
}

static bool
set_removes(const struct apt_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->item[i].version == NULL &&
		    set->item[i].present != NULL)
			return true;
	}
	return false;
}

int
apt_change(int state, const struct apt_set *set, bool undo, struct err *err)
{
	static const char *const change[] = { "--no-remove", "--no-download",
					      "install", "--", NULL };
	static const char *const back[] = { "--no-remove", "install", "--",
					    NULL };
	static const char *const back_off[] = { "install", "--", NULL };
	bool removes = set_removes(set);
	struct command c;
	int rc;

	if (removes && removals_check(state, set, err) < 0)
		return -1;
	command_begin(&c, removes ? back_off : undo ? back : change);
	command_set(&c, state, set, undo);
	rc = act_run(c.argv, apt_env, NULL, err);
	command_free(&c);
	if (rc > 0)
		return err_set(err, ERR_FAILED, "apt-get ended with %d", rc);
	return rc;
}

static int
fetch_new(int state, const struct apt_set *set, struct err *err)
{
	static const char *const more[] = { "--download-only", "--no-remove",
					    "install", "--", NULL };
	struct command c;
	int rc;

	command_begin(&c, more);
	command_set(&c, state, set, false);
	rc = act_run(c.argv, apt_env, NULL, err);
	command_free(&c);
	if (rc > 0)
		return err_set(err, ERR_FAILED,
			       "the new versions cannot be downloaded");
	return rc;
}

/* apt-get download writes into the working directory. */
static int
fetch_present(int state, const struct apt_set *set, struct json_out *o,
	      struct err *err)
{
	int dir = paths_dir_open(state, DEBS, err);
	size_t missing = 0;

	if (dir < 0 || fchdir(dir) < 0)
		return err_set_errno(err, "cannot go to %s", DEBS);
	json_out_array(o, "present_missing");
	for (size_t i = 0; i < set->n; i++) {
		const struct apt_item *it = &set->item[i];
		char *deb = it->present != NULL
				    ? deb_find(state, it->name, it->present)
				    : NULL;
		char *word = x_asprintf("%s=%s", it->name,
					it->present != NULL ? it->present : "");
		const char *argv[] = { "apt-get",  "-q",
				       "-o",	   "APT::Sandbox::User=root",
				       "download", "--",
				       word,	   NULL };

		if (it->present != NULL && deb == NULL &&
		    act_run(argv, apt_env, NULL, err) != 0) {
			missing++;
			json_out_str(o, NULL, word);
		}
		x_free(&deb);
		x_free(&word);
	}
	json_out_end(o);
	close(dir);
	if (chdir("/") < 0 || missing > 0)
		return err_set(err, ERR_FAILED,
			       "%zu of the present versions cannot be "
			       "downloaded: an undo would not find them",
			       missing);
	return 0;
}

int
apt_dry(int state, const struct apt_set *set, bool fetch, struct json_out *o,
	struct err *err)
{
	struct buf text;
	size_t removed = 0;
	int rc;

	buf_init(&text, OUTPUT_MAX);
	rc = simulate(state, set, false, &text, err);
	if (rc == 0) {
		removed = simulation_names(buf_str(&text), "Remv ", set, true,
					   o, "removals");
		simulation_names(buf_str(&text), "Inst ", set, false, o,
				 "also");
	}
	buf_free(&text);
	if (rc == 0 && removed > 0)
		rc = err_set(err, ERR_REFUSED,
			     removed == 1
			     ? "%zu package would be removed: name it too"
			     : "%zu packages would be removed: name them too",
			     removed);
	if (rc == 0 && fetch)
		rc = fetch_new(state, set, err);
	if (rc == 0 && fetch)
		rc = fetch_present(state, set, o, err);
	return rc;
}
