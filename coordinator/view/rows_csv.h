/*
 * rows_csv.h - rows as CSV: RFC 4180, a first line with the view's columns.
 *
 * What is null is empty.  Control and direction characters leave spelled out,
 * as on a terminal; lines end with CR LF.  A text that a spreadsheet would take
 * for a formula (it begins with = + - or @) has a ' before it.
 */
#ifndef DRYDOCK_ROWS_CSV_H
#define DRYDOCK_ROWS_CSV_H

#include "buf.h"
#include "rows.h"

void rows_csv(struct buf *out, const struct rows *r);

#endif
