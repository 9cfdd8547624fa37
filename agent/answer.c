/* answer.c - one line back to the coordinator. */
#include "answer.h"

void
answer_begin(struct answer *a, int64_t id)
{
	buf_init(&a->text, WIRE_LINE_MAX);
	json_out_init(&a->o, &a->text);
	json_out_object(&a->o, NULL);
	json_out_int(&a->o, "id", id);
	json_out_bool(&a->o, "ok", true);
}

void
answer_begin_no(struct answer *a, int64_t id, enum wire_code code,
		const char *why, const char *hint)
{
	buf_init(&a->text, WIRE_LINE_MAX);
	json_out_init(&a->o, &a->text);
	json_out_object(&a->o, NULL);
	json_out_int(&a->o, "id", id);
	json_out_bool(&a->o, "ok", false);
	json_out_str(&a->o, "code", wire_code_name(code));
	json_out_str(&a->o, "why", why);
	if (hint != NULL)
		json_out_str(&a->o, "hint", hint);
}

void
answer_send(struct answer *a, struct conn *c, int64_t id)
{
	json_out_end(&a->o);
	if (buf_over(&a->text))
		answer_no(c, id, WIRE_CODE_SYSTEM,
			  "the answer is longer than a line may be", NULL);
	else
		conn_send(c, buf_str(&a->text), a->text.len);
	buf_free(&a->text);
}

void
answer_no(struct conn *c, int64_t id, enum wire_code code, const char *why,
	  const char *hint)
{
	struct answer a;

	answer_begin_no(&a, id, code, why, hint);
	answer_send(&a, c, id);
}
