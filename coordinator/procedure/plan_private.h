/* plan_private.h - what the files of planning share; for plan_*.c alone. */
#ifndef DRYDOCK_PLAN_PRIVATE_H
#define DRYDOCK_PLAN_PRIVATE_H

#include "json.h"
#include "procedure_private.h"

/* The world of one backend: its values for every ${name}. */
struct env {
	const struct procedure *proc;
	struct diags *d;
	const char *rollout; /* or NULL: stays open */
	const struct json_object *inventory;
	const struct json_object *vars, *files; /* or NULL */
	const struct json_object *backend;
	const char *backend_name;
	char **value;	     /* per variable; NULL: absent */
	unsigned int errors; /* of d, before */
};

/* -1: told.  env_clear() either way. */
int env_init(struct env *e, const struct procedure *proc,
	     const struct plan_input *in, struct diags *d);
void env_clear(struct env *e);

/* A variable's value or NULL. */
const char *env_var(const struct env *e, const struct var *var);
/* {"name","sha256"} of a file variable, or NULL. */
const struct json_object *env_file(const struct env *e, const struct var *var);
/* Is it a group of this fleet?  Told when not. */
void env_target(const struct env *e, const struct target *target);

/*
 * Filled in; what fails is told at its place and becomes empty.  The text is
 * free()d by the caller.
 */
char *env_text(struct env *e, const struct text *text);
/* The same, and nothing may be open: no ${steps.S.x}. */
char *env_final(struct env *e, const struct text *text);
int64_t env_span(struct env *e, const struct span *span, int64_t otherwise);
/* *tri_r (NULL allowed): decided already?  NULL: the condition is absent. */
char *env_cond(struct env *e, const struct cond *cond, enum tri *tri_r);

/* Pieces of JSON under a key; nothing when the part is absent. */
void out_argv(struct env *e, struct json_out *o, const char *key,
	      const struct argv *argv);
void out_cond(struct env *e, struct json_out *o, const char *key,
	      const struct cond *cond);
void out_span(struct env *e, struct json_out *o, const char *key,
	      const struct span *span);
void out_target(struct env *e, struct json_out *o, const struct target *target);

void plan_steps(struct env *e, struct json_out *o);

#endif
