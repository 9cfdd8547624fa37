/*
 * procedure.h - what is done to one backend, as a file that a person reads.
 *
 * PURE: text in, text out; no clock, no socket, no file.  Errors and warnings
 * go to the diags with line and column.  A procedure keeps its source, and the
 * diags that it was parsed with (or planned with) show lines from it: free the
 * diags first, then the procedure.
 *
 *	diags_init(&d, "p.yaml");
 *	if (procedure_parse(text, len, &d, &proc) == 0)
 *		procedure_lint(proc, &d);
 *	diags_sort(&d);
 *	diags_print(&d, &out);
 *	diags_free(&d);
 *	procedure_free(&proc);
 */
#ifndef DRYDOCK_PROCEDURE_H
#define DRYDOCK_PROCEDURE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "diag.h"

struct json_object;
struct procedure;

/*
 * -1: at least one error was added to the diags.  *proc_r is set either way
 * (it owns the source lines that the diags show), so free it either way; a
 * procedure with errors is fit for nothing else.
 */
int procedure_parse(const char *text, size_t len, struct diags *d,
		    struct procedure **proc_r);
void procedure_free(struct procedure **proc);

/* What is allowed and looks wrong: warnings.  Only after a parse that was 0. */
void procedure_lint(const struct procedure *proc, struct diags *d);

const char *procedure_name(const struct procedure *proc);

/*
 * The variables, for help and completion: a JSON array of {"name","type",
 * "required","default","of","description"}.
 */
void procedure_vars(const struct procedure *proc, struct buf *out);

/*
 * What a plan is made from besides the procedure.  Read once by the caller,
 * for all backends; objects all three.
 */
struct plan_input {
	const struct json_object *inventory; /* normalised, see inventory.h */
	const char *backend;		     /* a backend's name in it */
	const struct json_object *vars;	 /* NAME: value; NULL: none */
	const struct json_object *files; /* VAR: {"name","sha256"}; or NULL */
	const char *rollout;		 /* its number as text; NULL:
					    ${rollout.id} stays open, like
					    ${steps.S.x} */
};

/*
 * The pinned plan of one backend as JSON on one line, added to `out`: every
 * variable filled in, every `when` that needs no probe decided.  What stays
 * open in its texts are ${steps.S.NAME}, ${steps.S.state} and ${rollout.id}
 * when none was given: fill them with template_fill_text() and expr_fill()
 * right before acting.  What copy, clean and package say is final and goes to
 * the agent as it stands (${new_file} in a validate is the agent's own), but
 * for the `purge_of` of the cleans that are appended: ${steps.S.attempt} is the
 * id of the attempt that put aside.  copy, clean and package without "undo"
 * bring their own.
 * -1: the diags say why (a value that does not fit, a label or group that the
 * inventory lacks); `out` is then not to be used.
 */
int plan_expand(const struct procedure *proc, const struct plan_input *in,
		struct diags *d, struct buf *out);

/*
 * The order to take the backends in and the strategy, as JSON:
 * {"order":["mail01",…],"canary":1,"settle_ms":120000}.  vars: as in a plan.
 */
int plan_strategy(const struct procedure *proc,
		  const struct json_object *inventory,
		  const struct json_object *vars, struct diags *d,
		  struct buf *out);

/*
 * The agents' allow files that permit exactly this procedure, as text with a
 * part per role.  inventory (or NULL): also what the fleet's service and its
 * groups' `ready` read.  role: "backend" or a group's name; NULL: all, each
 * under a heading.
 */
int procedure_allow(const struct procedure *proc, const char *inventory,
		    const char *role, struct diags *d, struct buf *out);

#endif
