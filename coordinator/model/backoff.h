/* backoff.h - how long to wait before looking or trying again. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* Before the n-th look at a check: 0, 1, 2, 5, 5 … s. */
int64_t backoff_check_ms(int n);

/* Before the n-th new try of a step: base doubled each time, at most 60 s. */
int64_t backoff_retry_ms(int64_t base_ms, int n);

/* Before the n-th asking of a silent agent: 1, 2, 5, 10, 10 … s. */
int64_t backoff_ask_ms(int n);

#endif
