/*
 * standing_part.h - parts of the screens, for standing*.c alone.
 */
#ifndef DRYDOCK_STANDING_PART_H
#define DRYDOCK_STANDING_PART_H

#include "standing.h"

/* each adds whole lines, or nothing when there is nothing to say */
void
standing_head(struct buf *out, const struct face *f, const struct standing *s);
void standing_bar(struct buf *out, const struct face *f,
		  const struct standing *s, size_t indent);
/* brief: one command for a held backend, not the choice */
void standing_holds(struct buf *out, const struct face *f,
		    const struct standing *s, bool brief);
/* what can be typed about a backend that waits for a person; false: nothing */
bool standing_choices(struct buf *out, const struct face *f,
		      const struct standing *s, const char *backend);
void standing_coordinator(struct buf *out, const struct face *f,
			  const struct standing *s);
/* one line of a step in hand, without its end */
void standing_step(struct buf *out, const struct face *f,
		   const struct rows *steps, size_t row);

/* a text of several lines, made harmless, indented, `label` on the first */
void standing_indented(struct buf *out, const struct face *f, const char *label,
		       const char *text);
/* "text" in capitals */
void standing_upper(struct buf *out, const struct face *f, const char *text);
/* the line in `line` to out, cut to the width, and `line` is empty again */
void standing_flush(struct buf *out, const struct face *f, struct buf *line);

#endif
