/*
 * test_standing.c - status, watch and JSON of made-up rows, against golden
 * files.  GOLDEN=write writes them anew: read the diff then.
 */
#include "unit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "standing.h"

#define NOW 1795307525.0 /* 2026-11-22 00:32:05 UTC */

enum { CELLS_MAX = 20, TEXT_MAX = 65536 };

/* "name:kind|name|…\nvalue|value|…\n"; kinds n b t s; "-" is null */
static struct rows *
rows_of(const char *text)
{
	char *copy = strdup(text), *save = NULL, *in = NULL, *line, *cell;
	const char *cells[CELLS_MAX];
	struct rows *r = NULL;
	size_t n;

	for (line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		n = 0;
		for (cell = strtok_r(line, "|", &in); cell != NULL;
		     cell = strtok_r(NULL, "|", &in))
			cells[n++] = strcmp(cell, "-") == 0 ? NULL : cell;
		if (r != NULL) {
			assert_int_equal(n, rows_columns(r));
			rows_add(r, cells);
			continue;
		}
		r = rows_new(n);
		for (size_t i = 0; i < n; i++) {
			char name[40] = "", kind = 'x';

			(void)sscanf(cells[i], "%39[^:]:%c", name, &kind);
			rows_column(r, i, name,
				    kind == 'n'	  ? CELL_NUMBER
				    : kind == 'b' ? CELL_BOOL
				    : kind == 't' ? CELL_TIME
				    : kind == 's' ? CELL_SPAN
						  : CELL_TEXT);
		}
	}
	free(copy);
	return r;
}

static struct standing
running(void)
{
	return (struct standing){
		.rollout = rows_of(
			"rollout:n|fleet|procedure|state|created_by|started_at:"
			"t|finished_at:t|percent:n|remaining:s|eta:t|active:s|"
			"backends_total:n|backends_done:n|ending|"
			"remaining_low:s|remaining_high:s\n"
			"17|mail-eu|dovecot-obox-upgrade|running|anna|"
			"2026-11-21 23:10:00+00|-|39|01:31:00|"
			"2026-11-22 02:03:05+00|01:22:05|5|2|-|"
			"01:12:00|01:50:00\n"),
		.turns = rows_of("backend|state|elapsed:s|message\n"
				 "mail01|done|00:21:11|-\n"
				 "mail02|done|00:21:37|-\n"
				 "mail03|working|00:09:02|-\n"
				 "mail04|waiting|-|-\n"
				 "mail06|waiting|-|-\n"),
		.phases = rows_of("backend|phase|state|elapsed:s\n"
				  "mail01|drain|done|00:15:04\n"
				  "mail01|stop|done|00:01:12\n"
				  "mail01|work|done|00:04:40\n"
				  "mail01|start|done|00:00:03\n"
				  "mail01|verify|done|00:00:11\n"
				  "mail01|return|done|00:00:01\n"
				  "mail02|drain|done|00:15:02\n"
				  "mail02|stop|done|00:01:20\n"
				  "mail02|work|done|00:05:01\n"
				  "mail02|return|done|00:00:01\n"
				  "mail03|drain|running|00:09:02\n"
				  "mail03|stop|pending|-\n"),
		.steps = rows_of("backend|phase|step|target|state|elapsed:s|"
				 "expected:s|message\n"
				 "mail03|drain|wait-users|director|running|"
				 "00:09:02|00:15:00|16 users left\n"),
		.fleet = rows_of("fleet|in_service:n|out_backend|excluded:n|"
				 "not_seen:n|min_up\n"
				 "mail-eu|4|mail03|1|0|all but 1\n"),
		.coordinator =
			rows_of("coordinator|host|silent_for:s|stopped_at:t\n"
				"ops1|ops1|00:00:01|-\n"),
		.drain = rows_of("at:t|users:n\n"
				 "2026-11-22 00:23:05+00|412\n"
				 "2026-11-22 00:26:05+00|300\n"
				 "2026-11-22 00:29:05+00|31\n"
				 "2026-11-22 00:32:00+00|16\n"),
		.events = rows_of("at:t|severity|backend|person|message\n"
				  "2026-11-22 00:23:03+00|info|mail03|-|"
				  "drain begins\n"
				  "2026-11-22 00:31:00+00|warning|mail03|anna|"
				  "note \033]0;owned\007\n"),
	};
}

static struct standing
held(void)
{
	struct standing s = running();

	rows_free(&s.rollout);
	rows_free(&s.steps);
	rows_free(&s.turns);
	rows_free(&s.coordinator);
	rows_free(&s.drain);
	s.rollout = rows_of("rollout:n|fleet|procedure|state|created_by|"
			    "percent:n|remaining:s|backends_total:n|"
			    "backends_done:n|ending\n"
			    "17|mail-eu|dovecot-obox-upgrade|halted|anna|63|"
			    "00:40:00|5|3|-\n");
	s.turns = rows_of("backend|state|elapsed:s|message\n"
			  "mail01|done|00:21:11|-\n"
			  "mail04|held|00:19:00|-\n"
			  "mail06|waiting|-|-\n");
	s.steps = rows_of("backend|phase|step|target|state|elapsed:s|"
			  "expected:s|message\n"
			  "mail04|verify|mailbox-status|backend|failed|"
			  "00:00:03|-|exit 75: Error: \033[2JMailbox INBOX\n");
	s.nobody = rows_of("why|type_next\n"
			   "a drydockd is connected to the database as "
			   "drydockd and writes no heartbeat; the last one was "
			   "of ops1, 3 min ago|"
			   "journalctl -u drydockd -n 50   (on ops1: it says "
			   "why)\n");
	s.left_out = rows_of("backend|rollout:n|since:t|include_asked:b|why|"
			     "type_next\n"
			     "mail05|16|2026-11-22 00:23:05+00|t|include was "
			     "asked by anna\033[2J and waits for the proof|"
			     "drydock backend show mail05\n"
			     "mail07|15|2026-11-21 00:23:05+00|f|rollout 15 "
			     "left it out of service|drydock status 15\n");
	s.silent = rows_of("host|why_silent|silent_since:t|type_next\n"
			   "dir2|connect: No route to host\033[2J|"
			   "2026-11-22 00:31:00+00|"
			   "on dir2: systemctl status ssh\n");
	s.choices = rows_of(
		"backend|command|what\n"
		"mail04|drydock log 17 --backend mail04 --output|"
		"see what it printed\n"
		"mail04|drydock retry 17 mail04|the failed step again, then on\n"
		"mail04|drydock restore 17 mail04|undo it, prove it, return it\n"
		"mail04|drydock skip 17 mail04 --accept-out --reason \"...\"|"
		"it stays out and is yours\n"
		"mail04|drydock abort 17 --reason \"...\"|end the rollout\n"
		"-|drydock pause 17 --reason \"...\"|not about mail04\n");
	s.holds = rows_of(
		"kind|gate|backend|critical:b|since:t|until:t|by|why|type_next"
		"\n"
		"turn|mailbox-status|mail04|t|2026-11-22 00:20:05+00|-|-|"
		"mailbox-status failed: exit 75, and the sentence goes on so "
		"long that a terminal of eighty columns has to break it|"
		"drydock retry 17 mail04\n"
		"pause|-|-|f|2026-11-22 00:30:05+00|-|anna|"
		"INC-4711: latency alert|drydock resume 17\n");
	return s;
}

/* A rollout over one backend. */
static struct standing
single(void)
{
	struct standing s = running();

	rows_free(&s.rollout);
	s.rollout = rows_of("rollout:n|fleet|procedure|state|created_by|"
			    "percent:n|remaining:s|backends_total:n|"
			    "backends_done:n|ending\n"
			    "18|mail-eu|dovecot-reload|running|anna|50|"
			    "00:00:40|1|0|-\n");
	return s;
}

/* It was aborted, and that is over. */
static struct standing
aborted(void)
{
	struct standing s = single();

	rows_free(&s.rollout);
	rows_free(&s.steps);
	s.rollout = rows_of("rollout:n|fleet|procedure|state|created_by|"
			    "percent:n|remaining:s|backends_total:n|"
			    "backends_done:n|ending\n"
			    "18|mail-eu|dovecot-reload|aborted|anna|50|-|3|1|"
			    "abort\n");
	return s;
}

static void
assert_golden(const char *name, const struct buf *out)
{
	const char *mode = getenv("GOLDEN");
	char path[500], text[TEXT_MAX] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), SOURCE_DIR "/tests/golden/cli/%s",
		       name);
	if (mode != NULL && strcmp(mode, "write") == 0) {
		file = fopen(path, "w");
		assert_non_null(file);
		(void)fputs(buf_str(out), file);
		(void)fclose(file);
	}
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("no %s", path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	assert_string_equal(buf_str(out), text);
}

typedef void
render_fn(struct buf *out, const struct face *f, const struct standing *s);

static void
json(struct buf *out, const struct face *f, const struct standing *s)
{
	(void)f;
	standing_json(out, s);
}

static void
test_golden(void **state)
{
	static const struct {
		const char *name;
		struct standing (*make)(void);
		render_fn *render;
		struct face face;
	} rows[] = {
		{ "status-running.txt",
		  running,
		  standing_text,
		  { .utf8 = true, .now = NOW } },
		{ "status-single.txt",
		  single,
		  standing_text,
		  { .utf8 = true, .now = NOW, .width = 80 } },
		{ "status-aborted.txt",
		  aborted,
		  standing_text,
		  { .utf8 = true, .now = NOW, .width = 80 } },
		{ "status-held.txt",
		  held,
		  standing_text,
		  { .utf8 = true, .now = NOW, .width = 80 } },
		{ "watch-running.txt",
		  running,
		  standing_watch,
		  { .utf8 = true, .now = NOW, .width = 80 } },
		{ "watch-held.txt",
		  held,
		  standing_watch,
		  { .utf8 = true, .now = NOW, .width = 80 } },
		{ "watch-narrow.txt",
		  running,
		  standing_watch,
		  { .now = NOW, .width = 50 } },
		{ "watch-colour.txt",
		  held,
		  standing_watch,
		  { .utf8 = true, .colour = true, .now = NOW, .width = 80 } },
		{ "status-held.json", held, json, { .now = NOW } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct standing s = rows[i].make();
		struct buf out;

		buf_init(&out, TEXT_MAX);
		rows[i].render(&out, &rows[i].face, &s);
		assert_golden(rows[i].name, &out);
		/* whatever was in the rows: no raw control character */
		if (!rows[i].face.colour)
			assert_null(strchr(buf_str(&out), '\033'));
		buf_free(&out);
		standing_free(&s);
	}
}

static void
test_ends(void **state)
{
	struct standing s = running();
	struct standing h = held();
	struct standing none = { 0 };

	(void)state;
	assert_int_equal(standing_end(&s), STANDING_GOES_ON);
	assert_int_equal(standing_end(&h), STANDING_NEEDS_PERSON);
	assert_false(standing_silent(&s));
	assert_true(standing_silent(&h));
	assert_true(standing_silent(&none));
	rows_free(&s.coordinator);
	s.coordinator = rows_of("coordinator|silent_for:s|stopped_at:t\n"
				"ops1|00:00:16|-\n");
	assert_true(standing_silent(&s));
	rows_free(&s.rollout);
	s.rollout = rows_of("rollout:n|state\n17|incomplete\n");
	assert_int_equal(standing_end(&s), STANDING_ENDED_BADLY);
	rows_free(&s.rollout);
	s.rollout = rows_of("rollout:n|state\n17|succeeded\n");
	assert_int_equal(standing_end(&s), STANDING_SUCCEEDED);
	standing_free(&s);
	standing_free(&h);
}

static void
test_holds_that_need_a_person(void **state)
{
	static const struct {
		const char *hold;
		enum standing_end end;
	} rows[] = {
		{ "gate|peers|f", STANDING_GOES_ON },
		{ "gate|check|f", STANDING_GOES_ON },
		{ "window|window|f", STANDING_GOES_ON },
		{ "contact|-|f", STANDING_GOES_ON },
		{ "gate|peers|t", STANDING_NEEDS_PERSON },
		{ "gate|check|t", STANDING_NEEDS_PERSON },
		{ "contact|-|t", STANDING_NEEDS_PERSON },
		{ "database|-|t", STANDING_NEEDS_PERSON },
		{ "approval|-|f", STANDING_NEEDS_PERSON },
		{ "pause|-|f", STANDING_NEEDS_PERSON },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct standing s = {
			.rollout = rows_of("rollout:n|state\n17|waiting\n") };
		char holds[80];

		snprintf(holds, sizeof(holds), "kind|gate|critical:b\n%s\n",
			 rows[i].hold);
		s.holds = rows_of(holds);
		assert_int_equal(standing_end(&s), rows[i].end);
		standing_free(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_holds_that_need_a_person),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
