/* num.c - numbers and durations as people write them, read strictly. */
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct num_unit {
	const char *name;
	int64_t ms;
} num_units[] = {
	/* from large to small; "ms" before "m" is settled by the length */
	{ "d", (int64_t)24 * 3600 * 1000 },
	{ "h", (int64_t)3600 * 1000 },
	{ "m", (int64_t)60 * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

#define NUM_UNITS (sizeof(num_units) / sizeof(num_units[0]))

int
num_parse_int(const char *text, int64_t min, int64_t max, int64_t *out_r,
	      struct err *err)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *end;
	long long n;

	if (!isdigit((unsigned char)digits[0]))
		return err_set(err, ERR_USAGE,
			       "\"%.60s\" is not a whole number", text);
	errno = 0;
	n = strtoll(text, &end, 10);
	if (*end != '\0')
		return err_set(err, ERR_USAGE,
			       "\"%.60s\" is not a whole number", text);
	if (errno == ERANGE || n < min || n > max)
		return err_set(err, ERR_USAGE,
			       "%.60s is not between %lld and %lld", text,
			       (long long)min, (long long)max);
	*out_r = n;
	return 0;
}

/* Read "NUMBER UNIT" at *p; the unit must be smaller than the last one. */
static bool
num_part(const char **p, size_t *unit, int64_t *sum)
{
	int64_t n = 0;
	size_t len, i;

	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++) {
		n = n * 10 + (**p - '0');
		if (n > NUM_DURATION_MAX)
			return false;
	}
	len = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
	for (i = *unit; i < NUM_UNITS; i++)
		if (strlen(num_units[i].name) == len &&
		    strncmp(num_units[i].name, *p, len) == 0)
			break;
	if (i == NUM_UNITS || n > NUM_DURATION_MAX / num_units[i].ms)
		return false;
	*p += len;
	*unit = i + 1;
	*sum += n * num_units[i].ms;
	return true;
}

int
num_parse_duration(const char *text, int64_t min_ms, int64_t max_ms,
		   int64_t *ms_r, struct err *err)
{
	char low[NUM_DURATION_SIZE], high[NUM_DURATION_SIZE];
	const char *p = text;
	size_t unit = 0;
	int64_t sum = 0;

	do {
		if (!num_part(&p, &unit, &sum))
			return err_set(err, ERR_USAGE,
				       "\"%.60s\" is not a duration such as "
				       "1h30m, 15m, 2s or 1100ms", text);
	} while (*p != '\0');
	if (sum < min_ms || sum > max_ms)
		return err_set(err, ERR_USAGE, "%.60s is not between %s and %s",
			       text, num_format_duration(min_ms, low),
			       num_format_duration(max_ms, high));
	*ms_r = sum;
	return 0;
}

const char *
num_format_duration(int64_t ms, char buf[NUM_DURATION_SIZE])
{
	size_t len = 0;

	if (ms <= 0) {
		(void)snprintf(buf, NUM_DURATION_SIZE, "0s");
		return buf;
	}
	for (size_t i = 0; i < NUM_UNITS; i++) {
		int64_t n = ms / num_units[i].ms;

		ms %= num_units[i].ms;
		if (n > 0 && len < NUM_DURATION_SIZE)
			len += (size_t)snprintf(buf + len,
						NUM_DURATION_SIZE - len,
						"%lld%s", (long long)n,
						num_units[i].name);
	}
	return buf;
}

const char *
num_noun(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
