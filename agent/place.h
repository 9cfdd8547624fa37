/*
 * place.h - typed places of an allow line: <int 0..1000> and its like.
 *
 * Whatever the type: no empty word, none above WIRE_WORD_MAX bytes, no control
 * character, nothing that begins with '-'.  So a value can never become an
 * option, and never a second word, because a word is all it is.
 */
#ifndef DRYDOCK_PLACE_H
#define DRYDOCK_PLACE_H

#include <stdbool.h>

#include "err.h"

/* name, word, argument it takes, what it matches */
#define PLACE_TYPES(X)                                                         \
	X(IP, "ip", PLACE_NO_ARG, "an IPv4 or IPv6 address, no name")          \
	X(PORT, "port", PLACE_NO_ARG, "1..65535")                              \
	X(INT, "int", PLACE_RANGE, "a decimal number A..B")                    \
	X(NAME, "name", PLACE_MAY_ARG,                                         \
	  "[A-Za-z0-9][A-Za-z0-9._-]*, up to 64 bytes (and GLOB if given)")    \
	X(USER, "user", PLACE_FILE, "a line of a root-owned file")             \
	X(VERSION, "version", PLACE_NO_ARG, "a Debian package version")        \
	X(PATH, "path", PLACE_ROOT, "ROOT or below, without . .. // or /")     \
	X(WORD, "word", PLACE_NO_ARG, "any word that is no option")            \
	X(ONE, "one", PLACE_LIST, "one of the words listed")

enum place_type {
#define X(name, word, arg, text) PLACE_##name,
	PLACE_TYPES(X)
#undef X
};

enum place_arg {
	PLACE_NO_ARG,
	PLACE_MAY_ARG, /* <name> or <name GLOB> */
	PLACE_RANGE,   /* <int A..B> */
	PLACE_FILE,    /* <user in FILE> */
	PLACE_ROOT,    /* <path under ROOT> */
	PLACE_LIST,    /* <one of A B C> */
};

struct place {
	enum place_type type;
	char *text; /* glob, file, root or list; NULL without one */
	long long min, max;
};

/* `text` is what stands between < and >.  place_free() after success. */
int place_parse(const char *text, struct place *p, struct err *err);
void place_free(struct place *p);

/* Does the word fit?  If not, err (NULL allowed) says why. */
bool place_match(const struct place *p, const char *word, struct err *err);

/* An absolute path without //, . or .. and without a / at its end. */
bool place_path_clean(const char *path);
/* `path` is `root` or below it; both are clean. */
bool place_path_under(const char *path, const char *root);

/*
 * Open a file a rule hangs on: regular, not a link, owned by root (in a test
 * build: or by who runs it), written by nobody else.  Returns the descriptor.
 */
int place_open_owned(const char *path, struct err *err);

#endif
