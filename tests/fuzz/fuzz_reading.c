/* fuzz_reading.c - what a host printed; the first byte picks the format. */
#include "fuzz.h"
#include "reading.h"

static void
use(const struct reading *r, const char *column)
{
	const struct reading_match match = { column, "up" };
	const struct reading_select select[] = { { false, &match, 1 },
						 { true, &match, 1 } };
	struct buf value;
	struct err err;

	for (size_t row = 0; row < reading_rows(r) && row < 8; row++)
		(void)reading_cell(r, row, column);
	for (size_t i = 0; i < 2; i++) {
		buf_init(&value, 1 << 20);
		(void)reading_field(r, &select[i], i ? "count" : column,
				    &value, &err);
		buf_free(&value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading *r = NULL;
	struct err err;

	if (size == 0)
		return 0;
	if (reading_parse(data[0] % READING_FORMATS_N,
			  (const char *)data + 1, size - 1, &r, &err) < 0)
		return 0;
	FUZZ_MUST(size - 1 <= READING_BYTES_MAX);
	FUZZ_MUST(reading_rows(r) <= READING_ROWS_MAX);
	FUZZ_MUST(reading_columns(r) <= READING_COLUMNS_MAX);
	for (size_t i = 0; i < reading_columns(r); i++) {
		FUZZ_MUST(strlen(reading_column(r, i)) <= READING_NAME_MAX);
		use(r, reading_column(r, i));
	}
	reading_free(&r);
	return 0;
}
