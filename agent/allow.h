/*
 * allow.h - what the owner of this host permits; /etc/drydock/allow.
 *
 *	# a comment
 *	read   doveadm -f tab director status
 *	read   tcp <ip> <port>
 *	change doveadm director update <ip> <int 0..1000>
 *	change copy <path under /etc/dovecot>
 *	change copy <path under /etc/dovecot> staged <path under /srv/staged>
 *	change clean <path under /var/dovecot/vmail> unless-running dovecot
 *	change package dovecot-*
 *
 * Words are split by blanks (words.h: quotes, no shell) and match one to one;
 * <…> is a place (place.h) and may hold blanks.  A line `read …` permits a
 * look, `change …` a change; neither implies the other.  `tcp`, `copy`,
 * `clean` and `package` are the built-ins: a program of that name must be
 * written with its path.  The validation of a copied file is a `read` line
 * that holds the word ${new_file}.
 */
#ifndef DRYDOCK_ALLOW_H
#define DRYDOCK_ALLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "sha256.h"

enum allow_what {
	ALLOW_READ,
	ALLOW_CHANGE,
};

struct allow;

/* ERR_USAGE: "FILE:LINE: what is wrong". */
int allow_parse(const char *text, size_t len, const char *file,
		struct allow **allow_r, struct err *err);
/* The owner and the mode of the file are looked at as well. */
int allow_read(const char *path, struct allow **allow_r, struct err *err);
void allow_free(struct allow **allow);

const char *allow_sha256(const struct allow *a);

/* A command.  0, or ERR_REFUSED that names the nearest line. */
int allow_argv(const struct allow *a, enum allow_what what,
	       const char *const *argv, size_t n, struct err *err);
int allow_tcp(const struct allow *a, const char *address, const char *port,
	      struct err *err);
/* staged: NULL when the content comes over the wire. */
int allow_copy(const struct allow *a, const char *to, const char *staged,
	       struct err *err);
/*
 * root_r: the root the path lies under; unless_r: the unit that may not run or
 * NULL.  Both live as long as `a`.
 */
int allow_clean(const struct allow *a, const char *inside, const char **root_r,
		const char **unless_r, struct err *err);
/* Each root that a line for clean names. */
void allow_each_root(const struct allow *a,
		     void (*fn)(void *self, const char *root), void *self);
int allow_package(const struct allow *a, const char *name, struct err *err);

#endif
