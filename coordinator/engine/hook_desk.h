/*
 * hook_desk.h - hooks at work: offered to the database, run, told of.
 *
 * How it works
 *
 * The database queues a row for every event that a hook hears.  The desk asks
 * for rows every few seconds, and at once when woken; the same question lets
 * the database say what only time brings about (still out).  Each program
 * runs as a child of its own, one of each hook at a time.
 * How it ended is told until the database has it; what is not told in time is
 * run again, by whoever asks next.
 */
#ifndef HOOK_DESK_H
#define HOOK_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "hook_list.h"

struct event_base;
struct hook_desk;
struct pg;

/* pg is borrowed. */
struct hook_desk *hook_desk_new(struct event_base *base, struct pg *pg);
/* Programs at work are ended with KILL; they will be run again. */
void hook_desk_free(struct hook_desk **desk);
/* Takes the list's content; what runs goes on. */
void hook_desk_set(struct hook_desk *desk, struct hook_list *list);
/* The coordinator's number in the database: only now is anything asked. */
void hook_desk_begin(struct hook_desk *desk, int64_t coordinator);
/* The database has the list as it is now. */
bool hook_desk_known(const struct hook_desk *desk);
/* There may be a row. */
void hook_desk_wake(struct hook_desk *desk);
/* Begin nothing more. */
void hook_desk_rest(struct hook_desk *desk);

#endif
