/*
 * act_copy.c - put a file in place: beside it first, validated, flushed,
 * renamed.
 *
 * A copy of the old file is kept in the state directory before the new one
 * takes its name, so the undo is the same act with the kept file as content.
 * The directory of the target is opened component by component without
 * following a link; from then on only names inside it are used.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "beneath.h"
#include "fault.h"
#include "paths.h"
#include "sha256.h"

#define OLD_NEW "old.new"
#define OLD	"old"	 /* in kept/ATTEMPT: the file that was there */
#define NONE	"absent" /* …: there was none */

struct copy {
	int dir;	  /* of the target */
	const char *name; /* of the target in it */
	char *temp;
	int in, out;
	struct stat old;
	bool had_old;
	bool nothing; /* undo: the attempt got not as far as a change */
	char sha256[SHA256_TEXT_SIZE];
};

static int
pump(int in, int out, char sha256[SHA256_TEXT_SIZE], struct err *err)
{
	char chunk[16384];
	struct sha256 h;
	ssize_t n;

	sha256_begin(&h);
	while ((n = read(in, chunk, sizeof(chunk))) > 0) {
		sha256_add(&h, chunk, (size_t)n);
		if (out >= 0 && write(out, chunk, (size_t)n) != n)
			return err_set_errno(err, "cannot write");
	}
	sha256_end(&h, sha256);
	return n < 0 ? err_set_errno(err, "cannot read") : 0;
}

static int
source_content(struct act *a, struct copy *c, struct err *err)
{
	int dir = paths_dir_open(a->state, "content", err);

	if (dir < 0)
		return -1;
	c->in = openat(dir, a->spec->copy.sha256,
		       O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	close(dir);
	if (c->in < 0)
		return err_set(err, ERR_FAILED,
			       "the content %s is not here: put it first",
			       a->spec->copy.sha256);
	return 0;
}

static int
source_staged(struct act *a, struct copy *c, struct err *err)
{
	struct stat st;

	c->in = beneath_open_file(a->spec->copy.staged, err);
	if (c->in < 0)
		return -1;
	if (fstat(c->in, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "%s is not a regular file",
			       a->spec->copy.staged);
	return 0;
}

static int
source_open(struct act *a, struct copy *c, struct err *err)
{
	int kept;

	if (a->undo_of == NULL)
		return a->spec->copy.staged != NULL ? source_staged(a, c, err)
						    : source_content(a, c, err);
	kept = act_kept(a, a->undo_of, false, err);
	if (kept < 0)
		return -1;
	c->in = openat(kept, OLD, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	c->nothing = c->in < 0 && faccessat(kept, NONE, F_OK, 0) != 0;
	close(kept);
	return 0;
}

static int
target_open(struct act *a, struct copy *c, struct err *err)
{
	c->dir = beneath_open_parent(a->spec->copy.to, &c->name, err);
	if (c->dir < 0)
		return -1;
	c->had_old =
		fstatat(c->dir, c->name, &c->old, AT_SYMLINK_NOFOLLOW) == 0;
	if (c->had_old && !S_ISREG(c->old.st_mode))
		return err_set(err, ERR_FAILED, "%s is not a regular file",
			       a->spec->copy.to);
	c->temp = x_asprintf(".%.180s.drydock-new", c->name);
	return 0;
}

/* Owner and mode: what is asked for, else as the old file, else root 0644. */
static int
temp_rights(const struct act *a, const struct copy *c, const struct stat *from,
	    struct err *err)
{
	uid_t uid = from != NULL ? from->st_uid : 0;
	gid_t gid = from != NULL ? from->st_gid : 0;
	mode_t mode = from != NULL ? from->st_mode & 0777 : 0644;
	const struct passwd *pw;
	const struct group *gr;

	if (a->undo_of == NULL && a->spec->copy.owner != NULL) {
		pw = getpwnam(a->spec->copy.owner);
		if (pw == NULL)
			return err_set(err, ERR_FAILED, "no user \"%s\" here",
				       a->spec->copy.owner);
		uid = pw->pw_uid;
	}
	if (a->undo_of == NULL && a->spec->copy.group != NULL) {
		gr = getgrnam(a->spec->copy.group);
		if (gr == NULL)
			return err_set(err, ERR_FAILED, "no group \"%s\" here",
				       a->spec->copy.group);
		gid = gr->gr_gid;
	}
	if (a->undo_of == NULL && a->spec->copy.mode >= 0)
		mode = (mode_t)a->spec->copy.mode;
	if (fchown(c->out, uid, gid) < 0 || fchmod(c->out, mode) < 0)
		return err_set_errno(err, "cannot set owner and mode");
	return 0;
}

static int
temp_write(struct act *a, struct copy *c, struct err *err)
{
	struct stat st;

	(void)unlinkat(c->dir, c->temp, 0);
	c->out = openat(c->dir, c->temp,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (c->out < 0)
		return err_set_errno(err, "cannot write beside %s",
				     a->spec->copy.to);
	if (pump(c->in, c->out, c->sha256, err) < 0)
		return err_prefix(err, "%s: ", a->spec->copy.to);
	if (a->undo_of == NULL && a->spec->copy.sha256 != NULL &&
	    strcmp(c->sha256, a->spec->copy.sha256) != 0)
		return err_set(err, ERR_FAILED, "the content changed: %s",
			       c->sha256);
	if (a->undo_of != NULL && fstat(c->in, &st) == 0)
		return temp_rights(a, c, &st, err);
	return temp_rights(a, c, c->had_old ? &c->old : NULL, err);
}

static int
temp_validate(struct act *a, struct copy *c, struct err *err)
{
	const struct spec_argv *v = &a->spec->copy.validate;
	const char *argv[WIRE_ARGV_MAX + 1];
	const char *slash = strrchr(a->spec->copy.to, '/');
	char *path;
	int rc;

	if (v->n == 0 || a->undo_of != NULL)
		return 0;
	path = x_asprintf("%.*s/%s", (int)(slash - a->spec->copy.to),
			  a->spec->copy.to, c->temp);
	for (size_t i = 0; i <= v->n; i++) {
		argv[i] = v->word[i];
		if (argv[i] != NULL && strcmp(argv[i], SPEC_NEW_FILE) == 0)
			argv[i] = path;
	}
	rc = act_run(argv, NULL, NULL, err);
	x_free(&path);
	if (rc > 0)
		return err_set(err, ERR_FAILED,
			       "the new file is not valid: %s ended with %d",
			       argv[0], rc);
	return rc;
}

/* With the same rights: the undo gives them back. */
static int
keep_put(const struct copy *c, int kept, int out)
{
	if (fchown(out, c->old.st_uid, c->old.st_gid) < 0 ||
	    fchmod(out, c->old.st_mode & 0777) < 0 || fsync(out) < 0)
		return -1;
	if (FAULT("copy.keep") == FAULT_ERROR ||
	    renameat(kept, OLD_NEW, kept, OLD) < 0)
		return -1;
	(void)FAULT("copy.kept");
	return 0;
}

static int
keep_copy(struct copy *c, int kept, struct err *err)
{
	char sha[SHA256_TEXT_SIZE];
	int in = openat(c->dir, c->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int out = openat(kept, OLD_NEW,
			 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			 0600);
	int rc = -1;

	if (in < 0 || out < 0)
		err_set_errno(err, "cannot keep the old file");
	else if (pump(in, out, sha, err) == 0 && keep_put(c, kept, out) < 0)
		err_set_errno(err, "cannot keep the old file");
	else
		rc = err->code == ERR_NONE ? 0 : -1;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}

static int
keep_old(struct act *a, struct copy *c, struct err *err)
{
	int kept = act_kept(a, a->attempt, true, err), rc = 0, fd;

	if (kept < 0)
		return -1;
	err_clear(err);
	if (!c->had_old) {
		fd = openat(kept, NONE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		rc = fd < 0 ? err_set_errno(err, "cannot keep a note") : 0;
		if (fd >= 0)
			close(fd);
	} else {
		rc = keep_copy(c, kept, err);
	}
	if (rc == 0 && fsync(kept) < 0)
		rc = err_set_errno(err, "cannot flush what is kept");
	close(kept);
	return rc;
}

static int
copy_in_place(struct act *a, struct copy *c, struct err *err)
{
	if (fsync(c->out) < 0)
		return err_set_errno(err, "cannot flush the new file");
	if (keep_old(a, c, err) < 0)
		return -1;
	if (FAULT("copy.written") == FAULT_ERROR ||
	    renameat(c->dir, c->temp, c->dir, c->name) < 0 || fsync(c->dir) < 0)
		return err_set_errno(err, "cannot put %s in place",
				     a->spec->copy.to);
	(void)FAULT("copy.renamed");
	return 0;
}

/* There was no file before: the undo takes the new one away. */
static int
undo_absent(struct act *a, struct copy *c, struct err *err)
{
	if (unlinkat(c->dir, c->name, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "cannot remove %s", a->spec->copy.to);
	if (fsync(c->dir) < 0)
		return err_set_errno(err, "cannot flush the directory");
	printf("removed %s: it was not there before\n", a->spec->copy.to);
	return 0;
}

/* A dry run's difference; diff ends with 1 when there is one. */
static int
copy_diff(struct act *a, struct copy *c, struct err *err)
{
	const char *slash = strrchr(a->spec->copy.to, '/');
	const char *to = c->had_old ? a->spec->copy.to : "/dev/null";
	char *temp = x_asprintf("%.*s/%s", (int)(slash - a->spec->copy.to),
				a->spec->copy.to, c->temp);
	const char *argv[] = { "diff",	  "-u",	 "--label", a->spec->copy.to,
			       "--label", "new", "--",	    to,
			       temp,	  NULL };
	int rc = act_run(argv, NULL, NULL, err);

	x_free(&temp);
	if (rc == 0)
		printf("%s is as it should be\n", a->spec->copy.to);
	return rc < 0 || rc > 1 ? -1 : 0;
}

static int
copy_do(struct act *a, struct copy *c, struct err *err)
{
	if (source_open(a, c, err) < 0 || target_open(a, c, err) < 0)
		return -1;
	if (c->nothing)
		return act_nothing(a);
	if (c->in < 0)
		return undo_absent(a, c, err);
	if (temp_write(a, c, err) < 0 || temp_validate(a, c, err) < 0)
		return -1;
	json_out_str(&a->o, "sha256", c->sha256);
	json_out_bool(&a->o, "had_old", c->had_old);
	if (a->attempt == NULL)
		return copy_diff(a, c, err);
	if (copy_in_place(a, c, err) < 0)
		return -1;
	printf("%s %s\n", a->undo_of != NULL ? "put back" : "wrote",
	       a->spec->copy.to);
	return 0;
}

int
act_copy(struct act *a, struct err *err)
{
	struct copy c = { .dir = -1, .in = -1, .out = -1 };
	int rc;

	err_clear(err);
	rc = copy_do(a, &c, err);
	if (c.temp != NULL)
		(void)unlinkat(c.dir, c.temp, 0);
	x_free(&c.temp);
	for (int i = 0; i < 3; i++) {
		int fd = (int[]){ c.dir, c.in, c.out }[i];

		if (fd >= 0)
			close(fd);
	}
	return rc;
}
