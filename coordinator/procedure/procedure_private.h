/*
 * procedure_private.h - a procedure in memory, for this folder alone.
 *
 * Every part keeps its node, for the place to point at.  Names and plain texts
 * belong to the document; templates, expressions and arrays to the procedure.
 */
#ifndef DRYDOCK_PROCEDURE_PRIVATE_H
#define DRYDOCK_PROCEDURE_PRIVATE_H

#include <stdint.h>

#include "expr.h"
#include "procedure.h"
#include "reading.h"
#include "sha256.h"
#include "template.h"
#include "ydoc.h"
#include "yread.h"

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)

/* A scalar with ${} in it; tpl NULL: not there. */
struct text {
	const struct ynode *node;
	struct template *tpl;
};

/* A duration that may be a ${vars.x}. */
struct span {
	struct text text;
	const char *what;
	int64_t min_ms, max_ms;
};

struct cond {
	const struct ynode *node;
	struct expr *expr; /* NULL: not there */
};

struct argv {
	const struct ynode *node; /* NULL: not there */
	struct template **word;
	const struct ynode **at; /* per word: where it stands */
	size_t n;
};

struct target {
	const struct ynode *node; /* NULL: not there, the backend */
	bool each;
	const char *group; /* NULL: the backend itself */
};

/* X(name, word, sentence) */
#define VAR_TYPES(X)                                                           \
	X(WORD, "word", "one word, no blanks, not beginning with -")           \
	X(STRING, "string", "a text")                                          \
	X(INT, "int", "a whole number")                                        \
	X(DURATION, "duration", "such as 15m")                                 \
	X(CHOICE, "choice", "one of its words")                                \
	X(FILE, "file", "a file to be copied")                                 \
	X(PACKAGES, "packages", "NAME=VERSION, several with commas")           \
	X(SECRET, "secret", "the path of a file that is on the host already")

enum var_type {
#define X(name, word, sentence) VAR_##name,
	VAR_TYPES(X)
#undef X
};

struct var {
	const char *name;
	const struct ynode *node;
	enum var_type type;
	bool required;
	const struct ynode *def; /* default, or NULL */
	struct template *tpl;	 /* of a default that is a text */
	const struct ynode *of;	 /* choice: its words */
	int64_t min, max;	 /* int; duration in ms */
	const char *description; /* or NULL */
	const char *place;	 /* what allow files write for it, or NULL */
	bool used;
};

struct match {
	const char *column;
	struct text value;
};

struct probe {
	const char *name;
	const struct ynode *node;
	struct target target;
	struct argv run;
	struct text tcp; /* instead of run */
	enum reading_format format;
	bool selects, many; /* row: or rows:; rows: */
	struct match *match;
	size_t n;
	struct span timeout;
	bool used;
};

struct field {
	const struct ynode *node; /* NULL: not there */
	char *text;		  /* "service.vhosts", normalised */
};

/* An expression that must hold, or fields that must be equal everywhere. */
struct preflight {
	const char *code;
	const struct ynode *node;
	struct cond expect;
	struct field *same;
	size_t nsame;
	const char *hint; /* or NULL */
};

struct remember {
	const char *name;
	const struct ynode *node;
	struct field value;
	struct cond where;
	const char *place; /* or NULL */
};

/*
 * X(name, word, step, undo, sentence): exactly one stands in a step, and one
 * in an undo; `undo`: its shape there, NULL where it takes nothing back.
 */
#define ACT_KINDS(X)                                                           \
	X(RUN, "run", YTEXTS, YTEXTS,                                          \
	  "a command: a text that is split into words, or a list of words; "   \
	  "there is no shell")                                                 \
	X(POLL, "poll", YTOLD(YMAP(&poll_keys)), NULL,                         \
	  "look again and again until something is true, see POLL")            \
	X(WAIT, "wait", YTOLD(YDURATION), NULL,                                \
	  "let time pass, 1s to 7d; what is kept is still proved")             \
	X(APPROVE, "approve", YTOLD(YTEXT), NULL,                              \
	  "wait for a person, who is shown this text: drydock approve")        \
	X(COPY, "copy", YTOLD(YMAP(&copy_keys)), YTOLD(YMAP(&copy_keys)),      \
	  "put a file in place, see COPY; the old one is kept")                \
	X(CLEAN, "clean", YTOLD(YMAP(&clean_keys)), YTOLD(YMAP(&clean_keys)),  \
	  "remove files, see CLEAN; put aside, and deleted at the end")        \
	X(PACKAGE, "package", YTOLD(YMAP(&package_keys)),                      \
	  YTOLD(YMAP(&package_keys)),                                          \
	  "install packages, all at once, see PACKAGE")

enum act_kind {
#define X(name, word, step, undo, sentence) ACT_##name,
	ACT_KINDS(X)
#undef X
		ACT_COUNT
};

struct act {
	enum act_kind kind; /* ACT_COUNT: none */
	const struct ynode *node;
	struct argv run;
	struct {
		struct cond until;
		struct span every, at_most;
		bool go_on; /* then: continue */
		struct field record;
	} poll;
	struct span wait;
	struct text approve;
	struct {
		struct text from, staged, to;
		const char *mode, *owner, *group;
		struct argv validate;
	} copy;
	struct {
		struct text inside, match;
		const char *unless_running; /* a unit, or NULL */
	} clean;
	struct {
		struct text *install; /* "${vars.x}" or NAME=VERSION each */
		size_t n;
		bool leave; /* services: leave */
	} package;
};

struct undo {
	const struct ynode *node; /* NULL: not there */
	bool none;
	struct act act;
	struct target target;
	struct cond check;
	struct span timeout;
};

struct step {
	const char *name;
	const struct ynode *node;
	size_t phase;
	struct act act;
	struct target target;
	struct cond when, require, check, expect;
	struct remember *remember;
	size_t remembers;
	const struct ynode *keep; /* NULL: not there */
	const char *keep_until;
	int64_t keep_repair;
	struct undo undo;
	bool no_return, destroys, idempotent, discard, ignore;
	struct span timeout, settle, backoff, expected;
	const struct ynode *retry; /* NULL: not there */
	int64_t retries;
};

/* X(name, word): what the backend is at a phase's end. */
#define PHASE_RESTS(X)                                                         \
	X(NONE, "none")                                                        \
	X(IN, "in")                                                            \
	X(OUT, "out")

enum phase_rest {
#define X(name, word) REST_##name,
	PHASE_RESTS(X)
#undef X
};

struct phase {
	const char *name;
	const struct ynode *node;
	bool takes_out, no_pause, proves;
	enum phase_rest rest;
	struct span deadline;
	size_t first, n; /* its steps */
};

struct procedure {
	struct ydoc *doc;
	char sha256[SHA256_TEXT_SIZE];
	const char *name;
	const struct ynode *order; /* list of "name", "labels.x"; or NULL */
	int64_t canary;
	struct span settle;
	struct var *var;
	size_t vars;
	struct probe *probe;
	size_t probes;
	struct preflight *preflight;
	size_t preflights;
	struct phase *phase;
	size_t phases;
	struct step *step;
	size_t steps;
};

extern const char *const act_words[];
/* By enum var_type and enum phase_rest. */
extern const struct yfields var_words, rest_words;

/* What help says of each mapping; an undo's without the kinds. */
extern const struct yfields procedure_keys, strategy_keys, var_keys, probe_keys,
	preflight_keys, phase_keys, kind_keys, step_keys, poll_keys, copy_keys,
	clean_keys, package_keys, remember_keys, keep_keys, undo_keys;

/* What the readers of one file share. */
struct proc_reader {
	struct procedure *proc;
	struct diags *d;
};

/* proc_text.c: nodes into parts; told when wrong, the part is then absent. */
void
text_read(struct proc_reader *r, const struct ynode *node, struct text *text);
void
span_read(struct proc_reader *r, const struct ynode *node, const char *what,
	  int64_t min_ms, int64_t max_ms, struct span *span);
void
cond_read(struct proc_reader *r, const struct ynode *node, struct cond *cond);
void
argv_read(struct proc_reader *r, const struct ynode *node, struct argv *argv);
void target_read(struct proc_reader *r, const struct ynode *node,
		 struct target *target);
void field_read(struct proc_reader *r, const struct ynode *node,
		struct field *field);
void text_clear(struct text *text);
void cond_clear(struct cond *cond);
void argv_clear(struct argv *argv);

/* Where ${name} stands in a scalar. */
struct mark
name_mark(const struct ydoc *doc, const struct ynode *node, const char *name);

/* proc_act.c, proc_step.c, proc_probe.c, proc_var.c */
void act_read(struct proc_reader *r, const struct ynode *node,
	      enum act_kind kind, struct act *act);
void act_clear(struct act *act);
void phases_read(struct proc_reader *r, const struct ynode *node);
void step_clear(struct step *step);
void probes_read(struct proc_reader *r, const struct ynode *node);
void preflights_read(struct proc_reader *r, const struct ynode *node);
void preflight_clear(struct preflight *preflight);
void probe_clear(struct probe *probe);
void vars_read(struct proc_reader *r, const struct ynode *node);

/* "int 0..1000", as between < and > of an allow line; NULL after an error. */
const char *place_read(struct proc_reader *r, const struct ynode *node);

/* Does the text fit the type?  -1 with the reason (the value is not quoted). */
int var_value_check(const struct var *var, const char *text, struct err *err);
const struct var *var_find(const struct procedure *proc, const char *name);
const struct probe *probe_find(const struct procedure *proc, const char *name);
/* Index, or proc->steps. */
size_t step_find(const struct procedure *proc, const char *name);

/*
 * proc_names.c: the ${names} and fields of a part.  A scope says which steps
 * are behind it and whether there is a result to speak of.
 */
enum scope_out { SCOPE_NO_OUT, SCOPE_OUT, SCOPE_ELAPSED };
struct scope {
	struct proc_reader *r;
	size_t behind; /* steps before this one may be named */
	size_t own;    /* so may what this one remembers; proc->steps: none */
	enum scope_out out;
	bool new_file;	/* ${new_file} */
	bool no_probes; /* defaults: neither variables nor probes */
};
void scope_text(const struct scope *s, const struct text *text);
void scope_argv(const struct scope *s, const struct argv *argv);
void scope_cond(const struct scope *s, const struct cond *cond);
void scope_field(const struct scope *s, const struct field *field);

/* proc_check.c: what one part says of another. */
void procedure_check(struct proc_reader *r);

/* proc_shape.c: do the marks of phases and steps fit each other? */
void shape_check(struct proc_reader *r);
/* The phase that takes the backend out, or proc->phases. */
size_t phase_takes_out(const struct procedure *proc);
/* The first step that cannot be undone, or proc->steps. */
size_t step_no_return(const struct procedure *proc);
bool step_changes(const struct step *step);

/* A template that is nothing but ${vars.X}: X's variable, else NULL. */
const struct var *
text_var(const struct procedure *proc, const struct text *text);

#endif
