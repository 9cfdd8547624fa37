/*
 * main.c - drydock: find the command, check what was typed, run it.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "help.h"

static size_t
terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static int
face_init(struct cli *cli, struct face *f, int fd)
{
	const char *when = args_value(&cli->args, FLAG_COLOR);
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool tty = isatty(fd) == 1;

	*f = (struct face){
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.width = tty ? terminal_width(fd) : 0,
		.colour = tty && (no_color == NULL || no_color[0] == '\0') &&
			  term != NULL && strcmp(term, "dumb") != 0,
	};
	if (when == NULL || strcmp(when, "auto") == 0)
		return EXIT_OK;
	f->colour = strcmp(when, "always") == 0;
	if (!f->colour && strcmp(when, "never") != 0)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "--color=auto|always|never",
				 "--color does not know \"%s\"", when);
	return EXIT_OK;
}

static int
format_init(struct cli *cli)
{
	const char *format = args_value(&cli->args, FLAG_FORMAT);
	bool json = args_has(&cli->args, FLAG_JSON);

	cli->json = json;
	if (format == NULL)
		return EXIT_OK;
	if (strcmp(format, "json") == 0)
		cli->json = true;
	else if (strcmp(format, "csv") == 0 && !json)
		cli->csv = true;
	else if (strcmp(format, "table") != 0 || json)
		return cli_error(cli, EXIT_USAGE, NULL, "-o table|json|csv",
				 json ? "-o %s and --json contradict each other"
				      : "there is no format \"%s\"",
				 format);
	return EXIT_OK;
}

static int
cli_init(struct cli *cli, int argc, char **argv)
{
	struct err err;
	int code;

	cli->errface.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (args_parse(&cli->args, argc, argv, &err) < 0)
		return cli_error(cli, EXIT_USAGE, NULL,
				 "drydock COMMAND --help shows what it takes",
				 "%s", err.text);
	cli->quiet = args_has(&cli->args, FLAG_QUIET);
	cli->tty = isatty(STDOUT_FILENO) == 1;
	cli->may_ask = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
	code = face_init(cli, &cli->errface, STDERR_FILENO);
	if (code == EXIT_OK)
		code = face_init(cli, &cli->face, STDOUT_FILENO);
	return code != EXIT_OK ? code : format_init(cli);
}

/* "drydock backend" for the first `used` words; free() it */
static char *
path_of(const struct cli *cli, size_t used)
{
	struct buf path;
	size_t i;

	buf_init(&path, CLI_OUT_MAX);
	(void)buf_adds(&path, command_root.name);
	for (i = 0; i < used; i++)
		(void)buf_addf(&path, " %s", cli->args.words[i]);
	return buf_take(&path);
}

static int
print_help(struct cli *cli, const struct command *c, size_t used)
{
	char *path = c == &command_root ? x_strdup("") : path_of(cli, used - 1);
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	help_command(&out, c, path);
	code = cli_print(cli, &out);
	buf_free(&out);
	x_free(&path);
	return code;
}

/* a word that names nothing: the nearest that does */
static int
unknown_command(struct cli *cli, const struct command *at, size_t used)
{
	const char *word = cli->args.words[used];
	const char *near = command_nearest(at, word);
	char *path = path_of(cli, used), *hint;
	int code;

	hint = near != NULL ? x_asprintf("did you mean: %s %s", path, near)
			    : x_asprintf("%s --help", path);
	code = cli_error(cli, EXIT_USAGE, NULL, hint,
			 "%s has no command \"%s\"", path, word);
	x_free(&hint);
	x_free(&path);
	return code;
}

/* the words end at a group: its help, which is an error unless asked for */
static int
no_command(struct cli *cli, const struct command *at, size_t used)
{
	char *path;
	int code;

	if (used < cli->args.nwords)
		return unknown_command(cli, at, used);
	if (args_has(&cli->args, FLAG_HELP))
		return print_help(cli, at, used);
	if (used == 0) {
		(void)print_help(cli, at, used);
		return EXIT_USAGE;
	}
	path = path_of(cli, used);
	code = cli_error_flag(cli, NULL, FLAG_HELP, NULL,
			      "%s wants one of its commands", path);
	x_free(&path);
	return code;
}

/* flags that this command does not take, and too few or too many words */
static int
check_typed(struct cli *cli, const struct command *c, size_t used)
{
	uint64_t extra = cli->args.set & ~(c->flags | FLAGS_GLOBAL);
	char *path = path_of(cli, used), *hint;
	int code = EXIT_OK, flag = 0;
	size_t min, max;

	hint = x_asprintf("%s%s%s", path, c->args != NULL ? " " : "",
			  c->args != NULL ? c->args : "");
	command_arity(c->args, &min, &max);
	while (extra != 0 && (extra & UINT64_C(1) << flag) == 0)
		flag++;
	if (extra != 0)
		code = cli_error(cli, EXIT_USAGE, NULL, hint,
				 "%s takes no --%s", path,
				 flag_table[flag].name);
	else if (cli->csv && !c->rows)
		code = cli_error(cli, EXIT_USAGE, NULL,
				 "-o json; csv is for lists and history",
				 "%s prints no table of one kind of row", path);
	else if (cli->nwords < min)
		code = cli_error(cli, EXIT_USAGE, NULL, hint,
				 "%s wants more: %s", path, c->args);
	else if (cli->nwords > max)
		code = cli_error(cli, EXIT_USAGE, NULL, hint,
				 "%s: one word too many: \"%s\"", path,
				 cli->words[max]);
	x_free(&hint);
	x_free(&path);
	return code;
}

static int
dispatch(struct cli *cli)
{
	const struct command *c, *stop;
	size_t used, i;

	if (args_has(&cli->args, FLAG_VERSION)) {
		(void)puts("drydock " DRYDOCK_VERSION);
		return EXIT_OK;
	}
	c = command_find(&command_root, cli->args.words, cli->args.nwords,
			 &used, &stop);
	if (c == NULL)
		return no_command(cli, stop, used);
	if (args_has(&cli->args, FLAG_HELP))
		return print_help(cli, c, used);
	cli->words = cli->args.words + used;
	cli->nwords = cli->args.nwords - used;
	for (i = 0; i < cli->nwords; i++)
		if (cli->words[i][0] == '\0')
			return cli_error(cli, EXIT_USAGE, NULL, NULL,
					 "an argument is empty");
	if (check_typed(cli, c, used) != EXIT_OK)
		return EXIT_USAGE;
	return c->run(cli);
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int code;

	(void)setlocale(LC_CTYPE, "");
	code = cli_init(&cli, argc, argv);
	if (code == EXIT_OK)
		code = dispatch(&cli);
	db_close(&cli.db);
	args_free(&cli.args);
	x_free(&cli.fleet);
	return code;
}
