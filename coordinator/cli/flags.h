/*
 * flags.h - every flag of `drydock`, once.
 * name, letter, value (NULL: a switch), help.  One list for the whole tree:
 * a flag means the same everywhere, and may stand before or after the verb.
 */
#ifndef DRYDOCK_FLAGS_H
#define DRYDOCK_FLAGS_H

#include <stdint.h>

#define DRYDOCK_FLAGS(X)                                                       \
	X(DATABASE, "database", 'd', "CONNINFO",                               \
	  "PostgreSQL; else DRYDOCK_DATABASE, else PGHOST and friends")        \
	X(FLEET, "fleet", 0, "NAME",                                           \
	  "the fleet; may be left out when there is only one")                 \
	X(FORMAT, "format", 'o', "table|json|csv",                             \
	  "how to print it; csv: lists and history")                           \
	X(JSON, "json", 0, NULL, "short for -o json")                          \
	X(COLOR, "color", 0, "auto|always|never",                              \
	  "colours; NO_COLOR is honoured")                                     \
	X(YES, "yes", 'y', NULL, "answer yes to the question")                 \
	X(CONFIRM, "confirm", 0, "FLEET",                                      \
	  "answer the question that wants the fleet's name")                   \
	X(QUIET, "quiet", 'q', NULL, "no notes, only data and errors")         \
	X(HELP, "help", 'h', NULL, "this text")                                \
	X(VERSION, "version", 0, NULL, "print the version")                    \
	X(PRINT_SQL, "print-sql", 0, NULL, "print what would be run")          \
	X(PRUNE, "prune", 0, NULL, "also remove what the file leaves out")     \
	X(DRY_RUN, "dry-run", 0, NULL, "show the difference, change nothing")  \
	X(DISCOVER, "discover", 0, NULL,                                       \
	  "ask the fleet's service which backends there are")                  \
	X(FROM_FILE, "from-file", 0, "FILE", "a file in known_hosts form")     \
	X(SCAN, "scan", 0, NULL, "ask the host for its keys, then you")        \
	X(VAR, "var", 'e', "NAME=VALUE", "a variable of the procedure")        \
	X(ONLY, "only", 0, "NAME", "only this backend (may be repeated)")      \
	X(EXCEPT, "except", 0, "NAME", "not this backend (may be repeated)")   \
	X(SAVE, "save", 0, NULL, "keep the plan (plans are always kept)")      \
	X(FULL, "full", 0, NULL, "every step of every backend")                \
	X(AS_SHELL, "as-shell", 0, NULL,                                       \
	  "as a commented script that a person can run by hand")               \
	X(SHEET, "sheet", 0, NULL,                                             \
	  "how to finish by hand: what lies on the host as well")              \
	X(AT, "at", 0, "TIME", "start then, not now (as PostgreSQL reads it)") \
	X(WATCH, "watch", 0, NULL, "watch it afterwards")                      \
	X(EXIT_STATUS, "exit-status", 0, NULL,                                 \
	  "exit 0, 3 or 4 as the rollout stands (see help exit-codes)")        \
	X(PLAIN, "plain", 0, NULL, "one line per event, also on a terminal")   \
	X(FOR, "for", 0, "succeeded|finished|held|backend=NAME",               \
	  "what to wait for")                                                  \
	X(TIMEOUT, "timeout", 0, "DURATION", "give up after this long")        \
	X(LINES, "lines", 'n', "N", "how many lines")                          \
	X(FOLLOW, "follow", 'f', NULL, "go on as events come")                 \
	X(BACKEND, "backend", 0, "NAME", "only this backend")                  \
	X(STEP, "step", 0, "NAME", "only this step")                           \
	X(SINCE, "since", 0, "DURATION|TIME",                                  \
	  "not older than 90m, or since a time as PostgreSQL reads it")        \
	X(SEVERITY, "severity", 0, "debug|info|notice|warning|error",          \
	  "only this severe, or worse")                                        \
	X(OUTPUT, "output", 0, NULL, "what the commands printed")              \
	X(LIMIT, "limit", 0, "N", "at most this many")                         \
	X(STATE, "state", 0, "STATE", "only in this state")                    \
	X(REASON, "reason", 0, "TEXT", "why; it stands in the log for good")   \
	X(NOTE, "note", 0, "TEXT", "a remark for the log")                     \
	X(AFTER, "after", 0, "step|backend", "where to come to rest")          \
	X(KEEP_DRAINED, "keep-drained", 0, NULL,                               \
	  "rest at the next step, even if out of service")                     \
	X(FROM, "from", 0, "STEP", "go on from this step")                     \
	X(EXPIRES, "expires", 0, "DURATION", "ends by itself after this long") \
	X(DESTROY_AGAIN, "destroy-again", 0, NULL,                             \
	  "run again what destroys, and mean it")                              \
	X(IGNORE_WINDOW, "ignore-window", 0, NULL,                             \
	  "take backends outside the fleet's windows too")                     \
	X(STOP_AFTER, "stop-after", 0, "N", "rest after so many backends")     \
	X(NO_CANARY, "no-canary", 0, NULL,                                     \
	  "do not rest after the procedure's canaries")                        \
	X(CHANGE, "change", 0, "REF", "the change ticket")                     \
	X(UNATTENDED, "unattended-without-alarm", 0, NULL,                     \
	  "start later though no hook would tell of a halt")                   \
	X(ACCEPT_OUT, "accept-out", 0, NULL,                                   \
	  "a person takes over a backend that is out of service")              \
	X(VALUE, "value", 0, "STEP.NAME=VALUE",                                \
	  "correct what a step remembered")                                    \
	X(DONE, "done", 0, NULL, "the step did what it should")                \
	X(MISSED, "missed", 0, "start|skip",                                   \
	  "when no coordinator was there in time: start late, or not")         \
	X(ZONE, "zone", 0, "ZONE", "a time zone, such as Europe/Helsinki")     \
	X(FORBID, "forbid", 0, NULL, "no backend is taken in this span")       \
	X(FIX, "fix", 0, NULL, "take away what carries our mark")              \
	X(NOT_DONE, "not-done", 0, NULL, "the step did not happen")

enum flag_id {
#define X(id, name, letter, value, help) FLAG_##id,
	DRYDOCK_FLAGS(X)
#undef X
		FLAG_COUNT
};

_Static_assert(FLAG_COUNT <= 64, "a set of flags is one 64-bit word");

#define FLAG(id) (UINT64_C(1) << FLAG_##id)

/* taken by every command */
#define FLAGS_GLOBAL                                                           \
	(FLAG(DATABASE) | FLAG(FLEET) | FLAG(FORMAT) | FLAG(JSON) |            \
	 FLAG(COLOR) | FLAG(YES) | FLAG(CONFIRM) | FLAG(QUIET) | FLAG(HELP) |  \
	 FLAG(VERSION))

/* may be given more than once */
#define FLAGS_MANY (FLAG(VAR) | FLAG(ONLY) | FLAG(EXCEPT))

#endif
