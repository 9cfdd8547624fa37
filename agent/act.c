/* act.c - the built-in changes: what they have in common. */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "paths.h"

int
act_kept(const struct act *a, const char *attempt, bool make, struct err *err)
{
	int all = paths_dir_open(a->state, "kept", err), fd, saved;

	if (all < 0)
		return -1;
	if (make) {
		fd = paths_dir_open(all, attempt, err);
		(void)fsync(all);
	} else {
		fd = openat(all, attempt,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			err_set_errno(err, "nothing is kept of attempt %s",
				      attempt);
	}
	saved = errno;
	close(all);
	errno = saved;
	return fd;
}

static _Noreturn void
run_child(const char *const *argv, const char *const *env, int out)
{
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	for (; env != NULL && *env != NULL; env++)
		putenv((char *)(uintptr_t)*env);
	close_range(CHILD_FD_DATA, ~0U, 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "drydock-agent: cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(127);
}

static void
run_read(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 ||
	       (n < 0 && errno == EINTR)) {
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	}
}

int
act_run(const char *const *argv, const char *const *env, struct buf *out,
	struct err *err)
{
	int p[2] = { -1, -1 }, status;
	pid_t pid;

	fflush(NULL);
	if (out != NULL && pipe2(p, O_CLOEXEC) < 0)
		return err_set_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		run_child(argv, env, p[1]);
	if (out != NULL) {
		close(p[1]);
		if (pid > 0)
			run_read(p[0], out);
		close(p[0]);
	}
	if (pid < 0)
		return err_set_errno(err, "cannot start %s", argv[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status))
		return err_set(err, ERR_FAILED, "%s was killed by signal %d",
			       argv[0], WTERMSIG(status));
	return WEXITSTATUS(status);
}

int
act_nothing(const struct act *a)
{
	printf("attempt %s changed nothing: nothing to put back\n", a->undo_of);
	return 0;
}

/* Everything is kept before the first change: nothing kept, nothing changed. */
static bool
undo_is_empty(const struct act *a)
{
	int fd;

	if (a->undo_of == NULL)
		return false;
	fd = act_kept(a, a->undo_of, false, NULL);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENOENT;
}

static int
act_do(struct act *a, struct err *err)
{
	if (undo_is_empty(a))
		return act_nothing(a);
	if (a->spec->verb == WIRE_COPY)
		return act_copy(a, err);
	if (a->spec->verb == WIRE_CLEAN)
		return act_clean(a, err);
	if (a->spec->verb == WIRE_PACKAGE)
		return act_package(a, err);
	return err_set(err, ERR_FAILED, "there is no such built-in");
}

static int
act_allow(struct act *a, struct err *err)
{
	char *path = paths_conf("allow");
	int rc = allow_read(path, &a->allow, err);

	x_free(&path);
	return rc;
}

int
act_main(void *self)
{
	struct act *a = self;
	struct err err;
	int rc;

	a->state = paths_state_open(&err);
	if (a->state < 0 || act_allow(a, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	buf_init(&a->data, CHILD_DATA_MAX);
	json_out_init(&a->o, &a->data);
	json_out_object(&a->o, NULL);
	rc = act_do(a, &err);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	json_out_end(&a->o);
	if (!buf_over(&a->data))
		(void)!write(CHILD_FD_DATA, a->data.data, a->data.len);
	buf_free(&a->data);
	allow_free(&a->allow);
	close(a->state);
	return rc < 0 ? 1 : 0;
}
