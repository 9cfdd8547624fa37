/* sheet.h - how to finish by hand, kept on the host that is being worked on. */
#ifndef SHEET_H
#define SHEET_H

struct fleet;
struct buf;

/*
 * From the first step of no return on, the agent of the backend keeps a text:
 * what was done and the exact commands that are left.  Sent when it changes,
 * taken away when the turn is over; nobody waits for the answer.
 */
void sheet_update(struct fleet *fleet);
/* What was written with others is not in the database: told again. */
void sheet_untold(struct fleet *fleet);
void sheet_free(struct fleet *fleet);

#endif
