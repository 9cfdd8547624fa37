/* verbs.h - the runner's answers.  For verbs*.c only. */
#ifndef DRYDOCK_VERBS_H
#define DRYDOCK_VERBS_H

#include "runner.h"

/* The break-glass sheet, in the state directory. */
#define VERBS_SHEET "SHEET"

#define VERBS_JOURNAL_HINT                                                     \
	"look at the host, then type there: drydock-agent "                    \
	"--journal-accept-loss REASON"

void verb_hello(struct client *c, const struct request *r);
void verb_change(struct client *c, const struct request *r);
void verb_left(struct client *c, const struct request *r);
void verb_put(struct client *c, const struct request *r);

void verbs_no(struct client *c, const struct request *r, enum wire_code code,
	      const struct err *err, const char *hint);
/* The answer that says what is known of the attempt; NULL: none. */
void verbs_state(struct client *c, const struct request *r,
		 const struct attempt *attempt);
/* "record": what is known of that attempt, for who has no row of it. */
void verbs_record(struct client *c, struct answer *a,
		  const struct attempt *attempt);
/* Is the fleet held under exactly this epoch?  If not, it was refused. */
bool verbs_epoch(struct client *c, const struct request *r, const char *uuid,
		 int64_t epoch);

#endif
