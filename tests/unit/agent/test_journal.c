/* test_journal.c - no damage passes for a torn write, no byte goes unseen. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "journal.h"
#include "journal_disk.h"

struct seen {
	unsigned int n;
	char last[JOURNAL_RECORD_MAX];
};

static int
see(void *self, uint64_t at, const char *json, size_t len, struct err *err)
{
	struct seen *s = self;

	(void)at;
	(void)err;
	s->n++;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)len, json);
	return 0;
}

/* A state directory of its own. */
struct place {
	char path[64];
	int dir;
};

static void
place_make(struct place *p)
{
	strcpy(p->path, "/tmp/drydock-journal-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY);
	assert_true(p->dir >= 0);
}

static void
place_drop(struct place *p)
{
	char *command = x_asprintf("rm -rf %s", p->path);

	close(p->dir);
	assert_int_equal(system(command), 0);
	x_free(&command);
}

static const char first[] = "{\"t\":\"journal\"}";

/* About 4 KiB of records like real ones, of many lengths. */
static unsigned int
fill(struct journal *j)
{
	unsigned int n = 1;
	struct err err;

	for (unsigned int len = 40; j->at < 4096; len += 53, n++) {
		char *json = x_asprintf("{\"n\":%u,\"pad\":\"%0*d\"}", n,
					(int)len % 700, 7);

		assert_int_equal(
			journal_append(j, json, strlen(json), NULL, &err), 0);
		x_free(&json);
	}
	return n;
}

static unsigned char *
image_of(struct place *p, size_t *size_r)
{
	int fd = openat(p->dir, "journal", O_RDONLY);
	struct stat st;
	unsigned char *map;

	assert_int_equal(fstat(fd, &st), 0);
	map = x_alloc((size_t)st.st_size);
	assert_int_equal(pread(fd, map, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	*size_r = (size_t)st.st_size;
	return map;
}

struct sample {
	struct place place;
	unsigned char *map;
	size_t size, used;
	unsigned int n;
};

static void
sample_make(struct sample *s)
{
	struct seen seen = { .n = 0 };
	struct journal j;
	struct err err;

	place_make(&s->place);
	assert_int_equal(
		journal_open(&j, s->place.dir, first, see, &seen, &err), 0);
	assert_int_equal(j.state, JOURNAL_OK);
	s->n = fill(&j);
	s->used = j.at;
	journal_close(&j);
	s->map = image_of(&s->place, &s->size);
}

static void
sample_drop(struct sample *s)
{
	x_free(&s->map);
	place_drop(&s->place);
}

static void
test_what_is_written_is_read(void **state)
{
	struct seen seen = { .n = 0 };
	struct journal_end end;
	struct sample s;

	(void)state;
	sample_make(&s);
	journal_scan(s.map, s.size, see, &seen, &end);
	assert_int_equal(end.verdict, JOURNAL_WHOLE);
	assert_int_equal(end.at, s.used);
	assert_int_equal(seen.n, s.n);
	sample_drop(&s);
}

/* Each byte, each of its bits and its complement: never "whole", never torn. */
static void
test_every_flipped_byte_is_seen(void **state)
{
	struct journal_end end;
	struct sample s;
	size_t whole = 0, torn = 0;

	(void)state;
	sample_make(&s);
	for (size_t at = 0; at < s.used; at++) {
		for (int bit = 0; bit <= 8; bit++) {
			unsigned char mask =
				bit < 8 ? (unsigned char)(1 << bit) : 0xff;

			s.map[at] ^= mask;
			journal_scan(s.map, s.size, NULL, NULL, &end);
			whole += end.verdict == JOURNAL_WHOLE;
			torn += end.verdict == JOURNAL_TORN;
			s.map[at] ^= mask;
		}
	}
	assert_int_equal(whole, 0);
	assert_int_equal(torn, 0);
	sample_drop(&s);
}

/* One byte set to zero is not a torn write either. */
static void
test_every_zeroed_byte_is_seen(void **state)
{
	struct journal_end end;
	struct sample s;

	(void)state;
	sample_make(&s);
	for (size_t at = 0; at < s.used; at++) {
		unsigned char was = s.map[at];

		if (was == 0)
			continue;
		s.map[at] = 0;
		journal_scan(s.map, s.size, NULL, NULL, &end);
		assert_int_equal(end.verdict, JOURNAL_BAD);
		s.map[at] = was;
	}
	sample_drop(&s);
}

/* Where does the record that holds this byte begin? */
static size_t
record_start(const struct sample *s, size_t at)
{
	size_t start = 0;
	struct journal_header h;

	while (start < s->used) {
		assert_true(journal_header_read(s->map + start, &h));
		if (at < start + journal_extent(h.length))
			break;
		start += journal_extent(h.length);
	}
	return start;
}

/*
 * The writes up to a byte arrived, the rest is zero: what was whole stays, the
 * broken record is cut or refused, never believed.
 */
static void
test_every_prefix_is_whole_records(void **state)
{
	struct journal_end end;
	struct sample s;
	unsigned char *cut;
	size_t refused = 0;

	(void)state;
	sample_make(&s);
	cut = x_alloc(s.size);
	for (size_t len = 0; len < s.used; len++) {
		size_t start = record_start(&s, len);

		memset(cut, 0, s.used);
		memcpy(cut, s.map, len);
		journal_scan(cut, s.size, NULL, NULL, &end);
		assert_int_equal(end.at, start);
		if (len == 0 || start == 0)
			assert_int_equal(end.verdict, JOURNAL_BAD);
		else if (len == start)
			assert_int_equal(end.verdict, JOURNAL_WHOLE);
		else if (end.verdict == JOURNAL_BAD)
			refused++;
		else
			assert_int_equal(end.verdict, JOURNAL_TORN);
	}
	/* Cut off a sector it is always a torn write. */
	assert_true(refused < s.used / 4);
	x_free(&cut);
	sample_drop(&s);
}

/* Sectors of the last record arrive in any order. */
static void
test_every_set_of_sectors_of_the_last_record(void **state)
{
	struct journal_end end;
	struct sample s;
	unsigned char *cut;
	size_t start, sectors;

	(void)state;
	sample_make(&s);
	start = record_start(&s, s.used - 1);
	sectors = (s.used - 1) / 512 - start / 512 + 1;
	assert_true(sectors >= 2 && sectors < 8);
	cut = x_alloc(s.size);
	for (unsigned int set = 0; set < (1u << sectors) - 1; set++) {
		memcpy(cut, s.map, s.size);
		for (size_t at = start; at < s.used; at++) {
			if ((set & 1u << (at / 512 - start / 512)) == 0)
				cut[at] = 0;
		}
		journal_scan(cut, s.size, NULL, NULL, &end);
		assert_int_equal(end.at, start);
		assert_int_equal(end.verdict,
				 set == 0 ? JOURNAL_WHOLE : JOURNAL_TORN);
	}
	x_free(&cut);
	sample_drop(&s);
}

/* A lost record in the middle is no torn tail: others stand behind it. */
static void
test_a_missing_record_is_damage(void **state)
{
	struct journal_end end;
	struct journal_header h;
	struct sample s;
	size_t at = 0;

	(void)state;
	sample_make(&s);
	for (unsigned int i = 0; i + 1 < s.n; i++) {
		unsigned char *was;
		size_t len;

		assert_true(journal_header_read(s.map + at, &h));
		len = journal_extent(h.length);
		was = x_memdup(s.map + at, len);
		memset(s.map + at, 0, len);
		journal_scan(s.map, s.size, NULL, NULL, &end);
		assert_int_equal(end.verdict, JOURNAL_BAD);
		memcpy(s.map + at, was, len);
		x_free(&was);
		at += len;
	}
	sample_drop(&s);
}

static void
test_odd_files_are_refused(void **state)
{
	struct journal_end end;
	struct sample s;
	unsigned char *zero;

	(void)state;
	sample_make(&s);
	journal_scan(s.map, 0, NULL, NULL, &end);
	assert_int_equal(end.verdict, JOURNAL_BAD);
	journal_scan(s.map, s.used, NULL, NULL, &end);
	assert_int_equal(end.verdict, JOURNAL_BAD);
	journal_scan(s.map, s.size - 1, NULL, NULL, &end);
	assert_int_equal(end.verdict, JOURNAL_BAD);
	zero = x_alloc(s.size);
	journal_scan(zero, s.size, NULL, NULL, &end);
	assert_int_equal(end.verdict, JOURNAL_BAD);
	s.map[s.size - 1] = 1; /* far behind the end */
	journal_scan(s.map, s.size, NULL, NULL, &end);
	assert_int_equal(end.verdict, JOURNAL_BAD);
	x_free(&zero);
	sample_drop(&s);
}

static void
test_a_torn_tail_is_cut_and_told(void **state)
{
	struct seen seen = { .n = 0 };
	struct journal j;
	struct sample s;
	struct err err;
	size_t start;
	int fd;

	(void)state;
	sample_make(&s);
	start = record_start(&s, s.used - 1);
	fd = openat(s.place.dir, "journal", O_WRONLY);
	memset(s.map + start + 64, 0, s.used - start - 64);
	assert_int_equal(pwrite(fd, s.map, s.size, 0), s.size);
	close(fd);
	assert_int_equal(journal_open(&j, s.place.dir, first, see, &seen, &err),
			 0);
	assert_int_equal(j.state, JOURNAL_OK);
	assert_int_equal(j.cut, s.used - start);
	assert_int_equal(seen.n, s.n - 1);
	assert_int_equal(journal_append(&j, "{\"new\":1}", 9, NULL, &err), 0);
	journal_close(&j);
	seen.n = 0;
	assert_int_equal(journal_open(&j, s.place.dir, first, see, &seen, &err),
			 0);
	assert_int_equal(j.state, JOURNAL_OK);
	assert_int_equal(j.cut, 0);
	assert_int_equal(seen.n, s.n);
	assert_string_equal(seen.last, "{\"new\":1}");
	journal_close(&j);
	sample_drop(&s);
}

static void
test_a_missing_journal_is_told(void **state)
{
	struct seen seen = { .n = 0 };
	struct journal j;
	struct sample s;
	struct err err;

	(void)state;
	sample_make(&s);
	assert_int_equal(unlinkat(s.place.dir, "journal", 0), 0);
	assert_int_equal(journal_open(&j, s.place.dir, first, see, &seen, &err),
			 0);
	assert_int_equal(j.state, JOURNAL_MISSING);
	assert_int_equal(journal_append(&j, "{}", 2, NULL, &err), -1);
	journal_close(&j);
	sample_drop(&s);
}

/* Longer than a chunk: it grows, and what was reserved fits. */
static void
test_it_grows(void **state)
{
	struct seen seen = { .n = 0 };
	struct journal j;
	struct place p;
	struct err err;
	char *json = x_asprintf("{\"pad\":\"%060000d\"}", 1);

	(void)state;
	place_make(&p);
	assert_int_equal(journal_open(&j, p.dir, first, see, &seen, &err), 0);
	for (int i = 0; i < 20; i++) {
		uint64_t at, size;
		struct buf back;

		assert_int_equal(journal_reserve(&j, 2 * strlen(json), 2, &err),
				 0);
		size = j.size;
		assert_int_equal(
			journal_append(&j, json, strlen(json), &at, &err), 0);
		assert_int_equal(
			journal_append(&j, json, strlen(json), &at, &err), 0);
		assert_int_equal(j.size, size);
		buf_init(&back, JOURNAL_RECORD_MAX);
		assert_int_equal(journal_read(&j, at, &back, &err), 0);
		assert_string_equal(buf_str(&back), json);
		buf_free(&back);
	}
	assert_int_equal(j.flushes, 40);
	journal_close(&j);
	seen.n = 0;
	assert_int_equal(journal_open(&j, p.dir, first, see, &seen, &err), 0);
	assert_int_equal(seen.n, 41);
	journal_close(&j);
	x_free(&json);
	place_drop(&p);
}

static int
keep_even(void *self, uint64_t at, const char *json, size_t len,
	  struct err *err)
{
	(void)at;
	(void)len;
	(void)err;
	(void)json;
	return ++*(int *)self % 2 == 0 ? 0 : -1;
}

static void
test_a_rewrite_salvages_what_checks_out(void **state)
{
	struct seen seen = { .n = 0 };
	struct journal j;
	struct sample s;
	struct err err;
	int fd, count = 0;

	(void)state;
	sample_make(&s);
	s.map[s.used / 2] ^= 1;
	fd = openat(s.place.dir, "journal", O_WRONLY);
	assert_int_equal(pwrite(fd, s.map, s.size, 0), s.size);
	close(fd);
	assert_int_equal(journal_rewrite(s.place.dir, first, keep_even, &count,
					 "old", &err),
			 0);
	assert_int_equal(count, s.n - 1);
	assert_int_equal(faccessat(s.place.dir, "old", F_OK, 0), 0);
	assert_int_equal(journal_open(&j, s.place.dir, first, see, &seen, &err),
			 0);
	assert_int_equal(j.state, JOURNAL_OK);
	assert_int_equal(seen.n, 1 + count / 2);
	journal_close(&j);
	sample_drop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_every_flipped_byte_is_seen),
		cmocka_unit_test(test_every_zeroed_byte_is_seen),
		cmocka_unit_test(test_every_prefix_is_whole_records),
		cmocka_unit_test(test_every_set_of_sectors_of_the_last_record),
		cmocka_unit_test(test_a_missing_record_is_damage),
		cmocka_unit_test(test_odd_files_are_refused),
		cmocka_unit_test(test_a_torn_tail_is_cut_and_told),
		cmocka_unit_test(test_a_missing_journal_is_told),
		cmocka_unit_test(test_it_grows),
		cmocka_unit_test(test_a_rewrite_salvages_what_checks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
