/* language.c - the keys and words of both files, put in order for people. */
#include "language.h"

#include "embedded.h"
#include "inventory_private.h"
#include "procedure_private.h"

extern const struct embedded language_examples[];

enum { EXAMPLE_PROCEDURE, EXAMPLE_FLEET };

static const struct yfield format_words[] = {
#define X(name, word, sentence) YWORD(word, sentence),
	READING_FORMATS(X)
#undef X
};
const struct yfields reading_words = YFIELDS(format_words);

static const struct yfield op_words[] = {
#define X(name, word, sentence) YWORD(word, sentence),
	EXPR_OPS(X)
#undef X
};
static const struct yfields op_rows = YFIELDS(op_words);

static const struct yfield field_words[] = {
	YWORD("PROBE.COLUMN", "what a probe reads; a column's blanks and "
			      "hyphens are underscores"),
	YWORD("PROBE.count", "how many rows; .asked: of how many hosts"),
	YWORD("PROBE.exit", "and .stderr, of a command; .connected, of tcp"),
	YWORD("service.COLUMN", "the backend's row of the fleet's service"),
	YWORD("peers.in_service", "how many other backends are"),
	YWORD("out.exit", "in expect the step's own result; also .text "
			  ".stderr .lines .bytes"),
	YWORD("out.elapsed", "in a poll's until: how long it has waited"),
};
static const struct yfields field_rows = YFIELDS(field_words);

static const struct yfield name_words[] = {
	YWORD("${vars.NAME}", "a variable, given with -e NAME=VALUE"),
	YWORD("${backend.name}", "and .address, .labels.NAME"),
	YWORD("${fleet.name}", "the fleet"),
	YWORD("${rollout.id}", "its number"),
	YWORD("${steps.STEP.NAME}", "what an earlier STEP remembers; .state: "
				    "passed, skipped, …"),
	YWORD("${new_file}", "in a copy's validate"),
	YWORD("$${", "a plain ${"),
};
static const struct yfields name_rows = YFIELDS(name_words);

static const struct yfield window_words[] = {
	YWORD("Tue-Thu 01:00-05:00", "days and hours; 23:00-05:00 ends on the "
				     "next day"),
	YWORD("last Sun", "the whole day; first, second, third, fourth or last "
			  "of the month"),
	YWORD("24 Dec - 2 Jan", "dates, of every year or with one"),
	YWORD("forbid …", "before any of them: then none is taken"),
	YWORD("… Europe/Helsinki", "behind any of them: another time zone"),
};
static const struct yfields window_rows = YFIELDS(window_words);

static const struct language_part procedure_parts[] = {
	{ "FILE", NULL, &procedure_keys, false },
	{ "STRATEGY", NULL, &strategy_keys, false },
	{ "VARS", NULL, &var_keys, false },
	{ "TYPES", NULL, &var_words, false },
	{ "PROBES", "A probe changes nothing, and any expression may name it.",
	  &probe_keys, false },
	{ "FORMATS", NULL, &reading_words, false },
	{ "PREFLIGHT", NULL, &preflight_keys, false },
	{ "PHASES", NULL, &phase_keys, false },
	{ "STEPS",
	  "Exactly one kind (below) stands in a step. The order is: when, "
	  "remember, all that is kept, require, check, the act, expect, check.",
	  &step_keys, false },
	{ "KINDS", NULL, &kind_keys, false },
	{ "POLL", NULL, &poll_keys, false },
	{ "COPY", NULL, &copy_keys, false },
	{ "CLEAN", NULL, &clean_keys, false },
	{ "PACKAGE", NULL, &package_keys, false },
	{ "REMEMBER", NULL, &remember_keys, false },
	{ "KEEP", NULL, &keep_keys, false },
	{ "UNDO", "One of run, copy, clean and package, and:", &undo_keys,
	  false },
	{ "EXPRESSIONS",
	  "FIELD OP VALUE, joined by and, or and ( ); VALUE is a word or a "
	  "\"text\". There is no not: what is missing, cut, twice or was not "
	  "answered is unknown, and unknown is never true, with != and !~ "
	  "neither. Where each GROUP is asked it must hold on every member.",
	  &op_rows, false },
	{ "FIELDS", NULL, &field_rows, true },
	{ "NAMES",
	  "${…} may stand in texts, and on both sides of an expression. It is "
	  "filled in last: a value never becomes a second word or an operator. "
	  "Inside [ ] and { } what has it is quoted.",
	  &name_rows, true },
};

static const struct language_part fleet_parts[] = {
	{ "FILE", NULL, &fleet_keys, false },
	{ "WINDOWS", NULL, &window_rows, false },
	{ "SSH", NULL, &ssh_keys, false },
	{ "SERVICE",
	  "Asked before a backend is taken, of all others; at the end of its "
	  "turn; and by whoever wants to know.",
	  &service_keys, false },
	{ "GROUPS", NULL, &group_keys, false },
	{ "MEMBERS", NULL, &member_keys, false },
	{ "READY", NULL, &ready_keys, false },
	{ "LISTS",
	  "A member that is silent is told from one that is gone: each other "
	  "one is ready and none has it up.",
	  &lists_keys, false },
	{ "BACKENDS", NULL, &backend_keys, false },
	{ "FORMATS", NULL, &reading_words, false },
	{ "EXPRESSIONS",
	  "COLUMN OP VALUE, joined by and, or and ( ); VALUE is a word or a "
	  "\"text\". What is missing is unknown, and unknown is never true.",
	  &op_rows, false },
};

#define GENERAL                                                                \
	" Keys with a * must be there; what is yes or no is no by default. "   \
	"Durations have their unit, as 15m, 1h30m and 1100ms have. Anchors, "  \
	"aliases and tags of YAML are not read."

struct language
language_procedure(void)
{
	return (struct language){
		"what is done to one backend of a fleet",
		"A procedure is a file of YAML. drydock procedure lint FILE "
		"says what is wrong in it." GENERAL,
		procedure_parts,
		sizeof(procedure_parts) / sizeof(procedure_parts[0]),
		language_examples[EXAMPLE_PROCEDURE].text,
	};
}

struct language
language_fleet(void)
{
	return (struct language){
		"a fleet: its backends, and what in service means",
		"An inventory is a file of YAML, one for each fleet. drydock "
		"import FILE shows what it would change, and asks." GENERAL,
		fleet_parts,
		sizeof(fleet_parts) / sizeof(fleet_parts[0]),
		language_examples[EXAMPLE_FLEET].text,
	};
}
