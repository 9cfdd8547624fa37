/*
 * screen.h - live output: repaint the lines that were printed, only those.
 *
 * No alternate screen: what scrolled by stays in the scrollback.  While it is
 * open the keyboard is read key by key; Ctrl-C stays a signal, which only sets
 * a mark (screen_interrupted) so that every way out restores the terminal.
 */
#ifndef DRYDOCK_SCREEN_H
#define DRYDOCK_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "buf.h"

struct screen {
	size_t painted; /* lines of ours above the cursor */
	bool raw;
	struct termios saved;
};

/* `keys`: read single keys from stdin (a terminal) */
void screen_open(struct screen *s, bool keys);
void screen_close(struct screen *s);

/*
 * The bytes that replace what was painted by `text` (whole lines, already cut
 * to the width), at most `height` - 1 of them (0: all).
 */
void screen_frame(struct screen *s, struct buf *out, const char *text,
		  size_t height);
/* the same, written to stdout */
void screen_paint(struct screen *s, const char *text);

/* Ctrl-C or SIGTERM since screen_open() or signals_catch() */
bool screen_interrupted(void);
void signals_catch(void);
/* one key of stdin, or 0 */
char screen_key(void);

#endif
