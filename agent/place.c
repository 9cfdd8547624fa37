/* place.c - typed places of an allow line. */
#include "place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "lines.h"
#include "num.h"
#include "wire.h"
#include "words.h"

#define NAME_MAX_LEN 64
#define ALNUM	     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const struct {
	const char *word;
	enum place_arg arg;
} types[] = {
#define X(name, word, arg, text) [PLACE_##name] = { word, arg },
	PLACE_TYPES(X)
#undef X
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* "A..B" */
static int
range_parse(struct place *p, const char *text, struct err *err)
{
	const char *dots = strstr(text, "..");
	char low[24];
	int64_t min, max;

	if (dots == NULL || (size_t)(dots - text) >= sizeof(low))
		return err_set(err, ERR_USAGE, "<int A..B> needs A..B");
	snprintf(low, sizeof(low), "%.*s", (int)(dots - text), text);
	if (num_parse_int(low, INT64_MIN, INT64_MAX, &min, err) < 0 ||
	    num_parse_int(dots + 2, min, INT64_MAX, &max, err) < 0)
		return -1;
	p->min = min;
	p->max = max;
	return 0;
}

/* What follows the type: "in FILE", "under ROOT", "of A B C", "GLOB". */
static int
arg_parse(struct place *p, const char *lead, const char *text, struct err *err)
{
	size_t len = strlen(lead);

	if (strncmp(text, lead, len) != 0 || text[len] == '\0')
		return err_set(err, ERR_USAGE, "<%s> must be <%s %s…>",
			       types[p->type].word, types[p->type].word, lead);
	p->text = x_strdup(text + len);
	return 0;
}

static int
path_arg_parse(struct place *p, const char *lead, const char *text,
	       struct err *err)
{
	if (arg_parse(p, lead, text, err) < 0)
		return -1;
	if (place_path_clean(p->text))
		return 0;
	err_set(err, ERR_USAGE, "\"%s\" is not a clean absolute path", p->text);
	place_free(p);
	return -1;
}

static int
type_arg_parse(struct place *p, const char *rest, struct err *err)
{
	const char *word = types[p->type].word;

	switch (types[p->type].arg) {
	case PLACE_NO_ARG:
		if (rest[0] != '\0')
			return err_set(err, ERR_USAGE,
				       "<%s> takes nothing more", word);
		return 0;
	case PLACE_MAY_ARG:
		if (rest[0] != '\0')
			p->text = x_strdup(rest);
		return 0;
	case PLACE_RANGE:
		return range_parse(p, rest, err);
	case PLACE_FILE:
		return path_arg_parse(p, "in ", rest, err);
	case PLACE_ROOT:
		return path_arg_parse(p, "under ", rest, err);
	case PLACE_LIST:
		return arg_parse(p, "of ", rest, err);
	}
	return err_set(err, ERR_USAGE, "<%s> is of no kind", word);
}

int
place_parse(const char *text, struct place *p, struct err *err)
{
	size_t len = strcspn(text, " ");
	const char *rest = text + len + strspn(text + len, " ");

	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (strlen(types[i].word) != len ||
		    memcmp(types[i].word, text, len) != 0)
			continue;
		*p = (struct place){ .type = (enum place_type)i };
		return type_arg_parse(p, rest, err);
	}
	return err_set(err, ERR_USAGE,
		       "there is no place <%s>; there are: ip port int name "
		       "user version path word one",
		       text);
}

void
place_free(struct place *p)
{
	x_free(&p->text);
}

bool
place_path_clean(const char *path)
{
	if (path[0] != '/' || path[1] == '\0')
		return false;
	for (const char *at = path; *at == '/';) {
		size_t len = strcspn(at + 1, "/");

		if (len == 0 || (len == 1 && at[1] == '.') ||
		    (len == 2 && at[1] == '.' && at[2] == '.'))
			return false;
		at += 1 + len;
	}
	return true;
}

bool
place_path_under(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

int
place_open_owned(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool mine;

	if (fd < 0)
		return err_set_errno(err, "%s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err_set(err, ERR_USAGE, "%s: not a regular file", path);
		close(fd);
		return -1;
	}
	mine = st.st_uid == 0;
#ifdef DRYDOCK_TEST
	mine = mine || st.st_uid == geteuid();
#endif
	if (mine && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	err_set(err, ERR_USAGE,
		"%s: must belong to root and be written by nobody else; type: "
		"chown root:root %s; chmod go-w %s",
		path, path, path);
	close(fd);
	return -1;
}

static bool
file_has_line(int fd, const char *word)
{
	struct lines l;
	char chunk[4096], *line;
	bool found = false;
	size_t len;
	ssize_t n;

	lines_init(&l, WIRE_WORD_MAX);
	while (!found && (n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (lines_add(&l, chunk, (size_t)n, NULL) < 0)
			break;
		while (!found && (line = lines_next(&l, &len)) != NULL)
			found = strcmp(line, word) == 0;
	}
	lines_free(&l);
	return found;
}

static bool
user_match(const char *file, const char *word, struct err *err)
{
	int fd;
	bool found;

	if (word[strspn(word, ALNUM "._@+-")] != '\0') {
		err_set(err, ERR_REFUSED, "not a user name");
		return false;
	}
	fd = place_open_owned(file, err);
	if (fd < 0)
		return false;
	found = file_has_line(fd, word);
	close(fd);
	if (!found)
		err_set(err, ERR_REFUSED, "no line of %s", file);
	return found;
}

static bool
ip_match(const char *word)
{
	unsigned char addr[16];
	char text[INET6_ADDRSTRLEN];
	int family = strchr(word, ':') != NULL ? AF_INET6 : AF_INET;

	return inet_pton(family, word, addr) == 1 &&
	       inet_ntop(family, addr, text, sizeof(text)) != NULL;
}

static bool
name_match(const char *glob, const char *word)
{
	size_t len = strlen(word);

	return len <= NAME_MAX_LEN && strspn(word, ALNUM "._-") == len &&
	       strchr(ALNUM, word[0]) != NULL &&
	       (glob == NULL || fnmatch(glob, word, 0) == 0);
}

static bool
version_match(const char *word)
{
	return word[0] >= '0' && word[0] <= '9' && strlen(word) <= 128 &&
	       word[strspn(word, ALNUM ".+:~-")] == '\0';
}

static bool
int_match(const char *word, long long min, long long max)
{
	int64_t n;

	/* 007 is 7 to one program and another number to the next. */
	if (word[0] == '0' && word[1] != '\0')
		return false;
	return num_parse_int(word, min, max, &n, NULL) == 0;
}

static bool
type_match(const struct place *p, const char *word, struct err *err)
{
	switch (p->type) {
	case PLACE_IP:
		return ip_match(word);
	case PLACE_PORT:
		return int_match(word, 1, 65535);
	case PLACE_INT:
		return int_match(word, p->min, p->max);
	case PLACE_NAME:
		return name_match(p->text, word);
	case PLACE_USER:
		return user_match(p->text, word, err);
	case PLACE_VERSION:
		return version_match(word);
	case PLACE_PATH:
		return place_path_clean(word) &&
		       place_path_under(word, p->text);
	case PLACE_WORD:
		return true;
	case PLACE_ONE:
		return words_has(p->text, word);
	}
	return false;
}

static bool
word_decent(const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || len > WIRE_WORD_MAX || word[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)word[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

bool
place_match(const struct place *p, const char *word, struct err *err)
{
	struct err why;

	err_clear(&why);
	if (word_decent(word) && type_match(p, word, &why))
		return true;
	err_set(err, ERR_REFUSED, "\"%.80s\" does not fit <%s%s%s>%s%s", word,
		types[p->type].word, p->text != NULL ? " " : "",
		p->text != NULL ? p->text : "",
		why.code != ERR_NONE ? ": " : "", why.text);
	return false;
}
