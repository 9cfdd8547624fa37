/*
 * watch.c - drydock watch and drydock wait: follow a rollout to its end.
 *
 * On a terminal the screen is repainted in place once a second; elsewhere
 * each event is one line.  A lost database is not a failed rollout: the last
 * picture stays with a word of warning, and the connection is tried again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "look.h"
#include "num.h"
#include "screen.h"

enum {
	REPAINT_MS = 1000,
	FOLLOW_MS = 1000,
	/* how long a database that is away is waited for */
	AWAY_MS = 60000,
};

enum wanted { FOR_SUCCEEDED, FOR_FINISHED, FOR_HELD, FOR_BACKEND };

struct watch {
	struct cli *cli;
	char *id;
	bool live; /* repaint */
	struct screen screen;
	char last_seq[24]; /* of the last event told */
	struct buf picture;
	int64_t away_since; /* boot ms; 0: the database is there */
	enum wanted wanted;
	const char *backend; /* of FOR_BACKEND */
	int64_t deadline;    /* boot ms; 0: none */
};

static bool
finished(const struct standing *s)
{
	return rows_text(s->rollout, 0, "finished_at") != NULL;
}

/* events since the last one told, one line each */
static int
events_tell(struct watch *w, struct complaint *c)
{
	struct cli *cli = w->cli;
	struct rows *r = NULL;
	struct buf out;
	size_t i;

	if (db_query(&cli->db, &r,
		     "select e.*, case when e.actor not in"
		     " (select c.login from fleet.coordinator c)"
		     " then e.actor end as person from fleet.event e"
		     " where e.rollout = $1::bigint and e.seq > $2::bigint"
		     " and e.severity <> 'debug' order by e.seq",
		     DB(w->id, w->last_seq), c) < 0)
		return (int)c->code;
	buf_init(&out, CLI_OUT_MAX);
	for (i = 0; i < rows_count(r); i++) {
		standing_event(&out, &cli->face, r, i);
		(void)snprintf(w->last_seq, sizeof(w->last_seq), "%s",
			       rows_str(r, i, "seq"));
	}
	rows_free(&r);
	i = (size_t)cli_print(cli, &out);
	buf_free(&out);
	return (int)i;
}

static void
width_follow(struct cli *cli)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		cli->face.width = size.ws_col;
	cli->face.height = size.ws_row;
}

static void
picture_paint(struct watch *w, const struct standing *s)
{
	width_follow(w->cli);
	if (s != NULL) {
		buf_clear(&w->picture);
		standing_watch(&w->picture, &w->cli->face, s);
		if (!finished(s))
			(void)buf_adds(&w->picture,
				       "q quit (only this view ends)\n");
	}
	screen_paint(&w->screen, buf_str(&w->picture));
}

/* the database went away: say so once, give up after a minute */
static int
away(struct watch *w, struct complaint *c)
{
	struct cli *cli = w->cli;
	int64_t now = clock_boot_ms();

	if (c->code != EXIT_DATABASE)
		return cli_complain(cli, c);
	db_close(&cli->db);
	if (w->away_since == 0) {
		w->away_since = now;
		cli_note(cli,
			 "drydock: the database cannot be reached; "
			 "nothing is known about the rollout; trying again");
		w->screen.painted = 0;
	}
	if (now - w->away_since > AWAY_MS)
		return cli_complain(cli, c);
	complaint_free(c);
	return EXIT_OK;
}

static void
back(struct watch *w)
{
	if (w->away_since != 0)
		cli_note(w->cli, "drydock: the database is back");
	w->away_since = 0;
}

/*
 * One look.  0: *s_r holds it (or nothing, the database being away); else an
 * exit code, said.
 */
static int
watch_look(struct watch *w, enum look_parts parts, struct standing *s)
{
	struct complaint c = { 0 };
	struct cli *cli = w->cli;
	int code;

	*s = (struct standing){ 0 };
	if (!db_alive(&cli->db) &&
	    db_open(&cli->db, args_value(&cli->args, FLAG_DATABASE), &c) < 0)
		return away(w, &c);
	code = look_fetch(cli, w->id, parts, s, &c);
	if (code != EXIT_OK)
		return c.what != NULL ? away(w, &c) : code;
	back(w);
	return EXIT_OK;
}

/* sleep; false when the person wants to leave */
static bool
watch_sleep(struct watch *w)
{
	bool key = db_wait(&w->cli->db, w->live ? STDIN_FILENO : -1,
			   w->live ? REPAINT_MS : FOLLOW_MS);

	return !screen_interrupted() && !(key && screen_key() == 'q');
}

static int
watch_show(struct watch *w, struct standing *s)
{
	struct complaint c = { 0 };

	if (rows_count(s->rollout) == 0)
		return EXIT_OK;
	if (w->live) {
		picture_paint(w, s);
		return EXIT_OK;
	}
	if (events_tell(w, &c) != EXIT_OK)
		return away(w, &c);
	return EXIT_OK;
}

/* A person who leaves is told what is true of the rollout without him. */
static void
watch_left(struct watch *w, const struct standing *s)
{
	if (standing_end(s) == STANDING_NEEDS_PERSON)
		cli_note(w->cli,
			 "rollout %s waits for a person: drydock status %s",
			 w->id, w->id);
	else
		cli_note(w->cli, "the rollout goes on: drydock watch %s",
			 w->id);
}

static int
watch_loop(struct watch *w)
{
	struct standing s = { 0 };
	int code;

	for (;;) {
		standing_free(&s);
		code = watch_look(w, LOOK_WATCH, &s);
		if (code == EXIT_OK)
			code = watch_show(w, &s);
		if (code != EXIT_OK || finished(&s))
			break;
		if (!watch_sleep(w)) {
			watch_left(w, &s);
			code = screen_interrupted() ? EXIT_INTERRUPTED
						    : EXIT_OK;
			break;
		}
	}
	if (code == EXIT_OK && args_has(&w->cli->args, FLAG_EXIT_STATUS))
		code = look_exit(&s);
	standing_free(&s);
	return code;
}

int
watch_rollout(struct cli *cli, const char *id)
{
	struct watch w = { .cli = cli, .id = x_strdup(id), .last_seq = "0" };
	int code;

	w.live = cli->tty && !cli->json && !args_has(&cli->args, FLAG_PLAIN);
	buf_init(&w.picture, CLI_OUT_MAX);
	screen_open(&w.screen, w.live && cli->may_ask);
	code = watch_loop(&w);
	screen_close(&w.screen);
	buf_free(&w.picture);
	x_free(&w.id);
	return code;
}

int
run_watch(struct cli *cli)
{
	char *id = NULL;
	int code;

	if (cli->json)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "drydock status -o json, or drydock log -f",
				 "watch shows a screen, not JSON");
	code = cli_rollout(cli, 0, &id);
	if (code == EXIT_OK)
		code = watch_rollout(cli, id);
	x_free(&id);
	return code;
}

static int
wait_wanted(struct watch *w)
{
	static const char *const words[] = {
		[FOR_SUCCEEDED] = "succeeded",
		[FOR_FINISHED] = "finished",
		[FOR_HELD] = "held",
	};
	const char *text = args_value(&w->cli->args, FLAG_FOR);
	size_t i;

	w->wanted = FOR_FINISHED;
	if (text == NULL)
		return EXIT_OK;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			w->wanted = (enum wanted)i;
			return EXIT_OK;
		}
	}
	if (strncmp(text, "backend=", 8) == 0 && text[8] != '\0') {
		w->wanted = FOR_BACKEND;
		w->backend = text + 8;
		return EXIT_OK;
	}
	return cli_error(w->cli, EXIT_USAGE, NULL,
			 "--for succeeded|finished|held|backend=NAME",
			 "--for does not know \"%s\"", text);
}

static int
wait_deadline(struct watch *w)
{
	const char *text = args_value(&w->cli->args, FLAG_TIMEOUT);
	struct err err;
	int64_t ms;

	if (text == NULL)
		return EXIT_OK;
	if (num_parse_duration(text, 0, NUM_DURATION_MAX, &ms, &err) < 0)
		return cli_error(w->cli, EXIT_USAGE, err.text,
				 "a duration is 90s, 15m or 2h30m",
				 "--timeout is not usable");
	w->deadline = clock_boot_ms() + ms;
	return EXIT_OK;
}

/* done, skipped or restored: the turn is over; *code_r says how */
static int
backend_over(struct watch *w, const struct standing *s, bool *over_r,
	     int *code_r)
{
	const char *state;
	size_t i;

	for (i = 0; i < rows_count(s->turns); i++) {
		if (strcmp(rows_str(s->turns, i, "backend"), w->backend) != 0)
			continue;
		state = rows_str(s->turns, i, "state");
		*over_r = strcmp(state, "done") == 0 ||
			  strcmp(state, "skipped") == 0 ||
			  strcmp(state, "restored") == 0;
		*code_r = strcmp(state, "done") == 0 ? EXIT_OK : EXIT_ENDED;
		return EXIT_OK;
	}
	return cli_error(w->cli, EXIT_ERROR, NULL, NULL,
			 "backend %s is not in rollout %s", w->backend, w->id);
}

/* is what was waited for there?  *code_r is then the exit code */
static int
wait_over(struct watch *w, const struct standing *s, bool *over_r, int *code_r)
{
	enum standing_end end = standing_end(s);
	bool done = finished(s);

	*over_r = done;
	*code_r = end == STANDING_SUCCEEDED ? EXIT_OK : EXIT_ENDED;
	switch (w->wanted) {
	case FOR_HELD:
		*over_r = done || end == STANDING_NEEDS_PERSON;
		*code_r = !done ? EXIT_OK : EXIT_ENDED;
		return EXIT_OK;
	case FOR_SUCCEEDED:
	case FOR_FINISHED:
		/* nothing goes on without a person: tell him */
		if (!done && end == STANDING_NEEDS_PERSON) {
			*over_r = true;
			*code_r = EXIT_HELD;
		} else if (done && w->wanted == FOR_FINISHED &&
			   strcmp(rows_str(s->rollout, 0, "state"),
				  "incomplete") == 0) {
			*code_r = EXIT_ENDED;
		}
		return EXIT_OK;
	case FOR_BACKEND:
		if (!done && end == STANDING_NEEDS_PERSON) {
			*over_r = true;
			*code_r = EXIT_HELD;
			return EXIT_OK;
		}
		return backend_over(w, s, over_r, code_r);
	}
	return EXIT_OK;
}

static int
wait_end(struct watch *w, const struct standing *s, int code)
{
	struct buf out;

	if (w->cli->quiet)
		return code;
	buf_init(&out, CLI_OUT_MAX);
	w->cli->face.whole = true;
	if (w->cli->json)
		standing_json(&out, s);
	else
		standing_text(&out, &w->cli->face, s);
	(void)cli_print(w->cli, &out);
	buf_free(&out);
	return code;
}

static int
wait_loop(struct watch *w)
{
	struct standing s = { 0 };
	int code, answer = EXIT_OK;
	bool over = false;

	for (;;) {
		standing_free(&s);
		code = watch_look(w, LOOK_STATUS, &s);
		if (code == EXIT_OK && rows_count(s.rollout) > 0)
			code = wait_over(w, &s, &over, &answer);
		if (code != EXIT_OK || over)
			break;
		if (w->deadline != 0 && clock_boot_ms() >= w->deadline) {
			code = cli_error(
				w->cli, EXIT_TIMEOUT, NULL, NULL,
				"rollout %s goes on; waited no longer than %s",
				w->id, args_value(&w->cli->args, FLAG_TIMEOUT));
			break;
		}
		if (!watch_sleep(w)) {
			code = cli_error(w->cli, EXIT_INTERRUPTED, NULL, NULL,
					 "interrupted; rollout %s goes on",
					 w->id);
			break;
		}
	}
	if (code == EXIT_OK)
		code = wait_end(w, &s, answer);
	standing_free(&s);
	return code;
}

int
run_wait(struct cli *cli)
{
	struct watch w = { .cli = cli };
	int code = wait_wanted(&w);

	if (code == EXIT_OK)
		code = wait_deadline(&w);
	if (code == EXIT_OK)
		code = cli_rollout(cli, 0, &w.id);
	if (code == EXIT_OK) {
		signals_catch();
		code = wait_loop(&w);
	}
	x_free(&w.id);
	return code;
}
