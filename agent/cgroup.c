/* cgroup.c - a control group (v2) per attempt, where the kernel lets us. */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "file.h"
#include "uuid.h"

#define PREFIX	    "drydock-"
#define PROC_MAX    ((size_t)64 * 1024)
#define LEFT_ROUNDS 50 /* of 20 ms, for what takes a while to die */

static char *
own_cgroup(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup",
					      "/sys/fs/cgroup/unified" };
	struct buf text;
	char *line, *dir = NULL;

	buf_init(&text, PROC_MAX);
	if (file_read(AT_FDCWD, "/proc/self/cgroup", &text, NULL) == 0 &&
	    (line = strstr(text.data, "0::/")) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < 2 && dir == NULL; i++) {
			char *kill = x_asprintf("%s/cgroup.procs", mounts[i]);

			if (access(kill, W_OK) == 0)
				dir = x_asprintf("%s%s", mounts[i], line + 3);
			x_free(&kill);
		}
	}
	buf_free(&text);
	return dir;
}

char *
cgroup_make(const char *attempt)
{
	char *own = own_cgroup(), *dir;

	if (own == NULL)
		return NULL;
	dir = x_asprintf("%s/" PREFIX "%s", own, attempt);
	x_free(&own);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		x_free(&dir);
	return dir;
}

static bool
cgroup_write(const char *cgroup, const char *name, const char *text)
{
	char *path;
	bool ok;
	int fd;

	if (cgroup == NULL)
		return false;
	path = x_asprintf("%s/%s", cgroup, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	x_free(&path);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

/*
 * Born there: to move a process afterwards waits for every CPU to have been
 * idle or in user space once, which takes 10 ms and more on a busy machine.
 * And born with its pidfd, so that who has no descriptor left for it has not
 * started anything.
 */
static pid_t
fork_into(int cgroup, int *pidfd_r)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)pidfd_r,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* The child is let go; -1: it has no pidfd, and was never let go. */
static pid_t
fork_let_go(pid_t pid, int gate[2], int *pidfd_r)
{
	int error;

	*pidfd_r = (int)syscall(SYS_pidfd_open, pid, 0);
	if (*pidfd_r >= 0 && write(gate[1], "", 1) == 1)
		return pid;
	error = errno;
	if (*pidfd_r >= 0)
		close(*pidfd_r);
	close(gate[1]);
	gate[1] = -1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = error;
	return -1;
}

/*
 * Where a filter of a container hides clone3(): the pidfd comes after the
 * child, which waits for it.
 */
static pid_t
fork_plain(int *pidfd_r)
{
	int gate[2];
	pid_t pid;
	char go;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid > 0)
		pid = fork_let_go(pid, gate, pidfd_r);
	if (gate[1] >= 0)
		close(gate[1]);
	if (pid == 0 && read(gate[0], &go, 1) != 1)
		_exit(127);
	close(gate[0]);
	return pid;
}

pid_t
cgroup_fork(const char *cgroup, int *pidfd_r)
{
	int fd = cgroup == NULL ? -1 :
		open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = fd < 0 ? -1 : fork_into(fd, pidfd_r);

	if (fd >= 0)
		close(fd);
	if (pid >= 0)
		return pid;
	pid = fork_into(-1, pidfd_r);
	if (pid < 0 && errno == ENOSYS)
		pid = fork_plain(pidfd_r);
	if (pid == 0)
		(void)cgroup_write(cgroup, "cgroup.procs", "0");
	return pid;
}

void
cgroup_kill(const char *cgroup)
{
	(void)cgroup_write(cgroup, "cgroup.kill", "1");
}

void
cgroup_remove(const char *cgroup)
{
	if (cgroup != NULL)
		(void)rmdir(cgroup);
}

/* The attempt that follows `mark` in a file of that process; "": none. */
static void
proc_attempt(const char *pid, const char *name, const char *mark,
	     char id[UUID_TEXT_SIZE])
{
	char *path = x_asprintf("/proc/%s/%s", pid, name);
	const char *at = NULL;
	struct buf b;

	id[0] = '\0';
	buf_init(&b, PROC_MAX);
	(void)file_read(AT_FDCWD, path, &b, NULL);
	if (b.len > 0)
		at = memmem(b.data, b.len, mark, strlen(mark));
	if (at != NULL)
		snprintf(id, UUID_TEXT_SIZE, "%s", at + strlen(mark));
	if (!uuid_valid(id))
		id[0] = '\0';
	buf_free(&b);
	x_free(&path);
}

/* Dead, and only not yet waited for by its parent. */
static bool
proc_is_zombie(const char *pid)
{
	char *path = x_asprintf("/proc/%s/stat", pid);
	const char *end;
	struct buf b;
	bool is;

	buf_init(&b, PROC_MAX);
	(void)file_read(AT_FDCWD, path, &b, NULL);
	end = strrchr(buf_str(&b), ')');
	is = end != NULL && strncmp(end, ") Z", 3) == 0;
	buf_free(&b);
	x_free(&path);
	return is;
}

static bool
proc_is_ours(const char *pid, cgroup_ours_fn *ours, void *self)
{
	char id[UUID_TEXT_SIZE];

	proc_attempt(pid, "cgroup", "/" PREFIX, id);
	if (id[0] == '\0')
		proc_attempt(pid, "environ", "DRYDOCK_ATTEMPT=", id);
	return id[0] != '\0' && ours(self, id) && !proc_is_zombie(pid);
}

/* The pidfd first, then the look: so the number cannot mean somebody else. */
static bool
proc_end(const char *pid, cgroup_ours_fn *ours, void *self)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(pid), 0);
	bool is;

	if (fd < 0)
		return false;
	is = proc_is_ours(pid, ours, self);
	if (is)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	close(fd);
	return is;
}

static unsigned int
end_round(cgroup_ours_fn *ours, void *self)
{
	DIR *dir = opendir("/proc");
	struct dirent *de;
	unsigned int n = 0;

	if (dir == NULL)
		return 0;
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] >= '1' && de->d_name[0] <= '9' &&
		    atoi(de->d_name) != getpid() &&
		    proc_end(de->d_name, ours, self))
			n++;
	}
	closedir(dir);
	return n;
}

unsigned int
cgroup_end_left(cgroup_ours_fn *ours, void *self)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	unsigned int first = 0, n;

	for (int round = 0; round < LEFT_ROUNDS; round++) {
		n = end_round(ours, self);
		if (round == 0)
			first = n;
		if (n == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return first;
}

/* Only empty ones go: rmdir() refuses where a process is. */
void
cgroup_remove_left(cgroup_ours_fn *ours, void *self)
{
	char *own = own_cgroup();
	DIR *dir = own != NULL ? opendir(own) : NULL;
	struct dirent *de;

	while (dir != NULL && (de = readdir(dir)) != NULL) {
		const char *id = de->d_name + strlen(PREFIX);

		if (strncmp(de->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    uuid_valid(id) && ours(self, id))
			(void)unlinkat(dirfd(dir), de->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		closedir(dir);
	x_free(&own);
}
