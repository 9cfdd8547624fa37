/*
 * allow.c - what the owner of this host permits.
 *
 * A line becomes a rule: words, each a literal or a place.  Matching is word by
 * word; of all rules the one that went furthest is named in a refusal.
 */
#include "allow.h"

#include <assert.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "list.h"
#include "num.h"
#include "place.h"
#include "utf8.h"
#include "wire.h"
#include "words.h"

#define ALLOW_MAX ((size_t)256 * 1024)

struct allow_word {
	char *literal; /* NULL: a place */
	struct place place;
};

struct allow_rule {
	struct link link;
	enum allow_what what;
	unsigned int line;
	struct allow_word *word;
	size_t n;
};

struct allow {
	char *file;
	struct link rules;
	char sha256[SHA256_TEXT_SIZE];
};

static void
rule_free(struct allow_rule *r)
{
	for (size_t i = 0; i < r->n; i++) {
		x_free(&r->word[i].literal);
		place_free(&r->word[i].place);
	}
	x_free(&r->word);
	x_free(&r);
}

void
allow_free(struct allow **allow)
{
	if (*allow == NULL)
		return;
	LIST_EACH_SAFE (struct allow_rule, r, &(*allow)->rules, link) {
		list_del(&r->link);
		rule_free(r);
	}
	x_free(&(*allow)->file);
	x_free(allow);
}

/* Length of the next word: <…> is one, quotes hold one together. */
static size_t
word_length(const char *at)
{
	size_t n = 0;
	char quote = '\0';

	if (at[0] == '<') {
		n = strcspn(at, ">");
		return at[n] == '>' ? n + 1 : 0;
	}
	for (; at[n] != '\0'; n++) {
		if (quote == '\0' && (at[n] == ' ' || at[n] == '\t'))
			break;
		if (quote == '\0' && (at[n] == '"' || at[n] == '\''))
			quote = at[n];
		else if (at[n] == quote)
			quote = '\0';
	}
	return n;
}

static int
literal_parse(const char *text, struct allow_word *w, struct err *err)
{
	struct words words;

	if (words_split(text, &words, NULL, err) < 0)
		return -1;
	if (words.n == 1)
		w->literal = x_strdup(words.word[0]);
	else
		err_set(err, ERR_USAGE, "\"%s\" is not one word", text);
	words_free(&words);
	return w->literal != NULL ? 0 : -1;
}

static int
word_parse(const char *at, size_t len, struct allow_word *w, struct err *err)
{
	char *text;
	int rc;

	*w = (struct allow_word){ .literal = NULL };
	if (len == 0)
		return err_set(err, ERR_USAGE, "a < without >");
	if (at[0] == '<') {
		if (at[len] != '\0' && at[len] != ' ' && at[len] != '\t')
			return err_set(err, ERR_USAGE,
				       "a place must be a whole word");
		text = x_strndup(at + 1, len - 2);
		rc = place_parse(text, &w->place, err);
	} else {
		text = x_strndup(at, len);
		rc = literal_parse(text, w, err);
	}
	x_free(&text);
	return rc;
}

static int
rule_words(struct allow_rule *r, const char *at, struct err *err)
{
	for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
		size_t len = word_length(at);

		if (r->n == WIRE_ARGV_MAX)
			return err_set(err, ERR_USAGE, "more than %d words",
				       WIRE_ARGV_MAX);
		r->word = x_realloc(r->word, r->n + 1, sizeof(*r->word));
		if (word_parse(at, len, &r->word[r->n], err) < 0)
			return -1;
		r->n++;
		at += len;
	}
	return 0;
}

static bool
rule_begins(const struct allow_rule *r, const char *literal)
{
	return r->n > 0 && r->word[0].literal != NULL &&
	       strcmp(r->word[0].literal, literal) == 0;
}

static bool
word_is_path(const struct allow_word *w)
{
	return w->literal == NULL && w->place.type == PLACE_PATH;
}

static bool
word_is(const struct allow_word *w, const char *text)
{
	return w->literal != NULL && strcmp(w->literal, text) == 0;
}

/* A path of two components at least: "/var" is nobody's to clean. */
static bool
path_deep(const char *path)
{
	return strchr(path + 1, '/') != NULL;
}

static int
clean_check(const struct allow_rule *r, struct err *err)
{
	if ((r->n != 2 && r->n != 4) || !word_is_path(&r->word[1]) ||
	    (r->n == 4 && (!word_is(&r->word[2], "unless-running") ||
			   r->word[3].literal == NULL)))
		return err_set(err, ERR_USAGE,
			       "it must be: change clean <path under ROOT> "
			       "[unless-running UNIT]");
	if (!path_deep(r->word[1].place.text))
		return err_set(err, ERR_USAGE,
			       "%s has fewer than two components",
			       r->word[1].place.text);
	return 0;
}

static int
copy_check(const struct allow_rule *r, struct err *err)
{
	if ((r->n == 2 && word_is_path(&r->word[1])) ||
	    (r->n == 4 && word_is_path(&r->word[1]) &&
	     word_is(&r->word[2], "staged") && word_is_path(&r->word[3])))
		return 0;
	return err_set(err, ERR_USAGE,
		       "it must be: change copy <path under DIR> "
		       "[staged <path under DIR>]");
}

static int
package_check(const struct allow_rule *r, struct err *err)
{
	if (r->n < 2)
		return err_set(err, ERR_USAGE,
			       "it must be: change package GLOB…");
	for (size_t i = 1; i < r->n; i++) {
		const struct allow_word *w = &r->word[i];

		if (w->literal == NULL && w->place.type != PLACE_NAME)
			return err_set(err, ERR_USAGE,
				       "a package is a GLOB or <name GLOB>");
		if (w->literal != NULL &&
		    (w->literal[0] == '*' || w->literal[0] == '-'))
			return err_set(err, ERR_USAGE,
				       "\"%s\" would permit any package",
				       w->literal);
	}
	return 0;
}

static int
rule_check(const struct allow_rule *r, struct err *err)
{
	bool change = r->what == ALLOW_CHANGE;

	if (r->n == 0)
		return err_set(err, ERR_USAGE, "nothing is permitted here");
	if (r->word[0].literal == NULL)
		return err_set(err, ERR_USAGE, "the program cannot be a place");
	if (change && rule_begins(r, "clean"))
		return clean_check(r, err);
	if (change && rule_begins(r, "copy"))
		return copy_check(r, err);
	if (change && rule_begins(r, "package"))
		return package_check(r, err);
	if (!change && rule_begins(r, "tcp") && r->n != 3)
		return err_set(err, ERR_USAGE,
			       "it must be: read tcp <ip> <port>");
	return 0;
}

static int
rule_kind(const char **at, enum allow_what *what_r, struct err *err)
{
	size_t n = strcspn(*at, " \t");

	if (n == 4 && memcmp(*at, "read", 4) == 0)
		*what_r = ALLOW_READ;
	else if (n == 6 && memcmp(*at, "change", 6) == 0)
		*what_r = ALLOW_CHANGE;
	else
		return err_set(err, ERR_USAGE,
			       "a line begins with \"read\" or \"change\"");
	*at += n;
	return 0;
}

static int
line_parse(struct allow *a, const char *text, unsigned int line,
	   struct err *err)
{
	struct allow_rule *r;
	enum allow_what what = ALLOW_READ;

	text += strspn(text, " \t");
	if (*text == '\0' || *text == '#')
		return 0;
	if (rule_kind(&text, &what, err) < 0)
		return -1;
	r = x_new(struct allow_rule);
	r->what = what;
	r->line = line;
	if (rule_words(r, text, err) < 0 || rule_check(r, err) < 0) {
		rule_free(r);
		return -1;
	}
	list_add(&a->rules, &r->link);
	return 0;
}

/* Lines end with \n or \r\n; a control character inside is an error. */
static int
line_take(struct allow *a, const char *at, size_t len, unsigned int line,
	  struct err *err)
{
	char *text;
	int rc;

	if (len > 0 && at[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)at[i] < 0x20 && at[i] != '\t')
			return err_set(err, ERR_USAGE,
				       "a control character in column %zu",
				       i + 1);
	}
	if (!utf8_valid(at, len))
		return err_set(err, ERR_USAGE, "not UTF-8");
	text = x_strndup(at, len);
	rc = line_parse(a, text, line, err);
	x_free(&text);
	return rc;
}

int
allow_parse(const char *text, size_t len, const char *file,
	    struct allow **allow_r, struct err *err)
{
	struct allow *a = x_new(struct allow);
	unsigned int line = 1;

	list_init(&a->rules);
	a->file = x_strdup(file);
	sha256_of(text, len, a->sha256);
	for (size_t at = 0; at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - text) - at : len - at;

		if (line_take(a, text + at, n, line, err) < 0) {
			err_prefix(err, "%s:%u: ", file, line);
			allow_free(&a);
			return -1;
		}
		at += n + 1;
	}
	*allow_r = a;
	return 0;
}

int
allow_read(const char *path, struct allow **allow_r, struct err *err)
{
	struct buf text;
	char chunk[4096];
	ssize_t n;
	int rc, fd = place_open_owned(path, err);

	if (fd < 0)
		return -1;
	buf_init(&text, ALLOW_MAX);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)n);
	if (n < 0)
		rc = err_set_errno(err, "%s", path);
	else if (buf_over(&text))
		rc = err_set(err, ERR_USAGE, "%s: above %zu bytes", path,
			     ALLOW_MAX);
	else
		rc = allow_parse(buf_str(&text), text.len, path, allow_r, err);
	close(fd);
	buf_free(&text);
	return rc;
}

const char *
allow_sha256(const struct allow *a)
{
	return a->sha256;
}

/* How far a refused command went along the rule that took it furthest. */
struct nearest {
	unsigned int line;
	size_t words;
	struct err why;
};

static bool
word_match(const struct allow_word *w, const char *word, struct err *err)
{
	if (w->literal == NULL)
		return place_match(&w->place, word, err);
	if (strcmp(w->literal, word) == 0)
		return true;
	err_set(err, ERR_REFUSED, "\"%.80s\" is not \"%.80s\"", word,
		w->literal);
	return false;
}

static bool
rule_match(const struct allow_rule *r, const char *const *argv, size_t n,
	   struct nearest *near)
{
	struct err why;
	size_t i;

	err_clear(&why);
	for (i = 0; i < r->n && i < n; i++) {
		if (!word_match(&r->word[i], argv[i], &why))
			break;
	}
	if (i == r->n && i == n)
		return true;
	if (i >= near->words && i > 0) {
		near->words = i;
		near->line = r->line;
		near->why = why;
		if (i == r->n || i == n)
			err_set(&near->why, ERR_REFUSED,
				"it has %zu %s, not %zu", r->n,
				num_noun(r->n, "word", "words"), n);
	}
	return false;
}

static int
allow_refuse(const struct allow *a, enum allow_what what, const char *text,
	     const struct nearest *near, struct err *err)
{
	const char *kind = what == ALLOW_READ ? "read" : "change";

	if (near->line == 0)
		return err_set(err, ERR_REFUSED,
			       "no line \"%s %.100s …\" in %s", kind, text,
			       a->file);
	return err_set(err, ERR_REFUSED,
		       "no \"%s\" line of %s fits; nearest is line %u: %s",
		       kind, a->file, near->line, near->why.text);
}

static bool
rule_is_builtin(const struct allow_rule *r)
{
	if (r->what == ALLOW_READ)
		return rule_begins(r, "tcp");
	return rule_begins(r, "copy") || rule_begins(r, "clean") ||
	       rule_begins(r, "package");
}

int
allow_argv(const struct allow *a, enum allow_what what, const char *const *argv,
	   size_t n, struct err *err)
{
	struct nearest near = { .line = 0 };

	assert(n > 0);
	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what == what && !rule_is_builtin(r) &&
		    rule_match(r, argv, n, &near))
			return 0;
	}
	return allow_refuse(a, what, argv[0], &near, err);
}

int
allow_tcp(const struct allow *a, const char *address, const char *port,
	  struct err *err)
{
	const char *const argv[] = { "tcp", address, port };
	struct nearest near = { .line = 0 };

	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what == ALLOW_READ && rule_begins(r, "tcp") &&
		    rule_match(r, argv, 3, &near))
			return 0;
	}
	return allow_refuse(a, ALLOW_READ, "tcp", &near, err);
}

int
allow_copy(const struct allow *a, const char *to, const char *staged,
	   struct err *err)
{
	const char *const argv[] = { "copy", to, "staged", staged };
	struct nearest near = { .line = 0 };

	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what == ALLOW_CHANGE && rule_begins(r, "copy") &&
		    rule_match(r, argv, staged != NULL ? 4 : 2, &near))
			return 0;
	}
	return allow_refuse(a, ALLOW_CHANGE, "copy", &near, err);
}

int
allow_clean(const struct allow *a, const char *inside, const char **root_r,
	    const char **unless_r, struct err *err)
{
	const char *argv[] = { "clean", inside, "unless-running", NULL };
	struct nearest near = { .line = 0 };

	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what != ALLOW_CHANGE || !rule_begins(r, "clean"))
			continue;
		argv[3] = r->n == 4 ? r->word[3].literal : NULL;
		if (!rule_match(r, argv, r->n, &near))
			continue;
		*root_r = r->word[1].place.text;
		*unless_r = argv[3];
		return 0;
	}
	return allow_refuse(a, ALLOW_CHANGE, "clean", &near, err);
}

void
allow_each_root(const struct allow *a,
		void (*fn)(void *self, const char *root), void *self)
{
	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what == ALLOW_CHANGE && rule_begins(r, "clean") &&
		    r->n > 1 && r->word[1].literal == NULL)
			fn(self, r->word[1].place.text);
	}
}

static bool
package_match(const struct allow_word *w, const char *name)
{
	static const struct place any = { .type = PLACE_NAME };

	if (w->literal == NULL)
		return place_match(&w->place, name, NULL);
	return place_match(&any, name, NULL) &&
	       fnmatch(w->literal, name, 0) == 0;
}

int
allow_package(const struct allow *a, const char *name, struct err *err)
{
	LIST_EACH (struct allow_rule, r, &a->rules, link) {
		if (r->what != ALLOW_CHANGE || !rule_begins(r, "package"))
			continue;
		for (size_t i = 1; i < r->n; i++) {
			if (package_match(&r->word[i], name))
				return 0;
		}
	}
	return err_set(err, ERR_REFUSED,
		       "no line \"change package %.80s\" in %s", name, a->file);
}
