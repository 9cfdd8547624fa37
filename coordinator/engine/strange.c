/* strange.c - rows that make no sense: the fleet stands still, and says so. */
#include <stdio.h>
#include <string.h>

#include "fleet.h"
#include "hold.h"
#include "jdoc.h"
#include "log.h"

/* Written at once: nothing else will be until it can be read. */
static void
strange_op(struct fleet *f, struct json_out *out, struct buf *buf)
{
	json_out_end(out);
	act_op(f, buf_str(buf));
	buf_free(buf);
}

void
strange_tell(struct fleet *f, const char *why)
{
	struct json_out out;
	struct buf buf;

	if (strcmp(f->strange, why) == 0)
		return;
	snprintf(f->strange, sizeof(f->strange), "%s", why);
	log_error("%s: it stands still: %s", f->name, why);
	buf_init(&buf, 1 << 16);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "hold");
	json_out_str(&out, "kind", hold_kind_word(HOLD_DATABASE));
	json_out_bool(&out, "critical", true);
	json_out_str(&out, "why", why);
	strange_op(f, &out, &buf);
	write_flush(f);
}

bool
strange_unhold(struct fleet *f, enum gate gate)
{
	bool was = false;

	for (int i = 0; i < f->view.nholds; i++) {
		struct view_hold *hold = &f->view.holds[i];
		struct json_out out;
		struct buf buf;

		if (hold->kind != HOLD_DATABASE || hold->gate != gate ||
		    hold->ended)
			continue;
		buf_init(&buf, 1 << 10);
		json_out_init(&out, &buf);
		json_out_object(&out, NULL);
		json_out_str(&out, "op", "unhold");
		json_out_int(&out, "hold", hold->id);
		strange_op(f, &out, &buf);
		hold->ended = was = true;
	}
	return was;
}

void
strange_over(struct fleet *f)
{
	bool was = f->strange[0] != '\0';

	f->strange[0] = '\0';
	if (!strange_unhold(f, GATE_NONE) && !was)
		return;
	log_notice("%s: what is read makes sense again", f->name);
	write_flush(f);
}
