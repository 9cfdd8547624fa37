/*
 * keep.h - what is kept of a stream: the first WIRE_HEAD_MAX bytes in memory
 * for the result, the first WIRE_KEEP_MAX in a file for peek; or nothing.
 */
#ifndef DRYDOCK_KEEP_H
#define DRYDOCK_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "child.h"
#include "json.h"

#define KEEP_NAME_SIZE 48

struct keep {
	int fd; /* -1: no file */
	int dir;
	char name[KEEP_NAME_SIZE];
	bool discard;
	uint64_t kept; /* bytes in the file */
	struct buf head;
};

/*
 * dir: of the outputs, open as long as this.  The file is made for the first
 * byte: most commands print nothing.  Without one (disk full) only the head is
 * kept.
 */
void keep_open(struct keep *k, int dir, const char *attempt, const char *end,
	       bool discard);
void keep_add(struct keep *k, const char *data, size_t len);
void keep_close(struct keep *k);
/* "out":{"bytes":…,"lines":…,"sha256":…,"cut":…,"head":BASE64} */
void keep_print(const struct keep *k, struct child_stream *s,
		struct json_out *o, const char *key);

/* "ATTEMPT.out"; the file names of an attempt's streams. */
const char *
keep_name(char name[KEEP_NAME_SIZE], const char *attempt, const char *end);

#endif
