/*
 * list.h - a doubly linked list whose links live in its members.
 *
 *	struct turn { struct link link; … };
 *	struct link turns;                       the head is a link as well
 *	list_init(&turns);
 *	list_add(&turns, &t->link);              at the end
 *	LIST_EACH (struct turn, t, &turns, link) …
 *	LIST_EACH_SAFE (…) when the body may take `t` off the list
 */
#ifndef DRYDOCK_LIST_H
#define DRYDOCK_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

#define LIST_OF(type, ptr, member)                                             \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define LIST_EACH(type, var, head, member)                                     \
	for (type *var = LIST_OF(type, (head)->next, member);                  \
	     &var->member != (head);                                           \
	     var = LIST_OF(type, var->member.next, member))

#define LIST_EACH_SAFE(type, var, head, member)                                \
	for (type *var = LIST_OF(type, (head)->next, member),                  \
		  *var##_next = LIST_OF(type, var->member.next, member);       \
	     &var->member != (head); var = var##_next,                         \
		  var##_next = LIST_OF(type, var->member.next, member))

static inline void
list_init(struct link *head)
{
	head->prev = head->next = head;
}

static inline bool
list_empty(const struct link *head)
{
	return head->next == head;
}

/* At the end of the list; before `at` when given a member. */
static inline void
list_add(struct link *at, struct link *link)
{
	link->prev = at->prev;
	link->next = at;
	at->prev->next = link;
	at->prev = link;
}

static inline void
list_add_first(struct link *head, struct link *link)
{
	list_add(head->next, link);
}

/* Harmless for a link that is on no list, if it was zeroed or taken off. */
static inline void
list_del(struct link *link)
{
	if (link->next == NULL)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = NULL;
}

static inline bool
list_linked(const struct link *link)
{
	return link->next != NULL;
}

/* NULL when empty; else the first member, still on the list. */
#define list_first(type, head, member)                                         \
	(list_empty(head) ? NULL : LIST_OF(type, (head)->next, member))

#endif
