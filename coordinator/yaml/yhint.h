/* yhint.h - what people meant when libyaml says something else. */
#ifndef DRYDOCK_YDOC_HINT_H
#define DRYDOCK_YDOC_HINT_H

#include <stddef.h>

/*
 * For libyaml's words about one source line: a hint, or NULL.  The line has no
 * NUL behind it.
 */
const char *yhint(const char *problem, const char *line, size_t len);

#endif
