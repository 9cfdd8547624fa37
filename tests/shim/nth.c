/*
 * nth.c - the n-th call of a kind fails, in one process (LD_PRELOAD).
 *
 * DRYDOCK_NTH is "ROLE:KIND:N": of the program of that name, or of the agent
 * that is a relay or a runner, the N-th malloc, write, read, fsync, rename,
 * fork, open or pidfd fails, with the error that it has in real life.  A pidfd
 * that fails hides clone3() as well, as the filter of a container may, for it
 * would bring one along.  DRYDOCK_NTH_LOG is a file that struct told describes:
 * how often each kind was called, and lines, `fired:WHOSE`, or when the process
 * comes to a bad end `crash:WHERE` or `abort:WHERE`.  It is mapped, so that a
 * sandbox does not keep anybody from writing there.  Who starts when something
 * has fired has nothing to fear: it happens once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own, under names that nobody takes from it */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

#define KINDS(X)							\
	X(MALLOC, "malloc") X(WRITE, "write") X(READ, "read")		\
	X(FSYNC, "fsync") X(RENAME, "rename") X(FORK, "fork")		\
	X(OPEN, "open") X(PIDFD, "pidfd")

enum kind {
	KIND_NONE,
#define X(name, text) KIND_##name,
	KINDS(X)
#undef X
	KINDS_END
};

static const char *const kinds[] = {
	"",
#define X(name, text) text,
	KINDS(X)
#undef X
};

struct told {
	int64_t calls[16]; /* by enum kind, of everybody with that role */
	char lines[4096 - 16 * 8];
};

static enum kind wanted;
static long left;
static struct told *told;

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

/* Of two who write at once one is lost: they are processes of one test. */
static void
note(const char *what, const char *where)
{
	size_t at = told == NULL ? 0 : strlen(told->lines);

	if (told != NULL)
		(void)snprintf(told->lines + at, sizeof(told->lines) - at,
			       "%s:%s\n", what, where);
}

/* Who, of those on the stack that are neither we nor the C library, is first:
   as addr2line takes it. */
static const char *
culprit(void)
{
	static char text[256];
	void *frames[32];
	int n = backtrace(frames, 32);
	Dl_info who;

	for (int i = 1; i < n; i++) {
		if (dladdr(frames[i], &who) == 0 ||
		    strstr(who.dli_fname, "/libc.so") != NULL ||
		    strstr(who.dli_fname, "/nth.so") != NULL)
			continue;
		(void)snprintf(text, sizeof(text), "%s+0x%lx", who.dli_fname,
			       (unsigned long)((char *)frames[i] -
					       (char *)who.dli_fbase));
		return text;
	}
	return "unknown";
}

static bool
fails(enum kind kind, int error)
{
	if (told == NULL)
		return false;
	(void)__atomic_fetch_add(&told->calls[kind], 1, __ATOMIC_RELAXED);
	if (kind != wanted || left <= 0 || --left > 0)
		return false;
	note("fired", culprit());
	errno = error;
	return true;
}

/* A connection that was reset is dead, for whoever comes later too. */
static bool
resets(enum kind kind, int fd)
{
	if (!fails(kind, ECONNRESET))
		return false;
	(void)shutdown(fd, SHUT_RDWR);
	errno = ECONNRESET;
	return true;
}

static void
on_signal(int number)
{
	note(number == SIGABRT ? "abort" : "crash", culprit());
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* --runner in the command line, which is not ours to see otherwise */
static bool
is_runner(void)
{
	char line[512];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line));

	if (fd >= 0)
		(void)close(fd);
	return n > 0 && memmem(line, (size_t)n, "--runner", 8) != NULL;
}

static bool
is_role(const char *role)
{
	const char *name = program_invocation_short_name;

	if (strcmp(name, role) == 0)
		return true;
	return strcmp(name, "drydock-agent") == 0 &&
		strcmp(role, is_runner() ? "runner" : "relay") == 0;
}

static struct told *
told_map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;

	if (fd < 0 || ftruncate(fd, sizeof(struct told)) < 0)
		return NULL;
	at = mmap(NULL, sizeof(struct told), PROT_READ | PROT_WRITE,
		  MAP_SHARED, fd, 0);
	(void)close(fd);
	return at == MAP_FAILED ? NULL : at;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *asked = getenv("DRYDOCK_NTH");
	const char *path = getenv("DRYDOCK_NTH_LOG");
	char role[16], kind[16];
	long n;

	if (asked == NULL || path == NULL ||
	    sscanf(asked, "%15[^:]:%15[^:]:%ld", role, kind, &n) != 3 ||
	    !is_role(role))
		return;
	(void)culprit(); /* what it needs is loaded now */
	(void)signal(SIGSEGV, on_signal);
	(void)signal(SIGBUS, on_signal);
	(void)signal(SIGABRT, on_signal);
	for (int i = KIND_NONE + 1; i < KINDS_END; i++)
		if (strcmp(kind, kinds[i]) == 0)
			wanted = (enum kind)i;
	told = told_map(path);
	if (told != NULL && told->lines[0] == '\0')
		left = n;
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

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	return resets(KIND_WRITE, fd) ? -1 :
		REAL(ssize_t, send, int, const void *, size_t, int)
			(fd, data, len, flags);
}

ssize_t
sendto(int fd, const void *data, size_t len, int flags,
       const struct sockaddr *to, socklen_t to_len)
{
	return resets(KIND_WRITE, fd) ? -1 :
		REAL(ssize_t, sendto, int, const void *, size_t, int,
		     const struct sockaddr *, socklen_t)
			(fd, data, len, flags, to, to_len);
}

ssize_t
read(int fd, void *data, size_t len)
{
	return fails(KIND_READ, EIO) ? -1 :
		REAL(ssize_t, read, int, void *, size_t)(fd, data, len);
}

ssize_t
recv(int fd, void *data, size_t len, int flags)
{
	return resets(KIND_READ, fd) ? -1 :
		REAL(ssize_t, recv, int, void *, size_t, int)
			(fd, data, len, flags);
}

int
socket(int domain, int type, int protocol)
{
	return fails(KIND_OPEN, EMFILE) ? -1 :
		REAL(int, socket, int, int, int)(domain, type, protocol);
}

int
socketpair(int domain, int type, int protocol, int pair[2])
{
	return fails(KIND_OPEN, EMFILE) ? -1 :
		REAL(int, socketpair, int, int, int, int *)
			(domain, type, protocol, pair);
}

int
pipe2(int pair[2], int flags)
{
	return fails(KIND_OPEN, EMFILE) ? -1 :
		REAL(int, pipe2, int *, int)(pair, flags);
}

int
pidfd_open(pid_t pid, unsigned int flags)
{
	return fails(KIND_OPEN, EMFILE) ? -1 :
		REAL(int, pidfd_open, pid_t, unsigned int)(pid, flags);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return fails(KIND_OPEN, EMFILE) ? -1 :
		REAL(int, open, const char *, int, mode_t)(path, flags, mode);
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

/* Of other processes, which one only looks at, there are too many. */
static bool
is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		0;
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
	if (number == SYS_clone3 && wanted == KIND_PIDFD) {
		errno = ENOSYS;
		return -1;
	}
	if (number == SYS_clone3 && fails(KIND_FORK, EAGAIN))
		return -1;
	if (number == SYS_pidfd_open && is_child((pid_t)a[0]) &&
	    fails(KIND_PIDFD, EMFILE))
		return -1;
	return REAL(long, syscall, long, ...)(number, a[0], a[1], a[2], a[3],
					      a[4], a[5]);
}
