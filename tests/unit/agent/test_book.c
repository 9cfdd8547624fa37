/* test_book.c - fleets and attempts over the restarts of a runner. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "book.h"

#define FLEET  "f1ee7000-0000-4000-8000-000000000001"
#define OTHER  "f1ee7000-0000-4000-8000-000000000002"
#define RESULT "{\"exit\":0}"

struct place {
	char path[64];
	int dir;
};

/* In memory: these tests flush thousands of times. */
static int
place_make(void **state)
{
	struct place *p = x_new(struct place);

	strcpy(p->path, "/dev/shm/drydock-book-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY);
	*state = p;
	return 0;
}

static int
place_drop(void **state)
{
	struct place *p = *state;
	char *command = x_asprintf("rm -rf %s", p->path);
	int rc = system(command);

	close(p->dir);
	x_free(&command);
	x_free(&p);
	return rc;
}

static const char *
id_of(int n)
{
	static char id[UUID_TEXT_SIZE];

	snprintf(id, sizeof(id), "a77e3b70-0000-4000-8000-%012d", n);
	return id;
}

static struct attempt *
begin(struct book *b, const char *fleet, int n, const char *step)
{
	char *text = x_asprintf(
		"{\"id\":1,\"verb\":\"run\",\"attempt\":\"%s\",\"fleet\":\"%"
		"s\","
		"\"epoch\":1,\"seq\":%d,\"step\":\"%s\",\"after\":null,"
		"\"note\":{\"vhosts\":%d},\"who\":\"anna\",\"timeout_ms\":1,"
		"\"argv\":[\"true\"]}",
		id_of(n), fleet, n, step, n);
	struct attempt *a;
	struct request r;
	struct change c;
	struct err err;

	assert_int_equal(request_parse(&r, text, strlen(text), &err), 0);
	assert_int_equal(change_parse(&c, &r, &err), 0);
	assert_int_equal(book_begin(b, &c, &r, &a, &err), 0);
	json_free(&r.doc);
	x_free(&text);
	return a;
}

static void
begin_and_end(struct book *b, const char *fleet, int n, const char *step)
{
	struct err err;

	assert_int_equal(book_end(b, begin(b, fleet, n, step), RESULT, &err),
			 0);
}

static void
book_is(struct book *b, int dir)
{
	struct err err;

	if (book_open(b, dir, &err) < 0)
		fail_msg("%s", err.text);
}

static void
set_epoch(struct book *b, const char *fleet, int64_t epoch)
{
	struct err err;

	assert_int_equal(
		book_set_epoch(b, fleet, "mail-hel", epoch, "ops1", &err), 0);
}

static void
test_all_is_there_after_a_restart(void **state)
{
	struct place *p = *state;
	struct attempt *a;
	struct buf text;
	struct json_out o;
	struct book b;
	struct err err;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 4);
	set_epoch(&b, FLEET, 7);
	set_epoch(&b, OTHER, 2);
	begin_and_end(&b, FLEET, 1, "r/b/s");
	begin(&b, FLEET, 2, "r/b/s");
	book_close(&b);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_OK);
	assert_int_equal(book_fleet(&b, FLEET)->epoch, 7);
	assert_int_equal(book_fleet(&b, OTHER)->epoch, 2);
	assert_string_equal(book_fleet(&b, FLEET)->coordinator, "ops1");
	a = book_attempt(&b, id_of(1));
	assert_int_equal(a->state, WIRE_STATE_ENDED);
	buf_init(&text, 4096);
	json_out_init(&o, &text);
	json_out_object(&o, NULL);
	assert_int_equal(book_print(&b, a, &o, &err), 0);
	json_out_end(&o);
	assert_string_equal(buf_str(&text),
			    "{\"state\":\"ended\",\"result\":" RESULT "}");
	buf_free(&text);
	a = book_attempt(&b, id_of(2));
	assert_int_equal(a->state, WIRE_STATE_UNKNOWN);
	assert_non_null(a->why);
	assert_ptr_equal(book_last(&b, a->fleet, "r/b/s"), a);
	assert_null(book_last(&b, a->fleet, "r/b/t"));
	assert_ptr_equal(book_next(&b, a->fleet, "r/b/s", NULL),
			 book_attempt(&b, id_of(1)));
	assert_ptr_equal(book_next(&b, a->fleet, "r/b/s",
				   book_attempt(&b, id_of(1))), a);
	assert_null(book_next(&b, a->fleet, "r/b/s", a));
	assert_null(book_next(&b, a->fleet, "r/b/t", NULL));
	assert_null(book_next(&b, book_fleet(&b, OTHER), "r/b/s", NULL));
	assert_null(book_attempt(&b, id_of(3)));
	book_close(&b);
}

static void
test_forgetting_outlives_a_restart(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 1);
	for (int n = 1; n <= 4; n++)
		begin_and_end(&b, FLEET, n, id_of(n));
	begin_and_end(&b, OTHER, 5, "x");
	assert_int_equal(
		book_forget(&b, book_fleet(&b, FLEET), 3, &err), 0);
	assert_int_equal(
		book_forget(&b, book_fleet(&b, FLEET), 2, &err), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(book_fleet(&b, FLEET)->floor, 3);
		assert_null(book_attempt(&b, id_of(3)));
		assert_non_null(book_attempt(&b, id_of(4)));
		assert_non_null(book_attempt(&b, id_of(5)));
		book_close(&b);
		book_is(&b, p->dir);
	}
	book_close(&b);
}

static off_t
journal_size(int dir)
{
	struct stat st;

	assert_int_equal(fstatat(dir, "journal", &st, 0), 0);
	return st.st_size;
}

/* Enough is forgotten: the file is written anew and still says the same. */
static void
test_a_rewrite_loses_nothing(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;
	off_t before;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 3);
	set_epoch(&b, FLEET, 9);
	set_epoch(&b, OTHER, 2);
	for (int n = 1; n <= 1200; n++)
		begin_and_end(&b, FLEET, n, "r/b/s");
	begin_and_end(&b, OTHER, 1201, "o");
	begin(&b, FLEET, 1202, "u");
	assert_int_equal(
		book_forget(&b, book_fleet(&b, FLEET), 1190, &err),
		0);
	book_close(&b);
	before = journal_size(p->dir);
	for (int again = 0; again < 2; again++) {
		book_is(&b, p->dir);
		assert_int_equal(b.journal.state, JOURNAL_OK);
		assert_true(journal_size(p->dir) < before / 2);
		assert_int_equal(book_fleet(&b, FLEET)->epoch, 9);
		assert_int_equal(book_fleet(&b, FLEET)->floor, 1190);
		assert_int_equal(book_fleet(&b, OTHER)->epoch, 2);
		assert_null(book_attempt(&b, id_of(1190)));
		for (int n = 1191; n <= 1201; n++)
			assert_int_equal(book_attempt(&b, id_of(n))->state,
					 WIRE_STATE_ENDED);
		assert_int_equal(book_attempt(&b, id_of(1202))->state,
				 WIRE_STATE_UNKNOWN);
		assert_string_equal(
			book_last(&b, book_fleet(&b, FLEET), "r/b/s")->id,
			id_of(1200));
		book_close(&b);
	}
}

static void
spoil(int dir, const char *text)
{
	size_t size = (size_t)journal_size(dir);
	char *map = x_alloc(size), *at;
	int fd = openat(dir, "journal", O_RDWR);

	assert_int_equal(pread(fd, map, size, 0), size);
	at = memmem(map, size, text, strlen(text));
	assert_non_null(at);
	assert_int_equal(pwrite(fd, "#", 1, at - map), 1);
	close(fd);
	x_free(&map);
}

static void
test_a_loss_needs_a_person(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;
	char *told;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 9);
	for (int n = 1; n <= 6; n++)
		begin_and_end(&b, FLEET, n, "r/b/s");
	book_close(&b);
	assert_int_equal(book_accept_loss(p->dir, "why", "anna", &told, &err),
			 -1);
	assert_non_null(strstr(err.text, "no loss"));
	spoil(p->dir, id_of(3));
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_DAMAGED);
	book_close(&b);
	assert_int_equal(book_accept_loss(p->dir, "why", "anna", &told, &err),
			 0);
	x_free(&told);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_OK);
	assert_int_equal(book_fleet(&b, FLEET)->epoch, 9);
	assert_int_equal(book_fleet(&b, FLEET)->floor, 6);
	assert_null(book_attempt(&b, id_of(3)));
	assert_int_equal(book_attempt(&b, id_of(2))->state, WIRE_STATE_ENDED);
	assert_int_equal(book_attempt(&b, id_of(6))->state, WIRE_STATE_ENDED);
	book_close(&b);
}

static void
test_a_missing_journal_needs_a_person(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;
	char *told;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 9);
	book_close(&b);
	assert_int_equal(unlinkat(p->dir, "journal", 0), 0);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_MISSING);
	book_close(&b);
	assert_int_equal(book_accept_loss(p->dir, "why", "anna", &told, &err),
			 0);
	x_free(&told);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_OK);
	book_close(&b);
}

static void
given_out(struct book *b, int64_t seq)
{
	struct err err;

	assert_int_equal(book_given_out(b, FLEET, seq, &err), 0);
}

/* Said before the epoch, it counts once; the first start after it, too. */
static void
test_a_new_fleet_begins_nothing_of_before(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;

	book_is(&b, p->dir);
	given_out(&b, 7);
	book_close(&b);
	book_is(&b, p->dir);
	given_out(&b, 8);
	set_epoch(&b, FLEET, 1);
	given_out(&b, 30);
	set_epoch(&b, FLEET, 2);
	begin_and_end(&b, FLEET, 9, "r/b/s");
	for (int again = 0; again < 2; again++) {
		assert_int_equal(book_fleet(&b, FLEET)->floor, 8);
		assert_true(book_fleet(&b, FLEET)->lost);
		book_close(&b);
		book_is(&b, p->dir);
	}
	assert_non_null(book_attempt(&b, id_of(9)));
	assert_int_equal(
		book_forget(&b, book_fleet(&b, FLEET), 9, &err), 0);
	assert_false(book_fleet(&b, FLEET)->lost);
	assert_null(book_attempt(&b, id_of(9)));
	book_close(&b);
}

static void
lose_a_record(int dir, const char *id)
{
	struct err err;
	char *told;

	spoil(dir, id);
	assert_int_equal(book_accept_loss(dir, "why", "anna", &told, &err), 0);
	x_free(&told);
}

/* Who holds it says how far that goes, once. */
static void
test_after_a_loss_the_floor_is_what_was_given_out(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;

	book_is(&b, p->dir);
	set_epoch(&b, FLEET, 9);
	begin_and_end(&b, FLEET, 3, "r/b/s");
	begin_and_end(&b, FLEET, 4, "r/b/s");
	book_close(&b);
	lose_a_record(p->dir, id_of(4));
	book_is(&b, p->dir);
	assert_int_equal(book_fleet(&b, FLEET)->floor, 3);
	assert_true(book_fleet(&b, FLEET)->unsure);
	given_out(&b, 0);
	assert_true(book_fleet(&b, FLEET)->unsure);
	given_out(&b, 5);
	given_out(&b, 12);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(book_fleet(&b, FLEET)->floor, 5);
		assert_true(book_fleet(&b, FLEET)->lost);
		assert_false(book_fleet(&b, FLEET)->unsure);
		assert_non_null(book_attempt(&b, id_of(3)));
		book_close(&b);
		book_is(&b, p->dir);
	}
	/* a rewrite keeps that there was a loss, and what came of it */
	for (int n = 6; n <= 300; n++)
		begin_and_end(&b, FLEET, n, "r/b/s");
	assert_int_equal(
		book_forget(&b, book_fleet(&b, FLEET), 299, &err), 0);
	book_close(&b);
	book_is(&b, p->dir);
	assert_int_equal(b.dead, 0);
	assert_int_equal(book_fleet(&b, FLEET)->floor, 299);
	assert_false(book_fleet(&b, FLEET)->lost);
	assert_false(book_fleet(&b, FLEET)->unsure);
	book_close(&b);
}

static void
test_another_machines_journal_is_refused(void **state)
{
	struct place *p = *state;
	struct journal j;
	struct book b;
	struct err err;

	assert_int_equal(journal_open(&j, p->dir,
				      "{\"t\":\"journal\","
				      "\"machine_id\":\"another\"}",
				      NULL, NULL, &err),
			 0);
	journal_close(&j);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_DAMAGED);
	assert_non_null(strstr(b.journal.why, "another machine"));
	book_close(&b);
}

static void
test_a_record_of_another_kind_is_refused(void **state)
{
	struct place *p = *state;
	struct book b;
	struct err err;

	book_is(&b, p->dir);
	assert_int_equal(
		journal_append(&b.journal, "{\"t\":\"newer\"}", 13, NULL, &err),
		0);
	book_close(&b);
	book_is(&b, p->dir);
	assert_int_equal(b.journal.state, JOURNAL_DAMAGED);
	book_close(&b);
}

#define WITH_PLACE(test)                                                       \
	cmocka_unit_test_setup_teardown(test, place_make, place_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(test_all_is_there_after_a_restart),
		WITH_PLACE(test_forgetting_outlives_a_restart),
		WITH_PLACE(test_a_rewrite_loses_nothing),
		WITH_PLACE(test_a_loss_needs_a_person),
		WITH_PLACE(test_a_missing_journal_needs_a_person),
		WITH_PLACE(test_a_new_fleet_begins_nothing_of_before),
		WITH_PLACE(test_after_a_loss_the_floor_is_what_was_given_out),
		WITH_PLACE(test_another_machines_journal_is_refused),
		WITH_PLACE(test_a_record_of_another_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
