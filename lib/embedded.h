/* embedded.h - a file inside the program; see cmake/embed.cmake. */
#ifndef DRYDOCK_EMBEDDED_H
#define DRYDOCK_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* NULL: end of the array */
	const char *text; /* ends with a NUL */
	size_t size;	  /* without it */
};

#endif
