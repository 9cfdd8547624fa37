/* refused.c - what the database refuses is told; see refusal.h. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "fleet.h"
#include "jdoc.h"
#include "log.h"
#include "pg.h"

static const struct view_hold *
refused_told(const struct fleet *f)
{
	for (int i = 0; i < f->view.nholds; i++)
		if (f->view.holds[i].kind == HOLD_DATABASE &&
		    f->view.holds[i].gate == GATE_WRITE)
			return &f->view.holds[i];
	return NULL;
}

static void
refused_evidence(struct json_out *out, const struct fleet *f,
		 const struct pg_error *error)
{
	json_out_object(out, "evidence");
	json_out_str(out, "sqlstate", error->sqlstate);
	json_out_str(out, "said", error->err.text);
	json_out_int(out, "times", f->refusal.times);
	json_out_int(out, "what", (int64_t)f->refusal.what);
	json_out_end(out);
}

/* A batch of its own: what refused the other one need not refuse this. */
static void
refused_hold(struct fleet *f, const struct pg_error *error)
{
	char why[VIEW_WHY];
	struct json_out out;
	struct buf buf;

	snprintf(why, sizeof(why), "the database refuses: %s",
		 error->message);
	log_redact(why);
	buf_init(&buf, 1 << 16);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "hold");
	json_out_str(&out, "kind", hold_kind_word(HOLD_DATABASE));
	json_out_str(&out, "gate", gate_word(GATE_WRITE));
	json_out_bool(&out, "critical", true);
	json_out_str(&out, "why", why);
	json_out_int(&out, "next_look_ms",
		     fleet_now_ms(f) + refused_wait_ms(f));
	refused_evidence(&out, f, error);
	json_out_end(&out);
	act_op(f, buf_str(&buf));
	buf_free(&buf);
	f->ops_what |= WRITES_REFUSAL;
	f->ops_reload = true;
	write_flush(f);
}

void
refused_tell(struct fleet *f, uint64_t what, const struct pg_error *error)
{
	if (refusal_note(&f->refusal, what, f->view.revision,
			 clock_boot_ms()) || refused_told(f) != NULL)
		refused_hold(f, error);
}

static void
refused_over(struct fleet *f)
{
	refusal_begin(&f->refusal, 0, f->view.revision, clock_boot_ms());
	if (!strange_unhold(f, GATE_WRITE))
		return;
	log_notice("%s: the database takes what is written again", f->name);
	write_flush(f);
}

void
refused_taken(struct fleet *f, uint64_t what, int64_t revision)
{
	if (what != WRITES_REFUSAL &&
	    refusal_taken(&f->refusal, what, revision))
		refused_over(f);
}

void
refused_rest(struct fleet *f)
{
	if (refusal_rests(&f->refusal, clock_boot_ms()))
		refused_over(f);
}

void
refused_load(struct fleet *f)
{
	const struct view_hold *hold = refused_told(f);

	if (hold != NULL && f->refusal.times == 0 && f->refusal.what == 0)
		refusal_begin(&f->refusal, hold->what, f->view.revision,
			      clock_boot_ms());
}

int64_t
refused_wait_ms(const struct fleet *f)
{
	return refusal_wait_ms(&f->refusal, f->view.revision, clock_boot_ms());
}
