/* loop.h - run an event loop in a test until something is true. */
#ifndef DRYDOCK_TEST_LOOP_H
#define DRYDOCK_TEST_LOOP_H

#include <event2/event.h>

#include "clock.h"

/* Run the loop until `condition`, or fail the test after ms. */
#define loop_until(base, ms, condition)                                        \
	do {                                                                   \
		int64_t loop_end = clock_boot_ms() + (ms);                     \
                                                                               \
		while (!(condition)) {                                         \
			if (clock_boot_ms() > loop_end)                        \
				fail_msg("not in %d ms: %s", (int)(ms),        \
					 #condition);                          \
			loop_once(base, 20);                                   \
		}                                                              \
	} while (0)

/* Run the loop for ms, whatever happens. */
#define loop_for(base, ms)                                                     \
	do {                                                                   \
		int64_t loop_end = clock_boot_ms() + (ms);                     \
                                                                               \
		while (clock_boot_ms() < loop_end)                             \
			loop_once(base, 5);                                    \
	} while (0)

static inline void
loop_once(struct event_base *base, unsigned int ms)
{
	struct timeval tv = { ms / 1000, (long)(ms % 1000) * 1000 };

	(void)event_base_loopexit(base, &tv);
	(void)event_base_loop(base, EVLOOP_ONCE);
}

#endif
