/*
 * journal_scan.c - what the bytes of a journal say; pure.
 *
 * The question that matters is "torn or damaged?": a torn record was never
 * durable, so nothing was started on its word and it may be cut.  A record that
 * was durable and changed later must never pass for torn, or a command could
 * run twice.
 */
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "crc32c.h"
#include "journal_disk.h"
#include "num.h"
#include "seeded.h"

#define SECTOR	  512
#define TORN_TAIL 8 /* so many zero bytes at its end: it was never written */

static bool
all_zero(const unsigned char *p, size_t len)
{
	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

void
journal_header_make(struct journal_header *h, const void *payload, size_t len,
		    uint64_t number)
{
	*h = (struct journal_header){
		.magic = htole32(JOURNAL_MAGIC),
		.length = htole32((uint32_t)len),
		.number = htole64(number),
		.payload_crc = htole32(crc32c(0, payload, len)),
	};
	h->header_crc = htole32(
		crc32c(0, h, offsetof(struct journal_header, header_crc)));
}

bool
journal_header_read(const unsigned char *at, struct journal_header *h)
{
	memcpy(h, at, sizeof(*h));
	if (le32toh(h->magic) != JOURNAL_MAGIC || h->zero[0] != 0 ||
	    h->zero[1] != 0)
		return false;
	if (le32toh(h->header_crc) !=
	    crc32c(0, h, offsetof(struct journal_header, header_crc)))
		return false;
	h->length = le32toh(h->length);
	h->number = le64toh(h->number);
	h->payload_crc = le32toh(h->payload_crc);
	return h->length > 0 && h->length <= JOURNAL_RECORD_MAX;
}

size_t
journal_extent(size_t len)
{
	size_t unit = JOURNAL_HEADER_SIZE;

	return (JOURNAL_HEADER_SIZE + len + unit - 1) / unit * unit;
}

bool
journal_record_good(const unsigned char *at, const struct journal_header *h)
{
	size_t extent = journal_extent(h->length);

	for (size_t i = JOURNAL_HEADER_SIZE + h->length; i < extent; i++) {
		if (at[i] != ' ')
			return false;
	}
	return SEEDED(DAMAGE_READ) || h->payload_crc ==
		crc32c(0, at + JOURNAL_HEADER_SIZE, h->length);
}

/* Does [from, from + len) hold a piece that no write has reached? */
static bool
has_unwritten(const unsigned char *map, size_t from, size_t len)
{
	size_t end = from + len;

	if (all_zero(map + end - TORN_TAIL, TORN_TAIL))
		return true;
	for (size_t a = from; a < end;) {
		size_t b = (a / SECTOR + 1) * SECTOR;

		if (b > end)
			b = end;
		if (all_zero(map + a, b - a))
			return true;
		a = b;
	}
	return false;
}

static bool
has_header_behind(const unsigned char *map, size_t size, size_t from)
{
	struct journal_header h;

	for (size_t p = from; p + JOURNAL_HEADER_SIZE <= size;
	     p += JOURNAL_HEADER_SIZE) {
		if (journal_header_read(map + p, &h))
			return true;
	}
	return false;
}

static void
say(struct journal_end *end, enum journal_verdict verdict, const char *why)
{
	end->verdict = verdict;
	snprintf(end->why, sizeof(end->why),
		 "%.120s at byte %llu, behind %llu %s", why,
		 (unsigned long long)end->at, (unsigned long long)end->records,
		 num_noun(end->records, "record", "records"));
}

/* The header at `at` is zero: the end, or one write whose start is lost. */
static void
scan_end(const unsigned char *map, size_t size, struct journal_end *end)
{
	size_t last = size;
	size_t most = journal_extent(JOURNAL_RECORD_MAX);

	while (last > end->at && map[last - 1] == 0)
		last--;
	if (last == end->at) {
		end->verdict = JOURNAL_WHOLE;
	} else if (has_header_behind(map, size, end->at)) {
		say(end, JOURNAL_BAD, "a record is missing");
	} else if (last - end->at > most) {
		say(end, JOURNAL_BAD, "bytes that belong to no record");
	} else {
		end->torn = last - end->at;
		say(end, JOURNAL_TORN, "an unfinished write");
	}
}

/* One record; false when the scan is over. */
static bool
scan_record(const unsigned char *map, size_t size, struct journal_end *end,
	    struct journal_header *h)
{
	const unsigned char *at = map + end->at;
	size_t extent;

	if (all_zero(at, JOURNAL_HEADER_SIZE)) {
		scan_end(map, size, end);
		return false;
	}
	if (!journal_header_read(at, h) || h->number != end->records + 1 ||
	    (extent = journal_extent(h->length)) > size - end->at) {
		say(end, JOURNAL_BAD, "a record header that is not right");
		return false;
	}
	if (journal_record_good(at, h))
		return true;
	if (has_unwritten(map, end->at, extent) &&
	    all_zero(at + extent, size - end->at - extent)) {
		end->torn = extent;
		say(end, JOURNAL_TORN, "an unfinished write");
	} else {
		say(end, JOURNAL_BAD,
		    "a record that changed after it was written");
	}
	return false;
}

void
journal_scan(const unsigned char *map, size_t size, journal_record_fn *fn,
	     void *self, struct journal_end *end_r)
{
	struct journal_header h;
	struct err err;

	*end_r = (struct journal_end){ .verdict = JOURNAL_WHOLE };
	if (size == 0 || size % JOURNAL_CHUNK != 0) {
		say(end_r, JOURNAL_BAD, "the file was cut short; looked");
		return;
	}
	while (end_r->at < size && scan_record(map, size, end_r, &h)) {
		err_clear(&err);
		if (fn != NULL &&
		    fn(self, end_r->at,
		       (const char *)map + end_r->at + JOURNAL_HEADER_SIZE,
		       h.length, &err) < 0) {
			say(end_r, JOURNAL_BAD, err.text);
			return;
		}
		end_r->at += journal_extent(h.length);
		end_r->records++;
	}
	/* The first record is there from the file's birth (rename). */
	if (end_r->records == 0 && end_r->verdict != JOURNAL_BAD)
		say(end_r, JOURNAL_BAD, "no first record");
}
