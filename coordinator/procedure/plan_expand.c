/* plan_expand.c - a procedure, an inventory and values: one backend's plan. */
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "plan_private.h"

#define DEADLINE_MS (5 * MINUTE_MS)

static void
tcp_check(struct env *e, const struct text *tcp, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct err err;
	int64_t port;

	if (colon == NULL || colon == text)
		ynode_error(e->d, tcp->node, "tcp: ADDRESS:PORT is wanted");
	else if (num_parse_int(colon + 1, 1, 65535, &port, &err) < 0)
		ynode_error(e->d, tcp->node, "tcp: the port: %s", err.text);
}

static void
probe_out(struct env *e, struct json_out *o, const struct probe *p)
{
	json_out_object(o, p->name);
	out_target(e, o, &p->target);
	out_argv(e, o, "run", &p->run);
	if (p->tcp.tpl != NULL) {
		char *text = env_text(e, &p->tcp);

		tcp_check(e, &p->tcp, text);
		json_out_str(o, "tcp", text);
		free(text);
	}
	json_out_str(o, "format", reading_format_name(p->format));
	if (p->selects) {
		json_out_object(o, p->many ? "rows" : "row");
		for (size_t i = 0; i < p->n; i++) {
			char *text = env_text(e, &p->match[i].value);

			json_out_str(o, p->match[i].column, text);
			free(text);
		}
		json_out_end(o);
	}
	out_span(e, o, "timeout_ms", &p->timeout);
	json_out_end(o);
}

static void
same_out(struct json_out *o, const struct preflight *p)
{
	if (p->nsame == 0)
		return;
	json_out_array(o, "same");
	for (size_t i = 0; i < p->nsame; i++)
		json_out_str(o, NULL, p->same[i].text);
	json_out_end(o);
}

static void
preflight_out(struct env *e, struct json_out *o)
{
	json_out_array(o, "preflight");
	for (size_t i = 0; i < e->proc->preflights; i++) {
		const struct preflight *p = &e->proc->preflight[i];

		json_out_object(o, NULL);
		json_out_str(o, "code", p->code);
		out_cond(e, o, "expect", &p->expect);
		same_out(o, p);
		if (p->hint != NULL)
			json_out_str(o, "hint", p->hint);
		json_out_end(o);
	}
	json_out_end(o);
}

static void
phases_out(struct env *e, struct json_out *o)
{
	json_out_array(o, "phases");
	for (size_t i = 0; i < e->proc->phases; i++) {
		const struct phase *p = &e->proc->phase[i];

		json_out_object(o, NULL);
		json_out_str(o, "name", p->name);
		json_out_bool(o, "takes_out", p->takes_out);
		json_out_bool(o, "no_pause", p->no_pause);
		json_out_bool(o, "proves", p->proves);
		json_out_str(o, "rest", rest_words.row[p->rest].name);
		if (p->no_pause)
			json_out_int(o, "deadline_ms",
				     env_span(e, &p->deadline, DEADLINE_MS));
		json_out_end(o);
	}
	json_out_end(o);
}

static void
all_out(struct env *e, struct json_out *o)
{
	json_out_object(o, NULL);
	json_out_str(o, "procedure", e->proc->name);
	json_out_str(o, "sha256", e->proc->sha256);
	json_out_object(o, "probes");
	for (size_t i = 0; i < e->proc->probes; i++)
		if (e->proc->probe[i].used)
			probe_out(e, o, &e->proc->probe[i]);
	json_out_end(o);
	preflight_out(e, o);
	phases_out(e, o);
	plan_steps(e, o);
	json_out_end(o);
}

int
plan_expand(const struct procedure *proc, const struct plan_input *in,
	    struct diags *d, struct buf *out)
{
	struct json_out o;
	struct env e;
	int ret = env_init(&e, proc, in, d);

	if (ret == 0) {
		json_out_init(&o, out);
		all_out(&e, &o);
		if (buf_over(out))
			diag_error(d, (struct mark){ 0 }, 0,
				   "the plan is too long");
		ret = d->errors > e.errors ? -1 : 0;
	}
	env_clear(&e);
	return ret;
}

/* One backend in the list to be ordered. */
struct place {
	const char *name, *address;
	const struct json_object *labels;
	size_t listed;
};

static const char *
place_key(const struct place *p, const char *key)
{
	const char *text = "";

	if (strcmp(key, "name") == 0)
		return p->name;
	if (strcmp(key, "address") == 0)
		return p->address;
	if (strncmp(key, "labels.", 7) == 0 && p->labels != NULL)
		(void)json_opt_str(p->labels, key + 7, 4096, &text, NULL);
	return text;
}

/* mail2 comes before mail10. */
static bool
place_after(const struct ynode *order, const struct place *a,
	    const struct place *b)
{
	for (size_t i = 0; order != NULL && i < order->n; i++) {
		const char *key = order->item[i]->text;
		int c;

		if (strcmp(key, "listed") == 0)
			break;
		c = strverscmp(place_key(a, key), place_key(b, key));
		if (c != 0)
			return c > 0;
	}
	return a->listed > b->listed;
}

static void
places_sort(const struct ynode *order, struct place *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct place p = list[i];
		size_t k = i;

		for (; k > 0 && place_after(order, &list[k - 1], &p); k--)
			list[k] = list[k - 1];
		list[k] = p;
	}
}

static int
places_read(const struct json_object *backends, struct place *list,
	    struct err *err)
{
	const struct json_object *item;

	for (size_t i = 0; i < json_count(backends); i++) {
		list[i].listed = i;
		if (json_item_object(backends, i, &item, err) < 0 ||
		    json_get_str(item, "name", 255, &list[i].name, err) < 0 ||
		    json_get_str(item, "address", 255, &list[i].address, err) <
			    0 ||
		    json_opt_object(item, "labels", &list[i].labels, err) < 0)
			return -1;
	}
	return 0;
}

static int
order_out(const struct procedure *proc, const struct json_object *doc,
	  struct json_out *o, struct err *err)
{
	const struct json_object *backends;
	struct place *list;
	size_t n;
	int ret;

	if (json_get_array(doc, "backends", 10000, &backends, err) < 0)
		return -1;
	n = json_count(backends);
	list = x_calloc(n + 1, sizeof(*list));
	ret = places_read(backends, list, err);
	if (ret == 0) {
		places_sort(proc->order, list, n);
		json_out_array(o, "order");
		for (size_t i = 0; i < n; i++)
			json_out_str(o, NULL, list[i].name);
		json_out_end(o);
	}
	free(list);
	return ret;
}

/* As written, or what the variable it names was given or has by default. */
static const char *
settle_text(const struct procedure *proc, const struct json_object *vars)
{
	const struct text *t = &proc->settle.text;
	const struct var *var = text_var(proc, t);
	const char *text = NULL;

	if (t->tpl == NULL)
		return "0s";
	if (var == NULL)
		return t->node->text;
	if (vars != NULL)
		(void)json_opt_str(vars, var->name, 64, &text, NULL);
	if (text == NULL && var->def != NULL)
		text = var->def->text;
	return text == NULL ? "" : text;
}

static int
strategy_out(const struct procedure *proc, const struct json_object *inventory,
	     const struct json_object *vars, struct json_out *o,
	     struct err *err)
{
	int64_t settle;

	if (num_parse_duration(settle_text(proc, vars), 0, DAY_MS, &settle,
			       err) < 0)
		return err_prefix(err, "settle: ");
	json_out_object(o, NULL);
	if (order_out(proc, inventory, o, err) < 0)
		return err_prefix(err, "the inventory: ");
	json_out_int(o, "canary", proc->canary);
	json_out_int(o, "settle_ms", settle);
	json_out_end(o);
	return 0;
}

int
plan_strategy(const struct procedure *proc,
	      const struct json_object *inventory,
	      const struct json_object *vars, struct diags *d, struct buf *out)
{
	struct json_out o;
	struct err err;

	json_out_init(&o, out);
	if (strategy_out(proc, inventory, vars, &o, &err) == 0)
		return 0;
	diag_error(d, (struct mark){ 0 }, 0, "%s", err.text);
	return -1;
}
