/*
 * nth.c - the n-th call of a kind fails, in one process (LD_PRELOAD).
 *
 * DRYDOCK_NTH is "ROLE:KIND:N": of the agent that is a relay or a runner, the
 * N-th malloc, write, fsync, rename or fork fails, with the error that it has
 * in real life.  DRYDOCK_NTH_LOG, a file, gets a line: `fired`, or when the
 * process comes to a bad end `crash:WHERE` or `abort:WHERE`.  Who starts when
 * it is there has nothing to fear: it happens once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own, under names that nobody takes from it */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

enum kind { KIND_NONE, KIND_MALLOC, KIND_WRITE, KIND_FSYNC, KIND_RENAME,
	    KIND_FORK };

static const char *const kinds[] = { "", "malloc", "write", "fsync", "rename",
				     "fork" };

static enum kind wanted;
static long left;
static char log_path[256];

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

#define REAL(type, name, ...)						\
	({								\
		static type (*real)(__VA_ARGS__);			\
									\
		if (real == NULL)					\
			*(void **)&real = next(#name);			\
		real;							\
	})

static void
note(const char *what)
{
	int saved = errno;
	int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		      0600);

	if (fd >= 0) {
		(void)!REAL(ssize_t, write, int, const void *, size_t)
			(fd, what, strlen(what));
		(void)close(fd);
	}
	errno = saved;
}

static bool
fails(enum kind kind, int error)
{
	if (kind != wanted || left <= 0 || --left > 0)
		return false;
	note("fired\n");
	errno = error;
	return true;
}

/* The first on the stack that is neither of us nor of the C library. */
static const char *
culprit(void)
{
	void *frames[32];
	int n = backtrace(frames, 32);
	Dl_info who;

	for (int i = 1; i < n; i++)
		if (dladdr(frames[i], &who) != 0 &&
		    strstr(who.dli_fname, "/libc.so") == NULL &&
		    strstr(who.dli_fname, "/nth.so") == NULL)
			return who.dli_fname;
	return "unknown";
}

static void
on_signal(int number)
{
	note(number == SIGABRT ? "abort:" : "crash:");
	note(culprit());
	note("\n");
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* --runner in the command line, which is not ours to see otherwise */
static bool
is_role(const char *role)
{
	char line[512];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line));
	bool runner = n > 0 && memmem(line, (size_t)n, "--runner", 8) != NULL;

	if (fd >= 0)
		(void)close(fd);
	return runner == (strcmp(role, "runner") == 0);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *asked = getenv("DRYDOCK_NTH");
	const char *path = getenv("DRYDOCK_NTH_LOG");
	char role[16], kind[16];
	long n;

	if (asked == NULL || path == NULL || strlen(path) >= sizeof(log_path) ||
	    sscanf(asked, "%15[^:]:%15[^:]:%ld", role, kind, &n) != 3)
		return;
	(void)strcpy(log_path, path);
	(void)culprit(); /* what it needs is loaded now */
	(void)signal(SIGSEGV, on_signal);
	(void)signal(SIGBUS, on_signal);
	(void)signal(SIGABRT, on_signal);
	if (is_role(role) && access(log_path, F_OK) != 0)
		left = n;
	for (int i = KIND_MALLOC; i <= KIND_FORK; i++)
		if (strcmp(kind, kinds[i]) == 0)
			wanted = (enum kind)i;
}

void *
malloc(size_t size)
{
	return fails(KIND_MALLOC, ENOMEM) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(KIND_MALLOC, ENOMEM) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails(KIND_MALLOC, ENOMEM) ? NULL : __libc_realloc(old, size);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	return fails(KIND_WRITE, EIO) ? -1 :
		REAL(ssize_t, write, int, const void *, size_t)(fd, data, len);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	return fails(KIND_WRITE, ENOSPC) ? -1 :
		REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
			(fd, data, len, at);
}

int
fsync(int fd)
{
	return fails(KIND_FSYNC, EIO) ? -1 : REAL(int, fsync, int)(fd);
}

int
fdatasync(int fd)
{
	return fails(KIND_FSYNC, EIO) ? -1 : REAL(int, fdatasync, int)(fd);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(KIND_RENAME, EIO) ? -1 :
		REAL(int, renameat, int, const char *, int, const char *)
			(from_dir, from, to_dir, to);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
	  unsigned int flags)
{
	return fails(KIND_RENAME, EIO) ? -1 :
		REAL(int, renameat2, int, const char *, int, const char *,
		     unsigned int)(from_dir, from, to_dir, to, flags);
}

pid_t
fork(void)
{
	return fails(KIND_FORK, EAGAIN) ? -1 : REAL(pid_t, fork, void)();
}

/* A child may be born in its group: that is a fork too. */
long
syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_clone3 && fails(KIND_FORK, EAGAIN))
		return -1;
	return REAL(long, syscall, long, ...)(number, a[0], a[1], a[2], a[3],
					      a[4], a[5]);
}
