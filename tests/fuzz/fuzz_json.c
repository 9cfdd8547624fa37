/* fuzz_json.c - the scan and the reader; what they accept is written again. */
#include "fuzz.h"
#include "json.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *doc, *again;
	struct json_out out;
	struct buf text;
	struct err err;

	if (json_parse((const char *)data, size, &json_limits_wire, &doc,
		       &err) < 0)
		return 0;
	FUZZ_MUST(size <= json_limits_wire.bytes);
	buf_init(&text, 1 << 20);
	json_out_init(&out, &text);
	json_out_value(&out, NULL, doc);
	FUZZ_MUST(!buf_over(&text));
	FUZZ_MUST(json_parse(buf_str(&text), text.len, &json_limits_doc,
			     &again, &err) == 0);
	json_free(&again);
	json_free(&doc);
	buf_free(&text);
	return 0;
}
