/* services.c - keep the services of packages down while these are changed. */
#include "services.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "file.h"
#include "num.h"

#define POLICY_DIR     "/usr/sbin"
#define POLICY	       "policy-rc.d"
#define HELD	       "held" /* in the state directory: units, one a line */
#define MARK	       "# drydock-agent: no service starts during a package change"
#define POLICY_TEXT    "#!/bin/sh\n" MARK "\nexit 101\n"
#define UNITS	       "/systemd/system/"
#define LIST_MAX_BYTES ((size_t)1 << 20)

static bool
systemd_is_first(void)
{
	struct stat st;

	return stat("/run/systemd/system", &st) == 0;
}

static bool
policy_is_ours(void)
{
	struct buf text;
	bool ours;

	buf_init(&text, 4096);
	ours = file_read(AT_FDCWD, POLICY_DIR "/" POLICY, &text, NULL) == 0 &&
	       strstr(buf_str(&text), MARK) != NULL;
	buf_free(&text);
	return ours;
}

static int
policy_check(struct err *err)
{
	if (access(POLICY_DIR "/" POLICY, F_OK) == 0 && !policy_is_ours())
		return err_set(err, ERR_REFUSED,
			       POLICY_DIR
			       "/" POLICY
			       " is there and is not ours: remove it first");
	return 0;
}

static int
policy_make(struct err *err)
{
	int dir, rc;

	dir = open(POLICY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set_errno(err, "cannot open " POLICY_DIR);
	rc = file_write(dir, POLICY, POLICY_TEXT, strlen(POLICY_TEXT), 0755,
			err);
	/* Our umask must not make it unreadable or not executable. */
	if (rc == 0 && fchmodat(dir, POLICY, 0755, 0) < 0)
		rc = err_set_errno(err, "cannot make " POLICY " executable");
	close(dir);
	return rc;
}

static void
unit_add(struct services *s, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *end = strrchr(name, '.');

	if (end == NULL || strchr(name, '@') != NULL || s->n == SERVICES_MAX ||
	    (strcmp(end, ".service") != 0 && strcmp(end, ".socket") != 0))
		return;
	s->unit[s->n++] = x_strdup(name);
}

/* The units that an installed package brings. */
static int
units_of(struct services *s, const char *package, struct err *err)
{
	const char *const argv[] = { "dpkg-query", "-L", "--", package, NULL };
	char *line, *rest;
	struct buf text;
	int rc;

	buf_init(&text, LIST_MAX_BYTES);
	rc = act_run(argv, NULL, &text, err);
	if (rc > 0)
		rc = err_set(err, ERR_FAILED, "dpkg-query -L %s ended with %d",
			     package, rc);
	rest = rc == 0 ? text.data : NULL;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strstr(line, UNITS) != NULL)
			unit_add(s, line);
	}
	buf_free(&text);
	return rc;
}

static int
systemctl(const struct services *s, const char *verb, struct err *err)
{
	const char *argv[SERVICES_MAX + 5] = { "systemctl", "--runtime", verb,
					       "--" };
	size_t n = 4;
	int rc;

	for (size_t i = 0; i < s->n; i++)
		argv[n++] = s->unit[i];
	rc = act_run(argv, NULL, NULL, err);
	if (rc > 0)
		return err_set(err, ERR_FAILED, "systemctl %s ended with %d",
			       verb, rc);
	return rc;
}

/* systemd itself must say so: a unit file in /etc would win over the mask. */
static int
mask_prove(const struct services *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *const argv[] = { "systemctl", "show",    "-p",
					     "LoadState", "--value", "--",
					     s->unit[i],  NULL };
		struct buf text;
		bool masked;

		buf_init(&text, 64);
		masked = act_run(argv, NULL, &text, err) == 0 &&
			 strcmp(buf_str(&text), "masked\n") == 0;
		buf_free(&text);
		if (!masked)
			return err_set(err, ERR_FAILED,
				       "%s cannot be masked (a file of it in "
				       "/etc/systemd/system?)",
				       s->unit[i]);
	}
	return 0;
}

/* Every unit of the set that is installed; none where systemd is not. */
static int
services_find(struct services *s, const struct apt_set *set, struct err *err)
{
	for (size_t i = 0; systemd_is_first() && i < set->n; i++) {
		if (set->item[i].present != NULL &&
		    units_of(s, set->item[i].name, err) < 0)
			return -1;
	}
	return 0;
}

/* Where a file of a unit lies that no runtime mask is stronger than. */
static const char *const unmaskable[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control",
	"/run/systemd/transient",      "/run/systemd/generator.early",
	"/etc/systemd/system",	       "/run/systemd/system",
};

/* A mask that is there already is one. */
static bool
path_wins(const char *path)
{
	char to[16];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st) < 0)
		return false;
	n = readlink(path, to, sizeof(to));
	return n != 9 || memcmp(to, "/dev/null", 9) != 0;
}

static int
unit_check(const char *unit, struct err *err)
{
	int rc = 0;

	for (size_t i = 0;
	     rc == 0 && i < sizeof(unmaskable) / sizeof(unmaskable[0]); i++) {
		char *path = x_asprintf("%s/%s", unmaskable[i], unit);

		if (path_wins(path))
			rc = err_set(err, ERR_REFUSED,
				     "%s cannot be masked: %s is stronger; "
				     "move what it changes to %s.d/*.conf",
				     unit, path, path);
		x_free(&path);
	}
	return rc;
}

static void
units_forget(struct services *s)
{
	for (size_t i = 0; i < s->n; i++)
		x_free(&s->unit[i]);
	s->n = 0;
}

int
services_can_hold(const struct apt_set *set, struct err *err)
{
	struct services s = { .n = 0 };
	int rc = policy_check(err);

	if (rc == 0)
		rc = services_find(&s, set, err);
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		rc = unit_check(s.unit[i], err);
	units_forget(&s);
	return rc;
}

static int
held_write(const struct services *s, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, SERVICES_MAX * 256);
	for (size_t i = 0; i < s->n; i++)
		buf_addf(&text, "%s\n", s->unit[i]);
	rc = file_write(s->state, HELD, buf_str(&text), text.len, 0600, err);
	buf_free(&text);
	return rc;
}

static int
services_lock(struct services *s, const struct apt_set *set, struct err *err)
{
	if (policy_check(err) < 0 || services_find(s, set, err) < 0 ||
	    held_write(s, err) < 0 || policy_make(err) < 0)
		return -1;
	if (s->n > 0 && systemctl(s, "mask", err) < 0)
		return -1;
	return mask_prove(s, err);
}

int
services_hold(struct services *s, int state, const struct apt_set *set,
	      struct err *err)
{
	*s = (struct services){ .state = state };
	if (services_lock(s, set, err) == 0) {
		printf("services are held down: %s, %zu %s masked\n", POLICY,
		       s->n, num_noun(s->n, "unit", "units"));
		return 0;
	}
	(void)services_release(s, NULL);
	return -1;
}

int
services_release(struct services *s, struct err *err)
{
	int rc = 0;

	if (faccessat(s->state, HELD, F_OK, 0) == 0) {
		if (s->n > 0)
			rc = systemctl(s, "unmask", err);
		if (policy_is_ours() && unlink(POLICY_DIR "/" POLICY) < 0)
			rc = err_set_errno(err, "cannot remove " POLICY_DIR
						"/" POLICY);
		if (rc == 0 && unlinkat(s->state, HELD, 0) < 0)
			rc = err_set_errno(err, "cannot remove " HELD);
	}
	units_forget(s);
	return rc;
}

bool
services_left(int state, struct services *s, struct stat *since_r)
{
	char *line, *rest;
	struct buf text;

	*s = (struct services){ .state = state };
	if (fstatat(state, HELD, since_r, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	buf_init(&text, SERVICES_MAX * 256);
	(void)file_read(state, HELD, &text, NULL);
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] != '\0' && s->n < SERVICES_MAX)
			s->unit[s->n++] = x_strdup(line);
	}
	buf_free(&text);
	return true;
}

bool
services_end_left(int state)
{
	struct services s;
	struct stat since;

	return services_left(state, &s, &since) &&
	       services_release(&s, NULL) == 0;
}
