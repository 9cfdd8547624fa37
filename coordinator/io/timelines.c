/* timelines.c - the newest timeline that was seen of a PostgreSQL cluster. */
#include "timelines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "file.h"
#include "num.h"
#include "seeded.h"

enum {
	SYSTEM_SIZE = 24,	/* 64 bits in decimal */
	TIMELINE_TEXT_SIZE = 16
};

struct cluster {
	struct cluster *next;
	char system[SYSTEM_SIZE];
	unsigned long newest;
};

struct timelines {
	char *dir;
	int fd;
	struct cluster *clusters;
};

static int
dir_cannot(const char *dir, struct err *err)
{
	return err_set(err, ERR_USAGE, "state directory %s: %s; make it "
		       "drydockd's, or name another in the configuration: "
		       "state = DIRECTORY", dir, strerror(errno));
}

static int
dir_open(const char *dir, struct err *err)
{
	struct stat st;
	int fd;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return dir_cannot(dir, err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return dir_cannot(dir, err);
	if (fstat(fd, &st) < 0 || faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		(void)dir_cannot(dir, err);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)err_set(err, ERR_USAGE, "state directory %s: others may "
			      "write to it; type: chmod go-w %s", dir, dir);
	else
		return fd;
	(void)close(fd);
	return -1;
}

struct timelines *
timelines_new(const char *dir, struct err *err)
{
	struct timelines *t = x_new(struct timelines);

	t->dir = x_strdup(dir);
	t->fd = dir_open(dir, err);
	if (t->fd < 0)
		timelines_free(&t);
	return t;
}

void
timelines_free(struct timelines **tp)
{
	struct timelines *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	while (t->clusters != NULL) {
		struct cluster *c = t->clusters;

		t->clusters = c->next;
		free(c);
	}
	if (t->fd >= 0)
		(void)close(t->fd);
	free(t->dir);
	free(t);
}

static struct cluster *
cluster_of(struct timelines *t, const char *system)
{
	struct cluster *c;

	for (c = t->clusters; c != NULL; c = c->next)
		if (strcmp(c->system, system) == 0)
			return c;
	c = x_new(struct cluster);
	(void)snprintf(c->system, sizeof(c->system), "%s", system);
	c->next = t->clusters;
	t->clusters = c;
	return c;
}

/* A number on a whole line. */
static int
kept_parse(const char *text, unsigned long *timeline_r)
{
	char digits[TIMELINE_TEXT_SIZE];
	size_t len = strlen(text);
	int64_t value;

	if (len < 2 || len > sizeof(digits) || text[len - 1] != '\n')
		return -1;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)len - 1, text);
	if (num_parse_int(digits, 1, UINT32_MAX, &value, NULL) < 0)
		return -1;
	*timeline_r = (unsigned long)value;
	return 0;
}

/* 0 for a cluster that nobody has seen. */
static int
kept_read(const struct timelines *t, const char *name,
	  unsigned long *timeline_r, struct err *err)
{
	struct buf text;
	int rc = 0;

	*timeline_r = 0;
	if (faccessat(t->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		return 0;
	buf_init(&text, 1024);
	if (file_read(t->fd, name, &text, err) < 0)
		rc = err_prefix(err, "%s/", t->dir);
	else if (strlen(buf_str(&text)) != text.len ||
		 kept_parse(buf_str(&text), timeline_r) < 0)
		rc = err_set(err, ERR_FAILED, "%s/%s is damaged: the newest "
			     "timeline should stand there, and nothing else. "
			     "See to it that the right server is the primary, "
			     "then type: rm %s/%s", t->dir, name, t->dir, name);
	buf_free(&text);
	return rc;
}

static int
kept_write(const struct timelines *t, const char *name, unsigned long timeline,
	   struct err *err)
{
	char text[TIMELINE_TEXT_SIZE];
	int len = snprintf(text, sizeof(text), "%lu\n", timeline);

	if (file_write(t->fd, name, text, (size_t)len, 0600, err) < 0)
		return err_prefix(err, "state directory %s: ", t->dir);
	return 0;
}

static int
left_behind(const struct timelines *t, const char *name,
	    unsigned long timeline, unsigned long newest, struct err *err)
{
	return err_set(err, ERR_REFUSED, "its timeline is %lu, but %lu was "
		       "seen: it was left by a failover and must not be written "
		       "to; rebuild it as a standby. Only if it was restored "
		       "from a backup and is to stay, type: rm %s/%s; systemctl "
		       "restart drydockd", timeline, newest, t->dir, name);
}

/* What another process saw counts too. */
static int
cluster_see(const struct timelines *t, struct cluster *c, const char *name,
	    unsigned long timeline, struct err *err)
{
	unsigned long kept;

	if (kept_read(t, name, &kept, err) < 0)
		return -1;
	if (kept > c->newest)
		c->newest = kept;
	if (timeline < c->newest)
		return left_behind(t, name, timeline, c->newest, err);
	if (timeline > kept && !SEEDED(UNKEPT) &&
	    kept_write(t, name, timeline, err) < 0)
		return -1;
	c->newest = timeline;
	return 0;
}

int
timelines_see(struct timelines *t, const char *system, unsigned long timeline,
	      const unsigned long **newest_r, struct err *err)
{
	char name[sizeof("timeline.") + SYSTEM_SIZE];
	struct cluster *c;
	int rc;

	if (system[0] == '\0' || strlen(system) >= SYSTEM_SIZE ||
	    system[strspn(system, "-0123456789")] != '\0')
		return err_set(err, ERR_PROTO, "its system identifier is "
			       "\"%.40s\"", system);
	(void)snprintf(name, sizeof(name), "timeline.%s", system);
	c = cluster_of(t, system);
	*newest_r = &c->newest;
	(void)flock(t->fd, LOCK_EX); /* two may see the same failover */
	rc = cluster_see(t, c, name, timeline, err);
	(void)flock(t->fd, LOCK_UN);
	return rc;
}
