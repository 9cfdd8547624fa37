/*
 * timelines.h - the newest timeline that was seen of a PostgreSQL cluster.
 *
 * A standby that is promoted begins a new timeline.  The old primary, should it
 * come back as writable as ever, has the one before, and must not be believed:
 * not by who saw the new one, and not by who is started later.  So what was
 * seen is kept in a directory, a file for each cluster, named by its system
 * identifier:
 *
 *	DIR/timeline.7312345678901234567	"3\n"
 *
 * A cluster made anew has another identifier, and is another file; recovery to
 * a point in time begins a new timeline.  Several processes may share DIR.
 */
#ifndef DRYDOCK_TIMELINES_H
#define DRYDOCK_TIMELINES_H

#include "err.h"

struct timelines;

/*
 * DIR is made when only its last part is missing; it must not be for others to
 * write.  NULL: USAGE, err says what to do.
 */
struct timelines *timelines_new(const char *dir, struct err *err);
void timelines_free(struct timelines **timelines);

/*
 * A server of that cluster is met.  0: it is the newest that was seen, and that
 * is on disk; *newest_r is that number, which later calls raise, for as long as
 * `timelines` lives.  -1: not to be written to.
 *	REFUSED  it was left by a failover
 *	FAILED   what is on disk is damaged
 *	SYS	 it cannot be read or written
 *	PROTO	 that is no system identifier
 */
int timelines_see(struct timelines *timelines, const char *system,
		  unsigned long timeline, const unsigned long **newest_r,
		  struct err *err);

#endif
