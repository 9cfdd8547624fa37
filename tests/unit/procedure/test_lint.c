/*
 * test_lint.c - whole files against what lint says about them, to the letter.
 *
 * tests/golden/lint/NAME.yaml is linted, NAME.out is what must come out; a
 * procedure when it begins with "procedure:", else an inventory.
 * DRYDOCK_GOLDEN=write writes what came out: look at the difference.
 */
#include "unit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "procedure.h"

static char *
file_read(const char *path, size_t *len_r)
{
	FILE *f = fopen(path, "r");
	struct buf b;
	char part[4096];
	size_t n;

	*len_r = 0;
	if (f == NULL)
		return x_strdup("");
	buf_init(&b, 1 << 22);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		(void)buf_add(&b, part, n);
	fclose(f);
	*len_r = b.len;
	return b.len == 0 ? x_strdup("") : buf_take(&b);
}

/* What `drydock procedure lint FILE` shows. */
static char *
lint(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct procedure *proc;
	struct diags d;
	struct buf out;
	size_t len;
	char *text = file_read(path, &len);

	buf_init(&out, 1 << 20);
	diags_init(&d, name);
	if (procedure_parse(text, len, &d, &proc) == 0)
		procedure_lint(proc, &d);
	diags_sort(&d);
	diags_print(&d, &out);
	diags_free(&d);
	procedure_free(&proc);
	free(text);
	return out.len == 0 ? (buf_free(&out), x_strdup("")) : buf_take(&out);
}

static bool
golden_same(const char *path)
{
	char *got = lint(path), *want, *out = x_strdup(path);
	const char *mode = getenv("DRYDOCK_GOLDEN");
	size_t len;
	bool same;
	FILE *f;

	strcpy(strrchr(out, '.'), ".out");
	want = file_read(out, &len);
	same = strcmp(got, want) == 0;
	if (!same && mode != NULL && strcmp(mode, "write") == 0) {
		f = fopen(out, "w");
		if (f != NULL) {
			fputs(got, f);
			fclose(f);
		}
	} else if (!same) {
		print_error("%s: got\n%swanted\n%s", path, got, want);
	}
	free(got);
	free(want);
	free(out);
	return same;
}

static void
golden_files(void **state)
{
	glob_t g;
	size_t bad = 0;

	(void)state;
	assert_int_equal(
		glob(SOURCE_DIR "/tests/golden/lint/p-*.yaml", 0, NULL, &g), 0);
	assert_true(g.gl_pathc > 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		bad += !golden_same(g.gl_pathv[i]);
	globfree(&g);
	assert_int_equal(bad, 0);
}

/* What we ship has neither errors nor warnings. */
static void
shipped_are_clean(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(
		glob(SOURCE_DIR "/deploy/procedures/*.yaml", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *got = lint(g.gl_pathv[i]);

		if (*got != '\0')
			fail_msg("%s", got);
		free(got);
	}
	globfree(&g);
}

/* Cut or changed anywhere: errors with a place, never a crash. */
static void
damaged_files_are_survived(void **state)
{
	static const char noise[] = "{}[]\"':$\n -#&*!|>%@`,?\t";
	static const char path[] =
		SOURCE_DIR "/deploy/procedures/dovecot-obox-upgrade.yaml";
	size_t len, step = 29;
	char *text = file_read(path, &len);

	(void)state;
	assert_true(len > 1000);
	for (size_t i = 0; i < len; i += step) {
		struct procedure *proc;
		struct diags d;
		char old = text[i];
		bool cut = (i / step) % 2 == 0;

		text[i] = noise[i % (sizeof(noise) - 1)];
		diags_init(&d, "damaged");
		if (procedure_parse(text, cut ? i : len, &d, &proc) == 0)
			procedure_lint(proc, &d);
		else
			assert_true(d.errors > 0);
		diags_free(&d);
		procedure_free(&proc);
		text[i] = old;
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_files),
		cmocka_unit_test(shipped_are_clean),
		cmocka_unit_test(damaged_files_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
