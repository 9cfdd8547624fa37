/* refusal.c - what the database refuses, and when it is decided again. */
#include "backoff.h"
#include "plan.h"
#include "refusal.h"

enum { REFUSAL_WAIT_MS = 3000, REFUSAL_REST_MS = 60000 };

_Static_assert(RULE_COUNT <= 50, "a bit for each rule");

void
refusal_begin(struct refusal *r, uint64_t what, int64_t revision,
	      int64_t now_ms)
{
	*r = (struct refusal){
		.what = what, .revision = revision, .until_ms = now_ms,
	};
}

bool
refusal_note(struct refusal *r, uint64_t what, int64_t revision,
	     int64_t now_ms)
{
	if (r->revision != revision)
		r->times = 0;
	r->revision = revision;
	r->what |= what;
	r->until_ms = now_ms + backoff_retry_ms(REFUSAL_WAIT_MS, r->times++);
	return r->times > 1;
}

bool
refusal_taken(struct refusal *r, uint64_t what, int64_t revision)
{
	if (r->revision != revision)
		r->what = 0;
	r->what &= ~what;
	return r->what == 0;
}

bool
refusal_rests(const struct refusal *r, int64_t now_ms)
{
	return now_ms - r->until_ms >= REFUSAL_REST_MS;
}

int64_t
refusal_wait_ms(const struct refusal *r, int64_t revision, int64_t now_ms)
{
	return r->times > 0 && r->revision == revision &&
		r->until_ms > now_ms ? r->until_ms - now_ms : 0;
}
