/*
 * procedure_text.h - a procedure's text, parsed, with what was found in it.
 */
#ifndef DRYDOCK_PROCEDURE_TEXT_H
#define DRYDOCK_PROCEDURE_TEXT_H

#include <stdio.h>

#include "cli.h"
#include "procedure.h"

/* bytes of a procedure's text */
#define PROCEDURE_MAX (1 << 20)

/* the text must outlive it */
struct parsed {
	struct procedure *proc;
	struct diags diags;
	bool good;
};

/* parse, lint, sort what was found; parsed_close() it in any case */
void parsed_open(struct parsed *p, const char *name, const struct buf *text);
void parsed_close(struct parsed *p);
/* what was found, in a compiler's form, which editors jump to */
void parsed_print(const struct parsed *p, FILE *to);

/* the newest text of NAME[@SHA256] as a row of fleet.procedure */
int procedure_fetch(struct cli *cli, const char *name, struct rows **rows_r);
/*
 * The text of PROCEDURE[@SHA256]|FILE, where FILE has a slash, and what it is
 * called: the path, or the name with twelve digits of its sum; free() it.
 */
int procedure_text(struct cli *cli, const char *word, struct buf *text,
		   char **name_r);
/* whole lines; harmless on a terminal, byte by byte elsewhere */
int procedure_print(struct cli *cli, const char *text);

#endif
