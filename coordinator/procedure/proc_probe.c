/* proc_probe.c - the named looks, and what must hold before anything. */
#include <string.h>

#include "alloc.h"
#include "language.h"
#include "procedure_private.h"

enum { F_TARGET, F_RUN, F_TCP, F_FORMAT, F_ROW, F_ROWS, F_TIMEOUT, F_N };
static const struct yfield probe_fields[] = {
	[F_TARGET] = { "target", YTEXT, false,
		       "where it is asked: backend, GROUP (one member) or each "
		       "GROUP; default backend" },
	[F_RUN] = { "run", YTEXTS, false,
		    "the command, as a text that is split into words or a list "
		    "of words, without a shell; either run or tcp" },
	[F_TCP] = { "tcp", YTEXT, false,
		    "ADDRESS:PORT: connect and read one line; its format is "
		    "text" },
	[F_FORMAT] = { "format", YCHOICE(&reading_words), false,
		       "how to read what is printed, see FORMATS; default "
		       "text" },
	[F_ROW] = { "row", YMANY(YTEXT), false,
		    "{COLUMN: VALUE, …} of the one row that is meant; none or "
		    "two of them are unknown; tab and json only" },
	[F_ROWS] = { "rows", YMANY(YTEXT), false,
		     "{COLUMN: VALUE, …} of the rows to count: .count is all "
		     "there is then; tab and json only" },
	[F_TIMEOUT] = { "timeout", YDURATION, false,
			"how long an answer may take, 1s to 30s; default "
			"10s" },
};
const struct yfields probe_keys = YFIELDS(probe_fields);

const struct probe *
probe_find(const struct procedure *proc, const char *name)
{
	for (size_t i = 0; i < proc->probes; i++)
		if (strcmp(proc->probe[i].name, name) == 0)
			return &proc->probe[i];
	return NULL;
}

void
probe_clear(struct probe *probe)
{
	argv_clear(&probe->run);
	text_clear(&probe->tcp);
	text_clear(&probe->timeout.text);
	for (size_t i = 0; i < probe->n; i++)
		text_clear(&probe->match[i].value);
	x_free(&probe->match);
}

static void
match_read(struct proc_reader *r, const struct ynode *map, struct probe *probe)
{
	char norm[READING_NAME_MAX + 1];

	probe->selects = true;
	probe->match = x_calloc(map->n + 1, sizeof(*probe->match));
	for (size_t i = 0; i < map->n; i++) {
		struct match *m = &probe->match[probe->n++];

		m->column = map->key[i]->text;
		if (reading_name(m->column, norm) < 0)
			ynode_error(r->d, map->key[i],
				    "a column's name is wanted");
		text_read(r, map->item[i], &m->value);
	}
	if (map->n == 0)
		ynode_error(r->d, map, "COLUMN: VALUE is wanted");
}

static void
format_read(struct proc_reader *r, const struct ynode *node,
	    struct probe *probe)
{
	size_t i = READING_TEXT;

	if (node != NULL && probe->tcp.node != NULL)
		ynode_error(r->d, node, "a tcp probe is always text");
	else if (node != NULL)
		(void)yread_choice(r->d, node, "format", &reading_words, &i);
	probe->format = (enum reading_format)i;
}

static void
select_read(struct proc_reader *r, const struct ynode *const f[],
	    struct probe *probe)
{
	const struct ynode *map = f[F_ROW] != NULL ? f[F_ROW] : f[F_ROWS];

	if (map == NULL)
		return;
	if (f[F_ROW] != NULL && f[F_ROWS] != NULL)
		diag_error(r->d, f[F_ROWS]->at, 1,
			   "either \"row\" (exactly one) or \"rows\" (how "
			   "many), not both");
	if (probe->format != READING_TAB && probe->format != READING_JSON)
		diag_error(r->d, map->at, 1,
			   "only the formats tab and json have rows");
	probe->many = f[F_ROW] == NULL;
	match_read(r, map, probe);
}

static void
probe_read(struct proc_reader *r, const struct ynode *key,
	   const struct ynode *node)
{
	static const char *const ours[] = { "service", "out",  "peers",
					    "steps",   "vars", "backend" };
	struct procedure *proc = r->proc;
	const struct ynode *f[F_N];
	struct probe *probe;

	proc->probe =
		x_realloc(proc->probe, proc->probes + 1, sizeof(*proc->probe));
	probe = &proc->probe[proc->probes++];
	*probe = (struct probe){ .node = key, .name = key->text };
	if (yread_name(r->d, key, "probe", &probe->name) == 0 &&
	    (*key->text < 'a' || *key->text > 'z'))
		ynode_error(r->d, key, "a probe's name begins with a letter");
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(key->text, ours[i]) == 0)
			ynode_error(r->d, key,
				    "\"%s\" has a meaning of its "
				    "own, choose another name",
				    ours[i]);
	(void)yfields_read(r->d, node, "a probe", probe_fields, F_N, f);
	if (node->kind != YNODE_MAP)
		return;
	if ((f[F_RUN] == NULL) == (f[F_TCP] == NULL))
		ynode_error(r->d, key,
			    "probe \"%s\" needs \"run\" or \"tcp\", "
			    "one of them",
			    key->text);
	target_read(r, f[F_TARGET], &probe->target);
	argv_read(r, f[F_RUN], &probe->run);
	text_read(r, f[F_TCP], &probe->tcp);
	format_read(r, f[F_FORMAT], probe);
	select_read(r, f, probe);
	span_read(r, f[F_TIMEOUT], "timeout", SECOND_MS, 30 * SECOND_MS,
		  &probe->timeout);
}

void
probes_read(struct proc_reader *r, const struct ynode *node)
{
	for (size_t i = 0; node != NULL && i < node->n; i++)
		probe_read(r, node->key[i], node->item[i]);
}

enum { P_CODE, P_EXPECT, P_SAME, P_HINT, P_N };
static const struct yfield preflight_fields[] = {
	[P_CODE] = { "code", YTEXT, true,
		     "what a finding is called: A-Z, 0-9 and _, at most 40" },
	[P_EXPECT] = { "expect", YTEXT, false,
		       "expression that must hold; either expect or same" },
	[P_SAME] = { "same", YTEXTS, false,
		     "field, or list of at most 16, that every backend shows "
		     "alike, or every member where a probe asks each GROUP" },
	[P_HINT] = { "hint", YTEXT, false,
		     "what to do about it, for people" },
};
const struct yfields preflight_keys = YFIELDS(preflight_fields);

static void
code_check(struct proc_reader *r, const struct preflight *p,
	   const struct ynode *node)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	struct procedure *proc = r->proc;

	if (*node->text < 'A' || *node->text > 'Z' ||
	    strspn(node->text, letters) != strlen(node->text) ||
	    strlen(node->text) > 40) {
		ynode_error(r->d, node,
			    "a code has A-Z, 0-9 and _, at most 40");
		return;
	}
	for (size_t i = 0; i + 1 < proc->preflights; i++)
		if (strcmp(proc->preflight[i].code, p->code) == 0)
			ynode_error(r->d, node, "code %s stands here twice",
				    p->code);
}

#define SAME_MAX 16 /* of a row; the engine asks them as one question */

/* One field or a list of them. */
static void
same_read(struct proc_reader *r, const struct ynode *node, struct preflight *p)
{
	bool list = node->kind == YNODE_LIST;

	p->nsame = list ? node->n : 1;
	p->same = x_calloc(p->nsame + 1, sizeof(*p->same));
	if (p->nsame > SAME_MAX)
		ynode_error(r->d, node, "at most %d fields in one row",
			    SAME_MAX);
	for (size_t i = 0; i < p->nsame; i++)
		field_read(r, list ? node->item[i] : node, &p->same[i]);
	if (p->nsame == 0)
		ynode_error(r->d, node, "a field is wanted here, such as "
				        "service.vhosts");
}

void
preflight_clear(struct preflight *p)
{
	cond_clear(&p->expect);
	for (size_t i = 0; i < p->nsame; i++)
		free(p->same[i].text);
	x_free(&p->same);
}

/* Also when what stands there is wrong. */
static bool
has_key(const struct ynode *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->key[i]->text, key) == 0)
			return true;
	return false;
}

static void
preflight_read(struct proc_reader *r, const struct ynode *node)
{
	struct procedure *proc = r->proc;
	const struct ynode *f[P_N];
	struct preflight *p;

	proc->preflight = x_realloc(proc->preflight, proc->preflights + 1,
				    sizeof(*proc->preflight));
	p = &proc->preflight[proc->preflights++];
	*p = (struct preflight){ .node = node, .code = "" };
	(void)yfields_read(r->d, node, "a preflight", preflight_fields, P_N, f);
	if (f[P_CODE] != NULL) {
		p->code = f[P_CODE]->text;
		code_check(r, p, f[P_CODE]);
	}
	if (node->kind == YNODE_MAP &&
	    has_key(node, "expect") == has_key(node, "same"))
		ynode_error(r->d, node,
			    "a preflight needs \"expect\" or \"same\", one of "
			    "them");
	cond_read(r, f[P_EXPECT], &p->expect);
	if (f[P_SAME] != NULL)
		same_read(r, f[P_SAME], p);
	if (f[P_HINT] != NULL)
		p->hint = f[P_HINT]->text;
}

void
preflights_read(struct proc_reader *r, const struct ynode *node)
{
	for (size_t i = 0; node != NULL && i < node->n; i++)
		preflight_read(r, node->item[i]);
}
