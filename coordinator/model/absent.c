/* absent.c - is a silent member of a group gone, as the others tell it? */
#include "absent.h"

/* Some of them, or none, or nobody can tell. */
static enum tri
any_of(const enum tri *up, size_t n)
{
	enum tri any = TRI_FALSE;

	for (size_t i = 0; i < n; i++) {
		if (up[i] == TRI_TRUE)
			return TRI_TRUE;
		if (up[i] == TRI_UNKNOWN)
			any = TRI_UNKNOWN;
	}
	return any;
}

enum tri
absent_by_others(enum tri ready, const enum tri *up, size_t n)
{
	enum tri listed = any_of(up, n);

	if (listed == TRI_TRUE)
		return TRI_FALSE;
	if (n == 0 || ready != TRI_TRUE || listed == TRI_UNKNOWN)
		return TRI_UNKNOWN;
	return TRI_TRUE;
}

enum tri
listed_by_others(const enum tri *up, size_t n)
{
	return n == 0 ? TRI_TRUE : any_of(up, n);
}
