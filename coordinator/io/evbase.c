/* evbase.c - an event loop whose memory is there, or the program ends. */
#include "evbase.h"

#include <event2/event.h>
#include <stdlib.h>

#include "alloc.h"
#include "err.h"

static void *
evbase_realloc(void *old, size_t size)
{
	return x_realloc(old, 1, size);
}

struct event_base *
evbase_new(struct err *err)
{
	struct event_base *base;

	event_set_mem_functions(x_alloc, evbase_realloc, free);
	base = event_base_new();
	if (base == NULL)
		(void)err_set_errno(err, "libevent cannot begin");
	return base;
}
