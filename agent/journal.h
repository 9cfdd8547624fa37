/*
 * journal.h - what this host was told to do and how it ended, on disk.
 *
 * One append-only file.  A record is a 32-byte header (magic, length, number,
 * checksum of the payload, checksum of the header) and a JSON object, filled up
 * with blanks to a multiple of 32 bytes.  The file is always a multiple of
 * JOURNAL_CHUNK long and zero behind its last record, so
 *
 * - a write needs no new blocks: what was reserved can be written on a full
 * disk;
 * - a torn write shows: whole sectors (or the end of the record) are still
 * zero, which JSON and its padding never are.  It was never durable: cut it,
 * say so;
 * - anything else that does not check out is damage: a person must decide.
 *
 * An append is durable when it returns.  After a failed write nothing is
 * accepted any more: what the disk then holds is not known.
 */
#ifndef DRYDOCK_JOURNAL_H
#define DRYDOCK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

#define JOURNAL_CHUNK	    ((size_t)256 * 1024)
#define JOURNAL_RECORD_MAX  ((size_t)96 * 1024)
#define JOURNAL_HEADER_SIZE 32

enum journal_state {
	JOURNAL_OK,
	JOURNAL_MISSING, /* was here once (its marker is), is not now */
	JOURNAL_DAMAGED,
	JOURNAL_FAILED, /* a write or a flush failed in this process */
};

struct journal {
	int dir;	  /* borrowed: the state directory */
	int fd;		  /* -1 while missing */
	uint64_t at;	  /* where the next record goes */
	uint64_t size;	  /* of the file */
	uint64_t number;  /* of the next record */
	uint64_t flushes; /* since it was opened: shown by tests */
	enum journal_state state;
	char why[256]; /* state in words; also told about a cut tail */
	uint64_t cut;  /* bytes of a torn tail that were cut */
};

/* `at` names the record for journal_read().  -1 stops: it is damage. */
typedef int journal_record_fn(void *self, uint64_t at, const char *json,
			      size_t len, struct err *err);

/* Pure: what the bytes of a file say. */
enum journal_verdict {
	JOURNAL_WHOLE,
	JOURNAL_TORN, /* records up to `at` are good, behind is one torn write
		       */
	JOURNAL_BAD,
};
struct journal_end {
	enum journal_verdict verdict;
	uint64_t at; /* first byte behind the good records */
	uint64_t records;
	uint64_t torn; /* bytes of the torn write */
	char why[200];
};
void journal_scan(const unsigned char *map, size_t size, journal_record_fn *fn,
		  void *self, struct journal_end *end_r);

/*
 * Open the journal of the state directory `dir`, hand every record to fn, cut a
 * torn tail.  The caller holds the lock.  A directory that never had one gets a
 * new one whose first record is `first`.  Returns -1 only when the system
 * refuses; damage and absence are in j->state.
 */
int journal_open(struct journal *j, int dir, const char *first,
		 journal_record_fn *fn, void *self, struct err *err);
void journal_close(struct journal *j);

/* Make room for `bytes` of payload in up to `records` records. */
int journal_reserve(struct journal *j, size_t bytes, size_t records,
		    struct err *err);
/* Durable when it returns 0.  at_r (NULL allowed) is for journal_read(). */
int journal_append(struct journal *j, const char *json, size_t len,
		   uint64_t *at_r, struct err *err);
/* The payload, checked again. */
int
journal_read(struct journal *j, uint64_t at, struct buf *out, struct err *err);

/* Is the open file still the one by that name? */
bool journal_in_place(const struct journal *j);
/* From now on the journal is in this state, and why. */
void journal_say(struct journal *j, enum journal_state state, const char *why);

/*
 * Write the journal anew: `first`, then each record for which keep() is 0 and
 * (salvaged from a damaged file) every one that still checks out.  The old file
 * stays under the name given, NULL: it goes.
 */
int journal_rewrite(int dir, const char *first, journal_record_fn *keep,
		    void *self, const char *old_name, struct err *err);

#endif
