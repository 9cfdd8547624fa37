/* values.c - what a turn remembers, and the results that agents told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fleet.h"
#include "jdoc.h"
#include "machine.h"
#include "template.h"

/* What a purge takes for good: the attempt that put it aside. */
static const char *
attempt_ended(const struct view_step *step)
{
	for (int i = step->nattempts - 1; i >= 0; i--)
		if (step->attempts[i].state == ATTEMPT_ENDED)
			return step->attempts[i].id;
	return NULL;
}

const char *
value_get(const struct fleet *f, const char *step, const char *name)
{
	for (int i = 0; i < f->nvalues; i++)
		if (!f->values[i].proposed &&
		    strcmp(f->values[i].step, step) == 0 &&
		    strcmp(f->values[i].name, name) == 0)
			return f->values[i].value;
	for (int i = 0; i < f->view.nsteps; i++) {
		if (strcmp(f->view.steps[i].name, step) != 0)
			continue;
		if (strcmp(name, "state") == 0)
			return step_machine.states[f->view.steps[i].state];
		if (strcmp(name, "attempt") == 0)
			return attempt_ended(&f->view.steps[i]);
	}
	return NULL;
}

void
value_set(struct fleet *f, const char *step, const char *name,
	  const char *value, bool proposed)
{
	struct remembered *r = NULL;

	for (int i = 0; i < f->nvalues; i++)
		if (strcmp(f->values[i].step, step) == 0 &&
		    strcmp(f->values[i].name, name) == 0)
			r = &f->values[i];
	if (r == NULL) {
		f->values = x_realloc(f->values, (size_t)f->nvalues + 1,
				      sizeof(*f->values));
		r = memset(&f->values[f->nvalues++], 0, sizeof(*r));
		snprintf(r->step, sizeof(r->step), "%s", step);
		snprintf(r->name, sizeof(r->name), "%s", name);
	} else if (proposed && !r->proposed) {
		return;		/* never overwritten by a retry */
	}
	x_strset(&r->value, value);
	r->proposed = proposed;
}

void
values_clear(struct fleet *f)
{
	for (int i = 0; i < f->nvalues; i++)
		free(f->values[i].value);
	x_free(&f->values);
	f->nvalues = 0;
}

struct load_value {
	struct fleet *fleet;
	const char *step;
};

static bool
load_name(void *self, const char *name, const struct json_object *value)
{
	struct load_value *l = self;

	if (json_kind(value) == JSON_STRING)
		value_set(l->fleet, l->step, name, json_as_str(value), false);
	return true;
}

static bool
load_of_step(void *self, const char *step, const struct json_object *names)
{
	struct load_value l = { self, step };

	if (json_kind(names) == JSON_OBJECT)
		json_each(names, load_name, &l);
	return true;
}

/* What a look proposed stays until the step that wants it begins. */
static void
values_forget(struct fleet *f)
{
	int kept = 0;

	for (int i = 0; i < f->nvalues; i++)
		if (f->values[i].proposed)
			f->values[kept++] = f->values[i];
		else
			free(f->values[i].value);
	f->nvalues = kept;
}

void
values_load(struct fleet *f)
{
	const struct json_object *doc =
		jdoc_in(fleet_turn_doc(f), "remembered");

	values_forget(f);
	if (doc != NULL)
		json_each(doc, load_of_step, f);
}

char *
values_note(const struct fleet *f)
{
	char key[VIEW_NAME * 2 + 2];
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	for (int i = 0; i < f->nvalues; i++) {
		if (f->values[i].proposed)
			continue;
		snprintf(key, sizeof(key), "%s.%s", f->values[i].step,
			 f->values[i].name);
		json_out_str(&out, key, f->values[i].value);
	}
	json_out_end(&out);
	return buf_take(&buf);
}

/* rollout.id, steps.S.x; a step's name may have dots, x has none. */
static enum template_answer
fill_name(void *ctx, const char *name, struct buf *value, struct err *err)
{
	char step[VIEW_NAME];
	const char *dot, *found;
	const struct fleet *f = ctx;

	if (strcmp(name, "rollout.id") == 0) {
		buf_addf(value, "%lld", (long long)f->view.rollout);
		return TEMPLATE_VALUE;
	}
	if (strncmp(name, "steps.", 6) != 0 ||
	    (dot = strrchr(name + 6, '.')) == NULL ||
	    (size_t)(dot - name - 6) >= sizeof(step)) {
		err_set(err, ERR_USAGE, "there is no ${%s} here", name);
		return TEMPLATE_UNKNOWN;
	}
	snprintf(step, sizeof(step), "%.*s", (int)(dot - name - 6), name + 6);
	found = value_get(f, step, dot + 1);
	if (found == NULL) {
		err_set(err, ERR_FAILED, "${%s} was not remembered", name);
		return TEMPLATE_UNKNOWN;
	}
	buf_adds(value, found);
	return TEMPLATE_VALUE;
}

int
value_fill(struct fleet *f, const char *text, char **text_r, struct err *err)
{
	return template_fill_text(text, fill_name, f, text_r, err);
}

/* Its results are asked for while it runs, and may be until it is settled. */
static bool
step_is_over(enum step_state state)
{
	return state == STEP_PASSED || state == STEP_SKIPPED ||
		state == STEP_UNDONE;
}

const struct json_object *
result_get(const struct fleet *f, const char *attempt, const char **text_r)
{
	for (int i = 0; i < f->nresults; i++)
		if (strcmp(f->results[i].attempt, attempt) == 0) {
			if (text_r != NULL)
				*text_r = f->results[i].text;
			return f->results[i].doc;
		}
	return NULL;
}

void
result_set(struct fleet *f, const char *attempt, const char *text)
{
	struct json_object *doc;
	struct result *r;

	if (text == NULL || result_get(f, attempt, NULL) != NULL ||
	    json_parse_object(text, strlen(text), &json_limits_doc, &doc,
			      NULL) < 0)
		return;
	f->results = x_realloc(f->results, (size_t)f->nresults + 1,
			       sizeof(*f->results));
	r = &f->results[f->nresults++];
	snprintf(r->attempt, sizeof(r->attempt), "%s", attempt);
	r->text = x_strdup(text);
	r->doc = doc;
}

static void
result_free(struct result *r)
{
	free(r->text);
	json_free(&r->doc);
}

static void
result_drop(struct fleet *f, const char *attempt)
{
	for (int i = 0; i < f->nresults; i++)
		if (strcmp(f->results[i].attempt, attempt) == 0) {
			result_free(&f->results[i]);
			f->results[i] = f->results[--f->nresults];
			return;
		}
}

void
attempt_let_go(struct fleet *f, const char *id)
{
	int step = -1;
	const struct view_attempt *attempt =
		view_attempt_find(&f->view, id, &step);

	if (attempt == NULL || attempt->state != ATTEMPT_SENT)
		looks_agent_drop(&f->looks, id);
	if (attempt == NULL || step_is_over(f->view.steps[step].state))
		result_drop(f, id);
}

void
step_let_go(struct fleet *f, int step)
{
	const struct view_step *s = &f->view.steps[step];

	for (int i = 0; i < s->nattempts; i++)
		attempt_let_go(f, s->attempts[i].id);
}

void
results_clear(struct fleet *f)
{
	for (int i = 0; i < f->nresults; i++)
		result_free(&f->results[i]);
	x_free(&f->results);
	f->nresults = 0;
}
