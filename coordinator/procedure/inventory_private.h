/* inventory_private.h - what inventory*.c share. */
#ifndef DRYDOCK_INVENTORY_PRIVATE_H
#define DRYDOCK_INVENTORY_PRIVATE_H

#include "inventory.h"
#include "json.h"
#include "yread.h"

#define MIN_GAP_MS 1100 /* two changes of one backend through a group */
#define CONFIRM_MS 2000 /* two looks that prove a change */

/* What help says of each mapping. */
extern const struct yfields fleet_keys, ssh_keys, backend_keys, service_keys,
	lists_keys, ready_keys, member_keys, group_keys;

/* A host, as one of a group or as a backend. */
struct inv_host {
	const struct ynode *node;
	const char *name, *address;
};

struct inv {
	struct diags *d;
	struct ydoc *doc;
	struct json_out *o;
	struct inv_host *host; /* all that were read */
	size_t hosts;
	const struct ynode *groups; /* a mapping, or NULL */
};

/*
 * Reads a member's or backend's name and address and compares with the others:
 * from `first` on the same host twice is an error; anywhere the same name with
 * another address, or the same address under another name.
 */
int inv_host_read(struct inv *v, const struct ynode *name,
		  const struct ynode *address, size_t first,
		  struct inv_host *host_r);

/* inventory_window.c: "Tue-Thu 01:00-05:00", "forbid 24 Dec - 2 Jan" */
bool inv_window_valid(const char *text);

/* inventory_groups.c */
void inv_groups(struct inv *v, const struct ynode *node);
void inv_service(struct inv *v, const struct ynode *node);

#endif
