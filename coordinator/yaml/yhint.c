/* yhint.c - the traps of YAML that were met, each with its way out. */
#include "yhint.h"

#include <stdbool.h>
#include <string.h>

/* First that fits wins; NULL fits everything. */
static const struct {
	const char *problem; /* part of libyaml's sentence */
	const char *line;    /* part of the source line */
	const char *hint;
} hints[] = {
	{ NULL, "{{",
	  "there is no {{ }} here: write \"${vars.x}\", with the quotes" },
	{ "did not find expected", "${",
	  "quote ${…} inside [ ] or { }: [doveadm, \"${backend.address}\"]" },
	{ "mapping values are not allowed", NULL,
	  "put quotes around a text that has \": \" in it" },
	{ "cannot start any token", "\t",
	  "indent with blanks, YAML takes no tabs" },
	{ "cannot start any token", NULL,
	  "put quotes around a text that begins with @, ` or %" },
	{ "alphabetic or numeric character", NULL,
	  "put quotes around a text that begins with * or &" },
	{ "unexpected end of stream", NULL, "a quote is not closed" },
	{ "could not find expected ':'", NULL,
	  "a key needs \": \" behind it; is the line indented as the one "
	  "before?" },
	{ "did not find expected key", NULL,
	  "is the line indented as its neighbours? is a quote left over?" },
	{ "did not find expected '-' indicator", NULL,
	  "members of a list all begin with \"- \", indented alike" },
};

static bool
has(const char *text, size_t len, const char *part)
{
	return memmem(text, len, part, strlen(part)) != NULL;
}

const char *
yhint(const char *problem, const char *line, size_t len)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].problem != NULL &&
		    strstr(problem, hints[i].problem) == NULL)
			continue;
		if (hints[i].line != NULL && !has(line, len, hints[i].line))
			continue;
		return hints[i].hint;
	}
	return NULL;
}
