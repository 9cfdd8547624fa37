/* fault.c - what happens at a named place: nothing, or what a test asks for. */
#include "fault.h"

#ifdef DRYDOCK_TEST

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define POINT_MAX 64
#define FAULT_NTH_MAX 15 /* fault.h tells where each mark stands */

static const char *const points[] = {
#define X(name, where) name,
	FAULT_POINTS(X)
#undef X
#define X(name) "db.send." name, "db.answer." name,
	FAULT_STATEMENTS(X)
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
	{ "DRYDOCK_FAULT_FILE", NULL },
};

enum { ENV_ASKED, ENV_FILE, ENVS };

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

/* What all processes together came by; NULL: nobody asked. */
static struct {
	unsigned char seen;
	unsigned char fired[FAULT_NTH_MAX];
} *shared;

static void
shared_map(const char *path)
{
	size_t size = POINTS * sizeof(*shared);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0);
	if (shared == NULL || shared == MAP_FAILED) {
		(void)fprintf(stderr, "DRYDOCK_FAULT_FILE: %s: %s\n", path,
			      strerror(errno));
		abort();
	}
	(void)close(fd);
}

/* Has no other process done it already? */
static bool
fault_claim(int point, unsigned long nth)
{
	if (nth == 0 || nth > FAULT_NTH_MAX)
		abort();
	return shared == NULL ||
	       __atomic_exchange_n(&shared[point].fired[nth - 1], 1,
				   __ATOMIC_SEQ_CST) == 0;
}

/* By poll(), which a sandbox allows. */
static void
fault_sleep(const char *ms)
{
	(void)poll(NULL, 0, (int)strtol(ms, NULL, 10));
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
fault_one(char *text, int at, unsigned int nth)
{
	char *save, *point = strtok_r(text, ":", &save);
	char *count = strtok_r(NULL, ":", &save);
	char *action = strtok_r(NULL, "", &save);

	if (action == NULL || point_find(point) < 0) {
		(void)fprintf(stderr, "DRYDOCK_FAULT: what is %s?\n", text);
		abort();
	}
	if (strcmp(point, points[at]) != 0 ||
	    strtoul(count, NULL, 10) != nth || !fault_claim(at, nth))
		return FAULT_NONE;
	return fault_do(action);
}

static enum fault
fault_point(int point)
{
	enum fault fault = FAULT_NONE;
	char list[1024], *save, *one;

	env_read();
	seen[point]++;
	if (shared == NULL && env[ENV_FILE].value != NULL)
		shared_map(env[ENV_FILE].value);
	if (shared != NULL)
		shared[point].seen = 1;
	if (env[ENV_ASKED].value == NULL)
		return FAULT_NONE;
	(void)snprintf(list, sizeof(list), "%s", env[ENV_ASKED].value);
	for (one = strtok_r(list, ",", &save);
	     one != NULL && fault == FAULT_NONE;
	     one = strtok_r(NULL, ",", &save))
		fault = fault_one(one, point, seen[point]);
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
