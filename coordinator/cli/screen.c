/*
 * screen.c - live output: repaint the lines that were printed, only those.
 */
#include "screen.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAME_MAX = 1 << 20 };

static volatile sig_atomic_t interrupted;

static void
note_signal(int number)
{
	(void)number;
	interrupted = 1;
}

void
signals_catch(void)
{
	/* no SA_RESTART: a sleeping poll() is to end */
	struct sigaction act = { .sa_handler = note_signal };

	interrupted = 0;
	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
}

bool
screen_interrupted(void)
{
	return interrupted != 0;
}

void
screen_open(struct screen *s, bool keys)
{
	struct termios raw;

	*s = (struct screen){ 0 };
	signals_catch();
	if (!keys || tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return;
	raw = s->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void
screen_close(struct screen *s)
{
	if (s->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
	s->raw = false;
	s->painted = 0;
}

char
screen_key(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) == 1 ? key : '\0';
}

void
screen_frame(struct screen *s, struct buf *out, const char *text, size_t height)
{
	size_t lines = 0, len;

	if (s->painted > 0)
		(void)buf_addf(out, "\033[%zuA\r", s->painted);
	while (*text != '\0' && (height == 0 || lines + 1 < height)) {
		len = strcspn(text, "\n");
		(void)buf_add(out, text, len);
		(void)buf_adds(out, "\033[K\n");
		text += len + (text[len] == '\n' ? 1 : 0);
		lines++;
	}
	(void)buf_adds(out, "\033[J");
	s->painted = lines;
}

void
screen_paint(struct screen *s, const char *text)
{
	struct winsize size = { 0 };
	struct buf out;

	buf_init(&out, FRAME_MAX);
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	screen_frame(s, &out, text, size.ws_row);
	(void)fwrite(buf_str(&out), 1, out.len, stdout);
	(void)fflush(stdout);
	buf_free(&out);
}
