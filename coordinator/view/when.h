/*
 * when.h - spans and points of time: PostgreSQL's text, and ours.
 */
#ifndef DRYDOCK_WHEN_H
#define DRYDOCK_WHEN_H

#include "buf.h"

/*
 * "1 day 02:03:04.5", "-00:00:01", "1 mon 3 days" (a month is 30 days, a year
 * 365.25 as PostgreSQL's epoch counts).  -1 when it is not that.
 */
int when_parse_span(const char *text, double *seconds_r);
/* "2026-11-22 00:32:05.123+00": seconds since 1970, UTC.  -1 also for
 * "infinity" and years before 1 */
int when_parse_time(const char *text, double *seconds_r);

/* "9m 02s", "2h 10m", "41d", "3s", "350ms": two units at most */
void when_span(struct buf *out, double seconds);
/* "22:29:33", in the zone of the program */
void when_clock(struct buf *out, double at);
void when_minute(struct buf *out, double at); /* "22:29" */
/* "24 Nov 01:00"; with the year when it is not the year of `now` */
void when_day(struct buf *out, double at, double now);
/* "2026-11-22T00:32:05.123Z" from PostgreSQL's text; the text itself when it
 * is no such time */
void when_rfc3339(struct buf *out, const char *text);

#endif
