/*
 * book.h - what the journal says, in memory: fleets and attempts.
 *
 * Every fact is in the journal before it is here.  Results and notes are not
 * kept in memory but read again from the journal when somebody asks.
 */
#ifndef DRYDOCK_BOOK_H
#define DRYDOCK_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "json.h"
#include "list.h"
#include "request.h"

/*
 * A change whose seq is not above the floor and of which nothing is known here
 * is never begun.  The floor was raised over what is over and forgotten, or
 * (`lost`) over what may have been done though its record is missing: the
 * journal is new to the fleet, or lost records.  `unsure`: it lost some, and
 * nobody has said since how far they went.
 */
struct fleet {
	struct link link;
	char *uuid, *name, *coordinator;
	int64_t epoch, floor;
	bool lost, unsure;
};

struct attempt {
	struct link link;
	char id[UUID_TEXT_SIZE];
	char digest[SHA256_TEXT_SIZE];
	struct fleet *fleet;
	char *step;
	int64_t seq;
	enum wire_verb verb;
	enum wire_state state; /* RUNNING only while this runner has it */
	bool this_boot;
	const char *why; /* of UNKNOWN; static text */
	uint64_t begun_at, ended_at;
};

struct book {
	struct journal journal;
	struct link fleets, attempts;
	char *machine_id, *boot_id;
	unsigned int dead; /* records that a rewrite would leave out */
};

/* The caller holds the lock of the state directory. */
int book_open(struct book *b, int dir, struct err *err);
void book_close(struct book *b);

/*
 * A person accepts what a damaged or missing journal lost: keep what can be
 * read, raise each floor to the highest seq seen, go on.  All fleets are unsure
 * then, for what was lost may have been newer.  told_r (free() it) says what
 * was done.
 */
int book_accept_loss(int dir, const char *reason, const char *by, char **told_r,
		     struct err *err);

/* NULL: not known. */
struct fleet *book_fleet(struct book *b, const char *uuid);
struct attempt *book_attempt(const struct book *b, const char *id);
struct attempt *
book_last(struct book *b, const struct fleet *fleet, const char *step);

/*
 * The first attempt of that step, or the one that was begun next after that
 * one; NULL: there is none.
 */
struct attempt *
book_next(const struct book *b, const struct fleet *fleet, const char *step,
	  const struct attempt *after);

/* Each is durable when it returns 0. */
int book_set_epoch(struct book *b, const char *uuid, const char *name,
		   int64_t epoch, const char *coordinator, struct err *err);
int book_begin(struct book *b, const struct change *c, const struct request *r,
	       struct attempt **attempt_r, struct err *err);
/* `result` is one JSON object. */
int book_end(struct book *b, struct attempt *a, const char *result,
	     struct err *err);
/*
 * Changes up to `seq` were given out for that fleet, says who holds it.  If the
 * fleet is new here or unsure, that is its floor from now on; call it before
 * book_set_epoch(), for a fleet that has an epoch is not new.
 */
int book_given_out(struct book *b, const char *uuid, int64_t seq,
		   struct err *err);
/* Raise the floor; attempts at or below it that are over are forgotten. */
int book_forget(struct book *b, struct fleet *f, int64_t floor,
		struct err *err);
/*
 * Leave out of the file what was forgotten, if that is worth it.  Only while
 * nothing runs: attempts and fleets are made anew.  -1: what is in memory may
 * not be believed any more and journal.state says so.
 */
int book_shrink(struct book *b, struct err *err);

/* The document of the *begun* record; its "request" is the request. */
int book_read_begun(struct book *b, const struct attempt *a,
		    struct json_object **doc_r, struct err *err);
/* "state", and with it "result" or "why". */
int book_print(struct book *b, const struct attempt *a, struct json_out *o,
	       struct err *err);

#endif
