/* journal_disk.h - the record on disk.  For journal*.c and their test only. */
#ifndef DRYDOCK_JOURNAL_DISK_H
#define DRYDOCK_JOURNAL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

#define JOURNAL_MAGIC 0x31524a44u /* "DJR1" */

/* Little-endian on disk. */
struct journal_header {
	uint32_t magic;
	uint32_t length; /* of the payload, without padding */
	uint64_t number; /* 1, 2, 3 … */
	uint32_t payload_crc;
	uint32_t zero[2];
	uint32_t header_crc; /* of what stands before it */
};

_Static_assert(sizeof(struct journal_header) == JOURNAL_HEADER_SIZE,
	       "the header is what the file says it is");

void journal_header_make(struct journal_header *h, const void *payload,
			 size_t len, uint64_t number);
/* False: not a header.  Host byte order in *h. */
bool journal_header_read(const unsigned char *at, struct journal_header *h);
/* Bytes a record with that payload takes. */
size_t journal_extent(size_t len);
/* `at` points to the header, the whole extent is readable. */
bool
journal_record_good(const unsigned char *at, const struct journal_header *h);

#endif
