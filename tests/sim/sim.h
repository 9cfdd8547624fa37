/* sim.h - a rollout over a modelled fleet, in one process, from one seed. */
#ifndef SIM_H
#define SIM_H

#include "dice.h"
#include "plan.h"
#include "seeds.h"

/*
 * How it works
 *
 * The decisions are the product's own: plan_next(), view_apply(), looks_*().
 * All else is modelled here: the view is what PostgreSQL has, the looks are
 * what a coordinator remembers, and backends, directors and agents are the
 * truth, of which the plan hears only by readings and answers.
 *
 * Time goes from event to event.  Before the first one the seed chooses the
 * troubles (sim_trouble.c), so a run without some of them is the same run
 * otherwise: that is how the shortest trace is found.  When the last trouble
 * is over, a person answers what is held, some times, and then the rollout
 * must have ended, or say why it does not go on.
 */
enum {
	SIM_BACKENDS = 4, SIM_DIRECTORS = 2,
	SIM_HOSTS = SIM_BACKENDS + SIM_DIRECTORS,
	SIM_EVENTS = 256, SIM_JOBS = 1024, SIM_TROUBLES = SEEDS_TROUBLES,
	SIM_WEIGHT = 100, SIM_ANSWERS = 8, SIM_STEPS = 20000,
	SIM_T0 = 1000000
};

/* The steps of the procedure by their place; what they do to a backend. */
enum sim_step {
	S_ZERO, S_DRAINED, S_FLUSH, S_STOP, S_CHANGE, S_START, S_WORKS,
	S_BACK, S_COUNT
};

struct backend {
	int weight[SIM_DIRECTORS];	/* as each director has it */
	int64_t weight_nr[SIM_DIRECTORS];
	bool running, sick, broken;	/* broken: its verify fails */
	bool stopped_by_us, flushed, accepted;
	int remembered;			/* of its turn; 0: nothing yet */
	int64_t users_until_ms, was_in_ms;
	int changes, licences;		/* done; allowed by people */
};

enum outcome { OUTCOME_DONE, OUTCOME_FAILS, OUTCOME_HALF, OUTCOME_HANGS };

struct host {
	int64_t down_until_ms, refuses_until_ms, unsure_until_ms;
	int lose_asks, lose_answers, late, twice;
	enum outcome next;
};

/* One attempt in the journal of its host. */
struct job {
	char id[VIEW_UUID];
	int host, backend, step;	/* step: enum sim_step */
	bool undo;
	bool look;			/* nothing is begun, only told */
	int value;			/* the weight to set */
	enum agent_state state;		/* RUNNING, ENDED or UNKNOWN */
	enum outcome outcome;
	int exit;
	bool timed_out;
};

#define SIM_EVENTS_LIST(X)						\
	X(ASK)		/* a question reaches its host */		\
	X(ANSWER)	/* the host's answer reaches who asked */	\
	X(SILENT)	/* nothing was heard for that question */	\
	X(END)		/* a command ends */				\
	X(LOOK)		/* readings are there */			\
	X(CHECKED)	/* the check of a fleet is done */		\
	X(WEIGHT)	/* a director hears of it from another */	\
	X(BOOTED)							\
	X(LIFE)		/* the coordinator is there again */		\
	X(DATABASE)							\
	X(TROUBLE)							\
	X(MENDED)	/* the troubles are over */

enum event_kind {
#define X(name, ...) EVENT_##name,
	SIM_EVENTS_LIST(X)
#undef X
};

struct event {
	int64_t at_ms;
	enum event_kind kind;
	int a, b, life;
	int64_t value, nr;
	struct job job;			/* ASK and ANSWER */
	char why[32];			/* ANSWER: why it was refused */
};

/* At a time, or so long after a number of decisions were written down. */
struct trouble {
	int64_t at_ms;
	int after;			/* 0: at its time */
	int kind, a;			/* a host, -1: the one asked last */
	int64_t span_ms;
	uint64_t dice;
	bool left_out;			/* to find the shortest trace */
};

/* The parts of one turn while another one's are loaded. */
struct parts {
	struct view_phase *phases;
	struct view_step *steps;
	int nphases, nsteps, steps_size;
	char mouth[VIEW_NAME];
	int64_t changed_ms;
};

struct sim {
	uint64_t seed;
	struct dice dice;
	bool trace;
	int64_t now_ms, clock_ms;	/* the database's is ahead by clock */
	int64_t progress_ms;

	struct backend backends[SIM_BACKENDS];
	struct host hosts[SIM_HOSTS];
	struct job jobs[SIM_JOBS];
	int njobs;
	int64_t ring_torn_until_ms, group_ended_ms, group_clock_ms;
	int group_backend;

	struct view view;
	struct parts parts[SIM_BACKENDS];
	struct looks looks;
	struct decision decision;
	int life;			/* of the coordinator; odd: dead */
	bool looking;
	int64_t looked_ms;
	int ids, written, last_host;

	struct event events[SIM_EVENTS];
	int nevents;
	struct trouble troubles[SIM_TROUBLES];
	int ntroubles, answers;
	int64_t troubles_end_ms;

	int rules[RULE_COUNT], decisions, answered;
	char wrong[256];		/* "": no rule was broken */
};

/* sim.c */
void sim_run(struct sim *sim);
void sim_clear(struct sim *sim);
int64_t sim_db_ms(const struct sim *sim);
/* The place of a new event; a full list is an error of the simulation. */
struct event *sim_event(struct sim *sim, int64_t at_ms, enum event_kind kind);
void sim_say(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A promise is broken: the first one stays. */
void sim_wrong(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* sim_view.c: the rollout as PostgreSQL has it */
void view_start(struct sim *sim);
void view_load(struct sim *sim, int turn);
void view_end(struct sim *sim);
/* Which step of the procedure is it, or does it undo or repeat? */
int view_origin(const struct view *view, int step);

/* sim_fleet.c: the truth */
bool fleet_in(const struct sim *sim, int backend);
bool fleet_out_by_us(const struct sim *sim, int backend);
bool fleet_reachable(const struct sim *sim, int host);
void fleet_stamp(struct sim *sim);
void fleet_effect(struct sim *sim, const struct job *job);
void fleet_weight(struct sim *sim, const struct event *event);
void fleet_reboot(struct sim *sim, int host, int64_t span_ms, bool starts);

/* sim_agent.c */
int host_of(const char *name);
const char *host_name(int host);
void agent_ask(struct sim *sim, int step, int attempt);
void agent_asked(struct sim *sim, const struct event *event);
void agent_end(struct sim *sim, const struct event *event);
void agent_answer(struct sim *sim, const struct event *event);
void agent_silent(struct sim *sim, const struct event *event);
void agent_reboot(struct sim *sim, int host, bool effect);

/* sim_look.c */
void look_start(struct sim *sim);
void look_done(struct sim *sim, const struct event *event);

/* sim_coordinator.c */
/* Decide and do until there is nothing to do now; when to wake, 0: events. */
int64_t coordinator_go(struct sim *sim);
void coordinator_dies(struct sim *sim, int64_t span_ms);

/* sim_trouble.c */
void trouble_plan(struct sim *sim);
void trouble_happens(struct sim *sim, const struct trouble *trouble);
/* One more decision is written down: what follows on that one. */
void trouble_follows(struct sim *sim);
/* All that is left of troubles is mended. */
void trouble_over(struct sim *sim);
/* A person answers what stands; false: nothing to answer. */
bool trouble_answer(struct sim *sim);

/* sim_check.c: the promises */
void check_op(struct sim *sim, const struct op *op);
void check_job(struct sim *sim, const struct job *job);
void check_always(struct sim *sim);
void check_end(struct sim *sim);

#endif
