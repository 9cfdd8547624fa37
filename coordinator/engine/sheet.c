/*
 * sheet.c - the break-glass sheet: a text that needs neither drydock nor its
 * database to be read.
 */
#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call.h"
#include "engine_private.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "plan_shell.h"
#include "wire.h"
#include "words.h"

/* What the agent was told last. */
struct sheet {
	char host[VIEW_NAME];
	char *text;
};

/* Passed, begun, not yet, left out. */
static const char *
sheet_mark(enum step_state state)
{
	switch (state) {
	case STEP_PASSED:
		return "[x]";
	case STEP_RUNNING:
	case STEP_FAILED:
	case STEP_UNKNOWN:
		return "[?]";
	case STEP_PENDING:
		return "[ ]";
	case STEP_SKIPPED:
	case STEP_UNDONE:
		return "[-]";
	}
	return "[?]";
}

/* For a person's shell. */
static void
sheet_argv(struct fleet *f, const struct json_object *argv, struct buf *out)
{
	for (size_t i = 0; i < jdoc_count(argv); i++) {
		const char *word = json_as_str(json_item(argv, i));
		char *filled = NULL;

		if (value_fill(f, word, &filled, NULL) < 0)
			filled = x_strdup(word);
		if (i > 0)
			(void)buf_addc(out, ' ');
		words_for_shell(out, filled);
		free(filled);
	}
}

/* A text of the plan with what is remembered put in, as far as it is. */
static void
sheet_text(struct fleet *f, const char *before, const char *text,
	   struct buf *out)
{
	char *filled = NULL;

	if (value_fill(f, text, &filled, NULL) < 0)
		filled = x_strdup(text);
	(void)buf_addf(out, "%s%s", before, filled);
	free(filled);
}

/* A step or an undo: both have a kind and what belongs to it. */
static void
sheet_act(struct fleet *f, const struct json_object *act, const char *kind,
	  struct buf *out)
{
	if (strcmp(kind, "run") == 0)
		sheet_argv(f, jdoc_in(act, "argv"), out);
	else if (strcmp(kind, "poll") == 0)
		sheet_text(f, "wait until ",
			   jdoc_str(jdoc_in(act, "poll"), "until", ""), out);
	else if (strcmp(kind, "wait") == 0)
		(void)buf_addf(out, "wait %lld s",
			       (long long)jdoc_int(act, "wait_ms", 0) / 1000);
	else if (strcmp(kind, "approve") == 0)
		(void)buf_adds(out, "(a person says go on)");
	else if (!plan_shell_line(kind, act, out))
		(void)buf_adds(out, kind);
}

/* On which host: the turn's own, the member that the turn talks to, or each. */
static void
sheet_where(const struct fleet *f, const struct view_step *step,
	    struct buf *out)
{
	const struct view_group *group;

	if (step->target == TARGET_BACKEND) {
		(void)buf_adds(out, "here");
		return;
	}
	group = &f->view.groups[step->group];
	if (step->target != TARGET_EACH) {
		(void)buf_adds(out, group->mouth[0] != '\0' ? group->mouth :
							      group->name);
		return;
	}
	(void)buf_adds(out, "on each of");
	for (int i = 0; i < group->nmembers; i++)
		(void)buf_addf(out, " %s", group->members[i]);
}

/* A condition of the step, if it has that one. */
static void
sheet_condition(struct fleet *f, const struct view_step *step, const char *key,
		const char *before, struct buf *out)
{
	if (!jdoc_has(step->spec, key))
		return;
	sheet_text(f, before, jdoc_str(step->spec, key, ""), out);
	(void)buf_addc(out, '\n');
}

static void
sheet_step(struct fleet *f, const struct view_step *step, struct buf *out)
{
	(void)buf_addf(out, "  %s %s, ", sheet_mark(step->state), step->name);
	sheet_where(f, step, out);
	(void)buf_adds(out, ":\n        ");
	sheet_act(f, step->spec, step_kind_word(step->kind), out);
	(void)buf_addc(out, '\n');
	/* who waits for ever does not finish */
	if (step->kind == STEP_KIND_POLL)
		(void)buf_addf(out, "        at most %lld s, then %s\n",
			       (long long)step->at_most_ms / 1000,
			       step->poll_fails ? "something is wrong" :
						  "go on all the same");
	if (step->state == STEP_PENDING)
		sheet_condition(f, step, "when", "        only when ", out);
	if (step->state != STEP_PASSED)
		sheet_condition(f, step, "require",
				"        first see that ", out);
	sheet_condition(f, step, "check", "        is done when ", out);
}

/* The way back, for those who would rather not go on: last one first. */
static void
sheet_undos(struct fleet *f, struct buf *out)
{
	(void)buf_adds(out, "\nOr back, in this order (what each step that was "
		       "begun brings as its undo):\n\n");
	for (int i = f->view.nsteps - 1; i >= 0; i--) {
		const struct view_step *step = &f->view.steps[i];
		const struct json_object *undo = jdoc_in(step->spec, "undo");

		if (undo == NULL || step->undoes >= 0 ||
		    step->state == STEP_PENDING ||
		    step->state == STEP_SKIPPED || step->state == STEP_UNDONE)
			continue;
		(void)buf_addf(out, "      undo of %s, ", step->name);
		sheet_where(f, step, out);
		(void)buf_adds(out, ":\n        ");
		sheet_act(f, undo, jdoc_str(undo, "kind", "run"), out);
		(void)buf_addc(out, '\n');
	}
}

/* ------------------------------------- what the conditions are read from */

struct sheet_readings {
	struct fleet *f;
	const char *text;	/* the sheet so far */
	struct buf *out;
};

/* NULL: there is none, or it is something else. */
static const struct json_object *
sheet_object(const struct json_object *in, const char *key)
{
	const struct json_object *obj = jdoc_in(in, key);

	return json_kind(obj) == JSON_OBJECT ? obj : NULL;
}

/* Does the text read that probe: "list.count", but not "checklist.count"? */
static bool
sheet_reads(const char *text, const char *probe)
{
	size_t len = strlen(probe);

	for (const char *at = text; (at = strstr(at, probe)) != NULL; at += len)
		if (at[len] == '.' &&
		    (at == text || strchr(" (!", at[-1]) != NULL))
			return true;
	return false;
}

static bool
sheet_row(void *self, const char *column, const struct json_object *value)
{
	struct sheet_readings *r = self;
	char *text = json_kind(value) == JSON_STRING ?
		x_strdup(json_as_str(value)) : jdoc_text(value);

	(void)buf_addf(r->out, "\n        of the row whose %s is ", column);
	sheet_text(r->f, "", text, r->out);
	free(text);
	return true;
}

static void
sheet_reading(struct sheet_readings *r, const char *name, const char *target,
	      const struct json_object *probe)
{
	const struct json_object *row = sheet_object(probe, "row");
	const char *tcp = jdoc_str(probe, "tcp", NULL);

	(void)buf_addf(r->out, "  %s, %s%s:\n        ", name,
		       strcmp(target, "backend") == 0 ? "" : "on ",
		       strcmp(target, "backend") == 0 ? "here" : target);
	if (tcp != NULL)
		sheet_text(r->f, "a connection to ", tcp, r->out);
	else
		sheet_argv(r->f, jdoc_in(probe, "run"), r->out);
	if (row == NULL)
		row = sheet_object(probe, "rows");
	if (row != NULL)
		json_each(row, sheet_row, r);
	(void)buf_addc(r->out, '\n');
}

static bool
sheet_probe(void *self, const char *name, const struct json_object *probe)
{
	struct sheet_readings *r = self;

	if (json_kind(probe) == JSON_OBJECT && sheet_reads(r->text, name))
		sheet_reading(r, name, jdoc_str(probe, "target", "backend"),
			      probe);
	return true;
}

/* Of the fleet, not of the plan. */
static void
sheet_service(struct sheet_readings *r)
{
	const struct json_object *service = sheet_object(r->f->doc,
							   "service");
	const char *key = jdoc_str(service, "key", NULL);
	bool peers = sheet_reads(r->text, "peers");

	if (service == NULL || (!peers && !sheet_reads(r->text, "service")))
		return;
	sheet_reading(r, "service", jdoc_str(service, "from", "backend"),
		      service);
	if (key != NULL)
		(void)buf_addf(r->out, "        of the row whose %s is this "
			       "host's address\n", key);
	if (peers) {
		(void)buf_adds(r->out, "  peers.in_service: for how many of "
			       "the other backends' rows this holds\n");
		sheet_text(r->f, "        ", jdoc_str(service, "in", ""),
			   r->out);
		(void)buf_addc(r->out, '\n');
	}
}

static void
sheet_readings(struct fleet *f, struct buf *out)
{
	const struct json_object *plan = sheet_object(fleet_turn_doc(f), "plan");
	const struct json_object *probes = sheet_object(plan, "probes");
	char *text = x_strdup(buf_str(out));
	struct sheet_readings r = { .f = f, .text = text, .out = out };

	(void)buf_adds(out, "\nWhat the names in these conditions are read "
		       "from:\n\n");
	if (probes != NULL)
		json_each(probes, sheet_probe, &r);
	sheet_service(&r);
	free(text);
}

static void
sheet_write(struct fleet *f, const struct view_turn *turn, struct buf *out)
{
	(void)buf_addf(out, "drydock is working on this host.\n\n"
		       "rollout %lld (%s), fleet %s, backend %s\n\n"
		       "If drydock and its database are gone, go on by hand "
		       "from the first line that\nis not [x].  [?] may have "
		       "happened: look before you repeat it.\n\n",
		       (long long)f->view.rollout, f->view.uuid, f->name,
		       turn->backend);
	for (int i = 0; i < f->view.nsteps; i++)
		if (f->view.steps[i].state != STEP_SKIPPED &&
		    !f->view.steps[i].planned_skip)
			sheet_step(f, &f->view.steps[i], out);
	sheet_undos(f, out);
	sheet_readings(f, out);
}

/* Somewhere between the first user who is kept away and the proof. */
static bool
sheet_needed(const struct fleet *f)
{
	if (!f->has_rollout || f->view.detail < 0 ||
	    fleet_turn_doc(f) == NULL)
		return false;
	if (f->view.turns[f->view.detail].no_return_begun ||
	    f->view.turns[f->view.detail].outage_open)
		return true;
	for (int i = 0; i < f->view.nsteps; i++)
		if (f->view.steps[i].no_return &&
		    f->view.steps[i].state == STEP_RUNNING)
			return true;
	return false;
}

static bool
sheet_is_over(const struct view_turn *turn)
{
	return turn->state == TURN_DONE || turn->state == TURN_RESTORED ||
	       turn->state == TURN_SKIPPED || turn->state == TURN_WAITING;
}

static void
sheet_answered(void *ctx, const struct call_answer *answer)
{
	(void)ctx;
	if (answer->outcome != CALL_ANSWERED)
		log_warn("the sheet is not on its host: %s", answer->why);
}

static void
sheet_send(struct fleet *f, const char *host, const char *text)
{
	struct call *call = call_find(f->engine->calls, host);

	if (call != NULL)
		(void)call_sheet(call, f->uuid, f->epoch, f->view.uuid, text,
				 sheet_answered, NULL);
}

void
sheet_free(struct fleet *f)
{
	if (f->sheet != NULL)
		free(f->sheet->text);
	x_free(&f->sheet);
}

void
sheet_untold(struct fleet *f)
{
	if (f->sheet != NULL)
		x_strset(&f->sheet->text, "");
}

/* The same in the database, for status --sheet. */
static void
sheet_op(struct fleet *f, const char *backend, const char *text)
{
	struct json_out out;
	struct buf buf;

	for (int i = 0; i < f->view.nturns; i++) {
		if (strcmp(f->view.turns[i].backend, backend) != 0)
			continue;
		buf_init(&buf, WIRE_SHEET_MAX * 2);
		json_out_init(&out, &buf);
		json_out_object(&out, NULL);
		json_out_str(&out, "op", "turn_set");
		json_out_int(&out, "turn", f->view.turns[i].id);
		json_out_str(&out, "sheet", text);
		json_out_end(&out);
		act_op(f, buf_str(&buf));
		buf_free(&buf);
	}
}

static void
sheet_put(struct fleet *f, const char *host, const char *text)
{
	if (f->sheet == NULL)
		f->sheet = x_new(struct sheet);
	else if (strcmp(f->sheet->host, host) == 0 &&
		 strcmp(f->sheet->text, text) == 0)
		return;
	(void)snprintf(f->sheet->host, sizeof(f->sheet->host), "%s", host);
	x_strset(&f->sheet->text, text);
	sheet_send(f, host, text);
	sheet_op(f, host, text);
}

void
sheet_update(struct fleet *f)
{
	const struct view_turn *turn = NULL;
	struct buf text;

	if (sheet_needed(f))
		turn = &f->view.turns[f->view.detail];
	if (f->sheet != NULL &&
	    !forget_sheet_wanted(f, f->sheet->host)) {
		sheet_send(f, f->sheet->host, "");
		sheet_op(f, f->sheet->host, "");
		sheet_free(f);
	}
	if (turn == NULL || sheet_is_over(turn))
		return;
	buf_init(&text, WIRE_SHEET_MAX / 2);
	sheet_write(f, turn, &text);
	sheet_put(f, turn->backend, buf_str(&text));
	buf_free(&text);
}
