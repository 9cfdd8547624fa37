/* world.h - real coordinators and a real database in a world that is not. */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dice.h"
#include "list.h"
#include "uuid.h"

/*
 * How it works
 *
 * The engine of drydockd runs here twice, in one process and as it is: it
 * decides, writes, looks, speaks with agents, takes and loses fleets.  It
 * stands on what this folder puts below it: the clock and the dice of the C
 * library and its timers (time.c), connections to a real PostgreSQL (sql.c),
 * lines to agents (net.c).  Agents (agent.c) and what their commands do to
 * backends and directors (truth.c) are modelled, and so are people, who steer
 * through the functions of schema fleet (people.c).
 *
 * Time goes from one due thing to the next; it stands still while SQL runs,
 * and the database reads it here too.  All chance comes from the seed, so a
 * seed is one history.  After everything that happens the promises are asked
 * of the database, the journals and the truth (check.c).
 */
enum {
	BACKENDS = 3, DIRECTORS = 2, HOSTS = BACKENDS + DIRECTORS,
	COORDINATORS = 2, ENTRIES = 256, WORDS = 4, WEIGHT = 100,
	REFUSALS = 64,
	TROUBLES = 16,		/* of SEEDS_TROUBLES */
	OUTSIDE = -1		/* whose: nobody's process */
};

/* The boot clock begins so; the database then says noon, 5 January 2026. */
#define TIME_START_MS ((int64_t)100000000)
#define TIME_NOON_MS  ((int64_t)1767614400000)

/* Something that happens at its time; to a process that stands still, later. */
typedef void due_fn(void *self);

struct due {
	struct link link;
	int64_t at_ms;
	uint64_t nr;
	int who;
	due_fn *fn;
	void *self;
};

/* ------------------------------------------------------- what is modelled */

struct backend {
	int weight[DIRECTORS];		/* as each director has it */
	int64_t weight_nr[DIRECTORS];
	bool running, stopped_by_us, sick, broken, lmtp_off, dirty, silent;
	bool zero_by_us;		/* who took its weight away */
	int64_t users_until_ms, was_in_ms, was_empty_ms;
	int changes, licences;		/* begun; allowed by people */
	bool changed;			/* really */
	bool open, excluded;		/* outage, as the database has it */
	char turn[16];			/* its state there */
};

/* Its work is done; not; yet it fails; its time is over; its agent dies. */
enum outcome {
	OUTCOME_DONE, OUTCOME_FAILS, OUTCOME_HALF, OUTCOME_HANGS, OUTCOME_LOST
};
enum entry_state { ENTRY_RUNNING, ENTRY_ENDED, ENTRY_UNKNOWN };

/* One attempt in the journal of its host. */
struct entry {
	char attempt[UUID_TEXT_SIZE], after[UUID_TEXT_SIZE];
	char step[128], note[256];
	char words[WORDS][64];
	int host, backend, exit;
	int64_t epoch, seq;
	enum entry_state state;
	enum outcome outcome;
	bool forgotten;			/* below the floor, or lost */
	bool settled;			/* a person said what comes of it */
	struct due end;
};

/* What a runner knows as refused for good; its successor knows nothing. */
struct refusal {
	char attempt[UUID_TEXT_SIZE];
	const char *code, *why;
};

struct host {
	char boot[UUID_TEXT_SIZE];
	int runners;			/* that it had */
	struct refusal refusals[REFUSALS];
	int nrefusals;
	int64_t epoch, floor;
	bool lost;			/* records up to the floor */
	char coordinator[32];
	int64_t down_until_ms, mute_until_ms, unsure_until_ms, hold_until_ms;
	int64_t stuck_until_ms;		/* commands do nothing there */
	int late, twice;
	enum outcome next;
};

/* What troubles follow on: the how manieth of these. */
enum anchor {
	ANCHOR_TIME,			/* a time */
	ANCHOR_WRITTEN,			/* a decision is written down */
	ANCHOR_BEGUN,			/* a command begins */
	ANCHOR_TAKEN,			/* a backend is taken */
	ANCHOR_COMMITTED,		/* a no_pause phase begins */
	ANCHOR_DESTROYS,		/* what destroys is about to begin */
	ANCHORS
};

struct trouble {
	int kind, a;			/* a host, -1: who is busy */
	enum anchor anchor;
	int nth;
	int64_t after_ms;		/* and so long after that */
	int64_t span_ms;
	uint64_t dice;
	bool left_out;			/* to find the shortest trace */
	struct due due;
};

struct coordinator {
	struct engine *engine;		/* NULL: not running */
	int64_t stalled_until_ms;
	bool leaving;
	int64_t wall_ms;		/* so far its wall clock has leapt */
	struct due life, leave;
};

struct world {
	uint64_t seed;
	struct dice dice, ids;
	bool trace;
	int64_t now_ms, clock_ms;	/* the database's is ahead by clock */
	int me;				/* whose code runs */
	struct link dues;
	uint64_t nr;
	uint64_t hash;			/* of all that happened */

	struct coordinator coordinators[COORDINATORS];
	struct backend backends[BACKENDS];
	struct host hosts[HOSTS];
	struct entry entries[ENTRIES];
	int nentries;
	int busy, busy_with;		/* what began last: where; of whom */
	enum outcome next;		/* of the next command anywhere */
	int64_t ring_torn_until_ms, away_until_ms;
	int64_t group_ended_ms, group_clock_ms;
	int group_backend;

	/* as the database had it last */
	int64_t rollout, epoch, seq;
	char state[16], held[16];	/* of the rollout; "": nothing is */
	char why[512];			/* of a hold */
	int64_t moved_ms;		/* when something last got on */
	int done;			/* turns */

	struct trouble troubles[TROUBLES];
	int ntroubles, answers, answered;
	int64_t troubles_end_ms;
	int statements, rules[64], anchored[ANCHORS];
	bool tail_lost;			/* of the database: rows are missing */
	bool journal_lost;		/* of a host */
	char wrong[512];		/* "": no promise was broken */
};

extern struct world world;

/* time.c */
void due_init(struct due *due, int who, due_fn *fn, void *self);
void due_at(struct due *due, int64_t at_ms);
void due_in(struct due *due, int64_t from_ms, int64_t to_ms);
void due_stop(struct due *due);
/* The next thing happens, unless it is later than that: false, it is then. */
bool time_step(int64_t until_ms);
/* What hosts and coordinators have, and what the database says it is. */
int64_t time_wall_ms(void);
int64_t time_db_ms(void);

/* main.c */
void world_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and it is part of the history. */
void world_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A promise is broken: the first one stays. */
void world_wrong(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* course.c: one history */
void course_plan(void);		/* once: what every history begins with */
void course_run(void);
void course_end(void);
void coordinator_begins(int who);
void coordinator_dies(int who, int64_t span_ms);
/* In order, as at SIGTERM; another begins then. */
void coordinator_leaves(int who);

/* sql.c */
void sql_open(const char *conninfo);
void sql_close(void);
/* The one value, NULL: none; valid until the next.  An error ends it all. */
const char *sql_owner(const char *text);
/* What a person types.  False: it was refused. */
bool sql_person(const char *text);
/* Connections of a coordinator are lost, and what is under way with them. */
void sql_cut(int who);

/* net.c */
struct chan;
struct transport *net_new(int who);
/* Nothing is on its way any more. */
void net_end(void);
/* To whoever listens on that channel, NULL: nobody any more. */
void net_say(struct chan *chan, const char *line);
/* On every channel of that host. */
void net_tell(int host, const char *line);
/* All channels of that host break. */
void net_cut(int host);
/* Can that host be reached now? */
bool net_reaches(int host);

/* agent.c */
void agent_line(int host, struct chan *chan, const char *text, size_t len);
void agent_reboot(int host, int64_t span_ms, bool starts);
/* The runner is gone, and whoever comes next knows what it has written. */
void agent_dies(int host);
/* And it has written nothing: its journal is new. */
void agent_forgets(int host);
void agent_start(void);
const char *host_name(int host);
int host_of(const char *name);
const char *host_address(int host);

/* truth.c */
void truth_start(void);
bool truth_in(int backend);
bool truth_out_by_us(int backend);
/* When each was in service last, and when no user was sent to it. */
void truth_stamp(void);
void truth_effect(const struct entry *entry);
/* Is it so already what that step of it is for? */
bool truth_is_done(int backend, const char *step);
/* Somebody sets its weight on the directors. */
void truth_weight_by_hand(int backend, int weight);
/* What a probe prints; NULL: there is no such command. */
char *truth_probe(int host, const char *command);
int truth_backend(const char *word);

/* people.c */
/* Somebody answers what stands still; false: nothing to answer. */
bool people_answer(void);
/* The rollout is started, now or for soon. */
void people_start(void);
void people_steer(struct dice *dice);

/* trouble.c */
void trouble_plan(void);
/* One more of these: what follows on that one. */
void trouble_follows(enum anchor anchor);

/* check.c */
void check_lost(void);		/* the database lost its last commits */
void check_database(void);	/* after each statement that may change it */
void check_written(int who, int64_t epoch);
void check_always(void);
void check_begun(const struct entry *entry);
void check_end(void);

#endif
