/* shell_private.h - what the files that print scripts share. */
#ifndef DRYDOCK_SHELL_PRIVATE_H
#define DRYDOCK_SHELL_PRIVATE_H

#include "buf.h"
#include "json.h"

struct shell {
	struct buf *out;
	const struct json_object *inventory;
	const char *rollout;
	const char *backend, *address; /* of the turn */
};

const char *shell_str(const struct json_object *obj, const char *key,
		      const char *otherwise);
int64_t shell_int(const struct json_object *obj, const char *key,
		  int64_t otherwise);
const struct json_object *
shell_in(const struct json_object *obj, const char *key);

/* A line of the script that is nothing but a comment, whatever is in it. */
void shell_comment(struct shell *s, const char *before, const char *text);
/* A text of a plan as one word: quoted, remembered values as "${S[…]}". */
void shell_word(struct shell *s, const char *text);
/* " WORD…" */
void shell_words(struct shell *s, const struct json_object *argv);
/* A function `cond` of an expression of a plan. */
void shell_cond(struct shell *s, const char *expr);
/* The same of bare columns, of the service's row; the function's name. */
void shell_columns(struct shell *s, const char *name, const char *expr);
/* A target's hosts as words: "mail1", "dir1 dir2", or the mouth alone. */
void shell_hosts(struct shell *s, const char *target, bool all);
/* Members of a group of the inventory, or NULL. */
const struct json_object *
shell_group(const struct shell *s, const char *target);

/* plan_shell_step.c: one step, with what must hold before and after it. */
void shell_step(struct shell *s, const struct json_object *step);

#endif
