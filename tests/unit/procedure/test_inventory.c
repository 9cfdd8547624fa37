/* test_inventory.c - a fleet's file, its normal form, and back. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "inventory.h"

static const char full[] =
	"fleet: mail-eu\n"
	"timezone: Europe/Helsinki\n"
	"min_up: 75%\n"
	"interlock: mail\n"
	"windows:\n"
	"  - Tue-Thu 01:00-05:00\n"
	"  - Sat,Sun 23:00-05:00\n"
	"ssh: {user: ops, port: 2222}\n"
	"service:\n"
	"  from: each director\n"
	"  run: doveadm -f json director status\n"
	"  format: json\n"
	"  key: mail server ip\n"
	"  in: state==up and (vhosts > 0)\n"
	"  strangers: ignore\n"
	"groups:\n"
	"  director:\n"
	"    members: [{name: dir1, address: 10.0.0.1}]\n"
	"    ready: {run: [x, 'a b'], format: tab, row: {type: self}, in: "
	"status ~ \"^ring\", lists: {key: director ip, up: type!=self}}\n"
	"    min_gap: 2s\n"
	"    confirm: 0s\n"
	"  proxy: [{name: px, address: 'fd00::1'}]\n"
	"backends:\n"
	"  - {name: mail01, address: 10.0.0.11, labels: {rack: a, t: 'x: y'}}\n"
	"  - {name: mail02, address: 10.0.0.12, address_elsewhere: yes}\n"
	"change_required: true\n"
	"change_pattern: CHG-[0-9]+\n"
	"four_eyes: yes\n";

static const char full_json[] =
	"{\"fleet\":\"mail-eu\",\"timezone\":\"Europe/Helsinki\",\"min_up\":"
	"\"75%\",\"interlock\":\"mail\",\"windows\":[\"Tue-Thu 01:00-05:00\","
	"\"Sat,Sun 23:00-05:00\"],\"ssh\":{\"user\":\"ops\",\"port\":2222},"
	"\"service\":{\"from\":\"each director\",\"run\":[\"doveadm\",\"-f\","
	"\"json\",\"director\",\"status\"],\"format\":\"json\",\"key\":\"mail "
	"server ip\",\"in\":\"state == up and vhosts > 0\",\"strangers\":"
	"\"ignore\"},\"groups\":{\"director\":{\"members\":[{\"name\":"
	"\"dir1\",\"address\":\"10.0.0.1\"}],\"ready\":{\"run\":[\"x\",\"a "
	"b\"],\"format\":\"tab\",\"row\":{\"type\":\"self\"},\"in\":\"status "
	"~ \\\"^ring\\\"\",\"lists\":{\"key\":\"director ip\",\"up\":"
	"\"type != self\"}},\"min_gap_ms\":2000,\"confirm_ms\":0},\"proxy\":{"
	"\"members\":[{\"name\":\"px\",\"address\":\"fd00::1\"}],\"ready\":"
	"null,\"min_gap_ms\":1100,\"confirm_ms\":2000}},\"backends\":[{"
	"\"name\":\"mail01\",\"address\":\"10.0.0.11\",\"labels\":{\"rack\":"
	"\"a\",\"t\":\"x: y\"},\"address_elsewhere\":false},{\"name\":"
	"\"mail02\",\"address\":\"10.0.0.12\",\"labels\":{},"
	"\"address_elsewhere\":true}],\"change_required\":true,"
	"\"change_pattern\":\"CHG-[0-9]+\",\"four_eyes\":true,"
	"\"allow_single\":false}";

/* The smallest that is right; %s is added. */
#define LEAST                                                                  \
	"fleet: f\nservice: {run: x, in: text == up}\n"                        \
	"backends:\n  - {name: a, address: 10.0.0.1}\n"                        \
	"  - {name: b, address: 10.0.0.2}\n"

static char *
parse(const char *text)
{
	struct diags d;
	struct ydoc *doc;
	struct buf out;

	diags_init(&d, "f.yaml");
	buf_init(&out, 1 << 20);
	if (inventory_parse(text, strlen(text), &d, &doc, &out) < 0)
		fail_msg("%u: %s", d.item[0].at.line, d.item[0].message);
	assert_int_equal(d.errors, 0);
	diags_free(&d);
	ydoc_free(&doc);
	return buf_take(&out);
}

static void
normal_form(void **state)
{
	char *json = parse(full);

	(void)state;
	assert_string_equal(json, full_json);
	free(json);
}

static void
defaults(void **state)
{
	char *json = parse(LEAST);

	(void)state;
	assert_string_equal(
		json,
		"{\"fleet\":\"f\",\"timezone\":\"UTC\",\"min_up\":\"all but "
		"1\",\"interlock\":null,\"windows\":[],\"ssh\":{\"user\":"
		"\"drydock\",\"port\":22},\"service\":{\"from\":\"backend\","
		"\"run\":[\"x\"],\"format\":\"text\",\"key\":null,\"in\":"
		"\"text == up\",\"strangers\":\"refuse\"},\"groups\":{},"
		"\"backends\":[{\"name\":\"a\",\"address\":\"10.0.0.1\","
		"\"labels\":{},\"address_elsewhere\":false},{\"name\":\"b\","
		"\"address\":\"10.0.0.2\",\"labels\":{},\"address_elsewhere\":"
		"false}],\"change_required\":false,\"change_pattern\":null,"
		"\"four_eyes\":false,\"allow_single\":false}");
	free(json);
}

static void
printed_and_read_back(void **state)
{
	static const char *const texts[] = {
		full,
		LEAST,
		"fleet: f\nallow_single: true\nservice: {run: [x, '', 'a\"b', "
		"\"q\\\\\"], in: 'text ~ \"a: \\\\.b\"'}\nbackends:\n"
		"- {name: a, address: 10.0.0.1, labels: {a: '', b: '#x', "
		"c: '*y', d: '- z', e: 'null ', f: '10:30', g: '%'}}\n",
		LEAST "groups: {d: {members: [{name: d, address: 10.0.0.9}], "
		"ready: {run: [x], in: text == up}}}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *json = parse(texts[i]), *again;
		struct buf out;
		struct err err;

		buf_init(&out, 1 << 20);
		if (inventory_print(json, strlen(json), &out, &err) < 0)
			fail_msg("%s", err.text);
		again = parse(buf_str(&out));
		assert_string_equal(json, again);
		buf_free(&out);
		free(json);
		free(again);
	}
}

static void
printed_for_people(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 1 << 20);
	assert_int_equal(
		inventory_print(full_json, strlen(full_json), &out, &err), 0);
	assert_string_equal(
		buf_str(&out),
		"fleet: mail-eu\n"
		"timezone: Europe/Helsinki\n"
		"min_up: 75%\n"
		"interlock: mail\n"
		"change_pattern: \"CHG-[0-9]+\"\n"
		"change_required: true\n"
		"four_eyes: true\n"
		"ssh: {user: ops, port: 2222}\n"
		"windows:\n"
		"  - Tue-Thu 01:00-05:00\n"
		"  - \"Sat,Sun 23:00-05:00\"\n"
		"service:\n"
		"  from: each director\n"
		"  run: [doveadm, -f, json, director, status]\n"
		"  format: json\n"
		"  key: mail server ip\n"
		"  in: \"state == up and vhosts > 0\"\n"
		"  strangers: ignore\n"
		"groups:\n"
		"  director:\n"
		"    members:\n"
		"      - {name: dir1, address: 10.0.0.1}\n"
		"    ready:\n"
		"      run: [x, a b]\n"
		"      format: tab\n"
		"      row: {type: self}\n"
		"      in: \"status ~ \\\"^ring\\\"\"\n"
		"      lists: {key: director ip, up: \"type != self\"}\n"
		"    min_gap: 2s\n"
		"    confirm: 0s\n"
		"  proxy:\n"
		"    members:\n"
		"      - {name: px, address: fd00::1}\n"
		"    min_gap: 1s100ms\n"
		"    confirm: 2s\n"
		"backends:\n"
		"  - {name: mail01, address: 10.0.0.11, labels: {rack: a, t: "
		"\"x: y\"}}\n"
		"  - {name: mail02, address: 10.0.0.12, address_elsewhere: "
		"true}\n");
	buf_clear(&out);
	assert_int_equal(inventory_print("{}", 2, &out, &err), -1);
	assert_int_equal(inventory_print("[]", 2, &out, &err), -1);
	buf_free(&out);
}

#define HEAD "fleet: f\nservice: {run: x, in: text == up}\n"
#define TWO                                                                    \
	"backends:\n- {name: a, address: 10.0.0.1}\n"                          \
	"- {name: b, address: 10.0.0.2}\n"

/* What is wrong stands in the seventh line. */
#define LISTS(text)                                                            \
	HEAD "groups:\n  d:\n    members: [{name: d, address: 10.0.0.9}]\n"     \
	     "    ready: {run: x, format: tab, in: a == 1,\n"                   \
	     "     lists: {" text "}}\n" TWO

/*
 * The numbers are those of the classes of bad input; what is no text (4, 5) is
 * test_ydoc.
 */
static const struct {
	const char *text;
	unsigned int line, col;
	const char *message, *hint;
} bad[] = {
	/* 1 */
	{ "", 1, 1, "empty", NULL },
	{ "a\n", 1, 1, "must be a mapping", NULL },
	/* 6, 10 */
	{ HEAD TWO "ssh: {port: 0}\n", 6, 13, "between 1 and 65535", NULL },
	{ HEAD TWO "ssh: {port: 65536}\n", 6, 13, "between", NULL },
	{ HEAD TWO "ssh: {port: -1}\n", 6, 13, "between", NULL },
	{ HEAD TWO "ssh: {port: 22x}\n", 6, 13, "not a whole number", NULL },
	{ HEAD TWO "ssh: {port: 0x16}\n", 6, 13, "not a whole number", NULL },
	{ HEAD TWO "ssh: {port: ٢٢}\n", 6, 13, "not a whole number", NULL },
	{ HEAD TWO "ssh: {user: -oProxyCommand=x}\n", 6, 13, "not a name",
	  NULL },
	/* 2, 3 */
	{ HEAD TWO "sssh: {}\n", 6, 1, "unknown key \"sssh\"",
	  "did you mean \"ssh\"?" },
	{ HEAD TWO "fleet: g\n", 6, 1, "stands here twice", "line 1" },
	{ HEAD TWO "min_up: lots\n", 6, 9, "all but N", NULL },
	{ HEAD TWO "min_up: all but 0\n", 6, 9, "all but N", NULL },
	{ HEAD TWO "min_up: 101%\n", 6, 9, "all but N", NULL },
	{ HEAD TWO "min_up: -1\n", 6, 9, "all but N", NULL },
	{ HEAD TWO "timezone: \"a b\"\n", 6, 11, "not a time zone", NULL },
	{ HEAD TWO "windows: [Tue-Thu 01:00]\n", 6, 11, "not a window",
	  "such as" },
	{ HEAD TWO "windows: [Foo 01:00-02:00]\n", 6, 11, "not a window",
	  NULL },
	{ HEAD TWO "windows: [Mon 25:00-26:00]\n", 6, 11, "not a window",
	  NULL },
	{ HEAD TWO "windows: [Mon 01:00-01:00]\n", 6, 11, "not a window",
	  NULL },
	{ HEAD TWO "windows: [Mon-Tue-Wed 01:00-02:00]\n", 6, 11,
	  "not a window", NULL },
	{ HEAD TWO "windows: [fifth Mon 01:00-02:00]\n", 6, 11,
	  "not a window", NULL },
	{ HEAD TWO "windows: [Mon 24:00-02:00]\n", 6, 11, "not a window",
	  NULL },
	{ HEAD TWO "windows: [24 Dec-2 Jan]\n", 6, 11, "not a window",
	  "forbid 24 Dec - 2 Jan" },
	{ HEAD TWO "windows: [32 Dec]\n", 6, 11, "not a window", NULL },
	{ HEAD TWO "allow_single: maybe\n", 6, 15, "true or false", NULL },
	/* 9 */
	{ HEAD "backends: []\n", 3, 11, "fleet of 0 backends", "--discover" },
	{ HEAD "backends: [{name: a, address: 10.0.0.1}]\n", 3, 11,
	  "fleet of 1 backend:", "allow_single" },
	/* 8 */
	{ HEAD TWO "- {name: a, address: 10.0.0.3}\n", 6, 10,
	  "a has two addresses, 10.0.0.1 and 10.0.0.3", "line 4" },
	{ HEAD TWO "- {name: c, address: 10.0.0.2}\n", 6, 10,
	  "c has the address of b", "line 5" },
	{ HEAD TWO "- {name: b, address: 10.0.0.2}\n", 6, 10, "listed twice",
	  "line 5" },
	/* 10 */
	{ HEAD TWO "- {name: c d, address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: -oProxyCommand=x, address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: ;rm, address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: $(x), address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: \"a\\nb\", address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: Mail, address: 10.0.0.3}\n", 6, 10,
	  "not a host's name", NULL },
	{ HEAD TWO "- {name: c, address: mail3.example.net}\n", 6, 22,
	  "not an IP address", "not looked up" },
	{ HEAD TWO "- {name: c, address: 010.0.0.3}\n", 6, 22,
	  "not an IP address", NULL },
	{ HEAD TWO "- {name: c, address: \"fd00:0:0::3\"}\n", 6, 22,
	  "usually written fd00::3", NULL },
	{ HEAD TWO "- {name: c}\n", 6, 3, "needs \"address\"", NULL },
	{ HEAD TWO "- {name: c, address: 10.0.0.3, labels: {A: b}}\n", 6, 41,
	  "label's name", NULL },
	{ "fleet: f\n" TWO, 1, 1, "needs \"service\"", NULL },
	{ "fleet: f\nservice: {run: x}\n" TWO, 2, 10, "needs \"in\"", NULL },
	{ "fleet: f\nservice: {run: x, in: a.b == 1}\n" TWO, 2, 23,
	  "column's name", NULL },
	{ "fleet: f\nservice: {run: x, in: up}\n" TWO, 2, 25, "is wanted here",
	  NULL },
	{ "fleet: f\nservice: {run: \"x ${backend.name}\", in: a == 1}\n" TWO,
	  2, 16, "no ${} here", "finds each backend's row" },
	{ "fleet: f\nservice: {run: \"x 'y\", in: a == 1}\n" TWO, 2, 19,
	  "quote", NULL },
	{ "fleet: f\nservice: {from: each d, run: x, in: a == 1, key: b}\n" TWO,
	  2, 17, "backend or each GROUP", NULL },
	{ "fleet: f\nservice: {from: each d, run: x, in: a == 1}\n"
	  "groups: {d: [{name: d1, address: 10.0.1.1}]}\n" TWO,
	  2, 10, "needs \"key\"", NULL },
	{ HEAD "groups: {d: [{name: a, address: 10.0.0.9}]}\n" TWO, 5, 10,
	  "two addresses", NULL },
	{ HEAD "groups: {backend: [{name: d, address: 10.0.0.9}]}\n" TWO, 3, 10,
	  "no name for a group", NULL },
	{ HEAD "groups: {d: []}\n" TWO, 3, 13, "has members", NULL },
	{ LISTS("key: ip"), 7, 13, "needs \"up\"", NULL },
	{ LISTS("key: ip, upp: a == 1"), 7, 23, "unknown key \"upp\"",
	  "did you mean \"up\"?" },
	{ LISTS("key: ip, up: a = 1"), 7, 29, "write ==", NULL },
	{ LISTS("key: ip, up: a.b == 1"), 7, 27, "column's name", NULL },
	{ LISTS("key: ip, up: 'a == ${x}'"), 7, 27, "no ${} here", NULL },
	{ LISTS("key: '', up: a == 1"), 7, 19, "column's name", NULL },
	{ HEAD "groups: {d: {members: [{name: d, address: 10.0.0.9}], "
	       "ready: {run: x, in: text == up,\n"
	       "  lists: {key: ip, up: a == 1}}}}\n" TWO,
	  4, 10, "format json or tab", NULL },
	/* 7 */
	{ HEAD "groups: {d: {members: [{name: d, address: 10.0.0.9}], "
	       "min_gap: 15}}\n" TWO,
	  3, 64, "not a duration", "unit" },
	{ HEAD "groups: {d: {members: [{name: d, address: 10.0.0.9}], "
	       "confirm: 15min}}\n" TWO,
	  3, 64, "not a duration", NULL },
	{ HEAD "groups: {d: {members: [{name: d, address: 10.0.0.9}], "
	       "confirm: 1000000000s}}\n" TWO,
	  3, 64, "not a duration", NULL },
};

static void
bad_inputs(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct diags d;
		struct ydoc *doc;
		struct buf out;
		int ret;

		diags_init(&d, "f.yaml");
		buf_init(&out, 1 << 20);
		ret = inventory_parse(bad[i].text, strlen(bad[i].text), &d,
				      &doc, &out);
		if (ret == 0 || d.item[0].at.line != bad[i].line ||
		    d.item[0].at.col != bad[i].col ||
		    strstr(d.item[0].message, bad[i].message) == NULL ||
		    (bad[i].hint != NULL &&
		     (d.item[0].hint == NULL ||
		      strstr(d.item[0].hint, bad[i].hint) == NULL))) {
			print_error("%zu %d %u:%u %s (%s)\n%s\n", i, ret,
				    d.item[0].at.line, d.item[0].at.col,
				    d.n > 0 ? d.item[0].message : "-",
				    d.n > 0 && d.item[0].hint ? d.item[0].hint
							      : "-",
				    bad[i].text);
			failed++;
		}
		diags_free(&d);
		ydoc_free(&doc);
		buf_free(&out);
	}
	assert_int_equal(failed, 0);
}

static void
without_backends_for_discovery(void **state)
{
	char *json = parse(HEAD);

	(void)state;
	assert_non_null(strstr(json, "\"backends\":[]"));
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_form),
		cmocka_unit_test(defaults),
		cmocka_unit_test(printed_and_read_back),
		cmocka_unit_test(printed_for_people),
		cmocka_unit_test(bad_inputs),
		cmocka_unit_test(without_backends_for_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
