/*
 * inventory_window.c - how a window is written.
 *
 * The database reads the line and has the last word (a day that no month has,
 * a zone that is not known); here a slip is shown where it stands in the file.
 */
#include <regex.h>
#include <string.h>

#include "inventory_private.h"

#define DAY    "(mon|tue|wed|thu|fri|sat|sun)"
#define DAYS   DAY "(-" DAY ")?(," DAY "(-" DAY ")?)*"
#define NTH    "((first|second|third|fourth|last) )?"
#define OPENS  "(([01]?[0-9]|2[0-3]):[0-5][0-9])"
#define CLOSES "(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)"
#define MONTH  "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
#define DATE   "(0?[1-9]|[12][0-9]|3[01]) " MONTH "( [0-9]{4})?"
#define ZONE   "( (utc|[a-z_]+(/[a-z0-9_+-]+)+))?"

static const char weekly[] = "^(forbid )?" NTH DAYS ZONE "$";
static const char timed[] = "^(forbid )?" NTH DAYS " " OPENS "-" CLOSES ZONE
			    "$";
static const char dates[] = "^(forbid )?" DATE "( - " DATE ")?" ZONE "$";

static bool
matches(const char *text, const char *pattern)
{
	regex_t re;
	bool yes;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return false;
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

/* "01:00-01:00" is nothing, or a day: nobody could tell. */
static bool
opens_at_its_end(const char *text)
{
	const char *opens = strchr(text, ':'), *dash;
	size_t len;

	while (opens > text && opens[-1] != ' ')
		opens--;
	dash = strchr(opens, '-');
	len = (size_t)(dash - opens);
	return strncmp(opens, dash + 1, len) == 0 &&
	       (dash[1 + len] == '\0' || dash[1 + len] == ' ');
}

bool
inv_window_valid(const char *text)
{
	if (matches(text, timed))
		return !opens_at_its_end(text);
	return matches(text, weekly) || matches(text, dates);
}
