/* log.c - lines on stderr: level, fields, words. */
#include "log.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "crc32c.h"
#include "utf8.h"

#define LOG_LINE_MAX	16384
#define LOG_SECRETS_MAX 16
#define LOG_SECRET_MIN	4

static const struct {
	const char *name;
	int number;
} log_levels[] = {
#define X(name, text, number) { text, number },
	LOG_LEVELS(X)
#undef X
};

static struct {
	enum log_level level;
	log_sink_fn *sink;
	void *self;
	char *secrets[LOG_SECRETS_MAX];
	size_t n_secrets;
} logger = { .level = LOG_LEVEL_INFO };

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

int
log_level_parse(const char *name, enum log_level *level_r)
{
	for (size_t i = 0; i < sizeof(log_levels) / sizeof(log_levels[0]); i++)
		if (strcmp(log_levels[i].name, name) == 0) {
			*level_r = (enum log_level)i;
			return 0;
		}
	return -1;
}

void
log_set_sink(log_sink_fn *fn, void *self)
{
	logger.sink = fn;
	logger.self = self;
}

void
log_secret(const char *secret)
{
	if (secret == NULL || strlen(secret) < LOG_SECRET_MIN)
		return;
	for (size_t i = 0; i < logger.n_secrets; i++)
		if (strcmp(logger.secrets[i], secret) == 0)
			return;
	assert(logger.n_secrets < LOG_SECRETS_MAX);
	logger.secrets[logger.n_secrets++] = x_strdup(secret);
}

/* Put *** over len bytes at p and close the gap. */
static char *
log_blot(char *p, size_t len)
{
	size_t mark = len < 3 ? len : 3;

	memset(p, '*', mark);
	memmove(p + mark, p + len, strlen(p + len) + 1);
	return p + mark;
}

/* How long a conninfo value is: '…' with backslashes, or up to a blank. */
static size_t
log_value_len(const char *p)
{
	size_t i = 1;

	if (*p != '\'')
		return strcspn(p, " \t\r\n&");
	for (; p[i] != '\0' && p[i] != '\''; i++)
		if (p[i] == '\\' && p[i + 1] != '\0')
			i++;
	return p[i] == '\'' ? i + 1 : i;
}

/* postgresql://user:THIS@host */
static void
log_redact_urls(char *text)
{
	char *p = text;

	while ((p = strstr(p, "://")) != NULL) {
		size_t all = strcspn(p + 3, " \t\r\n/@");
		size_t user = strcspn(p + 3, ":");

		p += 3;
		if (p[all] == '@' && user < all)
			p = log_blot(p + user + 1, all - user - 1);
	}
}

void
log_redact(char *text)
{
	static const char *const keys[] = { "password=", "passwd=",
					    "passphrase=" };
	char *p;

	for (size_t i = 0; i < logger.n_secrets; i++)
		for (p = text; (p = strstr(p, logger.secrets[i])) != NULL;)
			p = log_blot(p, strlen(logger.secrets[i]));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (p = text; (p = strcasestr(p, keys[i])) != NULL;) {
			p += strlen(keys[i]);
			p = log_blot(p, log_value_len(p));
		}
	log_redact_urls(text);
}

/* The line's own beginning, under systemd or in front of a person. */
static void
log_lead(struct buf *line, enum log_level level)
{
	char now[CLOCK_TEXT_SIZE];

	if (logger.sink != NULL)
		return;
	if (getenv("JOURNAL_STREAM") != NULL)
		(void)buf_addf(line, "<%d>", log_levels[level].number);
	else
		(void)buf_addf(line, "%s %s: ",
			       clock_format(clock_wall_ms(), now),
			       log_levels[level].name);
}

static void
log_add_redacted(struct buf *line, char *text)
{
	log_redact(text);
	(void)utf8_escape(line, text, strlen(text));
}

static void
log_add_fields(struct buf *line, const struct log_field *fields)
{
	for (; fields != NULL && fields->key != NULL; fields++) {
		char *value;

		if (fields->value == NULL)
			continue;
		value = x_strdup(fields->value);
		(void)buf_addf(line, "%s=", fields->key);
		log_add_redacted(line, value);
		(void)buf_addc(line, ' ');
		free(value);
	}
}

void
log_vwith(enum log_level level, const struct log_field *fields,
	  const char *fmt, va_list ap)
{
	struct buf line;
	char *words;

	if (level > logger.level)
		return;
	buf_init(&line, LOG_LINE_MAX);
	log_lead(&line, level);
	log_add_fields(&line, fields);
	words = x_vasprintf(fmt, ap);
	log_add_redacted(&line, words);
	free(words);
	if (logger.sink != NULL) {
		logger.sink(logger.self, level, buf_str(&line));
	} else {
		line.max++; /* the newline, also behind a line that was cut */
		(void)buf_addc(&line, '\n');
		/* one write: lines of several processes do not mix */
		(void)!write(STDERR_FILENO, line.data, line.len);
	}
	buf_free(&line);
}

void
log_with(enum log_level level, const struct log_field *fields, const char *fmt,
	 ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwith(level, fields, fmt, ap);
	va_end(ap);
}

void
log_again(struct log_again *told, enum log_level level, const char *fmt, ...)
{
	int64_t now = clock_boot_ms();
	char *words;
	uint32_t sum;
	va_list ap;

	va_start(ap, fmt);
	words = x_vasprintf(fmt, ap);
	va_end(ap);
	sum = crc32c(0, words, strlen(words));
	if (told->at_ms == 0 || told->sum != sum ||
	    now - told->at_ms >= LOG_AGAIN_MS) {
		told->sum = sum;
		told->at_ms = now;
		log_with(level, NULL, "%s", words);
	}
	free(words);
}

#define LOG_FUNCTION(name, level)                                              \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		log_vwith(level, NULL, fmt, ap);                               \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_crit, LOG_LEVEL_CRIT)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
