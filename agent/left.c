/*
 * left.c - what our changes, and people, left on this host: looked at and
 * told, never guessed.
 *
 * What carries our mark can be taken away: services that a killed change of
 * packages held down.  All else is told with its name, and a person decides.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "host.h"
#include "paths.h"
#include "services.h"
#include "uuid.h"
#include "verbs.h"

#define TRASH	   ".drydock-trash-"
#define STATUS	   "/var/lib/dpkg/status"
#define LEFT_MAX   200
#define ROOT_NAMES 1000 /* looked at beneath one root */

struct left {
	struct runner *runner;
	struct json_out o;
	unsigned int n;
};

/* since: a file whose age is the thing's; NULL: not known. */
static void
left_add(struct left *l, const char *what, const char *name,
	 const char *attempt, const struct stat *since)
{
	if (l->n++ >= LEFT_MAX)
		return;
	json_out_object(&l->o, NULL);
	json_out_str(&l->o, "what", what);
	json_out_str(&l->o, "name", name);
	json_out_str(&l->o, "attempt", attempt);
	if (since != NULL)
		json_out_int(&l->o, "since_ms",
			     (int64_t)since->st_mtim.tv_sec * 1000);
	json_out_end(&l->o);
}

/* Held down, though no change of packages runs. */
static void
left_services(struct left *l)
{
	struct services s;
	struct stat st;

	LIST_EACH (struct work, w, &l->runner->works, link) {
		if (w->attempt->verb == WIRE_PACKAGE)
			return;
	}
	if (!services_left(l->runner->state, &s, &st))
		return;
	left_add(l, "policy", "policy-rc.d", NULL, &st);
	for (size_t i = 0; i < s.n; i++) {
		left_add(l, "mask", s.unit[i], NULL, &st);
		x_free(&s.unit[i]);
	}
}

static void
left_sheet(struct left *l)
{
	struct stat st;

	if (fstatat(l->runner->state, VERBS_SHEET, &st, 0) == 0)
		left_add(l, "sheet", PATHS_STATE "/" VERBS_SHEET, NULL, &st);
}

static void
left_kept(struct left *l)
{
	int fd = paths_dir_open(l->runner->state, "kept", NULL);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *de;
	struct stat st;

	while (dir != NULL && (de = readdir(dir)) != NULL) {
		if (!uuid_valid(de->d_name) ||
		    fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		left_add(l, "kept", de->d_name, de->d_name, &st);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
left_trash_in(struct left *l, int fd, const char *path, bool deeper)
{
	DIR *dir = fdopendir(fd);
	unsigned int seen = 0;
	struct dirent *de;
	struct stat st;

	while (dir != NULL && seen++ < ROOT_NAMES &&
	       (de = readdir(dir)) != NULL) {
		const char *id = de->d_name + strlen(TRASH);
		char *name;
		int sub;

		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0 ||
		    fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		name = x_asprintf("%s/%s", path, de->d_name);
		if (strncmp(de->d_name, TRASH, strlen(TRASH)) == 0 &&
		    uuid_valid(id)) {
			left_add(l, "trash", name, id, &st);
		} else if (deeper) {
			sub = openat(fd, de->d_name,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC |
					     O_NOFOLLOW);
			if (sub >= 0)
				left_trash_in(l, sub, name, false);
		}
		x_free(&name);
	}
	if (dir != NULL)
		closedir(dir);
	else
		close(fd);
}

/* In the roots that clean may empty, and in what is right beneath them. */
static void
left_trash(void *self, const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		left_trash_in(self, fd, root, true);
}

/* A line at a time: the file may be large, the runner must not. */
static void
left_holds(struct left *l)
{
	char *path = paths_system(STATUS), *line = NULL, *name = NULL;
	FILE *f = fopen(path, "re");
	size_t size = 0;
	ssize_t n;

	while (f != NULL && (n = getline(&line, &size, f)) >= 0) {
		if (n > 0 && line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (strncmp(line, "Package: ", 9) == 0)
			x_strset(&name, line + 9);
		else if (name != NULL &&
			 strncmp(line, "Status: hold ", 13) == 0)
			left_add(l, "apt-hold", name, NULL, NULL);
	}
	if (f != NULL)
		fclose(f);
	free(line);
	x_free(&name);
	x_free(&path);
}

static void
left_all(struct left *l)
{
	char *path = paths_conf("allow");
	struct allow *allow = NULL;

	left_services(l);
	left_sheet(l);
	left_kept(l);
	left_holds(l);
	if (allow_read(path, &allow, NULL) == 0)
		allow_each_root(allow, left_trash, l);
	allow_free(&allow);
	x_free(&path);
}

void
verb_left(struct client *c, const struct request *r)
{
	struct left l = { .runner = c->runner };
	const char *uuid;
	int64_t epoch;
	bool fix;
	struct answer a;
	struct err err;

	if (request_uuid(r->doc, "fleet", &uuid, &err) < 0 ||
	    json_get_int(r->doc, "epoch", 1, INT64_MAX - 1, &epoch, &err) < 0 ||
	    json_get_bool(r->doc, "fix", &fix, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	if (!verbs_epoch(c, r, uuid, epoch))
		return;
	if (fix)
		runner_release(c->runner);
	answer_begin(&a, r->id);
	l.o = a.o;
	json_out_array(&l.o, "left");
	left_all(&l);
	json_out_end(&l.o);
	json_out_bool(&l.o, "more", l.n > LEFT_MAX);
	a.o = l.o;
	answer_send(&a, &c->conn, r->id);
}
