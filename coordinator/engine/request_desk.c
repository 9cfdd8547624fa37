/* request_desk.c - requests, their connection, and the clock that asks. */
#include "request_desk.h"

#include "alloc.h"
#include "call.h"

#define POLL_MS 5000	/* what no NOTIFY told */

struct request_desk {
	struct request_pg *pg;
	struct requests *requests;
	struct call_set *calls;
	struct call_timer *timer;
};

static void
desk_tick(void *ctx)
{
	struct request_desk *desk = ctx;

	call_timer_stop(&desk->timer);
	desk->timer = call_timer_start(desk->calls,
				       call_set_now_ms(desk->calls) + POLL_MS,
				       desk_tick, desk);
	requests_wake(desk->requests);
}

struct request_desk *
request_desk_new(struct pg *pg, const struct request_env *env)
{
	struct request_desk *desk = x_new(struct request_desk);
	struct request_db db;

	desk->calls = env->calls;
	desk->pg = request_pg_new(pg, &db);
	desk->requests = requests_new(env, &db);
	desk->timer = call_timer_start(desk->calls,
				       call_set_now_ms(desk->calls),
				       desk_tick, desk);
	return desk;
}

void
request_desk_free(struct request_desk **deskp)
{
	struct request_desk *desk = *deskp;

	if (desk == NULL)
		return;
	call_timer_stop(&desk->timer);
	requests_free(&desk->requests);
	request_pg_free(&desk->pg);
	x_free(deskp);
}

void
request_desk_wake(struct request_desk *desk)
{
	if (desk != NULL)
		requests_wake(desk->requests);
}
