/* fuzz_wire.c - a line from the wire, down to what a change would do. */
#include "allow.h"
#include "fuzz.h"
#include "request.h"
#include "spec.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request r;
	struct change c;
	struct spec spec;
	struct err err;
	struct buf said;

	if (request_parse(&r, (const char *)data, size, &err) < 0) {
		json_free(&r.doc);
		return 0;
	}
	FUZZ_MUST(size <= WIRE_LINE_MAX);
	if (wire_verb_is_change(r.verb) && change_parse(&c, &r, &err) == 0 &&
	    spec_parse(&spec, r.verb, r.doc, &err) == 0) {
		buf_init(&said, 1 << 20);
		spec_print(&spec, &said);
		buf_free(&said);
	}
	json_free(&r.doc);
	return 0;
}
