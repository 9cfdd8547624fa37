/*
 * wall.c - another wall clock for one process (LD_PRELOAD).
 *
 * The file that DRYDOCK_WALL names holds seconds, which are added to what the
 * machine's wall clock says; it is read anew each time.  Other clocks are left
 * alone, as they are when somebody sets the time.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t
wall_off(void)
{
	const char *path = getenv("DRYDOCK_WALL");
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	long off = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld", &off) != 1)
		off = 0;
	(void)fclose(f);
	return off;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t id, struct timespec *ts);
	int ret;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	ret = real(id, ts);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ts->tv_sec += wall_off();
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
