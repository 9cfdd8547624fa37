/* alloc.c - memory that is there, or the program ends. */
#include "alloc.h"

#include <stdio.h>
#include <string.h>

static void *
alloc_check(void *p, size_t size)
{
	if (p == NULL) {
		(void)fprintf(stderr, "<2>out of memory (%zu bytes)\n", size);
		abort();
	}
	return p;
}

void *
x_calloc(size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return alloc_check(calloc(n, size), size);
}

void *
x_alloc(size_t size)
{
	return x_calloc(1, size);
}

void *
x_realloc(void *old, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return alloc_check(reallocarray(old, n, size), size);
}

char *
x_strdup(const char *s)
{
	return s == NULL ? NULL : alloc_check(strdup(s), strlen(s));
}

char *
x_strndup(const char *s, size_t len)
{
	return alloc_check(strndup(s, len), len);
}

void *
x_memdup(const void *data, size_t len)
{
	void *p = x_alloc(len);

	if (len > 0)
		memcpy(p, data, len);
	return p;
}

char *
x_vasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return alloc_check(s, strlen(fmt));
}

char *
x_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = x_vasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void
x_strset(char **p, const char *s)
{
	char *copy = x_strdup(s); /* s may lie inside *p */

	free(*p);
	*p = copy;
}
