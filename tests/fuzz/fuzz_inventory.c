/* fuzz_inventory.c - a fleet.yaml; what it means survives being printed. */
#include "fuzz.h"
#include "inventory.h"

static int
parse(const char *text, size_t len, struct buf *json)
{
	struct ydoc *doc = NULL;
	struct diags d;
	struct buf said;
	int rc;

	diags_init(&d, "f.yaml");
	buf_init(json, 4 << 20);
	rc = inventory_parse(text, len, &d, &doc, json);
	FUZZ_MUST(rc == 0 || d.errors > 0);
	buf_init(&said, 1 << 20);
	diags_print(&d, &said);
	buf_free(&said);
	diags_free(&d);
	ydoc_free(&doc);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct buf json, yaml, again;
	struct err err;

	if (parse(text, size, &json) == 0) {
		FUZZ_MUST(size <= YDOC_BYTES_MAX);
		buf_init(&yaml, 4 << 20);
		FUZZ_MUST(inventory_print(buf_str(&json), json.len, &yaml,
					  &err) == 0);
		FUZZ_MUST(parse(buf_str(&yaml), yaml.len, &again) == 0);
		FUZZ_MUST(strcmp(buf_str(&json), buf_str(&again)) == 0);
		buf_free(&again);
		buf_free(&yaml);
	}
	buf_free(&json);
	free(text);
	return 0;
}
