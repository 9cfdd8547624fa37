/*
 * conf.c - configuration: lines of `key = value`, read by a table.
 *
 * Every value goes through conf_set(), also the defaults, so a default that
 * does not parse is found by any test that calls conf_init().
 */
#include "conf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "num.h"
#include "utf8.h"

#define CONF_FILE_MAX ((size_t)1 << 20)
#define CONF_KEYS_MAX 128

/* One reading of one file. */
struct conf_reader {
	void *conf;
	const struct conf_key *keys;
	const char *name;
	unsigned int line;
	bool seen[CONF_KEYS_MAX];
	struct err *err;
};

static void *
conf_at(void *conf, const struct conf_key *key)
{
	return (char *)conf + key->offset;
}

static void
conf_list_add(struct conf_list *list, const char *name, const char *value,
	      unsigned int line)
{
	list->item = x_realloc(list->item, list->n + 1, sizeof(*list->item));
	list->item[list->n++] = (struct conf_item){
		.name = x_strdup(name), .value = x_strdup(value), .line = line
	};
}

static int
conf_set_bool(bool *at, const char *value, struct err *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return err_set(err, ERR_USAGE, "\"%.60s\" is not yes or no",
			       value);
	*at = value[0] == 'y';
	return 0;
}

static int
conf_set(void *conf, const struct conf_key *key, const char *name,
	 const char *value, unsigned int line, struct err *err)
{
	void *at = conf_at(conf, key);

	switch (key->type) {
	case CONF_STRING:
		x_strset(at, value);
		return 0;
	case CONF_INT:
		return num_parse_int(value, INT64_MIN, INT64_MAX, at, err);
	case CONF_DURATION:
		return num_parse_duration(value, 0, NUM_DURATION_MAX, at, err);
	case CONF_BOOL:
		return conf_set_bool(at, value, err);
	case CONF_LIST:
	case CONF_NAMED:
		conf_list_add(at, name, value, line);
		return 0;
	}
	return -1;
}

static bool
conf_is_list(const struct conf_key *key)
{
	return key->type == CONF_LIST || key->type == CONF_NAMED;
}

void
conf_init(void *conf, const struct conf_key *keys)
{
	struct err err;

	for (const struct conf_key *key = keys; key->name != NULL; key++) {
		assert(key - keys < CONF_KEYS_MAX);
		if (key->type == CONF_STRING)
			*(char **)conf_at(conf, key) = NULL;
		if (conf_is_list(key))
			*(struct conf_list *)conf_at(conf, key) =
				(struct conf_list){ 0 };
		if (key->def != NULL &&
		    conf_set(conf, key, NULL, key->def, 0, &err) < 0)
			assert(!"the default of a key does not parse");
	}
}

void
conf_free(void *conf, const struct conf_key *keys)
{
	for (const struct conf_key *key = keys; key->name != NULL; key++) {
		struct conf_list *list = conf_at(conf, key);

		if (key->type == CONF_STRING)
			x_free((char **)conf_at(conf, key));
		if (!conf_is_list(key))
			continue;
		for (size_t i = 0; i < list->n; i++) {
			free(list->item[i].name);
			free(list->item[i].value);
		}
		x_free(&list->item);
		list->n = 0;
	}
}

static int
conf_fail(struct conf_reader *r, const char *what, const char *word)
{
	return err_set(r->err, ERR_USAGE, "%s:%u: %s \"%.60s\"", r->name,
		       r->line, what, word);
}

static char *
conf_trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* Take a comment off the value: a '#' behind a blank, outside of "…". */
static char *
conf_value(char *s)
{
	char *end;

	s = conf_trim(s);
	if (*s == '"' && (end = strchr(s + 1, '"')) != NULL) {
		char *rest = conf_trim(end + 1);

		if (*rest == '\0' || *rest == '#') {
			*end = '\0';
			return s + 1;
		}
	}
	if (*s == '#')
		*s = '\0';
	for (char *p = s; (p = strchr(p, '#')) != NULL; p++)
		if (isspace((unsigned char)p[-1])) {
			*p = '\0';
			break;
		}
	return conf_trim(s);
}

/* The name of a NAMED key, NULL for others; false: another key. */
static bool
conf_matches(const struct conf_key *key, const char *word, const char **name_r)
{
	size_t len = strlen(key->name);

	*name_r = NULL;
	if (key->type != CONF_NAMED)
		return strcmp(key->name, word) == 0;
	*name_r = word + len + 1;
	return strncmp(key->name, word, len) == 0 && word[len] == '.' &&
	       word[len + 1] != '\0';
}

static bool
conf_repeats(const struct conf_reader *r, const struct conf_key *key,
	     const char *name)
{
	const struct conf_list *list = conf_at(r->conf, key);

	if (key->type == CONF_LIST)
		return false;
	if (key->type != CONF_NAMED)
		return r->seen[key - r->keys];
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i].name, name) == 0)
			return true;
	return false;
}

static int
conf_assign(struct conf_reader *r, const char *word, const char *value)
{
	const struct conf_key *key = r->keys;
	const char *name = NULL;

	while (key->name != NULL && !conf_matches(key, word, &name))
		key++;
	if (key->name == NULL)
		return conf_fail(r, "unknown key", word);
	if (conf_repeats(r, key, name))
		return conf_fail(r, "a second line for", word);
	r->seen[key - r->keys] = true;
	if (conf_set(r->conf, key, name, value, r->line, r->err) < 0)
		return err_prefix(r->err, "%s:%u: %s: ", r->name, r->line,
				  word);
	return 0;
}

static int
conf_line(struct conf_reader *r, char *line)
{
	char *eq;

	line = conf_trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	eq = strchr(line, '=');
	if (eq == NULL)
		return conf_fail(r, "expected \"key = value\", not", line);
	*eq = '\0';
	return conf_assign(r, conf_trim(line), conf_value(eq + 1));
}

/* A line that is no text is told by its number, before it is looked into. */
static int
conf_text_line(struct conf_reader *r, const char *text, size_t len)
{
	char *line;
	int ret;

	r->line++;
	if (memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
		return err_set(r->err, ERR_USAGE,
			       "%s:%u: not a line of text in UTF-8", r->name,
			       r->line);
	if (r->line == 1 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return err_set(r->err, ERR_USAGE,
			       "%s:1: begins with a byte order mark; save it "
			       "without one",
			       r->name);
	line = x_strndup(text, len);
	ret = conf_line(r, line);
	free(line);
	return ret;
}

int
conf_read_text(void *conf, const struct conf_key *keys, const char *text,
	       size_t len, const char *name, struct err *err)
{
	struct conf_reader r = {
		.conf = conf, .keys = keys, .name = name, .err = err
	};
	const char *end = text + len, *eol;

	for (; text < end; text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (eol == NULL)
			eol = end;
		if (conf_text_line(&r, text, (size_t)(eol - text)) < 0)
			return -1;
	}
	return 0;
}

/* It names programs that are run: who writes it is who we are. */
static int
conf_trusted(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s: not a regular file", path);
	if ((st.st_uid == 0 || st.st_uid == geteuid()) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s: must belong to root or uid %u and be written by "
		       "nobody else; type: chown root %s; chmod go-w %s",
		       path, (unsigned int)geteuid(), path, path);
}

/* The whole file into b. */
static int
conf_slurp(int fd, const char *path, struct buf *b, struct err *err)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "%s", path);
		if (buf_add(b, chunk, (size_t)n) < 0)
			return err_set(err, ERR_USAGE,
				       "%s: larger than %zu bytes", path,
				       b->max);
	}
	return 0;
}

int
conf_read_file(void *conf, const struct conf_key *keys, const char *path,
	       struct err *err)
{
	struct buf b;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(err, "%s", path);
	buf_init(&b, CONF_FILE_MAX);
	ret = conf_trusted(fd, path, err);
	if (ret == 0)
		ret = conf_slurp(fd, path, &b, err);
	if (ret == 0)
		ret = conf_read_text(conf, keys, buf_str(&b), b.len, path, err);
	buf_free(&b);
	(void)close(fd);
	return ret;
}

static void
conf_print_value(const char *name, const char *value, struct buf *out)
{
	/* the reader itself knows what needs no quotes */
	char *copy = x_strdup(value);
	bool plain = strcmp(conf_value(copy), value) == 0;

	(void)buf_addf(out, plain ? "%s = %s\n" : "%s = \"%s\"\n", name, value);
	free(copy);
}

static void
conf_print_key(const void *at, const struct conf_key *key, struct buf *out)
{
	char text[NUM_DURATION_SIZE];
	const struct conf_list *list = at;

	switch (key->type) {
	case CONF_STRING:
		conf_print_value(key->name, *(char *const *)at, out);
		break;
	case CONF_INT:
		(void)buf_addf(out, "%s = %lld\n", key->name,
			       (long long)*(const int64_t *)at);
		break;
	case CONF_DURATION:
		(void)num_format_duration(*(const int64_t *)at, text);
		conf_print_value(key->name, text, out);
		break;
	case CONF_BOOL:
		conf_print_value(key->name,
				 *(const bool *)at ? "yes" : "no", out);
		break;
	case CONF_LIST:
		for (size_t i = 0; i < list->n; i++)
			conf_print_value(key->name, list->item[i].value, out);
		break;
	case CONF_NAMED:
		for (size_t i = 0; i < list->n; i++) {
			(void)buf_addf(out, "%s.", key->name);
			conf_print_value(list->item[i].name,
					 list->item[i].value, out);
		}
		break;
	}
}

void
conf_print(const void *conf, const struct conf_key *keys, struct buf *out)
{
	for (const struct conf_key *key = keys; key->name != NULL; key++) {
		(void)buf_addf(out, "# %s\n", key->text);
		conf_print_key((const char *)conf + key->offset, key, out);
	}
}
