/* beacon.c - what the service manager is told while we live. */
#include "beacon.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "engine.h"
#include "notify.h"

enum { STATUS_MS = 2000 };

struct beacon {
	struct engine *engine;
	struct event *tick;
	char told[ENGINE_STATUS_SIZE];
};

static void
beacon_tick(evutil_socket_t fd, short what, void *arg)
{
	struct beacon *b = arg;
	char now[ENGINE_STATUS_SIZE], text[ENGINE_STATUS_SIZE + 8];

	(void)fd, (void)what;
	notify_send("WATCHDOG=1");
	engine_status(b->engine, now);
	if (strcmp(now, b->told) == 0)
		return;
	memcpy(b->told, now, sizeof(now));
	snprintf(text, sizeof(text), "STATUS=%s", now);
	notify_send(text);
}

/* Half of what systemd waits, but no slower than people look. */
static unsigned long
beacon_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	unsigned long half = usec ? strtoul(usec, NULL, 10) / 2000 : 0;

	return half > 0 && half < STATUS_MS ? half : STATUS_MS;
}

struct beacon *
beacon_new(struct event_base *base, struct engine *engine)
{
	struct beacon *b = x_new(struct beacon);
	unsigned long ms = beacon_ms();
	struct timeval every = { (long)(ms / 1000), (long)(ms % 1000) * 1000 };

	b->engine = engine;
	b->tick = event_new(base, -1, EV_PERSIST, beacon_tick, b);
	event_add(b->tick, &every);
	return b;
}

void
beacon_free(struct beacon **bp)
{
	if (*bp == NULL)
		return;
	event_free((*bp)->tick);
	x_free(bp);
}
