/* fuzz_conf.c - key = value; what was read is printed and means the same. */
#include "conf.h"
#include "fuzz.h"

#define FUZZ_CONF(X)                                                           \
	X(name, STRING, "service=drydock", "a string")                         \
	X(count, INT, "4", "a number")                                         \
	X(poll, DURATION, "5s", "a duration")                                  \
	X(brave, BOOL, "no", "a switch")                                       \
	X(allow, LIST, NULL, "may stand many times")                           \
	X(hook, NAMED, NULL, "each with a name of its own")

struct fuzz_conf {
#define X CONF_MEMBER
	FUZZ_CONF(X)
#undef X
};

static const struct conf_key keys[] = {
#define X(...) CONF_ROW(struct fuzz_conf, __VA_ARGS__)
	FUZZ_CONF(X)
#undef X
	CONF_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_conf one, two;
	struct buf text;
	struct err err;

	conf_init(&one, keys);
	conf_init(&two, keys);
	buf_init(&text, 4 << 20);
	if (conf_read_text(&one, keys, (const char *)data, size, "c",
			   &err) == 0) {
		conf_print(&one, keys, &text);
		FUZZ_MUST(conf_read_text(&two, keys, buf_str(&text), text.len,
					 "c", &err) == 0);
		FUZZ_MUST(one.count == two.count && one.poll == two.poll);
		FUZZ_MUST(strcmp(one.name, two.name) == 0);
		FUZZ_MUST(one.allow.n == two.allow.n);
		FUZZ_MUST(one.hook.n == two.hook.n);
	}
	buf_free(&text);
	conf_free(&one, keys);
	conf_free(&two, keys);
	return 0;
}
