/*
 * fleet.h - one fleet that this coordinator holds: its view, looks, writes.
 *
 * Audience: the .c files of this folder that move a fleet.  Everything runs
 * in the loop's one thread.
 *
 * fleet_think() is the one place that decides: it asks plan_next() and does
 * what it says until something must be waited for.  Every callback notes what
 * it learnt and thinks again.
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "looks.h"
#include "names.h"
#include "plan.h"
#include "refusal.h"
#include "view.h"

struct asking;
struct call;
struct contents;
struct engine;
struct err;
struct json_object;
struct look_roster;
struct pg;
struct pg_call;
struct pg_error;
struct pull;
struct request_desk;
struct sheet;
struct waker;

/* Ops that change together, on their way to the database. */
struct batch {
	struct batch *next;
	char call[VIEW_UUID];		/* repeated: recognised by advance() */
	char *ops;			/* JSON array */
	int64_t rollout, revision;
	uint64_t what;			/* WRITES_… */
	bool happened;			/* facts: written whatever came first */
	bool reload;			/* rows were made whose ids we need */
	bool commits;			/* a phase: not before it is written */
	char host[VIEW_NAME];		/* it is first heard of, or "" */
};

/* What is known of one backend's service, whoever looked. */
struct service {
	int64_t backend_id;
	char name[VIEW_NAME];
	bool excluded;
	enum tri value;
	int64_t began_ms;		/* that look; boot time */
	int64_t at_ms, told_ms;		/* database time; told: as sighting */
	enum tri told;
	char seen[VIEW_WHY];
};

struct remembered {
	char step[VIEW_NAME], name[VIEW_NAME];
	char *value;
	bool proposed;			/* read, not yet written */
};

/* A result as the agent told it, for the row and for out.*. */
struct result {
	char attempt[VIEW_UUID];
	char *text;
	struct json_object *doc;
};

struct fleet {
	struct fleet *next;
	struct engine *engine;
	int id;
	char name[VIEW_NAME], uuid[VIEW_UUID];
	int64_t epoch, change_seq;
	struct pg *pg;
	struct request_desk *desk;	/* what people ask about it */

	struct json_object *loaded;
	const struct json_object *doc, *work;	/* parts of it */
	struct names names;		/* of doc */
	int64_t load_ms;		/* boot time: when it was asked for */
	int64_t detail;			/* turn to load whole, 0: the next */
	int64_t offset_ms;		/* database time - boot time */
	bool has_rollout;
	char rollout_text[24];		/* ${rollout.id} */
	struct view view;
	struct looks looks;
	struct decision decision;

	struct look_roster *roster;
	int64_t roster_revision;	/* of what it was made from */
	struct sheet *sheet;		/* on the turn's host, or NULL */
	struct pull *pull;		/* a long output on its way */
	int pull_tries;			/* 0: none is expected */
	int64_t pull_at_ms;		/* boot time: not before */
	struct trace *traces;		/* what hosts began is asked for */
	bool traced;			/* they were made */
	int64_t trace_at_ms;		/* boot time: not before */
	struct contents *contents;	/* files the turn's steps copy */
	struct service *services;
	int nservices;
	struct remembered *values;
	int nvalues;
	struct result *results;
	int nresults;

	struct asking *asking;		/* the look that is waited for */
	struct asking *survey;		/* the one that is not */
	struct pg_call *loading, *writing;
	struct batch *batches;		/* oldest first */
	int64_t retry_ms;		/* boot time: not again before */
	struct buf ops;			/* the one being made: "a,b,…" */
	uint64_t ops_what;
	bool ops_happened, ops_reload, ops_commits;
	char ops_host[VIEW_NAME];
	struct refusal refusal;		/* boot time */
	bool reload, fenced, releasing;
	bool away;			/* people were told so */
	struct waker *waker;
	int64_t armed_ms;		/* boot time; 0: not armed */
	int64_t asked_include_ms;
	int64_t forgot_ms;		/* boot time: a host was told last */
	enum rule last_rule;		/* to log a decision once */
	char last_reason[VIEW_WHY];
	char strange[VIEW_WHY];		/* a row that makes no sense, or "" */
};

struct fleet *fleet_new(struct engine *engine, int id, const char *name,
			const char *uuid, int64_t epoch);
void fleet_free(struct fleet **fleet);
/* Look again at everything that decides, soon, from the loop. */
void fleet_wake(struct fleet *fleet);
void fleet_wake_at(struct fleet *fleet, int64_t db_ms);
/* Read the rows again before the next decision. */
void fleet_reload(struct fleet *fleet);
/* Database time now, as far as we know. */
int64_t fleet_now_ms(const struct fleet *fleet);
/* Inside a committed phase, which is written: goes on without the database. */
bool fleet_committed(const struct fleet *fleet);
/* The database does not answer; or it does again. */
void fleet_away(struct fleet *fleet, const char *why);
void fleet_back(struct fleet *fleet);
/* The host's number in the fleet's document, 0: none of that name. */
int64_t fleet_host_id(const struct fleet *fleet, const char *name);
int fleet_service(const struct fleet *fleet, const char *backend);
/* What the agents call a step of the detail turn; to be freed. */
char *fleet_step_path(const struct fleet *fleet, const struct view_step *step);
/* The turn document of the detail turn, or NULL. */
const struct json_object *fleet_turn_doc(const struct fleet *fleet);

/* values.c */
const char *value_get(const struct fleet *fleet, const char *step,
		      const char *name);
void value_set(struct fleet *fleet, const char *step, const char *name,
	       const char *value, bool proposed);
void values_load(struct fleet *fleet);
void values_clear(struct fleet *fleet);
/* {"step.name":value,…} of all that was remembered: the note of a change. */
char *values_note(const struct fleet *fleet);
/* Words with ${steps.S.x} put in; -1: a value is not there yet. */
int value_fill(struct fleet *fleet, const char *text, char **text_r,
	       struct err *err);
const struct json_object *result_get(const struct fleet *fleet,
				     const char *attempt, const char **text_r);
void result_set(struct fleet *fleet, const char *attempt, const char *text);
void results_clear(struct fleet *fleet);
/*
 * Drop what agents told of an attempt, or of all of a step, that decides
 * nothing any more.  A coordinator that began just now knows no more.
 */
void attempt_let_go(struct fleet *fleet, const char *attempt);
void step_let_go(struct fleet *fleet, int step);

/* facts.c: all wants of the decision at once; thinks again when answered. */
void facts_ask(struct fleet *fleet);
void facts_cancel(struct fleet *fleet);
/* Sightings that are new go with the next write. */
void facts_sightings(struct fleet *fleet);
/*
 * A look at every backend, for people, when one was not looked at for
 * ENGINE_SIGHT_MS; no decision waits for it.
 */
void facts_survey(struct fleet *fleet);
/* A look at one, excluded or not. */
void facts_include(struct fleet *fleet, int service);

/* act.c: the decision's ops, into the view and the batch being made. */
void act_do(struct fleet *fleet);
/* One more op text for the batch being made. */
void act_op(struct fleet *fleet, const char *json);
/* send.c: the decision's attempts, to their agents. */
void send_all(struct fleet *fleet);
/* An agent told the end of an attempt unasked; only of its own. */
void send_pushed(struct fleet *fleet, const char *host, const char *attempt,
		 const char *state, const char *result_text);

/* No channel to that host any more: whatever runs there is asked for. */
void send_cut(struct fleet *fleet, const char *host, const char *why);

/* write.c */
/* Put the batch being made on its way; false: there was nothing. */
bool write_flush(struct fleet *fleet);
void write_cancel(struct fleet *fleet);
/* Try the oldest batch again (the database is back). */
void write_retry(struct fleet *fleet);

/*
 * forget.c: hosts are told what they need not keep any more.  After each load
 * and for each host that comes up; the hello says what is still there.
 */
void forget_update(struct fleet *fleet);
void forget_host(struct fleet *fleet, const char *host);
/* Is that backend being worked on, or left out by a turn of ours? */
bool forget_sheet_wanted(const struct fleet *fleet, const char *backend);

/*
 * strange.c: what was read makes no sense.  It is a hold of the rollout, or of
 * the fleet, until a reading makes sense; nothing is decided meanwhile, and
 * what hosts have is left as it is.
 */
void strange_tell(struct fleet *fleet, const char *why);
void strange_over(struct fleet *fleet);
/* End the holds of kind database and that gate; false: there was none. */
bool strange_unhold(struct fleet *fleet, enum gate gate);

/*
 * refused.c: the database refuses a batch, and no rule of ours says why: a bug,
 * somebody's trigger, a right that was taken away.  What is refused twice is a
 * critical hold, of gate write, until refusal.h says that it is over; an
 * earlier holder's, too.
 */
void refused_tell(struct fleet *fleet, uint64_t what,
		  const struct pg_error *error);
void refused_taken(struct fleet *fleet, uint64_t what, int64_t revision);
/* Nothing is to be written. */
void refused_rest(struct fleet *fleet);
void refused_load(struct fleet *fleet);
/* So long the same is not decided again, 0: now. */
int64_t refused_wait_ms(const struct fleet *fleet);

/*
 * pull.c: what a result did not bring of an output, up to WIRE_KEEP_MAX bytes,
 * into the database.  Goes on by itself while some is expected.
 */
void pull_update(struct fleet *fleet);
/* A result told of a long one. */
void pull_expect(struct fleet *fleet);
void pull_free(struct fleet *fleet);

/*
 * adopt.c: attempts that an agent knows and no row does.  adopt_refused(): it
 * refused that attempt of ours for this record.  Who takes a fleet looks for
 * them: trace_begin() after each load, of which the first does it;
 * trace_again(): at the next load.
 */
void adopt_refused(struct fleet *fleet, const char *attempt, const char *host,
		   const struct json_object *record);
void trace_begin(struct fleet *fleet);
void trace_again(struct fleet *fleet);
void trace_update(struct fleet *fleet);

/* include.c: backends that a person wants included again. */
void include_asked(struct fleet *fleet);

#endif
