/* view.h - what PostgreSQL says of one running rollout, as structs. */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hold.h"
#include "rollout.h"
#include "step.h"
#include "turn.h"

/*
 * How it works
 *
 * A view is loaded from the database and then moved by ops (plan.h) exactly
 * as the database moves: view_apply() is the other half of advance().  Only
 * the turn at `detail` has its phases and steps loaded.  Steps stand in the
 * order in which they run; undo steps and repeated proofs come last.
 * Times are milliseconds of the database's clock.  Indices are -1 for none.
 */

enum { VIEW_NAME = 64, VIEW_WHY = 512, VIEW_UUID = 37, VIEW_WINDOWS = 8 };

struct view_attempt {
	char id[VIEW_UUID], after[VIEW_UUID];
	char host[VIEW_NAME];
	int nr;				/* 1.. within its step */
	int64_t seq;
	enum attempt_state state;
	int64_t made_ms, ended_ms;
	int exit;			/* -1: signal, timeout or none */
	int signal;
	bool timed_out;
	bool adopted;			/* the journal knew, not the rows */
	char why[VIEW_WHY];
};

enum step_target { TARGET_BACKEND, TARGET_ANY, TARGET_EACH };
enum step_undo { UNDO_ABSENT, UNDO_NONE, UNDO_GIVEN };

struct view_step {
	int64_t id;			/* 0: not stored yet */
	int phase;
	char name[VIEW_NAME];
	enum step_kind kind;
	enum step_target target;
	int group;			/* of TARGET_ANY and TARGET_EACH */
	enum step_state state;
	int undoes;			/* the step it undoes */
	bool again;			/* a proof repeated before a return */
	bool no_return, destroys, idempotent, ignore;
	bool has_when, has_require, has_check, has_expect, has_remember;
	bool planned_skip, remembered, approved;
	enum step_undo undo;
	bool undo_has_check;
	bool has_keep;
	int keep_until;			/* step; -1: to the end */
	int keep_repair, repairs;
	int64_t timeout_ms, settle_ms, backoff_ms;
	int retries, tries;		/* allowed; failed so far */
	int64_t every_ms, at_most_ms, wait_ms;
	bool poll_fails;
	int64_t started_ms, ended_ms;	/* started: later by its pauses */
	char message[VIEW_WHY];
	struct view_attempt *attempts;
	int nattempts;
	const void *spec;		/* the engine's own */
};

enum phase_rest { REST_NONE, REST_IN, REST_OUT };

struct view_phase {
	char name[VIEW_NAME];
	bool takes_out, no_pause, proves;
	enum phase_rest rest;
	int64_t deadline_ms;
	int64_t started_ms, ended_ms, committed_ms;	/* 0: not yet */
};

struct view_turn {
	int64_t id;
	char backend[VIEW_NAME];
	enum turn_state state;
	enum turn_cause cause;
	enum turn_ask asked;
	char asked_step[VIEW_NAME];	/* retry from, settle; may be "" */
	char asked_by[VIEW_NAME], asked_why[VIEW_WHY];
	bool asked_accept_out;
	bool approved;			/* a person answered its hold */
	unsigned int overrides;		/* bit per enum gate */
	bool no_return_begun, outage_open;
	bool excluded;			/* its backend, by a person */
	int64_t taken_ms;
	int64_t rest_ms;		/* so long, nine times of ten */
	int64_t window_closes_ms;	/* it was taken in; 0: none, or told */
	int64_t checked_ms;		/* on its own, 0: not */
};

struct view_group {
	char name[VIEW_NAME];
	int64_t min_gap_ms, confirm_ms;
	bool lists;			/* members tell of one another */
	char (*members)[VIEW_NAME];	/* without the excluded */
	int nmembers;
	char mouth[VIEW_NAME];		/* of the detail turn, or "" */
	int64_t changed_ms;		/* last change of that backend */
	bool used;			/* by the detail turn's procedure */
};

struct view_hold {
	int64_t id;
	enum hold_kind kind;
	enum gate gate;
	bool critical, ended;
	int turn;			/* -1: none */
	char why[VIEW_WHY];
	int64_t since_ms, told_ms;
	uint64_t what;			/* of GATE_WRITE: refusal.h */
};

/* The check that was asked last. */
struct view_check {
	int64_t asked_ms, done_ms;	/* 0: never; under way */
	int turn;			/* -1: the whole fleet */
	char wrong[VIEW_WHY];		/* "": nothing */
};

enum pause_mode { PAUSE_REST, PAUSE_AFTER, PAUSE_KEEP };

struct view_pause {
	bool asked, effective;
	enum pause_mode mode;
	int64_t until_ms;		/* then somebody is called; 0: never */
	bool over;			/* that was told */
	char why[VIEW_WHY];
};

/* When backends may be taken; also as people of the fleet read it. */
struct view_window {
	int64_t opens_ms, closes_ms;
	char opens[VIEW_NAME], closes[VIEW_NAME];
};

struct view {
	int64_t rollout, revision;
	char uuid[VIEW_UUID];
	enum rollout_state state;
	bool abort;			/* ending = abort */
	int64_t start_ms;		/* of a scheduled one */
	int64_t late_ms;		/* then it is skipped; 0: never */
	char unfit[VIEW_WHY];		/* why it must not start, or "" */
	int64_t started_ms;		/* 0: not yet */
	int64_t checked_ms;		/* the whole fleet; 0: not yet */
	struct view_check check;
	int stop_after;			/* 0: none; done turns, then ask */
	int64_t soak_ms;		/* before a proof counts */
	struct view_turn *turns;
	int nturns;
	int detail;			/* turn whose parts are loaded */
	struct view_phase *phases;
	int nphases;
	struct view_step *steps;
	int nsteps, steps_size;
	int npreflight;
	struct view_group *groups;
	int ngroups;
	struct view_hold *holds;
	int nholds, holds_size;
	struct view_pause pause;
	int listed, excluded;		/* backends; excluded ones are down */
	char min_up[VIEW_NAME];
	char slot[VIEW_WHY];		/* who of another fleet has ours */
	bool windows;			/* has any, and keeps to them */
	struct view_window window[VIEW_WINDOWS];	/* an open one first */
	int nwindows;
	bool database;			/* answers, and takes writes */
	bool stopping;			/* the coordinator wants to leave */
};

/* The turn that is neither waiting nor at its end, -1: none. */
int view_active(const struct view *view);
/* The number of the step's last round of attempts, 0: none yet. */
int view_round(const struct view_step *step);
/*
 * The attempt that a new one on that host comes after; "": none.  Not one that
 * was abandoned: nobody knows whether it came there.
 */
const char *view_after(const struct view_step *step, const char *host);
/* Is this attempt the last one on its host? */
bool view_is_last(const struct view_step *step, int attempt);
struct view_attempt *view_attempt_find(struct view *view, const char *id,
				       int *step_r);
struct view_step *view_step_add(struct view *view);
struct view_attempt *view_attempt_add(struct view_step *step);
struct view_hold *view_hold_add(struct view *view);
/* Frees what the struct points to, not spec, not the struct. */
void view_clear(struct view *view);

#endif
