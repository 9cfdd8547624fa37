/*
 * alloc.h - memory that is there, or the program ends.
 *
 * All truth is in PostgreSQL and in the agents' journals; a restart is an
 * ordinary event, so out of memory means abort() with a line on stderr.
 */
#ifndef DRYDOCK_ALLOC_H
#define DRYDOCK_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* A zeroed struct: struct turn *t = x_new(struct turn); */
#define x_new(type) ((type *)x_calloc(1, sizeof(type)))

/* Free what *pp points to and clear the caller's pointer; NULL-safe. */
#define x_free(pp)                                                             \
	do {                                                                   \
		__typeof__(pp) x_free_pp_ = (pp); /* evaluated once */         \
                                                                               \
		free(*x_free_pp_);                                             \
		*x_free_pp_ = NULL;                                            \
	} while (0)

void *x_alloc(size_t size); /* zeroed */
void *x_calloc(size_t n, size_t size);
/* n * size may not overflow; what is new is not zeroed. */
void *x_realloc(void *old, size_t n, size_t size);

char *x_strdup(const char *s);	     /* NULL gives NULL */
char *x_strndup(const char *s, size_t len); /* at most len bytes, NUL added */
void *x_memdup(const void *data, size_t len);

char *x_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *x_vasprintf(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0)));

/* Replace the string *p owns by a copy of s (NULL allowed). */
void x_strset(char **p, const char *s);

#endif
