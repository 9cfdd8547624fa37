/* refusal.h - what the database refuses, and when it is decided again. */
#ifndef REFUSAL_H
#define REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

/* What a batch holds, beside what was merely seen: decisions by their rules. */
#define WRITES_RULE(rule) (UINT64_C(1) << (rule))
#define WRITES_ADOPTED	  (UINT64_C(1) << 50)
#define WRITES_INCLUDE	  (UINT64_C(1) << 51)
#define WRITES_REFUSAL	  (UINT64_C(1) << 52)

/*
 * How it works
 *
 * The same decision is refused again and again, so it is made again later each
 * time: after 3, 6, 12 … 60 s, but at once when a person has said something.
 * It is over when everything that was refused has been taken, or something that
 * was decided after a person's word, or when for a minute after its time
 * nothing was there to be refused.
 */
struct refusal {
	int times;			/* in a row, 0: it takes everything */
	uint64_t what;			/* not taken since */
	int64_t revision;		/* of the rollout then */
	int64_t until_ms;
};

/* Whoever begins knows at most what the hold of an earlier one says. */
void refusal_begin(struct refusal *refusal, uint64_t what, int64_t revision,
		   int64_t now_ms);
/* False: for the first time.  That may have been a row that was just gone. */
bool refusal_note(struct refusal *refusal, uint64_t what, int64_t revision,
		  int64_t now_ms);
/* A batch was taken.  True: nothing is refused any more. */
bool refusal_taken(struct refusal *refusal, uint64_t what, int64_t revision);
/* Nothing is to be written.  True: it has been so for long enough. */
bool refusal_rests(const struct refusal *refusal, int64_t now_ms);
/* So long nothing is decided; 0: now. */
int64_t refusal_wait_ms(const struct refusal *refusal, int64_t revision,
			int64_t now_ms);

#endif
