/*
 * clock.h - what time it is, for two different questions.
 *
 * How long: boot time, which goes on in suspend and never jumps.  When: the
 * wall clock, only to be shown; decisions take PostgreSQL's.
 */
#ifndef DRYDOCK_CLOCK_H
#define DRYDOCK_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 32

int64_t clock_boot_ms(void); /* CLOCK_BOOTTIME, milliseconds */
int64_t clock_wall_ms(void); /* milliseconds since 1970, UTC */

/* "2026-11-22T00:32:05.123Z".  Returns buf. */
const char *clock_format(int64_t wall_ms, char buf[CLOCK_TEXT_SIZE]);

#endif
