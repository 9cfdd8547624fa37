/* test_ydoc.c - files that are read, and files that are refused with a place.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ydoc.h"
#include "yread.h"

struct fixture {
	struct diags d;
	struct ydoc *doc;
	int ret;
};

static void
open_text(struct fixture *f, const char *text, size_t len)
{
	diags_init(&f->d, "f.yaml");
	f->ret = ydoc_parse(text, len, &f->d, &f->doc);
}

static void
close_text(struct fixture *f)
{
	diags_free(&f->d);
	ydoc_free(&f->doc);
}

static void
tree_has_marks(void **state)
{
	static const char text[] = "a: 1\nb:\n  - x\n  - {k: \"v\"}\n";
	struct fixture f;
	const struct ynode *b;

	(void)state;
	open_text(&f, text, strlen(text));
	assert_int_equal(f.ret, 0);
	assert_int_equal(f.doc->root->kind, YNODE_MAP);
	assert_string_equal(ynode_get(f.doc->root, "a")->text, "1");
	b = ynode_get(f.doc->root, "b");
	assert_int_equal(b->n, 2);
	assert_int_equal(b->item[1]->item[0]->at.line, 4);
	assert_int_equal(b->item[1]->item[0]->at.col, 9);
	assert_int_equal(b->item[1]->item[0]->width, 3);
	assert_false(b->item[1]->item[0]->plain);
	assert_null(ynode_get(f.doc->root, "c"));
	close_text(&f);
}

static void
mark_inside_a_scalar(void **state)
{
	static const char text[] = "ä: \"öx ${y}\"\nb: 'it''s ${z}'\n"
				   "c: p q\n";
	struct fixture f;
	struct mark m;

	(void)state;
	open_text(&f, text, strlen(text));
	assert_int_equal(f.ret, 0);
	/* behind "öx ": four bytes, three characters and the quote */
	m = ynode_mark(f.doc, f.doc->root->item[0], 4);
	assert_int_equal(m.line, 1);
	assert_int_equal(m.col, 8);
	/* an escape lies before it: where the scalar begins */
	m = ynode_mark(f.doc, f.doc->root->item[1], 5);
	assert_int_equal(m.line, 2);
	assert_int_equal(m.col, 4);
	m = ynode_mark(f.doc, f.doc->root->item[2], 2);
	assert_int_equal(m.col, 6);
	close_text(&f);
}

#define T(text) text, sizeof(text) - 1

/* Rows 1, 3 and 4 of bad input; 5, the long line, is limits_hold. */
static const struct {
	const char *text;
	size_t len;
	unsigned int line, col;
	const char *message; /* a part of it */
	const char *hint;    /* a part of it, or NULL */
} bad[] = {
	{ T(""), 1, 1, "empty", NULL },
	{ T("# nothing\n"), 2, 1, "empty", NULL },
	{ T("\xef\xbb\xbf"
	    "a: 1\n"),
	  1, 1, "byte order mark", "without a mark" },
	{ T("a: 1\nb: \0\n"), 2, 4, "control character at byte 9", NULL },
	{ T("a: \033[1m\n"), 1, 4, "control character", NULL },
	{ T("a: 1\rb: 2\n"), 1, 5, "control character", NULL },
	{ T("a: \"\\0\"\n"), 1, 4, "control character in a text", NULL },
	{ T("a: \xff\n"), 1, 4, "byte 4 is not UTF-8", NULL },
	{ T("a: \xe2\x80\xa8\n"), 1, 4, "control character", NULL },
	{ T("a: 1\nb: 2\na: 3\n"), 3, 1, "\"a\" stands here twice", "line 1" },
	{ T("a: &x 1\n"), 1, 4, "anchors", NULL },
	{ T("a: *x\n"), 1, 4, "aliases", "quotes" },
	{ T("a: [*]\n"), 1, 6, "alphabetic or numeric", "begins with *" },
	{ T("a: !!int 1\n"), 1, 4, "tags", "quotes" },
	{ T("a: !x [1]\n"), 1, 4, "tags", NULL },
	{ T("a: 1\n---\nb: 2\n"), 2, 1, "second document", NULL },
	{ T("a: [x, ${y}]\n"), 1, 9, "did not find expected", "quote ${…}" },
	{ T("a: {{ x }}\n"), 1, 5, "a key must be a word", "no {{ }} here" },
	{ T("? [a]\n: b\n"), 1, 3, "a key must be a word", NULL },
	{ T("a: b: c\n"), 1, 5, "mapping values are not allowed", "quotes" },
	{ T("a:\n\t- x\n"), 2, 1, "cannot start any token", "tabs" },
	{ T("a: @x\n"), 1, 4, "cannot start any token", "quotes" },
	{ T("a: \"x\nb: 1\n"), 1, 4, "unexpected end of stream", "quote" },
};

static void
bad_files_are_placed(void **state)
{
	int bad_rows = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fixture f;

		open_text(&f, bad[i].text, bad[i].len);
		if (f.d.errors == 0)
			bad_rows++, print_error("%zu %s: no error\n", i,
						bad[i].text);
		if (f.d.item[0].at.line != bad[i].line ||
		    f.d.item[0].at.col != bad[i].col)
			bad_rows++,
				print_error("%zu %s: at %u:%u (%s)\n", i,
					    bad[i].text, f.d.item[0].at.line,
					    f.d.item[0].at.col,
					    f.d.item[0].message);
		if (strstr(f.d.item[0].message, bad[i].message) == NULL)
			bad_rows++, print_error("%zu: %s\n", i,
						f.d.item[0].message);
		if (bad[i].hint != NULL &&
		    (f.d.item[0].hint == NULL ||
		     strstr(f.d.item[0].hint, bad[i].hint) == NULL))
			bad_rows++, print_error("%zu: hint %s\n", i,
						f.d.item[0].hint);
		close_text(&f);
	}
	assert_int_equal(bad_rows, 0);
}

static void
limits_hold(void **state)
{
	size_t len = YDOC_BYTES_MAX + 1;
	char *text = x_alloc(len + 1);
	struct fixture f;

	(void)state;
	memset(text, '[', len);
	open_text(&f, text, len);
	assert_int_equal(f.ret, -1);
	assert_non_null(strstr(f.d.item[0].message, "1 MiB"));
	close_text(&f);
	open_text(&f, text, len - 1);
	assert_int_equal(f.ret, -1);
	assert_non_null(strstr(f.d.item[0].message, "too deeply"));
	assert_int_equal(f.d.item[0].at.col, YDOC_DEPTH_MAX + 1);
	close_text(&f);
	/* 32 levels are allowed */
	memset(text + YDOC_DEPTH_MAX, ']', YDOC_DEPTH_MAX);
	open_text(&f, text, 2 * YDOC_DEPTH_MAX);
	assert_int_equal(f.ret, 0);
	close_text(&f);
	for (size_t i = 0; i + 1 < len; i += 2)
		memcpy(text + i, "-\n", 2);
	open_text(&f, text, len - 1);
	assert_int_equal(f.ret, -1);
	assert_non_null(strstr(f.d.item[0].message, "too many"));
	close_text(&f);
	free(text);
}

static void
crlf_is_accepted(void **state)
{
	static const char text[] = "a: 1\r\nb: [2]\r\n";
	struct fixture f;

	(void)state;
	open_text(&f, text, strlen(text));
	assert_int_equal(f.ret, 0);
	assert_string_equal(ynode_get(f.doc->root, "a")->text, "1");
	close_text(&f);
}

/* Cut at every byte: an error or a document, never a crash. */
static void
cut_anywhere(void **state)
{
	static const char text[] = "a: {b: [c, \"d ${e}\"], f: 'g'}\nh:\n- |\n"
				   "  i\n- >-\n  j\n";

	(void)state;
	for (size_t n = 0; n <= strlen(text); n++) {
		struct fixture f;

		open_text(&f, text, n);
		assert_true((f.ret == 0) == (f.d.errors == 0));
		close_text(&f);
	}
}

static void
fields_are_checked(void **state)
{
	const struct yfield fields[] = {
		{ "name", YTEXT, true, "" },
		{ "list", YLIST(YTEXT), false, "" },
		{ "need", YTOLD(YTEXT), true, "" },
	};
	static const char text[] = "nmae: x\nname: [1]\nlist: a\n";
	const struct ynode *out[3];
	struct fixture f;

	(void)state;
	open_text(&f, text, strlen(text));
	assert_int_equal(
		yfields_read(&f.d, f.doc->root, "a thing", fields, 3, out), -1);
	assert_int_equal(f.d.errors, 4);
	assert_string_equal(f.d.item[0].message,
			    "unknown key \"nmae\" in a thing");
	assert_string_equal(f.d.item[0].hint, "did you mean \"name\"?");
	assert_string_equal(f.d.item[1].message,
			    "\"name\" must be a text, this is a list");
	assert_string_equal(f.d.item[3].message, "a thing needs \"need\"");
	assert_null(out[0]);
	close_text(&f);
}

static void
scalars_are_typed(void **state)
{
	static const char text[] = "- 0x16\n- 22x\n- -1\n- 15\n- 15min\n- on\n"
				   "- Mail\n- slow\n- 15m\n";
	static const struct yfield rows[] = {
		YWORD("low", NULL),
		YWORD("high", NULL),
	};
	static const struct yfields words = YFIELDS(rows);
	struct fixture f;
	struct ynode **n;
	int64_t v = 7;
	size_t i;
	bool b = true;
	const char *s = "kept";

	(void)state;
	open_text(&f, text, strlen(text));
	n = f.doc->root->item;
	assert_int_equal(yread_int(&f.d, n[0], "port", 1, 65535, &v), -1);
	assert_int_equal(yread_int(&f.d, n[1], "port", 1, 65535, &v), -1);
	assert_int_equal(yread_int(&f.d, n[2], "port", 1, 65535, &v), -1);
	assert_int_equal(yread_duration(&f.d, n[3], "wait", 0, 9999999, &v),
			 -1);
	assert_string_equal(f.d.item[3].hint,
			    "a duration has a unit: 15s, 15m");
	assert_int_equal(yread_duration(&f.d, n[4], "wait", 0, 9999999, &v),
			 -1);
	assert_int_equal(yread_bool(&f.d, n[5], "flag", &b), -1);
	assert_int_equal(yread_name(&f.d, n[6], "name", &s), -1);
	assert_int_equal(yread_choice(&f.d, n[7], "speed", &words, &i), -1);
	assert_string_equal(f.d.item[7].message,
			    "speed must be one of: low | high");
	assert_string_equal(f.d.item[7].hint, "did you mean \"low\"?");
	assert_int_equal(v, 7);
	assert_string_equal(s, "kept");
	assert_int_equal(yread_duration(&f.d, n[8], "wait", 0, 9999999, &v), 0);
	assert_int_equal(v, 900000);
	close_text(&f);
}

static void
shown_as_compilers_do(void **state)
{
	static const char text[] = "steps:\n  - run: x ${backend.ip} 0\n";
	struct fixture f;
	struct buf out;

	(void)state;
	open_text(&f, text, strlen(text));
	diag_warning(&f.d, (struct mark){ 2, 12 }, 13, "unknown name \"%s\"",
		     "backend.ip\033[1m");
	diag_hint(&f.d, "did you mean %s?", "${backend.address}");
	diag_error(&f.d, (struct mark){ 1, 1 }, 0, "first");
	diags_sort(&f.d);
	buf_init(&out, 65536);
	diags_print(&f.d, &out);
	assert_string_equal(
		buf_str(&out),
		"f.yaml:1:1: error: first\n"
		"    1 | steps:\n"
		"      | ^\n"
		"f.yaml:2:12: warning: unknown name \"backend.ip?[1m\"\n"
		"    2 |   - run: x ${backend.ip} 0\n"
		"      |            ^^^^^^^^^^^^^\n"
		"  hint: did you mean ${backend.address}?\n");
	buf_free(&out);
	close_text(&f);
}

static void
many_are_counted(void **state)
{
	struct diags d;
	struct buf out;

	(void)state;
	diags_init(&d, "f");
	for (int i = 0; i < 60; i++) {
		diag_error(&d, (struct mark){ 0 }, 0, "error %d", i);
		diag_hint(&d, "hint %d", i);
	}
	assert_int_equal(d.errors, 60);
	assert_string_equal(d.item[49].hint, "hint 49");
	buf_init(&out, 65536);
	diags_print(&d, &out);
	assert_non_null(strstr(buf_str(&out), "f: and 10 more\n"));
	buf_free(&out);
	diags_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_has_marks),
		cmocka_unit_test(mark_inside_a_scalar),
		cmocka_unit_test(bad_files_are_placed),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(crlf_is_accepted),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(fields_are_checked),
		cmocka_unit_test(scalars_are_typed),
		cmocka_unit_test(shown_as_compilers_do),
		cmocka_unit_test(many_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
