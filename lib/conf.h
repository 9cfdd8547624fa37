/*
 * conf.h - configuration: lines of `key = value`, read by a table.
 *
 * '#' begins a comment at the start of a line or behind a blank; a value keeps
 * its inner blanks, and may stand in "…" to keep outer ones or a '#'.  Unknown
 * and repeated keys are errors with file:line; a LIST key may be repeated, and
 * a NAMED one stands with a name of its own: `hook.mail = …`.  Lines may end in
 * CR LF; a NUL, a byte order mark, what is not UTF-8 and more than 1 MiB are
 * refused.
 *
 * The one list gives struct, defaults, parser and --print-config:
 *
 *	#define DAEMON_CONF(X)                                            \
 *		X(db_conninfo, STRING, "service=drydock", "where it is")  \
 *		X(poll, DURATION, "5s", "look for work this often")
 *	struct daemon_conf {
 *	#define X CONF_MEMBER
 *		DAEMON_CONF(X)
 *	#undef X
 *	};
 *	static const struct conf_key daemon_keys[] = {
 *	#define X(...) CONF_ROW(struct daemon_conf, __VA_ARGS__)
 *		DAEMON_CONF(X)
 *	#undef X
 *		CONF_END
 *	};
 */
#ifndef DRYDOCK_CONF_H
#define DRYDOCK_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct conf_item {
	char *name; /* what follows the '.' of a NAMED key, else NULL */
	char *value;
	unsigned int line;
};

struct conf_list {
	struct conf_item *item;
	size_t n;
};

enum conf_type {
	CONF_STRING,
	CONF_INT,
	CONF_DURATION,
	CONF_BOOL,
	CONF_LIST,
	CONF_NAMED,
};

/* What a key of each type is in the struct. */
#define CONF_TYPE_STRING   char * /* never NULL; "" when empty */
#define CONF_TYPE_INT	   int64_t
#define CONF_TYPE_DURATION int64_t /* milliseconds */
#define CONF_TYPE_BOOL	   bool	   /* yes, no */
#define CONF_TYPE_LIST	   struct conf_list
#define CONF_TYPE_NAMED	   struct conf_list

#define CONF_MEMBER(key, type, def, text) CONF_TYPE_##type key;
#define CONF_ROW(S, key, type, def, text)                                      \
	{ #key, CONF_##type, offsetof(S, key), def, text },
#define CONF_END { NULL, CONF_STRING, 0, NULL, NULL }

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	const char *def; /* as it would be written; NULL for lists: empty */
	const char *text;
};

/* Fill `conf` with the defaults; before any read. */
void conf_init(void *conf, const struct conf_key *keys);
void conf_free(void *conf, const struct conf_key *keys);

/*
 * Read into `conf`.  ERR_USAGE: "FILE:LINE: what is wrong".  After an error
 * `conf` may be half read: conf_free() it.  A file is refused that somebody
 * else than root or we ourselves may write.
 */
int conf_read_file(void *conf, const struct conf_key *keys, const char *path,
		   struct err *err);
int conf_read_text(void *conf, const struct conf_key *keys, const char *text,
		   size_t len, const char *name, struct err *err);

/* "key = value" lines, with the explanations as comments. */
void conf_print(const void *conf, const struct conf_key *keys, struct buf *out);

#endif
