/*
 * clock.c - another time for one process (LD_PRELOAD).
 *
 * The file that DRYDOCK_WALL names holds seconds, which are added to what the
 * machine's wall clock says; other clocks are left alone, as they are when
 * somebody sets the time.
 *
 * The file that DRYDOCK_FAST names holds how many times as fast as the
 * machine's time goes.  All clocks go on from where they were, and who waits
 * for the loop's next timer waits as much less.  What others do for the process
 * takes as long as ever: let it go fast only while there is nothing to wait
 * for.
 *
 * Both are read anew each time; without them time is as it is.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#define SECOND 1000000000LL

/* The number in the file that this variable names. */
static long
told(const char *variable, long otherwise)
{
	const char *path = getenv(variable);
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	long n;

	if (f == NULL)
		return otherwise;
	if (fscanf(f, "%ld", &n) != 1)
		n = otherwise;
	(void)fclose(f);
	return n;
}

static long
rate(void)
{
	long n = told("DRYDOCK_FAST", 1);

	return n < 1 ? 1 : n;
}

static int
real_clock(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t id, struct timespec *ts);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	return real(id, ts);
}

/* What the time that went fast was longer, in nanoseconds. */
static int64_t
gained(void)
{
	static int64_t last, gain;
	struct timespec ts;
	int64_t now;

	(void)real_clock(CLOCK_BOOTTIME, &ts);
	now = ts.tv_sec * SECOND + ts.tv_nsec;
	if (last != 0)
		gain += (now - last) * (rate() - 1);
	last = now;
	return gain;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = real_clock(id, ts);
	int64_t now = ts->tv_sec * SECOND + ts->tv_nsec + gained();

	ts->tv_sec = now / SECOND;
	ts->tv_nsec = now % SECOND;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ts->tv_sec += told("DRYDOCK_WALL", 0);
	return ret;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *t_r)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (t_r != NULL)
		*t_r = ts.tv_sec;
	return ts.tv_sec;
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	static int (*real)(int fd, struct epoll_event *events, int n,
			   int timeout);
	long fast = rate();

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	if (timeout > 0)
		timeout = (int)((timeout + fast - 1) / fast);
	return real(fd, events, n, timeout);
}
