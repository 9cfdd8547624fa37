/* test_help.c - every key has its sentence, and help says it. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"

static const char *const files[] = { "procedure", "fleet" };

/* Its lines are wrapped anywhere: one blank between two words. */
static char *
unwrapped(const char *text)
{
	struct buf out;
	size_t len;

	buf_init(&out, 65536);
	for (; *text != '\0'; text += len) {
		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		(void)buf_addf(&out, "%.*s ", (int)len, text);
	}
	return buf_take(&out);
}

static const char *
past(const char *text, const char *sentence)
{
	char *words = unwrapped(sentence);
	const char *at = strstr(text, words);

	if (at == NULL)
		fail_msg("help does not say: %s", words);
	at += strlen(words);
	free(words);
	return at;
}

static const char *
past_part(const char *at, const struct language_part *part)
{
	char line[512];

	at = past(at, part->title);
	for (size_t i = 0; i < part->rows->n; i++) {
		const struct yfield *key = &part->rows->row[i];

		snprintf(line, sizeof(line), "%s%s %s", key->name,
			 key->required ? " *" : "", key->text);
		at = past(at, line);
	}
	return at;
}

static void
every_key_has_a_sentence(void **state)
{
	struct language l;

	(void)state;
	for (size_t f = 0; f < UNIT_COUNT(files); f++) {
		assert_true(help_topic_language(files[f], &l));
		for (size_t p = 0; p < l.n; p++)
			for (size_t i = 0; i < l.part[p].rows->n; i++) {
				const struct yfield *key =
					&l.part[p].rows->row[i];

				if (key->text == NULL || *key->text == '\0')
					fail_msg("%s of %s has no sentence",
						 key->name, l.part[p].title);
			}
	}
}

/* In the order of the tables, each sentence right behind its key. */
static void
every_key_is_told(void **state)
{
	(void)state;
	for (size_t f = 0; f < UNIT_COUNT(files); f++) {
		struct language l;
		struct buf out;
		const char *at;
		char *text;

		assert_true(help_topic_language(files[f], &l));
		buf_init(&out, 65536);
		assert_int_equal(help_topic(&out, files[f]), 0);
		text = unwrapped(buf_str(&out));
		at = past(text, l.text);
		for (size_t p = 0; p < l.n; p++)
			at = past_part(at, &l.part[p]);
		(void)past(at, l.example);
		free(text);
		buf_free(&out);
	}
}

/* On a terminal of 80 columns. */
static void
every_line_fits(void **state)
{
	const char *topic;

	(void)state;
	for (size_t i = 0; (topic = help_topic_at(i)) != NULL; i++) {
		struct buf out;
		size_t len, wide;

		buf_init(&out, 65536);
		assert_int_equal(help_topic(&out, topic), 0);
		assert_false(buf_over(&out));
		for (const char *p = buf_str(&out); *p != '\0'; p += len + 1) {
			len = strcspn(p, "\n");
			wide = 0;
			for (size_t k = 0; k < len; k++)
				wide += ((unsigned char)p[k] & 0xc0) != 0x80;
			if (wide > 80)
				fail_msg("%s: %.*s", topic, (int)len, p);
		}
		buf_free(&out);
	}
}

static void
other_topics_are_of_no_file(void **state)
{
	struct language l;

	(void)state;
	assert_false(help_topic_language("states", &l));
	assert_false(help_topic_language("nothing", &l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_a_sentence),
		cmocka_unit_test(every_key_is_told),
		cmocka_unit_test(every_line_fits),
		cmocka_unit_test(other_topics_are_of_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
