/*
 * log.h - lines on stderr: level, fields, words.
 *
 * Under systemd (JOURNAL_STREAM is set) a line begins with <N>, else with the
 * time and the level.  Fields stand before the words as key=value.  Everything
 * is escaped (utf8.h): what a host printed can be logged as it came.  What was
 * told to log_secret(), and what follows "password=", never appears.
 */
#ifndef DRYDOCK_LOG_H
#define DRYDOCK_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* Level, name, syslog number. */
#define LOG_LEVELS(X)                                                          \
	X(CRIT, "critical", 2)                                                 \
	X(ERROR, "error", 3)                                                   \
	X(WARN, "warning", 4)                                                  \
	X(NOTICE, "notice", 5)                                                 \
	X(INFO, "info", 6)                                                     \
	X(DEBUG, "debug", 7)

/* LOG_LEVEL_…, because syslog.h owns LOG_… */
enum log_level {
#define X(name, text, number) LOG_LEVEL_##name,
	LOG_LEVELS(X)
#undef X
};

struct log_field {
	const char *key;
	const char *value; /* NULL: the field is left out */
};

/* What is below this is dropped; at first LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
/* -1: no such level. */
int log_level_parse(const char *name, enum log_level *level_r);

void log_crit(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * With fields:
 *	log_with(LOG_LEVEL_INFO, LOG_FIELDS({ "host", name }), "gone");
 */
#define LOG_FIELDS(...)                                                        \
	((const struct log_field[]){ __VA_ARGS__, { NULL, NULL } })
void log_with(enum log_level level, const struct log_field *fields,
	      const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void log_vwith(enum log_level level, const struct log_field *fields,
	       const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/*
 * What may be told again and again: the same words once in LOG_AGAIN_MS.  Begin
 * with zeroes, and set it to zeroes when what was told is over.
 */
struct log_again {
	uint32_t sum;
	int64_t at_ms; /* 0: nothing was told */
};
#define LOG_AGAIN_MS 600000
void log_again(struct log_again *told, enum log_level level, const char *fmt,
	       ...) __attribute__((format(printf, 3, 4)));

/*
 * A text that must never be shown: *** stands where it would (shorter ones than
 * 4 bytes are not kept).  log_redact() does the same for texts that go
 * elsewhere, such as libpq's error messages; it changes the string in place.
 */
void log_secret(const char *secret);
void log_redact(char *text);

/* Where whole lines (no newline at the end) go instead of stderr; for tests. */
typedef void log_sink_fn(void *self, enum log_level level, const char *line);
void log_set_sink(log_sink_fn *fn, void *self); /* NULL: stderr again */

#endif
