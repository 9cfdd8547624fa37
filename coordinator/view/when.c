/*
 * when.c - spans and points of time: PostgreSQL's text, and ours.
 */
#include "when.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static const struct {
	const char *name;
	double seconds;
} span_units[] = {
	{ "year", 365.25 * DAY },
	{ "mon", 30.0 * DAY },
	{ "day", DAY },
};

/* [-]HH:MM[:SS[.fff]], the whole of the text */
static int
parse_hms(const char *text, double *seconds_r)
{
	int used = 0, hours, minutes;
	double sign = text[0] == '-' ? -1 : 1, seconds = 0;

	text += text[0] == '-' || text[0] == '+' ? 1 : 0;
	if (sscanf(text, "%6d:%2d%n", &hours, &minutes, &used) != 2)
		return -1;
	text += used;
	if (*text == ':') {
		used = 0;
		if (sscanf(text, ":%9lf%n", &seconds, &used) != 1)
			return -1;
		text += used;
	}
	if (*text != '\0')
		return -1;
	*seconds_r = sign * (hours * (double)HOUR + minutes * MINUTE + seconds);
	return 0;
}

/* "3 days" at *text; moves *text behind it */
static int
parse_unit(const char **text, double *seconds_r)
{
	char unit[8];
	long number;
	int used = 0;
	size_t i;

	if (sscanf(*text, "%9ld %7[a-z]%n", &number, unit, &used) != 2)
		return -1;
	for (i = 0; i < sizeof(span_units) / sizeof(span_units[0]); i++) {
		if (strncmp(unit, span_units[i].name,
			    strlen(span_units[i].name)) == 0) {
			*seconds_r = (double)number * span_units[i].seconds;
			*text += used;
			return 0;
		}
	}
	return -1;
}

int
when_parse_span(const char *text, double *seconds_r)
{
	double part, sum = 0;

	if (*text == '\0')
		return -1;
	while (strchr(text, ' ') != NULL) {
		if (parse_unit(&text, &part) < 0)
			return -1;
		sum += part;
		while (*text == ' ')
			text++;
	}
	if (*text != '\0') {
		if (parse_hms(text, &part) < 0)
			return -1;
		sum += part;
	}
	*seconds_r = sum;
	return 0;
}

int
when_parse_time(const char *text, double *seconds_r)
{
	struct tm tm = { 0 };
	double seconds, offset = 0;
	const char *zone;
	int used = 0;

	if (sscanf(text, "%4d-%2d-%2d%*1[ T]%2d:%2d:%n", &tm.tm_year,
		   &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &used) != 5 ||
	    used == 0)
		return -1;
	seconds = strtod(text + used, (char **)&zone);
	if (zone == text + used)
		return -1;
	if ((*zone == '+' || *zone == '-') && strchr(zone, ':') != NULL &&
	    parse_hms(zone, &offset) < 0)
		return -1;
	if ((*zone == '+' || *zone == '-') && strchr(zone, ':') == NULL)
		offset = strtod(zone, NULL) * HOUR;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*seconds_r = (double)timegm(&tm) + seconds - offset;
	return 0;
}

void
when_span(struct buf *out, double seconds)
{
	long s;

	if (seconds < 0) {
		(void)buf_addc(out, '-');
		seconds = -seconds;
	}
	if (seconds < 0.9995 && seconds > 0) {
		(void)buf_addf(out, "%.0fms", fmax(1, seconds * 1000));
		return;
	}
	s = (long)(seconds + 0.0005);
	if (s < MINUTE)
		(void)buf_addf(out, "%lds", s);
	else if (s < HOUR)
		(void)buf_addf(out, "%ldm %02lds", s / MINUTE, s % MINUTE);
	else if (s < 2L * DAY)
		(void)buf_addf(out, "%ldh %02ldm", s / HOUR, s % HOUR / MINUTE);
	else
		(void)buf_addf(out, "%ldd", s / DAY);
}

static void
when_format(struct buf *out, double at, const char *format)
{
	time_t t = (time_t)floor(at);
	char text[64];
	struct tm tm;

	localtime_r(&t, &tm);
	/* the formats are the literals below */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(text, sizeof(text), format, &tm) > 0)
		(void)buf_adds(out, text);
#pragma GCC diagnostic pop
}

void
when_clock(struct buf *out, double at)
{
	when_format(out, at, "%H:%M:%S");
}

void
when_minute(struct buf *out, double at)
{
	when_format(out, at, "%H:%M");
}

void
when_day(struct buf *out, double at, double now)
{
	time_t a = (time_t)floor(at), b = (time_t)floor(now);
	struct tm ta, tb;

	localtime_r(&a, &ta);
	localtime_r(&b, &tb);
	when_format(out, at,
		    ta.tm_year == tb.tm_year ? "%e %b %H:%M"
					     : "%e %b %Y %H:%M");
}

void
when_rfc3339(struct buf *out, const char *text)
{
	double at, whole;
	time_t t;
	struct tm tm;
	char day[32];

	if (when_parse_time(text, &at) < 0) {
		(void)buf_adds(out, text);
		return;
	}
	whole = floor(at + 0.0005);
	t = (time_t)whole;
	gmtime_r(&t, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)buf_addf(out, "%s.%03dZ", day,
		       (int)fmax(0, (at + 0.0005 - whole) * 1000));
}
