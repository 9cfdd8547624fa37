/* fuzz_procedure.c - a procedure's text: errors shown, or a plan made. */
#include "fuzz.h"
#include "json.h"
#include "procedure.h"
#include "ydoc.h"

static const char inventory[] =
	"{\"fleet\":\"mail-eu\",\"timezone\":\"UTC\",\"min_up\":\"all but 1\","
	"\"groups\":{\"director\":{\"members\":[{\"name\":\"dir1\","
	"\"address\":\"10.0.0.1\"}],\"ready\":null}},"
	"\"backends\":[{\"name\":\"mail1\",\"address\":\"10.0.0.10\","
	"\"labels\":{\"rack\":\"a\",\"test_user\":\"probe10\"}}]}";

static void
use(const struct procedure *proc, struct diags *d)
{
	struct plan_input in = { .backend = "mail1" };
	struct json_object *fleet;
	struct buf out;

	FUZZ_MUST(json_parse_object(inventory, strlen(inventory),
				    &json_limits_doc, &fleet, NULL) == 0);
	in.inventory = fleet;
	buf_init(&out, 8 << 20);
	procedure_lint(proc, d);
	procedure_vars(proc, &out);
	(void)plan_expand(proc, &in, d, &out);
	(void)plan_strategy(proc, fleet, NULL, d, &out);
	(void)procedure_allow(proc, inventory, "backend", d, &out);
	buf_free(&out);
	json_free(&fleet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct procedure *proc = NULL;
	struct diags d;
	struct buf said;

	diags_init(&d, "p.yaml");
	diags_source(&d, text, size);
	if (procedure_parse(text, size, &d, &proc) == 0) {
		FUZZ_MUST(size <= YDOC_BYTES_MAX);
		use(proc, &d);
	} else {
		FUZZ_MUST(d.errors > 0);
	}
	buf_init(&said, 1 << 20);
	diags_sort(&d);
	diags_print(&d, &said);
	buf_free(&said);
	diags_free(&d);
	procedure_free(&proc);
	free(text);
	return 0;
}
