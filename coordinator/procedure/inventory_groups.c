/* inventory_groups.c - who may be told, and what "in service" means. */
#include <string.h>

#include "alloc.h"
#include "expr.h"
#include "inventory_private.h"
#include "language.h"
#include "reading.h"
#include "words.h"

#define GAP_MAX_MS ((int64_t)10 * 60 * 1000)

static void
run_word(struct inv *v, const struct ynode *at, const char *word)
{
	if (strstr(word, "${") != NULL) {
		ynode_error(v->d, at,
			    "this command is the same for all "
			    "backends: no ${} here");
		diag_hint(v->d, "\"key\" finds each backend's row");
	}
	json_out_str(v->o, NULL, word);
}

static void
run_split(struct inv *v, const struct ynode *run)
{
	struct words w;
	struct err err;
	size_t col = 1;

	if (words_split(run->text, &w, &col, &err) < 0) {
		diag_error(v->d, ynode_mark(v->doc, run, col - 1), 1, "%s",
			   err.text);
		return;
	}
	for (size_t i = 0; i < w.n; i++)
		run_word(v, run, w.word[i]);
	words_free(&w);
}

/* A command without ${}; writes "run". */
static void
inv_run_out(struct inv *v, const struct ynode *run)
{
	json_out_array(v->o, "run");
	if (run != NULL && run->kind == YNODE_SCALAR) {
		run_split(v, run);
	} else if (run != NULL && (run->kind == YNODE_MAP || run->n == 0)) {
		ynode_error(v->d, run,
			    "a command is a text or a list of its words");
	} else if (run != NULL) {
		for (size_t i = 0; i < run->n; i++) {
			if (run->item[i]->kind == YNODE_SCALAR)
				run_word(v, run->item[i], run->item[i]->text);
			else
				ynode_error(v->d, run->item[i],
					    "a word of the command is wanted");
		}
	}
	json_out_end(v->o);
}

static void
inv_format_out(struct inv *v, const struct ynode *format)
{
	size_t i = READING_TEXT;

	if (format != NULL)
		(void)yread_choice(v->d, format, "format", &reading_words, &i);
	json_out_str(v->o, "format", reading_words.row[i].name);
}

static void
inv_row_out(struct inv *v, const struct ynode *row)
{
	char norm[READING_NAME_MAX + 1];

	if (row == NULL) {
		json_out_null(v->o, "row");
		return;
	}
	json_out_object(v->o, "row");
	for (size_t i = 0; i < row->n; i++) {
		if (row->item[i]->kind != YNODE_SCALAR ||
		    reading_name(row->key[i]->text, norm) < 0)
			ynode_error(v->d, row->key[i],
				    "COLUMN: VALUE is wanted");
		else
			json_out_str(v->o, row->key[i]->text,
				     row->item[i]->text);
	}
	json_out_end(v->o);
}

static void
name_refuse(void *ctx, const char *name, size_t off)
{
	bool *any = ctx;

	(void)name;
	(void)off;
	*any = true;
}

/* An expression over columns; writes `key`. */
static void
inv_expr_out(struct inv *v, const char *key, const struct ynode *in)
{
	struct expr *expr;
	struct err err;
	struct buf text;
	size_t off;
	bool names = false;

	if (in == NULL)
		return;
	if (expr_parse(in->text, EXPR_COLUMNS, &expr, &off, &err) < 0) {
		diag_error(v->d, ynode_mark(v->doc, in, off), 1, "%s",
			   err.text);
		return;
	}
	expr_names(expr, name_refuse, &names);
	if (names)
		ynode_error(v->d, in,
			    "it is the same for all backends: no "
			    "${} here");
	buf_init(&text, EXPR_BYTES_MAX);
	expr_print(expr, &text);
	if (buf_over(&text))
		ynode_error(v->d, in, EXPR_TOO_LONG, EXPR_BYTES_MAX);
	json_out_str(v->o, key, buf_str(&text));
	buf_free(&text);
	expr_free(&expr);
}

/* The column that tells whose row it is; writes "key". */
static void
inv_key_out(struct inv *v, const struct ynode *key)
{
	char norm[READING_NAME_MAX + 1];

	if (key != NULL && reading_name(key->text, norm) < 0)
		ynode_error(v->d, key, "a column's name is wanted");
	json_out_str(v->o, "key", key == NULL ? NULL : key->text);
}

enum { S_FROM, S_RUN, S_FORMAT, S_KEY, S_IN, S_STRANGERS, S_N };
static const struct yfield stranger_rows[] = {
	YWORD("refuse", NULL),
	YWORD("ignore", NULL),
};
static const struct yfields stranger_words = YFIELDS(stranger_rows);
static const struct yfield service_fields[] = {
	[S_FROM] = { "from", YTEXT, false,
		     "who is asked: backend, the backend itself, or each "
		     "GROUP; default backend" },
	[S_RUN] = { "run", YTEXTS, true,
		    "command, as a text that is split into words or a list of "
		    "words, without a shell and without ${…}" },
	[S_FORMAT] = { "format", YCHOICE(&reading_words), false,
		       "how to read what is printed, see FORMATS; default "
		       "text" },
	[S_KEY] = { "key", YTEXT, false,
		    "column in which each row has its backend's address; "
		    "needed with each GROUP" },
	[S_IN] = { "in", YTEXT, true,
		   "expression over columns; true on every one who is asked: "
		   "in service. Anything else, no answer too, is not" },
	[S_STRANGERS] = { "strangers", YCHOICE(&stranger_words), false,
			  "refuse, or ignore rows of no backend of this fleet; "
			  "default refuse" },
};
const struct yfields service_keys = YFIELDS(service_fields);

static void
from_check(struct inv *v, const struct ynode *from)
{
	const char *names[256];
	size_t n = 0;

	if (strcmp(from->text, "backend") == 0)
		return;
	for (size_t i = 0; v->groups != NULL && i < v->groups->n; i++) {
		const char *group = v->groups->key[i]->text;

		if (strncmp(from->text, "each ", 5) == 0 &&
		    strcmp(from->text + 5, group) == 0)
			return;
		if (n < 256)
			names[n++] = group;
	}
	ynode_error(v->d, from,
		    "\"from\" is backend or each GROUP, and the "
		    "group must be listed");
	if (strncmp(from->text, "each ", 5) == 0)
		ynode_suggest(v->d, from->text + 5, names, n);
	else
		diag_hint(v->d, "such as: each director");
}

void
inv_service(struct inv *v, const struct ynode *node)
{
	const struct ynode *f[S_N] = { NULL };
	size_t i = 0;

	if (node == NULL)
		return;
	(void)yfields_read(v->d, node, "service", service_fields, S_N, f);
	json_out_object(v->o, "service");
	if (f[S_FROM] != NULL)
		from_check(v, f[S_FROM]);
	json_out_str(v->o, "from",
		     f[S_FROM] == NULL ? "backend" : f[S_FROM]->text);
	inv_run_out(v, f[S_RUN]);
	inv_format_out(v, f[S_FORMAT]);
	inv_key_out(v, f[S_KEY]);
	inv_expr_out(v, "in", f[S_IN]);
	if (f[S_STRANGERS] != NULL)
		(void)yread_choice(v->d, f[S_STRANGERS], "strangers",
				   &stranger_words, &i);
	json_out_str(v->o, "strangers", stranger_rows[i].name);
	json_out_end(v->o);
	if (f[S_FROM] != NULL && strcmp(f[S_FROM]->text, "backend") != 0 &&
	    f[S_KEY] == NULL)
		diag_error(v->d, node->at, 1,
			   "service needs \"key\": one "
			   "answer from %s tells of many backends",
			   f[S_FROM]->text);
}

enum { L_KEY, L_UP, L_N };
static const struct yfield lists_fields[] = {
	[L_KEY] = { "key", YTEXT, true,
		    "column in which each row has a member's address" },
	[L_UP] = { "up", YTEXT, true,
		   "expression over columns; true: that member is there" },
};
const struct yfields lists_keys = YFIELDS(lists_fields);

/* How a member's reading tells of the others. */
static void
lists_out(struct inv *v, const struct ynode *node, const struct ynode *format)
{
	const struct ynode *f[L_N];

	if (node == NULL) {
		json_out_null(v->o, "lists");
		return;
	}
	(void)yfields_read(v->d, node, "lists", lists_fields, L_N, f);
	if (format == NULL || (strcmp(format->text, "json") != 0 &&
			       strcmp(format->text, "tab") != 0)) {
		diag_error(v->d, node->at, 1,
			   "\"lists\" needs a row for each member: format "
			   "json or tab");
	}
	json_out_object(v->o, "lists");
	inv_key_out(v, f[L_KEY]);
	inv_expr_out(v, "up", f[L_UP]);
	json_out_end(v->o);
}

enum { R_RUN, R_FORMAT, R_ROW, R_IN, R_LISTS, R_N };
static const struct yfield ready_fields[] = {
	[R_RUN] = { "run", YTEXTS, true, "command, as that of service" },
	[R_FORMAT] = { "format", YCHOICE(&reading_words), false,
		       "how to read what is printed, see FORMATS; default "
		       "text" },
	[R_ROW] = { "row", YMANY(YTEXT), false,
		    "{COLUMN: VALUE, …} of the one row that is meant; tab and "
		    "json only" },
	[R_IN] = { "in", YTEXT, true,
		   "expression over columns; true: the member is ready" },
	[R_LISTS] = { "lists", YMAP(&lists_keys), false,
		      "how its rows tell of the other members, see LISTS; tab "
		      "and json only" },
};
const struct yfields ready_keys = YFIELDS(ready_fields);

static void
ready_out(struct inv *v, const struct ynode *node)
{
	const struct ynode *f[R_N];

	if (node == NULL) {
		json_out_null(v->o, "ready");
		return;
	}
	(void)yfields_read(v->d, node, "ready", ready_fields, R_N, f);
	json_out_object(v->o, "ready");
	inv_run_out(v, f[R_RUN]);
	inv_format_out(v, f[R_FORMAT]);
	inv_row_out(v, f[R_ROW]);
	inv_expr_out(v, "in", f[R_IN]);
	lists_out(v, f[R_LISTS], f[R_FORMAT]);
	json_out_end(v->o);
}

enum { M_NAME, M_ADDRESS, M_N };
static const struct yfield member_fields[] = {
	[M_NAME] = { "name", YTEXT, true, "as that of a backend" },
	[M_ADDRESS] = { "address", YTEXT, true, "as that of a backend" },
};
const struct yfields member_keys = YFIELDS(member_fields);

static void
members_out(struct inv *v, const struct ynode *list)
{
	size_t first = v->hosts;
	const struct ynode *f[M_N];

	json_out_array(v->o, "members");
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		struct inv_host host = { NULL };

		(void)yfields_read(v->d, list->item[i], "a member",
				   member_fields, M_N, f);
		if (inv_host_read(v, f[M_NAME], f[M_ADDRESS], first, &host) < 0)
			continue;
		json_out_object(v->o, NULL);
		json_out_str(v->o, "name", host.name);
		json_out_str(v->o, "address", host.address);
		json_out_end(v->o);
	}
	json_out_end(v->o);
	if (list != NULL && list->n == 0)
		ynode_error(v->d, list, "a group has members");
}

enum { G_MEMBERS, G_READY, G_GAP, G_CONFIRM, G_N };
static const struct yfield group_fields[] = {
	[G_MEMBERS] = { "members", YLIST(YMAP(&member_keys)), true,
			"list of its hosts, one at least" },
	[G_READY] = { "ready", YMAP(&ready_keys), false,
		      "what every member must show before each change; left "
		      "out: nothing is asked" },
	[G_GAP] = { "min_gap", YDURATION, false,
		    "the time between two changes of one backend through this "
		    "group, up to 10m; default 1100ms" },
	[G_CONFIRM] = { "confirm", YDURATION, false,
			"the time between the two looks that prove a change, "
			"up to 10m; default 2s" },
};
const struct yfields group_keys = YFIELDS(group_fields);

static void
group_out(struct inv *v, const struct ynode *key, const struct ynode *node)
{
	const struct ynode *f[G_N] = { NULL };
	int64_t gap = MIN_GAP_MS, confirm = CONFIRM_MS;

	if (!yname_valid(key->text) || strcmp(key->text, "backend") == 0 ||
	    strcmp(key->text, "each") == 0)
		ynode_error(v->d, key, "\"%s\" is no name for a group",
			    key->text);
	if (node->kind == YNODE_LIST)
		f[G_MEMBERS] = node;
	else
		(void)yfields_read(v->d, node, "a group", group_fields, G_N, f);
	if (f[G_GAP] != NULL)
		(void)yread_duration(v->d, f[G_GAP], "min_gap", 0, GAP_MAX_MS,
				     &gap);
	if (f[G_CONFIRM] != NULL)
		(void)yread_duration(v->d, f[G_CONFIRM], "confirm", 0,
				     GAP_MAX_MS, &confirm);
	json_out_object(v->o, key->text);
	members_out(v, f[G_MEMBERS]);
	ready_out(v, f[G_READY]);
	json_out_int(v->o, "min_gap_ms", gap);
	json_out_int(v->o, "confirm_ms", confirm);
	json_out_end(v->o);
}

void
inv_groups(struct inv *v, const struct ynode *node)
{
	json_out_object(v->o, "groups");
	for (size_t i = 0; node != NULL && i < node->n; i++)
		group_out(v, node->key[i], node->item[i]);
	json_out_end(v->o);
}
