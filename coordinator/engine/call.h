/* call.h - the conversation with one host's agent: ask, and be told. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How it works
 *
 * One struct call per host, kept for as long as the host is of interest.  It
 * opens a channel over a transport, skips banner noise to the magic line, says
 * hello, checks who answered, and from then on matches answers to questions
 * by id.  When the channel dies every question in flight ends as CALL_LOST
 * and the channel is opened again with back-off; nothing is ever repeated by
 * itself, for only the asker knows whether that is right.
 *
 * Every question ends in exactly one call_done_fn, called from the loop and
 * never from inside the function that asked.  The answer lives until the
 * callback returns.  All times are CLOCK_BOOTTIME in milliseconds, all sizes
 * bytes.  Whatever a host says is read strictly: a message that does not fit
 * closes that host's channel with the reason, and touches nothing else.
 */

struct call;
struct call_set;
struct err;
struct json_object;
struct transport;

/*
 * X(name, word, sentence): what became of a question.
 * UNSENT alone promises that the agent has not seen it.  LOST says nothing
 * about what the agent did: ask again under the same attempt id.
 */
#define CALL_OUTCOMES(X)						\
	X(ANSWERED, "answered", "the agent did or does what was asked")	\
	X(REFUSED,  "refused",  "the agent says no; nothing was begun")	\
	X(UNSENT,   "unsent",   "it never left the coordinator")	\
	X(LOST,     "lost",     "it was sent and no answer came back")

enum call_outcome {
#define X(name, word, sentence) CALL_##name,
	CALL_OUTCOMES(X)
#undef X
};

/*
 * X(name, word, sentence): why a host that can be reached may not be used.
 * OK comes first; all others keep the channel closed until the back-off
 * (a minute) lets it be tried again.
 */
#define CALL_MISFITS(X)							\
	X(NONE,       "none",       "the agent is who it should be")	\
	X(NAME,       "name",       "another host answered there")	\
	X(MACHINE,    "machine",    "it is another machine")		\
	X(ADDRESS,    "address",    "the backend's address is not on it") \
	X(FLEET,      "fleet",      "its agent does not know the fleet") \
	X(EPOCH,      "epoch",      "a newer coordinator holds the fleet") \
	X(JOURNAL,    "journal",    "its journal cannot be used")	\
	X(PROTO,      "proto",      "it speaks another protocol")	\
	X(REFUSED,    "refused",    "the agent refused the hello")

enum call_misfit {
#define X(name, word, sentence) CALL_MISFIT_##name,
	CALL_MISFITS(X)
#undef X
};

const char *call_outcome_word(enum call_outcome outcome);
const char *call_misfit_sentence(enum call_misfit misfit);

/* A fleet as hello names it.  Epoch 0 only asks, it fences nobody. */
struct call_fleet {
	const char *uuid;
	const char *name;
	int64_t epoch;
};

/* Who should be there; call_new() and call_config() copy it all. */
struct call_host {
	const char *name;
	const char *address;		/* where sshd is asked */
	int port;
	const char *user;
	const char *const *keys;	/* pinned host keys, NULL-terminated */
	const char *machine_id;		/* NULL: not known yet */
	const char *backend_address;	/* NULL: no backend, or elsewhere */
	const char *coordinator;	/* our own name, for hello */
	const struct call_fleet *fleets;
	size_t nfleets;
};

/* What the agent said of itself in its last hello. */
struct call_facts {
	const char *agent;
	int proto;
	const char *name;
	const char *machine_id;
	const char *boot_id;
	int64_t boottime_ms;		/* the host's own clock */
	int64_t wall_ms;
	const char *const *addresses;	/* NULL-terminated */
	const struct call_floor {
		const char *uuid;
		int64_t epoch;
		int64_t floor;
		const char *code;	/* NULL: it was taken */
		const char *why;	/* it was refused, a sentence */
	} *fleets;
	size_t nfleets;
	const char *hold;		/* text of its hold file, or NULL */
	bool sheet;			/* a break-glass sheet lies there */
	const char *journal;		/* "ok", or what is wrong with it */
	const char *allow_sha256;
	int64_t asked_ms;		/* ours: when hello was sent */
	int64_t at_ms;			/* ours: when it was answered */
	int64_t wall_at_ms;		/* our wall clock then */
};

/* Bytes that came as chunks. */
struct call_stream {
	const char *data;		/* ends with a NUL not counted */
	size_t size;
};

struct call_answer {
	enum call_outcome outcome;
	const char *code;		/* REFUSED: a wire code, else "" */
	const char *why;		/* all but ANSWERED: a sentence */
	const char *hint;		/* what to do, or "" */
	const struct json_object *body;	/* the answer line, or NULL */
	const char *text;		/* the same as text, or "" */
	struct call_stream out;
	struct call_stream err;
	bool cut;			/* more came than was asked for */
	int64_t asked_ms;		/* when the line was handed over */
	int64_t at_ms;			/* when the last line of it arrived */
};

typedef void call_done_fn(void *ctx, const struct call_answer *answer);

/*
 * Any hook may be NULL.  None but given_out is called from inside a call_…
 * function.
 */
struct call_hooks {
	/*
	 * The highest seq of a change given out for that fleet, 0: none.  Asked
	 * while a hello is written, for an agent that does not know the fleet
	 * (any more) begins nothing up to there; may call nothing of ours.
	 */
	int64_t (*given_out)(void *ctx, const char *fleet);
	/* hello was accepted; call_facts() are new */
	void (*up)(void *ctx, struct call *call);
	/* the channel is gone, or none came to be; why is a sentence */
	void (*down)(void *ctx, struct call *call, const char *why);
	/* an unasked "ended": attempt ids may be strangers to us */
	void (*ended)(void *ctx, struct call *call, const char *attempt,
		      const char *state, const struct json_object *result,
		      const char *result_text);
};

/*
 * What time it is and when to be woken: the loop's, or a test's.  wake() asks
 * for one call_set_tick() no later than that and replaces the wish before.
 */
struct call_clock {
	int64_t (*now_ms)(void *self);
	void (*wake)(void *self, int64_t at_ms);
	void *self;
};

/*
 * Several hosts over one transport.  hooks and ctx serve all calls of the set;
 * the transport and the clock are borrowed and must outlive it.
 */
struct call_set *call_set_new(struct transport *transport,
			      const struct call_clock *clock,
			      const struct call_hooks *hooks, void *ctx);
/* Not from inside a callback.  Nobody is called back any more. */
void call_set_free(struct call_set **setp);
void call_set_tick(struct call_set *set);
int64_t call_set_now_ms(const struct call_set *set);

/* A set whose clock is this loop's: what a coordinator has. */
struct call_loop;
struct event_base;
struct call_loop *call_loop_new(struct event_base *base,
				struct transport *transport,
				const struct call_hooks *hooks, void *ctx);
struct call_set *call_loop_set(struct call_loop *loop);
void call_loop_free(struct call_loop **loopp);

/* Call fn from the loop at that time, once, unless stopped before. */
struct call_timer;
typedef void call_timer_fn(void *ctx);
struct call_timer *call_timer_start(struct call_set *set, int64_t at_ms,
				    call_timer_fn *fn, void *ctx);
void call_timer_stop(struct call_timer **timerp);

/* The call to that host, made if it is new; owned by the set. */
struct call *call_get(struct call_set *set, const struct call_host *host);
struct call *call_find(struct call_set *set, const char *host);
/* New epochs, keys, ids: an open channel is told by a new hello. */
void call_config(struct call *call, const struct call_host *host);
/*
 * Which hosts are of interest is said in rounds.  Those that neither call_get()
 * nor call_config() named since call_set_round() are hung up and freed after
 * call_set_sweep(), each when nobody waits for its answer any more.  Until then
 * it is found as before, and who is named again stays.
 */
void call_set_round(struct call_set *set);
void call_set_sweep(struct call_set *set);
/* Open now, whatever the back-off; no effect on an open channel. */
void call_open(struct call *call);
/* Hang up and stay away until the next question or call_open(). */
void call_close(struct call *call);
/* Say hello again on an open channel (opens one if there is none). */
void call_greet(struct call *call);
/*
 * The machine that answered is another host's: hang up, and for a minute do not
 * ask again whether that id may be its.  No effect when no channel is open.
 */
void call_deny(struct call *call, const char *why);

/* What it said of that fleet, or NULL. */
const struct call_floor *call_facts_fleet(const struct call_facts *facts,
					  const char *uuid);

const char *call_name(const struct call *call);
bool call_is_up(const struct call *call);
const struct call_facts *call_facts(const struct call *call);	/* or NULL */
enum call_misfit call_misfit(const struct call *call);
/* The epoch that the agent named when it fenced us; 0: it did not. */
int64_t call_fenced_by(const struct call *call);
/* Why there is no channel, "" when there is one. */
const char *call_why(const struct call *call);
/* When the host last said anything that we understood; 0: never. */
int64_t call_heard_ms(const struct call *call);

/*
 * The questions.  Each returns an id for call_drop(), never 0.  A question put
 * to a host without channel waits for the one that is being opened and is
 * UNSENT when that fails; in a back-off it is UNSENT at once.
 */

/* A file that must be on the host before the change; sha256 NULL: none. */
struct call_content {
	const char *sha256;
	const void *data;
	size_t size;
};

/* Attempt: all of it is stored with the attempt before this is called. */
struct call_change {
	const char *verb;		/* run copy clean package */
	const char *attempt;		/* uuid */
	const char *fleet;		/* uuid */
	int64_t epoch;
	int64_t seq;
	const char *step;		/* "ROLLOUT-UUID/backend/step" */
	const char *after;		/* uuid or NULL */
	/* attempts before it, which may have come there after that one */
	const char *const *abandoned;	/* uuids; NULL: none */
	size_t nabandoned;
	const char *undo_of;		/* uuid or NULL */
	const char *note;		/* JSON object text, or NULL */
	const char *who;
	int64_t timeout_ms;
	bool discard;			/* output: discard */
	const char *spec;		/* JSON object text: {"argv":[…]} … */
	struct call_content content;	/* put first, then the change */
};

/* Answer body: {state, result?, why?} or refused with code, record. */
uint64_t call_change(struct call *call, const struct call_change *change,
		     call_done_fn *done, void *ctx);
uint64_t call_ask(struct call *call, const char *attempt,
		  call_done_fn *done, void *ctx);

/*
 * What that host began of a step: the attempt that it began next after that
 * one, the first when after is NULL.  Answer body: {record?: {attempt, state,
 * result?, why?, note?}}, without one when nothing came after it.
 */
uint64_t call_begun(struct call *call, const char *fleet, int64_t epoch,
		    const char *step, const char *after, call_done_fn *done,
		    void *ctx);

/* argv is NULL-terminated.  out and err hold what came, body the verdict. */
uint64_t call_probe(struct call *call, const char *const *argv,
		    int64_t timeout_ms, size_t max_bytes,
		    call_done_fn *done, void *ctx);
/* The same, but stdout stays on the host: the body has its bytes and lines. */
uint64_t call_probe_counts(struct call *call, const char *const *argv,
			   int64_t timeout_ms, size_t max_bytes,
			   call_done_fn *done, void *ctx);
uint64_t call_tcp(struct call *call, const char *address, int port,
		  int64_t timeout_ms, call_done_fn *done, void *ctx);

/* changes and reads are JSON array texts. */
uint64_t call_may(struct call *call, const char *changes, const char *reads,
		  call_done_fn *done, void *ctx);
/* spec is JSON object text with the kind's own keys. */
uint64_t call_dry(struct call *call, const char *kind, const char *spec,
		  bool fetch, int64_t timeout_ms,
		  call_done_fn *done, void *ctx);
/* All of content, in pieces; one answer at the end.  data is copied. */
uint64_t call_put(struct call *call, const char *sha256, const void *data,
		  size_t size, call_done_fn *done, void *ctx);
uint64_t call_peek(struct call *call, const char *attempt, const char *stream,
		   uint64_t offset, call_done_fn *done, void *ctx);
uint64_t call_sheet(struct call *call, const char *fleet, int64_t epoch,
		    const char *rollout, const char *text,
		    call_done_fn *done, void *ctx);
uint64_t call_forget(struct call *call, const char *fleet, int64_t epoch,
		     int64_t floor, call_done_fn *done, void *ctx);

/* What is left over there; fix: what carries our mark goes first. */
uint64_t call_left(struct call *call, const char *fleet, int64_t epoch,
		   bool fix, call_done_fn *done, void *ctx);

/* No callback for it any more; what the agent does is not touched. */
void call_drop(struct call *call, uint64_t id);

#endif
