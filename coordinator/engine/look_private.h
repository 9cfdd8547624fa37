/* look_private.h - what the files of a look share; for look*.c only. */
#ifndef LOOK_PRIVATE_H
#define LOOK_PRIVATE_H

#include "buf.h"
#include "call.h"
#include "expr.h"
#include "look_roster.h"

#define LOOK_TEXT_MAX 2000u	/* bytes of a fact's sentence */
#define LOOK_EVIDENCE_MAX 65536u
#define LOOK_PROBE_BYTES ((size_t)READING_BYTES_MAX)
#define LOOK_KEEP_MS 120000	/* readings that nobody uses go then */

/*
 * What one host said to one question.  Shared by all looks that asked for it;
 * kept in the roster while it is young.
 */
enum look_reading_state {
	LOOK_ASKING,
	LOOK_SEEN,	/* it ran and its output is here */
	LOOK_FAILED,	/* it was answered, but not with a whole output */
	LOOK_SILENT,	/* no answer: nobody knows */
};

struct look_reading {
	struct link link;		/* in roster->readings */
	char *host;
	char *key;			/* what was asked, in words */
	struct look_roster *roster;
	uint64_t generation;
	unsigned int refs;		/* looks that use it */
	enum look_reading_state state;
	char *why;			/* FAILED, SILENT: a sentence */
	bool ran;			/* SEEN or FAILED: exit is known */
	int64_t exit;
	struct buf out, err;
	int64_t asked_ms, at_ms;
	uint64_t question;		/* ASKING: to drop it */
	struct link waiters;		/* struct look_need */
	/* parsed when first wanted, by format */
	struct reading *parsed[READING_FORMATS_N];
	char *unparsed[READING_FORMATS_N];
};

/* A look's use of a reading. */
struct look_need {
	struct link waiting;		/* in reading->waiters */
	struct look *look;
	struct look_reading *reading;	/* NULL until look_run() */
	char *host;
	char *key;
	char **argv;			/* filled; NULL: tcp */
	bool counts;			/* its text stays on the host */
	char *tcp_address;
	int tcp_port;
	int64_t timeout_ms;
};

/* A probe as one question sees it: on these members, and this row. */
struct look_probe {
	char *name;			/* NULL: of bare columns */
	struct look_spec *spec;
	bool spec_owned;
	struct reading_match *match;	/* spec's, and the service's key */
	size_t nmatch;
	struct look_seen {
		const char *member;	/* borrowed from the roster */
		struct look_need *need;
	} *seen;
	size_t nseen;
	bool any;			/* the first member that answered */
	char *broken;			/* cannot be asked: why */
};

enum look_kind {
	LOOK_KIND_EXPR, LOOK_KIND_VALUE, LOOK_KIND_SERVICE, LOOK_KIND_READY,
	LOOK_KIND_ABSENT, LOOK_KIND_ROWS, LOOK_KIND_SAME
};

struct look_item {
	enum look_kind kind;
	struct look_scope scope;
	char *name;			/* backend, group, probe of a value */
	char *column;			/* of a value */
	struct expr *expr;
	const struct look_group *group;	/* of READY and ABSENT */
	char *broken;			/* what makes it UNKNOWN at once */
	struct look_probe *probes;
	size_t nprobes;
	/* of peers.in_service: a SERVICE for each other one; SAME: VALUEs */
	struct look_item *parts;
	size_t nparts;
	struct look_fact fact;
	char *text, *silent, *evidence;	/* what fact points to */
};

struct look {
	struct look_roster *roster;
	struct look_item **items;	/* pointers: they do not move */
	size_t nitems;
	struct look_need **needs;
	size_t nneeds;
	unsigned int waiting;		/* needs without an outcome */
	struct call_timer *timer;
	look_done_fn *done;
	void *ctx;
};

/* look_reading.c */
int64_t look_now_ms(const struct look_roster *roster);
void look_readings_free(struct look_roster *roster);
/* A reading for this need: young enough, being asked, or asked now. */
void look_reading_want(struct look *look, struct look_need *need,
		       int64_t max_age_ms, int64_t timeout_ms);
/* The need has its outcome, or gives up on it. */
void look_reading_release(struct look_need *need);
/* Its rows in that format; NULL: why_r says why (borrowed). */
const struct reading *look_reading_rows(struct look_reading *reading,
					enum reading_format format,
					const char **why_r);
/* A need of this look got its outcome. */
void look_arrived(struct look *look);

/*
 * look_need.c, look_probe.c: what an item needs to know, and what it saw.
 * without (NULL allowed): a member that is not asked.
 */
void look_probe_service(struct look *look, struct look_probe *probe,
			const struct look_host *backend, const char *without);
void look_probe_ready(struct look *look, struct look_probe *probe,
		      const struct look_group *group, const char *without);
/* All its rows; on each member, or on each backend. */
void look_probe_rows(struct look *look, struct look_probe *probe);
void look_probe_plan(struct look *look, struct look_probe *probe,
		     const struct look_scope *scope, const char *name);
void look_need_free(struct look_need *need);
void look_probe_free(struct look_probe *probe);
/* The n-th member's value of a column, as expr_lookup_fn wants it. */
bool look_probe_value(const struct look_probe *probe, const char *column,
		      size_t n, struct buf *text, struct expr_value *value_r);
template_lookup_fn look_scope_name;	/* ctx: const struct look_scope */
/* out.COLUMN of the scope's result. */
bool look_scope_out(const struct look_scope *scope, const char *column,
		    struct buf *text, struct expr_value *value_r);

/* Does this probe of the scope's plan say the same of every backend? */
bool look_probe_is_members(const struct look *look,
			   const struct look_scope *scope, const char *name);

/*
 * look_lists.c: what the members that were asked say of one another; why is
 * added to when it is not TRUE.
 */
enum tri look_lists_all(const struct look_item *item, struct buf *why);
/* Of item->name alone; ready: are those that were asked? */
enum tri look_lists_absent(const struct look_item *item, enum tri ready,
			   struct buf *seen, struct buf *why);

/* look_fact.c: when all is there. */
void look_item_decide(struct look *look, struct look_item *item);
/* look_strangers() of one probe of the service. */
size_t look_probe_strangers(const struct look_roster *roster,
			    const struct look_probe *probe,
			    struct buf *names);

#endif
