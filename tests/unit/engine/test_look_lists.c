/* test_look_lists.c - what the members of a group say of one another. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "fake.h"
#include "json.h"
#include "look.h"

/* As a Dovecot director shows its ring; a dead one's row stays. */
#define INVENTORY(members)						\
	"{\"fleet\":\"f\",\"min_up\":\"all but 1\","			\
	"\"service\":{\"from\":\"backend\",\"run\":[\"x\"],"		\
	"\"format\":\"text\",\"key\":null,\"in\":\"text == up\","	\
	"\"strangers\":\"refuse\"},"					\
	"\"groups\":{\"director\":{\"members\":[" members "],"		\
	"\"ready\":{\"run\":[\"ring\"],\"format\":\"tab\","		\
	"\"row\":{\"type\":\"self\"},"					\
	"\"in\":\"status ~ \\\"^ring synced\\\"\","			\
	"\"lists\":{\"key\":\"director ip\","				\
	"\"up\":\"type ~ \\\"^(left|right)$\\\"\"}}}},"			\
	"\"backends\":[{\"name\":\"mail1\",\"address\":\"10.0.0.11\"}]}"
#define MEMBER(n) "{\"name\":\"dir" n "\",\"address\":\"10.0.0." n "\"}"
#define TWO   INVENTORY(MEMBER("1") "," MEMBER("2"))
#define THREE INVENTORY(MEMBER("1") "," MEMBER("2") "," MEMBER("3"))

#define HEAD	   "director ip\ttype\tstatus\n"
#define SELF(n)	   "10.0.0." n "\tself\tring synced\n"
#define UNREADY(n) "10.0.0." n "\tself\tring syncing - last sync 3 secs ago\n"
#define LEFT(n)	   "10.0.0." n "\tleft\tsynced\n"
#define RIGHT(n)   "10.0.0." n "\tright\tsynced\n"
#define DEAD(n)	   "10.0.0." n "\t\t\n"

enum { DIRECTORS = 3 };

/* What each director shows (NULL: silence), and what follows from that. */
struct ring {
	const char *inventory;
	const char *shows[DIRECTORS];
	enum tri ready, absent;		/* all of them; dir1 */
	const char *text;		/* in the latter */
	bool excluded;			/* dir3 */
	bool split;			/* dir1 has lost the others */
};

static const struct ring rings[] = {
	{ TWO, { HEAD SELF("1") LEFT("2") RIGHT("2"),
		 HEAD LEFT("1") RIGHT("1") SELF("2") },
	  TRI_TRUE, TRI_FALSE, "dir1 is listed as up", false, false },
	/* its row stays, or goes */
	{ TWO, { NULL, HEAD DEAD("1") SELF("2") },
	  TRI_UNKNOWN, TRI_TRUE, "none lists dir1", false, false },
	{ TWO, { NULL, HEAD SELF("2") },
	  TRI_UNKNOWN, TRI_TRUE, "none lists dir1", false, false },
	/* split in two: each is ready alone */
	{ TWO, { HEAD SELF("1") DEAD("2"), HEAD DEAD("1") SELF("2") },
	  TRI_FALSE, TRI_TRUE, "none lists dir1", false, true },
	/* the other does not know yet, or is not whole itself */
	{ TWO, { NULL, HEAD LEFT("1") SELF("2") },
	  TRI_UNKNOWN, TRI_FALSE, "dir1 is listed as up", false, false },
	{ TWO, { NULL, HEAD DEAD("1") UNREADY("2") },
	  TRI_FALSE, TRI_UNKNOWN, "ring syncing", false, false },
	/* nobody says anything, or not all of it */
	{ TWO, { NULL, NULL }, TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	{ TWO, { NULL, "" }, TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	{ TWO, { NULL, HEAD SELF("2") "10.0.0.1\tle" },
	  TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	{ TWO, { NULL, "ip\ttype\tstatus\n" SELF("2") },
	  TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	{ TWO, { NULL, "director ip\tkind\tstatus\n" SELF("2") },
	  TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	/* one of three: the two others have to agree, and to answer */
	{ THREE, { NULL, HEAD DEAD("1") SELF("2") LEFT("3"),
		   HEAD DEAD("1") LEFT("2") SELF("3") },
	  TRI_UNKNOWN, TRI_TRUE, "none lists dir1", false, false },
	{ THREE, { NULL, HEAD DEAD("1") SELF("2") LEFT("3"),
		   HEAD RIGHT("1") LEFT("2") SELF("3") },
	  TRI_UNKNOWN, TRI_FALSE, "dir1 is listed as up", false, false },
	{ THREE, { NULL, HEAD DEAD("1") SELF("2") DEAD("3"), NULL },
	  TRI_UNKNOWN, TRI_UNKNOWN, "", false, false },
	{ THREE, { NULL, HEAD DEAD("1") SELF("2") DEAD("3"), NULL },
	  TRI_UNKNOWN, TRI_TRUE, "none lists dir1", true, false },
	/* no neighbours, in a larger ring: one who lists it is enough */
	{ THREE, { HEAD SELF("1") LEFT("2") DEAD("3"),
		   HEAD RIGHT("1") SELF("2") LEFT("3"),
		   HEAD DEAD("1") RIGHT("2") SELF("3") },
	  TRI_TRUE, TRI_FALSE, "dir1 is listed as up", false, false },
};

static const struct ring *ring;

static char *
ring_shows(void *ctx, const char *host, const char *argv, int *exit_r)
{
	const char *text = ring->shows[host[3] - '1'];

	(void)ctx;
	assert_string_equal(argv, "ring");
	*exit_r = 0;
	return text == NULL ? NULL : x_strdup(text);
}

static void
ring_done(void *ctx, struct look *look)
{
	(void)look;
	*(bool *)ctx = true;
}

static void
ring_expect(const struct look *look, unsigned int nr, enum tri truth,
	    const char *text)
{
	const struct look_fact *fact = look_fact(look, nr);

	if (fact->truth != truth || strstr(fact->text, text) == NULL)
		fail_msg("ring %td: truth %d, \"%s\" (silent: %s); wanted %d, "
			 "\"%s\"", ring - rings, fact->truth, fact->text,
			 fact->silent, truth, text);
}

static void
ring_look(struct fake *fake, struct look_roster *roster)
{
	struct look *look = look_new(roster);
	unsigned int ready = look_ready(look, "director");
	unsigned int absent = look_absent(look, "director", "dir1");
	unsigned int nobody = look_absent(look, "director", "dir9");
	bool done = false;

	look_run(look, 0, 10000, ring_done, &done);
	fake_run(fake, &done, fake->now_ms + 60000);
	assert_true(done);
	ring_expect(look, ready, ring->ready, ring->split ?
		    "dir1 (10.0.0.1) is listed as up by no other" : "");
	ring_expect(look, absent, ring->absent, ring->text);
	ring_expect(look, nobody, TRI_UNKNOWN, "nobody lists dir9");
	look_free(&look);
}

static void
ring_try(void)
{
	struct look_roster *roster;
	struct json_object *doc;
	struct err err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.probe = ring_shows;
	fake.set = call_set_new(&fake.transport, &fake.clock, NULL, NULL);
	for (int i = 1; i <= DIRECTORS; i++) {
		char name[8], address[16];
		struct call_host h;

		snprintf(name, sizeof(name), "dir%d", i);
		snprintf(address, sizeof(address), "10.0.0.%d", i);
		h = fake_host(name, address);
		(void)call_get(fake.set, &h);
	}
	if (json_parse_object(ring->inventory, strlen(ring->inventory),
			      &json_limits_doc, &doc, &err) < 0 ||
	    look_roster_parse(doc, &roster, &err) < 0)
		fail_msg("%s", err.text);
	json_free(&doc);
	look_roster_calls(roster, fake.set);
	look_roster_exclude(roster, "dir3", ring->excluded);
	ring_look(&fake, roster);
	look_roster_free(&roster);
	fake_free(&fake);
}

static void
who_is_listed_is_there_and_who_is_not_is_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rings); i++) {
		ring = &rings[i];
		ring_try();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_listed_is_there_and_who_is_not_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
