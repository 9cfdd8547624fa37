/* test_shell_act.c - what a person would type, typed into a real sh. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "file.h"
#include "plan_shell.h"

static char top[64];

static char *
line_of(const char *kind, const char *json)
{
	struct json_object *step = NULL;
	struct buf out;
	struct err err = { 0 };

	if (json_parse_object(json, strlen(json), &json_limits_doc, &step,
			      &err) < 0)
		fail_msg("%s: %s", json, err.text);
	buf_init(&out, 65536);
	assert_true(plan_shell_line(kind, step, &out));
	json_free(&step);
	return buf_take(&out);
}

/* Typed, with the directory for each @; its exit status. */
static int
typed(const char *kind, const char *json)
{
	struct buf text;
	char *line;
	int status;

	buf_init(&text, 4096);
	for (; *json != '\0'; json++)
		if (*json == '@')
			(void)buf_adds(&text, top);
		else
			(void)buf_addc(&text, *json);
	line = line_of(kind, buf_str(&text));
	status = system(line);
	buf_free(&text);
	free(line);
	return status;
}

static void
put(const char *name, const char *text)
{
	char *path = x_asprintf("%s/%s", top, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* "": it is not there */
static void
is(const char *name, const char *text)
{
	char *path = x_asprintf("%s/%s", top, name);
	struct buf found;

	buf_init(&found, 4096);
	(void)file_read(AT_FDCWD, path, &found, NULL);
	assert_string_equal(buf_str(&found), text);
	buf_free(&found);
	free(path);
}

#define COPY "{\"copy\":{\"staged\":\"@/it's new\",\"to\":\"@/conf\","       \
	     "\"mode\":\"0640\",\"validate\":[\"grep\",\"-q\",\"good\","       \
	     "\"${new_file}\"]}}"

static void
a_file_is_put_in_place(void **state)
{
	struct stat st;
	char *path = x_asprintf("%s/conf", top);

	(void)state;
	put("it's new", "good\n");
	assert_int_equal(typed("copy", COPY), 0);
	is("conf", "good\n");
	put("conf", "old\n");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(typed("copy", COPY), 0);
	is("conf", "good\n");
	is("conf.before", "old\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	put("it's new", "bad\n");
	assert_int_not_equal(typed("copy", COPY), 0);
	is("conf", "good\n");
	free(path);
}

static void
content_comes_from_where_the_agent_keeps_it(void **state)
{
	char *line = line_of("copy", "{\"copy\":{\"sha256\":\"ab12\","
			     "\"to\":\"/etc/x\",\"owner\":\"root\","
			     "\"group\":\"mail\"}}");

	(void)state;
	assert_non_null(strstr(line, "cat /var/lib/drydock/content/ab12 "
				     ">/etc/x.new && chown root:mail "
				     "/etc/x.new && mv /etc/x.new /etc/x"));
	free(line);
}

#define CLEAN "{\"clean\":{\"inside\":\"@\",\"match\":\"c*\"}}"
#define GUARDED                                                                \
	"{\"clean\":{\"inside\":\"/var/x/y\",\"unless_running\":"               \
	"\"dovecot\"}}"

static void
a_place_is_emptied(void **state)
{
	char *line;

	(void)state;
	put("c 1", "x");
	put("c'2", "x");
	put("d", "x");
	assert_int_equal(typed("clean", CLEAN), 0);
	is("c 1", "");
	is("c'2", "");
	is("d", "x");
	put(".drydock-trash-1", "x");
	assert_int_equal(typed("clean", "{\"clean\":{\"inside\":\"@\","
			       "\"purge_of\":\"1\"}}"), 0);
	is(".drydock-trash-1", "");
	is("d", "x");
	line = line_of("clean", GUARDED);
	assert_string_equal(line, "[ \"$(systemctl show -p ActiveState --value "
			    "dovecot)\" = inactive ] && find /var/x/y -xdev "
			    "-mindepth 1 -maxdepth 1 -name '*' -exec rm -rf "
			    "--one-file-system -- '{}' +");
	free(line);
}

static void
a_set_is_installed(void **state)
{
	static const char apt[] =
		"env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 "
		"apt-get -y --no-remove --allow-downgrades -o "
		"Dpkg::Options::=--force-confold install ";
	char *line = line_of("package", "{\"package\":{\"packages\":["
			     "{\"name\":\"a\",\"version\":\"1:2\"},"
			     "{\"name\":\"b\",\"version\":\"3\"}],"
			     "\"services\":\"leave\"}}");
	char *want = x_asprintf("(%s'a=1:2' 'b=3')", apt);

	(void)state;
	assert_string_equal(line, want);
	free(line);
	free(want);
	line = line_of("package", "{\"package\":{\"match\":\"dovecot-*\","
		       "\"version\":\"1:2\",\"services\":\"hold\"}}");
	assert_non_null(strstr(line, ">$p && chmod 755 $p && env "));
	assert_non_null(strstr(line, "${Package}=1:2\\n' 'dovecot-*' | sed -n "
				     "'s/^installed //p'); rc=$?; rm -f $p; "
				     "exit $rc)"));
	free(line);
}

static void
others_have_none(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_false(plan_shell_line("poll", NULL, &out));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_put_in_place),
		cmocka_unit_test(content_comes_from_where_the_agent_keeps_it),
		cmocka_unit_test(a_place_is_emptied),
		cmocka_unit_test(a_set_is_installed),
		cmocka_unit_test(others_have_none),
	};
	int failed;
	char *remove;

	(void)snprintf(top, sizeof(top), "/tmp/drydock-typed.XXXXXX");
	if (mkdtemp(top) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove = x_asprintf("rm -rf %s", top);
	failed += system(remove) != 0;
	free(remove);
	return failed;
}
