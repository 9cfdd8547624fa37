/*
 * procedure_diff.c - drydock procedure diff: diff -u of two texts.
 *
 * Both texts and what diff prints lie in memory files, which the child opens
 * through our /proc: nothing on a disk to clean up, no pipe to fill up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "json.h"
#include "procedure_text.h"
#include "spawn.h"

/* as diff has it: 0 same, 1 different, 2 trouble */
#define TROUBLE EXIT_USAGE

/* a text on its way to diff */
struct side {
	char *name; /* of the file, or PROCEDURE@SHA256 */
	char path[40];
	int fd;
};

static int
side_error(struct cli *cli, const char *what)
{
	return cli_error(cli, TROUBLE, strerror(errno), NULL,
			 "the texts cannot be compared: %s", what);
}

static int
memory_file(struct cli *cli, char path[40], int *fd_r)
{
	*fd_r = memfd_create("drydock-diff", MFD_CLOEXEC);
	if (*fd_r < 0)
		return side_error(cli, "no memory file");
	snprintf(path, 40, "/proc/%ld/fd/%d", (long)getpid(), *fd_r);
	return EXIT_OK;
}

static int
side_open(struct cli *cli, const char *word, struct side *s)
{
	struct buf text;
	int code;

	buf_init(&text, PROCEDURE_MAX);
	code = procedure_text(cli, word, &text, &s->name);
	if (code == EXIT_ERROR)
		code = TROUBLE;	/* 1 would say that they differ */
	if (code == EXIT_OK)
		code = memory_file(cli, s->path, &s->fd);
	if (code == EXIT_OK &&
	    write(s->fd, buf_str(&text), text.len) != (ssize_t)text.len)
		code = side_error(cli, "a text cannot be written");
	buf_free(&text);
	return code;
}

static void
side_close(struct side *s)
{
	free(s->name);
	if (s->fd >= 0)
		(void)close(s->fd);
}

/* 0, 1 or an exit code that was said */
static int
diff_run(struct cli *cli, const struct side *a, const struct side *b, int out)
{
	char *label_a = x_asprintf("--label=%s", a->name);
	char *label_b = x_asprintf("--label=%s", b->name);
	const char *const argv[] = { "diff", "-u", label_a, label_b, "--",
				     a->path, b->path, NULL };
	const struct spawn spawn = { .argv = argv, .fd_in = SPAWN_NULL,
				     .fd_out = out, .fd_err = STDERR_FILENO };
	struct err err = { 0 };
	pid_t pid;
	int status = 0, code = EXIT_OK;

	if (spawn_start(&spawn, &pid, &err) < 0)
		code = cli_error(cli, TROUBLE, err.text,
				 "apt install diffutils",
				 "the texts cannot be compared");
	x_free(&label_a);
	x_free(&label_b);
	if (code != EXIT_OK)
		return code;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	return cli_error(cli, TROUBLE, "diff says why above", NULL,
			 "the texts cannot be compared");
}

static int
diff_read(struct cli *cli, int fd, struct buf *text)
{
	char piece[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
		(void)buf_add(text, piece, (size_t)n);
		at += n;
	}
	return n < 0 ? side_error(cli, "diff's answer") : EXIT_OK;
}

static int
diff_print(struct cli *cli, const struct side *a, const struct side *b,
	   bool same, const char *text)
{
	struct json_out o;
	struct buf out;
	int code;

	if (!cli->json)
		return procedure_print(cli, text);
	buf_init(&out, CLI_OUT_MAX);
	json_out_init(&o, &out);
	json_out_object(&o, NULL);
	json_out_str(&o, "from", a->name);
	json_out_str(&o, "to", b->name);
	json_out_bool(&o, "same", same);
	json_out_str(&o, "diff", text);
	json_out_end(&o);
	(void)buf_addc(&out, '\n');
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

static int
diff_sides(struct cli *cli, const struct side *a, const struct side *b)
{
	struct buf text;
	char path[40];
	int fd, printed, code = memory_file(cli, path, &fd);

	if (code != EXIT_OK)
		return code;
	buf_init(&text, CLI_OUT_MAX);
	code = diff_run(cli, a, b, fd);
	if (code <= 1) {
		printed = diff_read(cli, fd, &text);
		if (printed == EXIT_OK)
			printed = diff_print(cli, a, b, code == 0,
					     buf_str(&text));
		if (printed != EXIT_OK)
			code = TROUBLE;
	}
	buf_free(&text);
	(void)close(fd);
	return code;
}

int
run_procedure_diff(struct cli *cli)
{
	struct side a = { .fd = -1 }, b = { .fd = -1 };
	int code = side_open(cli, cli_word(cli, 0), &a);

	if (code == EXIT_OK)
		code = side_open(cli, cli_word(cli, 1), &b);
	if (code == EXIT_OK)
		code = diff_sides(cli, &a, &b);
	side_close(&a);
	side_close(&b);
	return code;
}
