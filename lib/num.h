/*
 * num.h - numbers and durations as people write them, read strictly.
 *
 * No leading blank, no "+", no "0x", nothing behind: the whole text or -1.
 */
#ifndef DRYDOCK_NUM_H
#define DRYDOCK_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define NUM_DURATION_MAX ((int64_t)400 * 24 * 3600 * 1000) /* ms */
#define NUM_DURATION_SIZE 32

/* Decimal within [min, max].  Errors (ERR_USAGE) quote the text. */
int num_parse_int(const char *text, int64_t min, int64_t max, int64_t *out_r,
		  struct err *err);

/*
 * "15m" "1h30m" "1100ms" "2s" "90d" "0s": numbers with the units d h m s ms,
 * each at most once, from large to small, no blank; in milliseconds.
 */
int num_parse_duration(const char *text, int64_t min_ms, int64_t max_ms,
		       int64_t *ms_r, struct err *err);

/* "1h30m", "0s": num_parse_duration() reads it back.  Returns buf. */
const char *num_format_duration(int64_t ms, char buf[NUM_DURATION_SIZE]);

/* The word that goes with n: "1 entry", "2 entries". */
const char *num_noun(uint64_t n, const char *one, const char *many);

#endif
