/* engine.c - the whole: connections, hosts, fleets, coming and going. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "call.h"
#include "clock.h"
#include "engine_private.h"
#include "fleet.h"
#include "hook_desk.h"
#include "jdoc.h"
#include "log.h"
#include "pg.h"
#include "request_desk.h"
#include "store.h"
#include "taking.h"
#include "timelines.h"
#include "transport.h"
#include "waker.h"

enum { ENGINE_LEAVE_MS = 4000, ENGINE_LEAVE_COMMITTED_MS = 60000 };

struct event_base *
engine_base(struct engine *e)
{
	return e->base;
}

bool
engine_may_send(const struct engine *e)
{
	return e->beat_sent_ms != 0 && clock_boot_ms() - e->beat_sent_ms <
		e->lease_ms - e->lease_ms / 5;
}

struct fleet *
engine_fleet(struct engine *e, int id)
{
	for (struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (f->id == id)
			return f;
	return NULL;
}

struct pg *
engine_pg(struct engine *e, int fleet)
{
	return e->pool[fleet % ENGINE_POOL];
}

struct request_desk *
engine_desk(struct engine *e, const struct fleet *fleet)
{
	const struct request_env env = {
		.coordinator = e->id,
		.fleet = fleet != NULL ? fleet->id : 0,
		.epoch = fleet != NULL ? fleet->epoch : 0,
		.calls = e->calls,
		.transport = e->transport,
	};

	return request_desk_new(fleet != NULL ? fleet->pg : e->pool[0], &env);
}

void
engine_drop(struct engine *e, struct fleet *fleet, const char *why)
{
	struct fleet **at = &e->fleets;

	log_notice("%s: let go: %s", fleet->name, why);
	while (*at != fleet)
		at = &(*at)->next;
	*at = fleet->next;
	fleet_free(&fleet);
	engine_hosts(e);
	engine_check_left(e);
}

/* ----------------------------------------------------------------- hosts */

enum { HOST_FLEETS = 64, HOST_KEYS = 16 };

/* Every fleet, held or being taken, that speaks of this host. */
struct host_of {
	const char *name;
	struct call_fleet fleets[HOST_FLEETS];
	size_t nfleets;
};

static void
host_fleet(struct host_of *h, const struct json_object *doc,
	   const struct names *names, int64_t epoch)
{
	const char *uuid = jdoc_str(doc, "uuid", "");

	if (names_host(names, h->name) == NULL || h->nfleets == HOST_FLEETS)
		return;
	for (size_t i = 0; i < h->nfleets; i++)
		if (strcmp(h->fleets[i].uuid, uuid) == 0)
			return;
	h->fleets[h->nfleets++] = (struct call_fleet){
		.uuid = uuid, .name = jdoc_str(doc, "name", ""),
		.epoch = epoch,
	};
}

static void
host_fleets(struct engine *e, struct host_of *h)
{
	const struct json_object *doc;
	const struct names *names;

	for (struct fleet *f = e->fleets; f != NULL; f = f->next)
		host_fleet(h, f->doc, &f->names, f->epoch);
	for (int i = 0; (doc = taking_doc(e, i, &names)) != NULL; i++)
		host_fleet(h, doc, names, 0);
}

/* A backend's address must be one of its machine's, unless waived. */
static const char *
host_backend_address(const struct names *names, const char *name)
{
	const struct json_object *backend = names_backend(names, name);

	return jdoc_bool(backend, "address_elsewhere", false) ? NULL :
	       jdoc_str(backend, "address", NULL);
}

static void
host_config(struct engine *e, const struct names *names,
	    const struct json_object *host)
{
	const struct json_object *list = jdoc_in(host, "keys");
	const char *keys[HOST_KEYS + 1] = { NULL };
	struct host_of h = { .name = jdoc_str(host, "name", "") };
	struct call_host config;
	struct call *call = call_find(e->calls, h.name);

	for (size_t i = 0; i < jdoc_count(list) && i < HOST_KEYS; i++)
		keys[i] = json_as_str(json_item(list, i));
	host_fleets(e, &h);
	config = (struct call_host){
		.name = h.name,
		.address = jdoc_str(host, "address", ""),
		.port = (int)jdoc_int(host, "port", 22),
		.user = jdoc_str(host, "ssh_user", "drydock"),
		.keys = keys,
		.machine_id = jdoc_str(host, "machine_id", NULL),
		.backend_address = host_backend_address(names, h.name),
		.coordinator = e->opt.name,
		.fleets = h.fleets,
		.nfleets = h.nfleets,
	};
	if (call == NULL)
		call_get(e->calls, &config);
	else
		call_config(call, &config);
}

static void
hosts_of(struct engine *e, const struct json_object *doc,
	 const struct names *names)
{
	const struct json_object *hosts = jdoc_in(doc, "hosts");

	for (size_t i = 0; i < jdoc_count(hosts); i++)
		host_config(e, names, json_item(hosts, i));
}

/* One whose hosts are not read yet may need any of those we know. */
static bool
hosts_are_told(const struct engine *e)
{
	for (const struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (f->doc == NULL)
			return false;
	return true;
}

void
engine_hosts(struct engine *e)
{
	const struct json_object *doc;
	const struct names *names;

	call_set_round(e->calls);
	for (int i = 0; (doc = taking_doc(e, i, &names)) != NULL; i++)
		hosts_of(e, doc, names);
	for (struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (f->doc != NULL)
			hosts_of(e, f->doc, &f->names);
	if (hosts_are_told(e))
		call_set_sweep(e->calls);
}

/* Excluded ones are not asked any more. */
static bool
host_excluded(const struct fleet *f, const char *name)
{
	const struct json_object *groups = jdoc_in(f->doc, "groups");
	int b = fleet_service(f, name);

	if (b >= 0)
		return f->services[b].excluded;
	for (size_t g = 0; g < jdoc_count(groups); g++) {
		const struct json_object *members =
			jdoc_in(json_item(groups, g), "members");

		for (size_t i = 0; i < jdoc_count(members); i++)
			if (strcmp(jdoc_str(json_item(members, i), "name",
					    ""), name) == 0)
				return jdoc_bool(json_item(members, i),
						 "excluded", false);
	}
	return false;
}

void
engine_greet(struct fleet *f)
{
	const struct json_object *hosts = jdoc_in(f->doc, "hosts");

	for (size_t i = 0; i < jdoc_count(hosts); i++) {
		const char *name = jdoc_str(json_item(hosts, i), "name", "");
		struct call *call = call_find(f->engine->calls, name);

		if (call != NULL && !host_excluded(f, name))
			call_greet(call);
	}
}

const char *
engine_held(const struct fleet *f, const char *host, int64_t since_ms)
{
	struct call *call = call_find(f->engine->calls, host);
	const struct call_facts *facts = call ? call_facts(call) : NULL;

	return facts != NULL && facts->at_ms >= since_ms ? facts->hold : NULL;
}

/* NULL: greeted since then with the fleet's epoch; else why not. */
static const char *
host_not_greeted(const struct fleet *f, const struct call *call,
		 int64_t since_ms)
{
	const struct call_facts *facts = call ? call_facts(call) : NULL;
	const struct call_floor *floor;

	if (call != NULL && call_why(call)[0] != '\0')
		return call_why(call);
	if (facts == NULL || !call_is_up(call) || facts->at_ms < since_ms)
		return "no answer yet";
	floor = call_facts_fleet(facts, f->uuid);
	if (floor != NULL && floor->code != NULL)
		return strcmp(floor->code, "fleet") == 0 ?
			"/etc/drydock/agent.conf there does not name this "
			"fleet" : floor->why;
	return floor != NULL && floor->epoch == f->epoch ? NULL :
		"no answer yet";
}

bool
engine_greeted(const struct fleet *f, int64_t since_ms, char *silent,
	       size_t size)
{
	const struct json_object *hosts = jdoc_in(f->doc, "hosts");

	silent[0] = '\0';
	for (size_t i = 0; i < jdoc_count(hosts); i++) {
		const char *name = jdoc_str(json_item(hosts, i), "name", "");
		struct call *call = call_find(f->engine->calls, name);
		const char *why = host_not_greeted(f, call, since_ms);
		size_t len = strlen(silent);

		if (why == NULL || host_excluded(f, name))
			continue;
		snprintf(silent + len, size - len, "%s%s: %s",
			 len > 0 ? "; " : "", name, why);
	}
	return silent[0] == '\0';
}

/* -------------------------------------------------------- what calls tell */

static void
host_op(struct fleet *f, struct call *call)
{
	const struct call_facts *facts = call_facts(call);
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "host");
	json_out_int(&out, "host", fleet_host_id(f, call_name(call)));
	json_out_str(&out, "machine_id", facts->machine_id);
	json_out_str(&out, "boot_id", facts->boot_id);
	json_out_str(&out, "agent", facts->agent);
	json_out_str(&out, "hold", facts->hold);
	json_out_array(&out, "addresses");
	for (size_t i = 0; facts->addresses && facts->addresses[i]; i++)
		json_out_str(&out, NULL, facts->addresses[i]);
	json_out_end(&out);
	json_out_end(&out);
	act_op(f, buf_str(&buf));
	buf_free(&buf);
}

/*
 * A machine that is first heard of may be known as another host already.  That
 * is refused, so it goes alone; what is decided waits behind it.
 */
static void
host_first_op(struct fleet *f, struct call *call)
{
	write_flush(f);
	host_op(f, call);
	f->ops_happened = true;
	snprintf(f->ops_host, sizeof(f->ops_host), "%s", call_name(call));
	write_flush(f);
}

static void
host_up_op(struct fleet *f, struct call *call)
{
	const struct json_object *host =
		names_host(&f->names, call_name(call));

	if (jdoc_str(host, "machine_id", NULL) == NULL)
		host_first_op(f, call);
	else
		host_op(f, call);
}

void
engine_deny(struct fleet *f, const char *host, const char *why)
{
	struct call *call = call_find(f->engine->calls, host);

	log_error("%s: %s is not used: %s", f->name, host, why);
	if (call != NULL)
		call_deny(call, why);
}

/* For people: `drydock host list` says why. */
static void
host_silent_op(struct fleet *f, struct call *call, const char *why)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_out_init(&out, &buf);
	json_out_object(&out, NULL);
	json_out_str(&out, "op", "host");
	json_out_int(&out, "host", fleet_host_id(f, call_name(call)));
	json_out_str(&out, "why_silent", why);
	json_out_end(&out);
	act_op(f, buf_str(&buf));
	buf_free(&buf);
}

static int64_t
given_out(void *ctx, const char *uuid)
{
	const struct engine *e = ctx;

	for (const struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (strcmp(f->uuid, uuid) == 0)
			return f->change_seq;
	return 0;
}

/* It follows a newer holder of this fleet, though not of all of ours. */
static void
host_fenced(struct fleet *f, const struct call *call)
{
	const struct call_floor *floor =
		call_facts_fleet(call_facts(call), f->uuid);

	if (floor != NULL && floor->code != NULL &&
	    strcmp(floor->code, "epoch") == 0 && floor->epoch >= f->epoch)
		lease_raise(f, floor->epoch);
}

static void
on_up(void *ctx, struct call *call)
{
	struct engine *e = ctx;

	for (struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (names_host(&f->names, call_name(call)) != NULL) {
			if (f->view.database)
				host_up_op(f, call);
			host_fenced(f, call);
			forget_host(f, call_name(call));
			fleet_wake(f);
		}
}

static void
on_down(void *ctx, struct call *call, const char *why)
{
	struct engine *e = ctx;

	log_info("%s: no channel: %s", call_name(call), why);
	for (struct fleet *f = e->fleets; f != NULL; f = f->next) {
		if (names_host(&f->names, call_name(call)) == NULL)
			continue;
		if (call_fenced_by(call) > f->epoch)
			lease_raise(f, call_fenced_by(call));
		send_cut(f, call_name(call), why);
		if (f->view.database)
			host_silent_op(f, call, why);
		fleet_wake(f);
	}
}

static void
on_ended(void *ctx, struct call *call, const char *attempt,
	 const char *state, const struct json_object *result,
	 const char *result_text)
{
	struct engine *e = ctx;

	(void)result;
	for (struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (f->has_rollout)
			send_pushed(f, call_name(call), attempt, state,
				    result_text);
}

static const struct call_hooks hooks = {
	.given_out = given_out,
	.up = on_up, .down = on_down, .ended = on_ended,
};

/* ------------------------------------------------------------ PostgreSQL */

/* All connections mostly say the same: once is enough. */
static void
no_database(struct engine *e, const struct err *why)
{
	log_again(&e->told, LOG_LEVEL_WARN, "database: %s",
		  why != NULL ? why->text : "gone");
}

static void
on_ear_state(void *self, bool up, const struct err *why)
{
	struct engine *e = self;

	if (up) {
		e->told = (struct log_again){ 0 };
		lease_beat(e);
	} else {
		no_database(e, why);
	}
}

static void
on_notify(void *self, const char *channel, const char *payload)
{
	struct engine *e = self;

	(void)channel;
	if (strcmp(payload, "hook") == 0) {
		hook_desk_wake(e->hooks);
		return;
	}
	if (strcmp(payload, "request") == 0) {
		request_desk_wake(e->desk);
		return;
	}
	for (struct fleet *f = e->fleets; f != NULL; f = f->next) {
		if (payload[0] != '\0' && atoi(payload) != f->id)
			continue;
		fleet_reload(f);
		request_desk_wake(f->desk);
		e->ticked_ms = 0;
	}
}

static void
on_pool_state(void *self, bool up, const struct err *why)
{
	struct engine *e = self;

	if (!up) /* nobody's fleet may be on it yet */
		no_database(e, why);
	for (struct fleet *f = e->fleets; f != NULL; f = f->next) {
		if (pg_up(f->pg) != up)
			continue;
		if (!up)
			fleet_away(f, why != NULL ? why->text : "gone");
		else if (f->batches != NULL)
			write_retry(f);
		else
			fleet_reload(f);
		fleet_wake(f);
	}
}

static void
on_unreplicated(void *self, const char *message)
{
	(void)self;
	log_crit("a commit is on this server only and may be lost with it: "
		 "%s", message);
}

static int
engine_connect(struct engine *e, struct err *err)
{
	static const char *const channels[] = { "fleet_command", NULL };
	struct pg_options options = {
		.conninfo = e->opt.database,
		.application_name = "drydockd",
		.allow_async_commit = e->opt.allow_async_commit,
		.self = e,
		.on_state = on_pool_state,
		.on_unreplicated = on_unreplicated,
	};

	if (e->opt.state != NULL) {
		e->timelines = timelines_new(e->opt.state, err);
		if (e->timelines == NULL)
			return -1;
		options.timelines = e->timelines;
	}
	for (int i = 0; i < ENGINE_POOL; i++) {
		e->pool[i] = pg_new(e->base, &options, err);
		if (e->pool[i] == NULL)
			return -1;
	}
	options.on_state = on_ear_state;
	options.on_notify = on_notify;
	options.listen = channels;
	e->ear = pg_new(e->base, &options, err);
	return e->ear == NULL ? -1 : 0;
}

struct engine *
engine_new(struct event_base *base, struct transport *transport,
	   const struct engine_options *options, struct err *err)
{
	struct engine *e = x_new(struct engine);

	e->base = base;
	e->transport = transport;
	e->opt = *options;
	e->lease_ms = options->lease_ms ? options->lease_ms : ENGINE_LEASE_MS;
	e->beat_ms = options->beat_ms ? options->beat_ms : ENGINE_BEAT_MS;
	uuid_make(e->instance);
	e->loop = call_loop_new(base, transport, &hooks, e);
	e->calls = call_loop_set(e->loop);
	if (engine_connect(e, err) < 0) {
		engine_free(&e);
		return NULL;
	}
	e->hooks = hook_desk_new(base, e->pool[0]);
	lease_start(e);
	return e;
}

void
engine_hooks(struct engine *e, struct hook_list *list)
{
	hook_desk_set(e->hooks, list);
}

void
engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (e == NULL)
		return;
	*ep = NULL;
	while (e->fleets != NULL) {
		struct fleet *f = e->fleets;

		e->fleets = f->next;
		fleet_free(&f);
	}
	lease_stop(e);
	request_desk_free(&e->desk);
	hook_desk_free(&e->hooks);
	waker_free(&e->leave_waker);
	call_loop_free(&e->loop);
	for (int i = 0; i < ENGINE_POOL; i++)
		pg_free(&e->pool[i]);
	pg_free(&e->ear);
	timelines_free(&e->timelines);
	free(e);
}

/* --------------------------------------------------------------- leaving */

bool
engine_committed(const struct engine *e)
{
	for (const struct fleet *f = e->fleets; f != NULL; f = f->next)
		if (fleet_committed(f))
			return true;
	return false;
}

static void
engine_say_left(struct engine *e)
{
	engine_left_fn *left = e->left;

	e->left = NULL;
	if (left != NULL)
		left(e->left_arg);
}

static void
goodbye_done(void *self, const struct pg_rows *rows,
	     const struct pg_error *error)
{
	(void)rows, (void)error;
	engine_say_left(self);
}

void
engine_check_left(struct engine *e)
{
	struct store_num id;
	const char *params[2];

	if (!e->leaving || e->fleets != NULL || e->left == NULL)
		return;
	params[0] = store_num(&id, e->id);
	params[1] = e->instance;
	store_call(e->ear, STORE_GOODBYE, params, 2000, goodbye_done, e);
}

/* What does not come to rest in time is left as SIGKILL would leave it. */
static void
leave_tick(void *self)
{
	struct engine *e = self;
	int64_t gone = clock_boot_ms() - e->leave_ms;

	if (gone < ENGINE_LEAVE_MS || (engine_committed(e) &&
				       gone < ENGINE_LEAVE_COMMITTED_MS)) {
		waker_at(e->leave_waker, clock_boot_ms() + 200);
		return;
	}
	if (e->fleets != NULL)
		log_warn("left without releasing every fleet");
	engine_say_left(e);
}

void
engine_leave(struct engine *e, engine_left_fn *left, void *arg)
{
	e->leaving = true;
	e->leave_ms = clock_boot_ms();
	e->left = left;
	e->left_arg = arg;
	takings_free(e);
	hook_desk_rest(e->hooks);
	e->leave_waker = waker_new(e->base, leave_tick, e);
	waker_at(e->leave_waker, e->leave_ms + 200);
	for (struct fleet *f = e->fleets; f != NULL; f = f->next) {
		f->view.stopping = true;
		fleet_wake(f);
	}
	engine_check_left(e);
}
