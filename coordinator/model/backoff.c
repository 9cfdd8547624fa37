/* backoff.c - how long to wait before looking or trying again. */
#include "backoff.h"

static int64_t
backoff_pick(const int64_t *table, int size, int n)
{
	if (n < 0)
		n = 0;
	return table[n < size ? n : size - 1];
}

int64_t
backoff_check_ms(int n)
{
	static const int64_t table[] = { 0, 1000, 2000, 5000 };

	return backoff_pick(table, 4, n);
}

int64_t
backoff_ask_ms(int n)
{
	static const int64_t table[] = { 1000, 2000, 5000, 10000 };

	return backoff_pick(table, 4, n);
}

int64_t
backoff_retry_ms(int64_t base_ms, int n)
{
	int64_t ms = base_ms > 0 ? base_ms : 1000;

	while (n-- > 0 && ms < 60000)
		ms *= 2;
	return ms < 60000 ? ms : 60000;
}
