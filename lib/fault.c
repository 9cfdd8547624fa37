/* fault.c - what happens at a named place: nothing, or what a test asks for. */
#include "fault.h"

#ifdef DRYDOCK_TEST

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POINT_MAX 64

static const char *const points[] = {
#define X(name, where) name,
	FAULT_POINTS(X)
#undef X
};

enum { POINTS = sizeof(points) / sizeof(points[0]) };

static unsigned int seen[POINTS];

/* A child whose environment was cleared goes on with what its parent had. */
static struct {
	const char *name;
	char *value;
} env[] = {
	{ "DRYDOCK_FAULT", NULL },
	{ "DRYDOCK_FAULT_ONCE", NULL },
	{ "DRYDOCK_FAULT_LOG", NULL },
};

enum { ENV_ASKED, ENV_ONCE, ENV_LOG, ENVS };

static void
env_read(void)
{
	for (int i = 0; i < ENVS; i++) {
		const char *value = getenv(env[i].name);

		if (value == NULL)
			continue;
		free(env[i].value);
		env[i].value = strdup(value);
	}
}

static int
point_find(const char *name)
{
	for (int i = 0; i < POINTS; i++)
		if (strcmp(points[i], name) == 0)
			return i;
	return -1;
}

static void
fault_log(const char *name, const char *what)
{
	const char *path = env[ENV_LOG].value;
	int fd = path == NULL ? -1 :
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return;
	(void)!dprintf(fd, "%s%s\n", name, what);
	(void)close(fd);
}

/* Has no other process done it already? */
static bool
fault_claim(const char *name, unsigned int nth)
{
	const char *dir = env[ENV_ONCE].value;
	char path[PATH_MAX];
	int fd;

	if (dir == NULL || dir[0] == '\0')
		return true;
	(void)snprintf(path, sizeof(path), "%s/%s.%u", dir, name, nth);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

static void
fault_sleep(const char *ms)
{
	long n = strtol(ms, NULL, 10);
	const struct timespec t = { n / 1000, n % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

static enum fault
fault_do(const char *action)
{
	if (strcmp(action, "exit") == 0)
		(void)raise(SIGKILL);
	else if (strcmp(action, "stop") == 0)
		(void)raise(SIGSTOP);
	else if (strncmp(action, "delay=", 6) == 0)
		fault_sleep(action + 6);
	else if (strcmp(action, "drop") == 0)
		return FAULT_DROP;
	else if (strcmp(action, "twice") == 0)
		return FAULT_TWICE;
	else if (strcmp(action, "error") != 0)
		abort();
	else
		return errno = EIO, FAULT_ERROR;
	return FAULT_NONE;
}

/* NAME:NTH:ACTION, one of a list. */
static enum fault
fault_one(char *text, const char *name, unsigned int nth)
{
	char *save, *point = strtok_r(text, ":", &save);
	char *count = strtok_r(NULL, ":", &save);
	char *action = strtok_r(NULL, "", &save);

	if (action == NULL || point_find(point) < 0) {
		(void)fprintf(stderr, "DRYDOCK_FAULT: what is %s?\n", text);
		abort();
	}
	if (strcmp(point, name) != 0 ||
	    strtoul(count, NULL, 10) != nth || !fault_claim(name, nth))
		return FAULT_NONE;
	fault_log(name, " fired");
	return fault_do(action);
}

static enum fault
fault_point(int point)
{
	const char *name = points[point];
	enum fault fault = FAULT_NONE;
	char list[1024], *save, *one;

	env_read();
	if (seen[point]++ == 0)
		fault_log(name, "");
	if (env[ENV_ASKED].value == NULL)
		return FAULT_NONE;
	(void)snprintf(list, sizeof(list), "%s", env[ENV_ASKED].value);
	for (one = strtok_r(list, ",", &save);
	     one != NULL && fault == FAULT_NONE;
	     one = strtok_r(NULL, ",", &save))
		fault = fault_one(one, name, seen[point]);
	return fault;
}

enum fault
fault_at(const char *name)
{
	int point = point_find(name);

	if (point < 0)
		abort();
	return fault_point(point);
}

enum fault
fault_of(const char *family, const char *member)
{
	char name[POINT_MAX];
	int point;

	(void)snprintf(name, sizeof(name), "%s.%s", family, member);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	point = point_find(name);
	return point < 0 ? FAULT_NONE : fault_point(point);
}

#endif
