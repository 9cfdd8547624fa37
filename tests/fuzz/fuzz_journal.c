/*
 * fuzz_journal.c - recovery: whatever a disk gives back for the journal.
 *
 * An odd first byte: the rest is raw.  An even one: the rest becomes records
 * with good checksums (two bytes of length, payload, ...), and the two bytes
 * behind the first say where one bit is turned, so that mutation gets past the
 * checksums.
 */
#include "fuzz.h"
#include "journal_disk.h"

enum { HEAD = 3, SIZE = 1 << 18 };

static unsigned char image[SIZE];

struct seen {
	uint64_t records, at;
};

static int
record(void *self, uint64_t at, const char *json, size_t len, struct err *err)
{
	struct seen *s = self;
	unsigned int sum = 0;

	(void)err;
	FUZZ_MUST(len > 0 && len <= JOURNAL_RECORD_MAX);
	FUZZ_MUST(s->records == 0 || at > s->at);
	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)json[i];
	FUZZ_MUST(sum < UINT32_MAX);
	s->records++;
	s->at = at;
	return 0;
}

static void
make(const uint8_t *data, size_t size)
{
	size_t at = 0, from = HEAD, len;
	struct journal_header h;

	for (uint64_t n = 1; from + 2 < size; n++) {
		len = data[from] | (size_t)(data[from + 1] & 3) << 8;
		from += 2;
		if (len > size - from)
			len = size - from;
		if (len == 0 || at + journal_extent(len) > SIZE)
			break;
		journal_header_make(&h, data + from, len, n);
		memcpy(image + at, &h, sizeof(h));
		memcpy(image + at + sizeof(h), data + from, len);
		memset(image + at + sizeof(h) + len, ' ',
		       journal_extent(len) - sizeof(h) - len);
		at += journal_extent(len);
		from += len;
	}
	if (data[1] != 0)
		image[(size_t)data[1] << 8 | data[2]] ^=
			(unsigned char)(1 << (data[2] & 7));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0, 0 };
	struct journal_end end;

	if (size < HEAD)
		return 0;
	memset(image, 0, sizeof(image));
	if (data[0] % 2)
		memcpy(image, data + 1, size - 1 < SIZE ? size - 1 : SIZE);
	else
		make(data, size);
	journal_scan(image, sizeof(image), record, &seen, &end);
	FUZZ_MUST(end.at <= sizeof(image));
	FUZZ_MUST(end.verdict == JOURNAL_BAD || end.records == seen.records);
	FUZZ_MUST(end.verdict != JOURNAL_TORN ||
		  (end.torn > 0 && end.at + end.torn <= sizeof(image)));
	return 0;
}
