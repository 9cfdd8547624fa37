/* clock.c - what time it is, for two different questions. */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		abort(); /* both clocks exist since Linux 2.6.39 */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_boot_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

int64_t
clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

const char *
clock_format(int64_t wall_ms, char buf[CLOCK_TEXT_SIZE])
{
	time_t sec = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len;

	(void)gmtime_r(&sec, &tm);
	len = strftime(buf, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf + len, CLOCK_TEXT_SIZE - len, ".%03dZ",
		       (int)(wall_ms % 1000));
	return buf;
}
