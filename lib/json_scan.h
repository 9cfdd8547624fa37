/* json_scan.h - the look before json-c parses.  For json.c and its test. */
#ifndef DRYDOCK_JSON_SCAN_H
#define DRYDOCK_JSON_SCAN_H

#include "json.h"

/*
 * Refuse whatever json-c 0.16 would let pass.  keys_r: how many keys the
 * text has; a parsed document with fewer members had duplicates.
 */
int json_scan(const char *text, size_t len, const struct json_limits *limits,
	      size_t *keys_r, struct err *err);

#endif
