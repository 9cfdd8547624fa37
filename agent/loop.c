/* loop.c - poll(2) for the agent's two programs. */
#include "loop.h"

#include <assert.h>
#include <poll.h>

#include "alloc.h"
#include "clock.h"

/* poll()'s clock stands still in a suspend and ours does not: look again. */
#define WAIT_MAX_MS 1000

void
loop_init(struct loop *l)
{
	*l = (struct loop){ .stop = false };
}

void
loop_free(struct loop *l)
{
	x_free(&l->watch);
}

void
loop_add(struct loop *l, struct watch *w)
{
	assert(w->fn != NULL);
	if (l->n == l->size) {
		l->size = l->size * 2 + 16;
		l->watch = x_realloc(l->watch, l->size, sizeof(*l->watch));
	}
	l->watch[l->n++] = w;
}

void
loop_remove(struct loop *l, struct watch *w)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->watch[i] == w)
			l->watch[i] = NULL;
	}
}

static void
loop_compact(struct loop *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->watch[i] != NULL)
			l->watch[n++] = l->watch[i];
	}
	l->n = n;
}

static int
loop_wait_ms(const struct loop *l)
{
	int64_t first = 0, left;

	for (size_t i = 0; i < l->n; i++) {
		if (l->watch[i]->at != 0 &&
		    (first == 0 || l->watch[i]->at < first))
			first = l->watch[i]->at;
	}
	if (first == 0)
		return -1;
	left = first - clock_boot_ms();
	if (left < 0)
		return 0;
	return left < WAIT_MAX_MS ? (int)left : WAIT_MAX_MS;
}

static void
loop_call(struct loop *l, size_t i, short events, int64_t now)
{
	struct watch *w = l->watch[i];

	if (w != NULL && events != 0)
		w->fn(w->self, events);
	w = l->watch[i];
	if (w != NULL && w->at != 0 && w->at <= now) {
		w->at = 0;
		w->fn(w->self, 0);
	}
}

static void
loop_once(struct loop *l)
{
	struct pollfd *pfd;
	int64_t now;
	size_t n;

	loop_compact(l);
	n = l->n;
	pfd = x_calloc(n + 1, sizeof(*pfd));
	for (size_t i = 0; i < n; i++) {
		pfd[i].fd = l->watch[i]->fd;
		pfd[i].events = l->watch[i]->events;
	}
	(void)poll(pfd, n, loop_wait_ms(l));
	now = clock_boot_ms();
	for (size_t i = 0; i < n && !l->stop; i++)
		loop_call(l, i, pfd[i].revents, now);
	x_free(&pfd);
}

void
loop_run(struct loop *l)
{
	while (!l->stop)
		loop_once(l);
}
