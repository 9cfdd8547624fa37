/* time.c - one clock for all, and everything that is due by it. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "waker.h"
#include "world.h"

int64_t
time_wall_ms(void)
{
	return TIME_NOON_MS + world.now_ms - TIME_START_MS;
}

int64_t
time_db_ms(void)
{
	return time_wall_ms() + world.clock_ms;
}

void
due_init(struct due *due, int who, due_fn *fn, void *self)
{
	*due = (struct due){ .who = who, .fn = fn, .self = self };
}

void
due_at(struct due *due, int64_t at_ms)
{
	list_del(&due->link);
	due->at_ms = at_ms > world.now_ms ? at_ms : world.now_ms;
	due->nr = ++world.nr;
	list_add(&world.dues, &due->link);
}

void
due_in(struct due *due, int64_t from_ms, int64_t to_ms)
{
	due_at(due, world.now_ms + dice_range(&world.dice, from_ms, to_ms));
}

void
due_stop(struct due *due)
{
	list_del(&due->link);
}

/* Who stands still finds all that came meanwhile at once, in its order. */
static int64_t
due_time(const struct due *due)
{
	int64_t still = due->who == OUTSIDE ? 0 :
		world.coordinators[due->who].stalled_until_ms;

	return due->at_ms > still ? due->at_ms : still;
}

static struct due *
due_first(void)
{
	struct due *first = NULL;

	LIST_EACH (struct due, due, &world.dues, link) {
		int64_t more = first == NULL ? -1 :
			due_time(due) - due_time(first);

		if (more < 0 || (more == 0 && due->nr < first->nr))
			first = due;
	}
	return first;
}

bool
time_step(int64_t until_ms)
{
	struct due *due = due_first();

	if (due == NULL || due_time(due) > until_ms) {
		world.now_ms = until_ms;
		return false;
	}
	if (due_time(due) > world.now_ms)
		world.now_ms = due_time(due);
	truth_stamp();
	list_del(&due->link);
	world.me = due->who;
	due->fn(due->self);
	world.me = OUTSIDE;
	truth_stamp();
	check_always();
	return true;
}

/* ---------------------------------- what drydockd has from the C library */

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t leapt_ms = world.me == OUTSIDE ? 0 :
		world.coordinators[world.me].wall_ms;
	int64_t ms = id == CLOCK_REALTIME ? time_wall_ms() + leapt_ms :
		world.now_ms;

	if (id != CLOCK_BOOTTIME && id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
	return 0;
}

ssize_t
getrandom(void *bytes, size_t size, unsigned int flags)
{
	unsigned char *to = bytes;

	(void)flags;
	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)dice_roll(&world.ids);
	return (ssize_t)size;
}

/* ------------------------------------------------------------- waker.h */

struct waker {
	struct due due;
};

struct waker *
waker_new(struct event_base *base, waker_fn *fn, void *self)
{
	struct waker *w = x_new(struct waker);

	(void)base;
	due_init(&w->due, world.me, fn, self);
	return w;
}

void
waker_at(struct waker *w, int64_t boot_ms)
{
	due_at(&w->due, boot_ms);
}

void
waker_free(struct waker **wp)
{
	if (*wp == NULL)
		return;
	due_stop(&(*wp)->due);
	x_free(wp);
}
