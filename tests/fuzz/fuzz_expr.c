/* fuzz_expr.c - an expression, printed, read again and decided. */
#include "expr.h"
#include "fuzz.h"

static bool
lookup(void *ctx, const char *probe, const char *column, size_t n,
       struct expr_value *value_r)
{
	(void)probe;
	if (n > 1)
		return false;
	*value_r = (struct expr_value){ .member = n == 0 ? "dir1" : "dir2",
					.text = n == 0 ? column : ctx };
	return true;
}

static void
print(const struct expr *e, struct buf *out)
{
	buf_init(out, 1 << 20);
	expr_print(e, out);
	FUZZ_MUST(!buf_over(out));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	enum expr_mode mode = size % 2 ? EXPR_FIELDS : EXPR_COLUMNS;
	struct expr *e = NULL, *again = NULL;
	struct buf one, two, why, seen;
	struct err err;

	if (expr_parse(text, mode, &e, NULL, &err) < 0) {
		free(text);
		return 0;
	}
	FUZZ_MUST(strlen(text) <= EXPR_BYTES_MAX);
	print(e, &one);
	/* whoever stores what is printed refuses what is longer */
	if (one.len <= EXPR_BYTES_MAX) {
		FUZZ_MUST(expr_parse(buf_str(&one), mode, &again, NULL, &err) ==
			  0);
		print(again, &two);
		FUZZ_MUST(strcmp(buf_str(&one), buf_str(&two)) == 0);
		buf_free(&two);
		(void)expr_fold(again);
		expr_free(&again);
	}
	buf_init(&why, 1 << 20);
	buf_init(&seen, 1 << 20);
	(void)expr_eval(e, lookup, text, &why, &seen);
	buf_free(&why);
	buf_free(&seen);
	buf_free(&one);
	expr_free(&e);
	free(text);
	return 0;
}
