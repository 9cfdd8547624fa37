/*
 * file.c - a whole file, or standard input, into memory.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
file_complain(struct cli *cli, const char *path, const char *why)
{
	return cli_error(cli, EXIT_USAGE, why, NULL, "%s cannot be read",
			 strcmp(path, "-") == 0 ? "standard input" : path);
}

static int
file_open(struct cli *cli, const char *path, int *fd_r)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		*fd_r = STDIN_FILENO;
		return EXIT_OK;
	}
	/* a FIFO without a writer must not hang us */
	*fd_r = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd_r < 0)
		return file_complain(cli, path, strerror(errno));
	if (fstat(*fd_r, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
		return EXIT_OK;
	(void)close(*fd_r);
	return file_complain(cli, path, "it is not a regular file");
}

static int
file_too_large(struct cli *cli, const char *path, size_t max)
{
	char why[60];

	snprintf(why, sizeof(why), "it is larger than %zu bytes", max);
	return file_complain(cli, path, why);
}

int
file_read(struct cli *cli, const char *path, size_t max, struct buf *out)
{
	char piece[65536];
	ssize_t n = 0;
	int fd, code = file_open(cli, path, &fd);

	if (code != EXIT_OK)
		return code;
	buf_clear(out);
	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0 && out->len + (size_t)n <= max)
			(void)buf_add(out, piece, (size_t)n);
		else if (n > 0)
			code = file_too_large(cli, path, max);
	} while (code == EXIT_OK && (n > 0 || (n < 0 && errno == EINTR)));
	if (code == EXIT_OK && n < 0)
		code = file_complain(cli, path, strerror(errno));
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return code;
}
