/*
 * inventory.h - a fleet's file (fleet.yaml) and its normalised JSON.
 *
 * PURE.  The JSON is the argument of fleet.import() and the result of
 * fleet.export(); keys are always all there, in this order:
 *
 * {"fleet","timezone","min_up","interlock","windows":[…],
 *  "ssh":{"user","port"},
 *  "service":{"from","run":[…],"format","key","in","strangers"},
 *  "groups":{G:{"members":[{"name","address"}],
 *               "ready":{"run":[…],"format","row":{…}|null,"in",
 *                        "lists":{"key","up"}|null}|null,
 *               "min_gap_ms","confirm_ms"}},
 *  "backends":[{"name","address","labels":{},"address_elsewhere"}],
 *  "change_required","change_pattern","four_eyes","allow_single"}
 */
#ifndef DRYDOCK_INVENTORY_H
#define DRYDOCK_INVENTORY_H

#include <stddef.h>

#include "buf.h"
#include "diag.h"
#include "err.h"
#include "ydoc.h"

/*
 * One JSON line is added to `out`.  -1: at least one error was told.  *doc_r
 * owns the source lines that the diags show: ydoc_free() it after the diags,
 * either way.
 */
int inventory_parse(const char *text, size_t len, struct diags *d,
		    struct ydoc **doc_r, struct buf *out);

/*
 * The JSON as a fleet.yaml that inventory_parse() reads back to the same JSON.
 * -1, ERR_PROTO: it is not the normalised form.
 */
int
inventory_print(const char *json, size_t len, struct buf *out, struct err *err);

#endif
