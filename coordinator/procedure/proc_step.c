/* proc_step.c - phases and their steps. */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "procedure_private.h"

enum { UNDO_TARGET = ACT_COUNT, UNDO_CHECK, UNDO_TIMEOUT, UNDO_N };
static const struct yfield undo_fields[] = {
#define X(name, word, step, undo, sentence)                                    \
	[ACT_##name] = { word, undo, false, sentence },
	ACT_KINDS(X)
#undef X
		[UNDO_TARGET] = { "target", YTEXT, false,
				  "where it acts; default as the step" },
	[UNDO_CHECK] = { "check", YTOLD(YTEXT), false,
			 "expression that is true once it is taken back" },
	[UNDO_TIMEOUT] = { "timeout", YDURATION, false,
			   "how long it may run, 1s to 1d; default 5m" },
};
static const struct yfield none_rows[] = { YWORD("none", NULL) };
static const struct yfields none_words = YFIELDS(none_rows);
static const struct yfields undo_all = YFIELDS(undo_fields);
const struct yfields undo_keys = { undo_fields + ACT_COUNT,
				   UNDO_N - ACT_COUNT };

static const struct yfield output_rows[] = {
	YWORD("keep", NULL),
	YWORD("discard", NULL),
};
static const struct yfields output_words = YFIELDS(output_rows);

static const struct yfield failure_rows[] = {
	YWORD("hold", NULL),
	YWORD("ignore", NULL),
};
static const struct yfields failure_words = YFIELDS(failure_rows);

/* The kinds come first: their index is the kind. */
enum {
	STEP_NAME = ACT_COUNT,
	STEP_TARGET,
	STEP_WHEN,
	STEP_REMEMBER,
	STEP_REQUIRE,
	STEP_CHECK,
	STEP_EXPECT,
	STEP_KEEP,
	STEP_UNDO,
	STEP_NO_RETURN,
	STEP_DESTROYS,
	STEP_IDEMPOTENT,
	STEP_OUTPUT,
	STEP_ON_FAILURE,
	STEP_TIMEOUT,
	STEP_SETTLE,
	STEP_RETRIES,
	STEP_BACKOFF,
	STEP_EXPECTED,
	STEP_N
};

static const struct yfield step_fields[] = {
#define X(name, word, step, undo, sentence)                                    \
	[ACT_##name] = { word, step, false, sentence },
	ACT_KINDS(X)
#undef X
		[STEP_NAME] = { "name", YNAME, true,
				"a-z, 0-9, - and _, at most 63; unique in the "
				"procedure, not end" },
	[STEP_TARGET] = { "target", YTEXT, false,
			  "where it acts: backend, GROUP (the one member that "
			  "is told all of this turn) or each GROUP; default "
			  "backend" },
	[STEP_WHEN] = { "when", YTOLD(YTEXT), false,
			"expression; false: the step is skipped. With ${…} "
			"alone it is decided in the plan, else once per turn; "
			"unknown holds the turn" },
	[STEP_REMEMBER] = { "remember",
			    YMANY(YEITHER(YTEXT, YMAP(&remember_keys))), false,
			    "NAME: FIELD or NAME: {value: FIELD, …}: read once "
			    "per turn before the step acts, then "
			    "${steps.STEP.NAME}" },
	[STEP_REQUIRE] = { "require", YTOLD(YTEXT), false,
			   "expression that must hold right before it acts; "
			   "else the turn is held" },
	[STEP_CHECK] = { "check", YTOLD(YTEXT), false,
			 "expression that is true once it is done. True "
			 "before: nothing is done. Else it is asked again "
			 "after the act until it is true, and decides" },
	[STEP_EXPECT] = { "expect", YTOLD(YTEXT), false,
			  "expression that must hold right after the act, of "
			  "out too; default out.exit == 0, unless there is a "
			  "check" },
	[STEP_KEEP] = { "keep", YMAP(&keep_keys), false,
			"its check, or a poll's until, is proved again in "
			"every later look, see KEEP" },
	[STEP_UNDO] = { "undo", YEITHER(YCHOICE(&none_words), YMAP(&undo_all)),
			false,
			"how it is taken back, see UNDO, or none: nothing to "
			"take back. copy, clean and package bring their own" },
	[STEP_NO_RETURN] = { "no_return", YBOOL, false,
			     "yes: once it begins nothing before it is undone "
			     "by itself; an abort comes to rest out, or at the "
			     "end" },
	[STEP_DESTROYS] = { "destroys", YBOOL, false,
			    "yes: what it removes is gone, so it is never run "
			    "twice on a guess; a clean always does" },
	[STEP_IDEMPOTENT] = { "idempotent", YBOOL, false,
			      "yes: twice does no harm; when nobody knows "
			      "whether it happened it is done again" },
	[STEP_OUTPUT] = { "output", YCHOICE(&output_words), false,
			  "keep, or discard: only counts of what it prints "
			  "leave the host; default keep" },
	[STEP_ON_FAILURE] = { "on_failure", YCHOICE(&failure_words), false,
			      "hold the turn, or ignore: go on, once its "
			      "retries are used up; default hold" },
	[STEP_TIMEOUT] = { "timeout", YDURATION, false,
			   "how long it may run before it is ended, 1s to 1d; "
			   "default 5m" },
	[STEP_SETTLE] = { "settle_within", YDURATION, false,
			  "how long its check may take to become true, from "
			  "the end of the act on, 1s to 1d; default 1m; five "
			  "minutes more while it cannot be read. Only beside "
			  "a check" },
	[STEP_RETRIES] = { "retries", YINT, false,
			   "how often it is tried again when it failed, 0 to "
			   "20; default 0. In a no_pause phase a check is "
			   "reason to try until its deadline. A wait and an "
			   "approve have none" },
	[STEP_BACKOFF] = { "backoff", YDURATION, false,
			   "how long to wait before the first retry, 1s to 1m, "
			   "twice as long before each other, 1m at most; "
			   "default 1s. Only beside retries, or a check in a "
			   "no_pause phase" },
	[STEP_EXPECTED] = { "expected", YDURATION, false,
			    "how long it takes as a rule, at most 1d, until "
			    "rollouts have shown it; default at_most of a "
			    "poll, a wait's time, else 5s" },
};
static const struct yfields step_all = YFIELDS(step_fields);
const struct yfields kind_keys = { step_fields, ACT_COUNT };
const struct yfields step_keys = { step_fields + ACT_COUNT,
				   STEP_N - ACT_COUNT };

static void
bool_read(struct proc_reader *r, const struct ynode *node, const char *what,
	  bool *out)
{
	if (node != NULL)
		(void)yread_bool(r->d, node, what, out);
}

/* The second of two words is true. */
static void
second_read(struct proc_reader *r, const struct ynode *node, const char *what,
	    const struct yfields *words, bool *out)
{
	size_t i = 0;

	if (node != NULL && yread_choice(r->d, node, what, words, &i) == 0)
		*out = i == 1;
}

enum { REMEMBER_VALUE, REMEMBER_WHERE, REMEMBER_PLACE, REMEMBER_N };
static const struct yfield remember_fields[] = {
	[REMEMBER_VALUE] = { "value", YTEXT, true,
			     "FIELD; all members must agree on it" },
	[REMEMBER_WHERE] = { "where", YTEXT, false,
			     "expression that must hold of what is read; else "
			     "the turn is held" },
	[REMEMBER_PLACE] = { "place", YTEXT, false,
			     "what allow files have for it between < and >, "
			     "such as int 0..1000" },
};
const struct yfields remember_keys = YFIELDS(remember_fields);

static void
remember_read(struct proc_reader *r, const struct ynode *map, struct step *step)
{
	const struct ynode *f[REMEMBER_N];

	if (map == NULL)
		return;
	step->remember = x_calloc(map->n + 1, sizeof(*step->remember));
	for (size_t i = 0; i < map->n; i++) {
		struct remember *m = &step->remember[step->remembers++];

		m->node = map->key[i];
		m->name = map->key[i]->text;
		(void)yread_name(r->d, map->key[i], "remember", &m->name);
		if (strcmp(m->name, "state") == 0)
			ynode_error(r->d, map->key[i],
				    "\"state\" is every step's own");
		if (map->item[i]->kind == YNODE_SCALAR) {
			field_read(r, map->item[i], &m->value);
			continue;
		}
		(void)yfields_read(r->d, map->item[i], "a remembered value",
				   remember_fields, REMEMBER_N, f);
		field_read(r, f[REMEMBER_VALUE], &m->value);
		cond_read(r, f[REMEMBER_WHERE], &m->where);
		m->place = place_read(r, f[REMEMBER_PLACE]);
	}
}

enum { KEEP_UNTIL, KEEP_REPAIR, KEEP_N };
static const struct yfield keep_fields[] = {
	[KEEP_UNTIL] = { "until", YTEXT, true,
			 "the later step whose begin ends it, or end, the end "
			 "of the turn" },
	[KEEP_REPAIR] = { "repair", YINT, false,
			  "how often it is done again when it no longer holds, "
			  "0 to 10, before the turn is held; default 0" },
};
const struct yfields keep_keys = YFIELDS(keep_fields);

static void
keep_read(struct proc_reader *r, const struct ynode *node, struct step *step)
{
	const struct ynode *f[KEEP_N];

	if (node == NULL)
		return;
	(void)yfields_read(r->d, node, "a keep", keep_fields, KEEP_N, f);
	if (f[KEEP_UNTIL] != NULL) {
		step->keep = f[KEEP_UNTIL];
		step->keep_until = f[KEEP_UNTIL]->text;
	}
	if (f[KEEP_REPAIR] != NULL)
		(void)yread_int(r->d, f[KEEP_REPAIR], "repair", 0, 10,
				&step->keep_repair);
}

/* The key that a value stands under. */
static struct mark
key_mark(const struct ynode *map, const struct ynode *value)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->item[i] == value)
			return map->key[i]->at;
	return value->at;
}

/* The one kind among the fields; ACT_COUNT when it is not exactly one. */
static enum act_kind
kind_find(struct proc_reader *r, const struct ynode *node, const char *what,
	  const struct ynode *const f[], const struct yfield fields[])
{
	enum act_kind kind = ACT_COUNT;
	struct buf all;

	for (size_t i = 0; i < ACT_COUNT; i++) {
		if (f[i] == NULL)
			continue;
		if (kind != ACT_COUNT) {
			diag_error(r->d, key_mark(node, f[i]),
				   (unsigned int)strlen(act_words[i]),
				   "%s has both \"%s\" and \"%s\"; keep one",
				   what, act_words[kind], act_words[i]);
			return ACT_COUNT;
		}
		kind = (enum act_kind)i;
	}
	if (kind != ACT_COUNT)
		return kind;
	buf_init(&all, 200);
	for (size_t i = 0; i < ACT_COUNT; i++)
		if (fields[i].shape != NULL)
			(void)buf_addf(&all, " %s", act_words[i]);
	diag_error(r->d, node->at, 1, "%s does nothing: it needs one of%s",
		   what, buf_str(&all));
	buf_free(&all);
	return ACT_COUNT;
}

static void
undo_read(struct proc_reader *r, const struct ynode *node, struct step *step)
{
	const struct ynode *f[UNDO_N];
	struct undo *undo = &step->undo;
	enum act_kind kind;

	undo->act.kind = ACT_COUNT;
	if (node == NULL)
		return;
	undo->node = node;
	undo->none =
		node->kind == YNODE_SCALAR && strcmp(node->text, "none") == 0;
	if (undo->none)
		return;
	if (node->kind != YNODE_MAP) {
		ynode_error(r->d, node,
			    "undo is \"none\" or {run: …, check: …}");
		return;
	}
	(void)yfields_read(r->d, node, "an undo", undo_fields, UNDO_N, f);
	kind = kind_find(r, node, "the undo", f, undo_fields);
	if (kind != ACT_COUNT && undo_fields[kind].shape == NULL)
		ynode_error(r->d, f[kind], "an undo cannot be a %s",
			    act_words[kind]);
	else if (kind != ACT_COUNT)
		act_read(r, f[kind], kind, &undo->act);
	target_read(r, f[UNDO_TARGET], &undo->target);
	cond_read(r, f[UNDO_CHECK], &undo->check);
	span_read(r, f[UNDO_TIMEOUT], "timeout", SECOND_MS, DAY_MS,
		  &undo->timeout);
}

static void
step_marks(struct proc_reader *r, const struct ynode *const f[],
	   struct step *step)
{
	bool_read(r, f[STEP_NO_RETURN], "no_return", &step->no_return);
	bool_read(r, f[STEP_DESTROYS], "destroys", &step->destroys);
	bool_read(r, f[STEP_IDEMPOTENT], "idempotent", &step->idempotent);
	second_read(r, f[STEP_OUTPUT], "output", &output_words, &step->discard);
	second_read(r, f[STEP_ON_FAILURE], "on_failure", &failure_words,
		    &step->ignore);
	span_read(r, f[STEP_TIMEOUT], "timeout", SECOND_MS, DAY_MS,
		  &step->timeout);
	span_read(r, f[STEP_SETTLE], "settle_within", SECOND_MS, DAY_MS,
		  &step->settle);
	span_read(r, f[STEP_BACKOFF], "backoff", SECOND_MS, MINUTE_MS,
		  &step->backoff);
	span_read(r, f[STEP_EXPECTED], "expected", 1, DAY_MS, &step->expected);
	step->retry = f[STEP_RETRIES];
	if (f[STEP_RETRIES] != NULL)
		(void)yread_int(r->d, f[STEP_RETRIES], "retries", 0, 20,
				&step->retries);
}

static void
step_read(struct proc_reader *r, const struct ynode *node, size_t phase)
{
	struct procedure *proc = r->proc;
	const struct ynode *f[STEP_N];
	struct step *step;
	enum act_kind kind;
	char what[80] = "a step";

	proc->step =
		x_realloc(proc->step, proc->steps + 1, sizeof(*proc->step));
	step = &proc->step[proc->steps++];
	*step = (struct step){ .node = node, .phase = phase, .name = "" };
	step->act.kind = step->undo.act.kind = ACT_COUNT;
	(void)yfields_read(r->d, node, what, step_fields, STEP_N, f);
	if (node->kind != YNODE_MAP)
		return;
	if (f[STEP_NAME] != NULL &&
	    yread_name(r->d, f[STEP_NAME], "name", &step->name) == 0) {
		snprintf(what, sizeof(what), "step \"%.60s\"", step->name);
		step->node = f[STEP_NAME];
	}
	kind = kind_find(r, node, what, f, step_fields);
	if (kind != ACT_COUNT)
		act_read(r, f[kind], kind, &step->act);
	target_read(r, f[STEP_TARGET], &step->target);
	cond_read(r, f[STEP_WHEN], &step->when);
	remember_read(r, f[STEP_REMEMBER], step);
	cond_read(r, f[STEP_REQUIRE], &step->require);
	cond_read(r, f[STEP_CHECK], &step->check);
	cond_read(r, f[STEP_EXPECT], &step->expect);
	keep_read(r, f[STEP_KEEP], step);
	undo_read(r, f[STEP_UNDO], step);
	step_marks(r, f, step);
}

void
step_clear(struct step *step)
{
	act_clear(&step->act);
	act_clear(&step->undo.act);
	cond_clear(&step->when);
	cond_clear(&step->require);
	cond_clear(&step->check);
	cond_clear(&step->expect);
	cond_clear(&step->undo.check);
	text_clear(&step->undo.timeout.text);
	text_clear(&step->timeout.text);
	text_clear(&step->settle.text);
	text_clear(&step->backoff.text);
	text_clear(&step->expected.text);
	for (size_t i = 0; i < step->remembers; i++) {
		x_free(&step->remember[i].value.text);
		cond_clear(&step->remember[i].where);
	}
	x_free(&step->remember);
}

enum {
	PHASE_NAME,
	PHASE_TAKES_OUT,
	PHASE_NO_PAUSE,
	PHASE_PROVES,
	PHASE_REST,
	PHASE_DEADLINE,
	PHASE_STEPS,
	PHASE_N
};
static const struct yfield rest_rows[] = {
#define X(name, word) YWORD(word, NULL),
	PHASE_RESTS(X)
#undef X
};
const struct yfields rest_words = YFIELDS(rest_rows);
static const struct yfield phase_fields[] = {
	[PHASE_NAME] = { "phase", YNAME, true,
			 "its name: a-z, 0-9, - and _, at most 63" },
	[PHASE_TAKES_OUT] = { "takes_out", YBOOL, false,
			      "yes: in it the backend leaves service; one "
			      "phase at most" },
	[PHASE_NO_PAUSE] = { "no_pause", YBOOL, false,
			     "yes: no pause rests in it: decided whole before "
			     "it begins, and then carried to its end" },
	[PHASE_PROVES] = { "proves", YBOOL, false,
			   "yes: what it asks proves that the backend works; "
			   "some phase must, from the one that takes_out on" },
	[PHASE_REST] = { "rest", YCHOICE(&rest_words), false,
			 "what the backend is at its end, where a pause may "
			 "rest: in or out of service, or none, no place to "
			 "rest; default none. Where a phase takes_out the last "
			 "one has in" },
	[PHASE_DEADLINE] = { "deadline", YDURATION, false,
			     "how long a no_pause phase may be tried, 10s to "
			     "1h; default 5m. Then it is undone, or behind a "
			     "no_return step held" },
	[PHASE_STEPS] = { "steps", YLIST(YMAP(&step_all)), true,
			  "list of steps, one after the other" },
};
const struct yfields phase_keys = YFIELDS(phase_fields);

static void
phase_read(struct proc_reader *r, const struct ynode *node)
{
	struct procedure *proc = r->proc;
	const struct ynode *f[PHASE_N];
	struct phase *phase;
	size_t rest = REST_NONE;

	proc->phase =
		x_realloc(proc->phase, proc->phases + 1, sizeof(*proc->phase));
	phase = &proc->phase[proc->phases++];
	*phase = (struct phase){
		.node = node,
		.name = "",
		.first = proc->steps,
	};
	(void)yfields_read(r->d, node, "a phase", phase_fields, PHASE_N, f);
	if (f[PHASE_NAME] != NULL) {
		phase->node = f[PHASE_NAME];
		(void)yread_name(r->d, f[PHASE_NAME], "phase", &phase->name);
	}
	bool_read(r, f[PHASE_TAKES_OUT], "takes_out", &phase->takes_out);
	bool_read(r, f[PHASE_NO_PAUSE], "no_pause", &phase->no_pause);
	bool_read(r, f[PHASE_PROVES], "proves", &phase->proves);
	if (f[PHASE_REST] != NULL)
		(void)yread_choice(r->d, f[PHASE_REST], "rest", &rest_words,
				   &rest);
	phase->rest = (enum phase_rest)rest;
	span_read(r, f[PHASE_DEADLINE], "deadline", 10 * SECOND_MS, HOUR_MS,
		  &phase->deadline);
	for (size_t i = 0; f[PHASE_STEPS] != NULL && i < f[PHASE_STEPS]->n; i++)
		step_read(r, f[PHASE_STEPS]->item[i], proc->phases - 1);
	phase->n = proc->steps - phase->first;
	if (f[PHASE_STEPS] != NULL && phase->n == 0)
		ynode_error(r->d, f[PHASE_STEPS], "a phase has steps");
}

void
phases_read(struct proc_reader *r, const struct ynode *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n; i++)
		phase_read(r, node->item[i]);
	if (node->n == 0)
		ynode_error(r->d, node, "a procedure has phases");
}
