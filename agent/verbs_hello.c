/*
 * verbs_hello.c - greeting: who this host is, and who holds which fleet.
 *
 * Fleets may share a host and know nothing of each other: one that is refused
 * says so at its own place in the answer and harms no other.  Who asks for a
 * single fleet and is refused that has nothing to do here.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "host.h"
#include "paths.h"
#include "seeded.h"
#include "verbs.h"

struct greeting {
	const char *host, *coordinator;
	size_t n;
	struct {
		const char *uuid, *name;
		int64_t epoch, seq;
		enum wire_code code; /* why it is not taken, or NONE */
		const char *hint;
		struct err no;
	} fleet[WIRE_LIST_MAX];
};

static int
greeting_fleet(struct greeting *g, const struct json_object *item,
	       struct err *err)
{
	static const char *const keys[] = { "uuid", "name", "epoch", "seq",
					    NULL };
	const char **uuid = &g->fleet[g->n].uuid, **name = &g->fleet[g->n].name;

	g->fleet[g->n].seq = 0;

	if (json_only_keys(item, keys, err) < 0 ||
	    request_uuid(item, "uuid", uuid, err) < 0 ||
	    json_get_str(item, "name", 128, name, err) < 0 ||
	    json_get_int(item, "epoch", 0, INT64_MAX - 1, &g->fleet[g->n].epoch,
			 err) < 0 ||
	    json_opt_int(item, "seq", 0, INT64_MAX - 1, &g->fleet[g->n].seq,
			 err) < 0)
		return -1;
	g->n++;
	return 0;
}

static int
greeting_parse(struct greeting *g, const struct json_object *obj,
	       struct err *err)
{
	const struct json_object *list, *item;

	g->n = 0;
	if (json_get_str(obj, "host", 256, &g->host, err) < 0 ||
	    json_get_str(obj, "coordinator", 256, &g->coordinator, err) < 0 ||
	    json_get_array(obj, "fleets", WIRE_LIST_MAX, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_item_object(list, i, &item, err) < 0 ||
		    greeting_fleet(g, item, err) < 0)
			return -1;
	}
	return 0;
}

static void
epoch_no(struct client *c, const struct request *r, const struct fleet *f,
	 const char *why, const char *hint)
{
	struct answer a;

	answer_begin_no(&a, r->id, WIRE_CODE_EPOCH, why, hint);
	json_out_int(&a.o, "epoch", f != NULL ? f->epoch : 0);
	answer_send(&a, &c->conn, r->id);
}

bool
verbs_epoch(struct client *c, const struct request *r, const char *uuid,
	    int64_t epoch)
{
	struct fleet *f = book_fleet(&c->runner->book, uuid);
	struct err err;

	if (f != NULL && (f->epoch == epoch || SEEDED(STALE_EPOCH)))
		return true;
	err_set(&err, ERR_REFUSED,
		"the fleet is held under epoch %lld here, "
		"the request says %lld",
		f != NULL ? (long long)f->epoch : 0LL, (long long)epoch);
	epoch_no(
		c, r, f, err.text,
		f == NULL || f->epoch < epoch
			? "say hello with this epoch first"
			: "another coordinator has taken the fleet: step down");
	return false;
}

static void
fleet_no(struct greeting *g, size_t i, enum wire_code code, const char *hint)
{
	g->fleet[i].code = code;
	g->fleet[i].hint = hint;
}

/* May this fleet be greeted so? */
static void
fleet_check(struct book *b, struct greeting *g, size_t i)
{
	const struct fleet *f = book_fleet(b, g->fleet[i].uuid);
	const char *name = g->fleet[i].name;
	int64_t epoch = g->fleet[i].epoch, known = f != NULL ? f->epoch : 0;
	struct err *err = &g->fleet[i].no;

	if (epoch == 0)
		return;
	if (epoch < known) {
		err_set(err, ERR_REFUSED,
			"fleet %s is held under epoch %lld by %s", name,
			(long long)known, f->coordinator);
		fleet_no(g, i, WIRE_CODE_EPOCH,
			 "another coordinator has taken the fleet: step down");
	} else if (f != NULL && epoch == known &&
		   strcmp(f->coordinator, g->coordinator) != 0) {
		err_set(err, ERR_REFUSED, "epoch %lld of fleet %s is %s's",
			(long long)epoch, name, f->coordinator);
		fleet_no(g, i, WIRE_CODE_EPOCH, "take a higher epoch");
	} else if (epoch - known > WIRE_EPOCH_JUMP_MAX) {
		err_set(err, ERR_REFUSED, "epoch %lld is too far from %lld",
			(long long)epoch, (long long)known);
		fleet_no(g, i, WIRE_CODE_EPOCH, NULL);
	}
}

static void
fleets_check(struct book *b, struct greeting *g, const struct host_conf *conf)
{
	for (size_t i = 0; i < g->n; i++) {
		fleet_no(g, i, WIRE_CODE_NONE, NULL);
		if (host_has_fleet(conf, g->fleet[i].name)) {
			fleet_check(b, g, i);
			continue;
		}
		err_set(&g->fleet[i].no, ERR_REFUSED,
			"%s is not of fleet \"%.100s\"", conf->name,
			g->fleet[i].name);
		fleet_no(g, i, WIRE_CODE_FLEET,
			 "add fleet = to /etc/drydock/agent.conf");
	}
}

/* False: it was refused. */
static bool
greeting_check(struct client *c, const struct request *r, struct greeting *g,
	       const struct host_conf *conf)
{
	struct book *b = &c->runner->book;
	struct err err;

	if (strcmp(g->host, conf->name) != 0) {
		err_set(&err, ERR_REFUSED,
			"this host is \"%s\", not \"%.100s\"", conf->name,
			g->host);
		verbs_no(c, r, WIRE_CODE_HOST, &err,
			 "correct the address in the inventory, or name = in "
			 "/etc/drydock/agent.conf");
		return false;
	}
	fleets_check(b, g, conf);
	if (g->n != 1 || g->fleet[0].code == WIRE_CODE_NONE)
		return true;
	if (g->fleet[0].code == WIRE_CODE_EPOCH)
		epoch_no(c, r, book_fleet(b, g->fleet[0].uuid),
			 g->fleet[0].no.text, g->fleet[0].hint);
	else
		verbs_no(c, r, g->fleet[0].code, &g->fleet[0].no,
			 g->fleet[0].hint);
	return false;
}

/* The floor first: a fleet that has an epoch is not new any more. */
static int
epoch_store(struct book *b, const struct greeting *g, size_t i, struct err *err)
{
	const char *uuid = g->fleet[i].uuid, *name = g->fleet[i].name;
	const struct fleet *f = book_fleet(b, uuid);
	int64_t epoch = g->fleet[i].epoch, floor = f != NULL ? f->floor : 0;

	if (book_given_out(b, uuid, g->fleet[i].seq, err) < 0)
		return -1;
	f = book_fleet(b, uuid);
	if (f != NULL && f->floor > floor)
		host_audit("fleet %s: no change up to %lld is begun: this "
			   "journal is new to it, or lost records",
			   name, (long long)f->floor);
	if (f != NULL && f->epoch == epoch)
		return 0;
	if (book_set_epoch(b, uuid, name, epoch, g->coordinator, err) < 0)
		return -1;
	host_audit("fleet %s is held by %s under epoch %lld", name,
		   g->coordinator, (long long)epoch);
	return 0;
}

static bool
epochs_store(struct client *c, const struct request *r,
	     const struct greeting *g)
{
	struct book *b = &c->runner->book;
	struct err err;

	for (size_t i = 0; i < g->n; i++) {
		if (g->fleet[i].epoch == 0 ||
		    g->fleet[i].code != WIRE_CODE_NONE ||
		    b->journal.state != JOURNAL_OK)
			continue;
		if (epoch_store(b, g, i, &err) < 0) {
			verbs_no(c, r, WIRE_CODE_JOURNAL, &err, NULL);
			return false;
		}
	}
	return true;
}

static void
journal_text(const struct journal *j, struct buf *text)
{
	static const char *const words[] = { [JOURNAL_OK] = "ok",
					     [JOURNAL_MISSING] = "missing",
					     [JOURNAL_DAMAGED] = "damaged",
					     [JOURNAL_FAILED] = "damaged" };

	buf_adds(text, words[j->state]);
	if (j->state != JOURNAL_OK)
		buf_addf(text, ": %s", j->why);
}

static void
print_allow_sha(struct json_out *o)
{
	char *path = paths_conf("allow");
	struct allow *allow;

	if (allow_read(path, &allow, NULL) == 0) {
		json_out_str(o, "allow_sha256", allow_sha256(allow));
		allow_free(&allow);
	} else {
		json_out_null(o, "allow_sha256");
	}
	x_free(&path);
}

static void
print_fleets(struct book *b, const struct greeting *g, struct json_out *o)
{
	json_out_array(o, "fleets");
	for (size_t i = 0; i < g->n; i++) {
		struct fleet *f = book_fleet(b, g->fleet[i].uuid);

		json_out_object(o, NULL);
		json_out_str(o, "uuid", g->fleet[i].uuid);
		json_out_int(o, "epoch", f != NULL ? f->epoch : 0);
		json_out_int(o, "floor", f != NULL ? f->floor : 0);
		if (g->fleet[i].code != WIRE_CODE_NONE) {
			json_out_str(o, "code",
				     wire_code_name(g->fleet[i].code));
			json_out_str(o, "why", g->fleet[i].no.text);
		}
		json_out_end(o);
	}
	json_out_end(o);
}

static void
hello_answer(struct client *c, const struct request *r,
	     const struct greeting *g, const struct host_conf *conf)
{
	struct book *b = &c->runner->book;
	char *hold = host_hold();
	struct answer a;
	struct buf text;

	buf_init(&text, 1024);
	journal_text(&b->journal, &text);
	answer_begin(&a, r->id);
	json_out_str(&a.o, "agent", DRYDOCK_VERSION);
	json_out_int(&a.o, "proto", WIRE_PROTO);
	json_out_str(&a.o, "name", conf->name);
	json_out_str(&a.o, "machine_id", b->machine_id);
	json_out_str(&a.o, "boot_id", b->boot_id);
	json_out_int(&a.o, "boottime_ms", clock_boot_ms());
	json_out_int(&a.o, "wall_ms", clock_wall_ms());
	host_addresses(&a.o, "addresses");
	print_fleets(b, g, &a.o);
	json_out_str(&a.o, "hold", hold);
	json_out_bool(&a.o, "sheet",
		      faccessat(c->runner->state, VERBS_SHEET, F_OK, 0) == 0);
	json_out_str(&a.o, "journal", buf_str(&text));
	print_allow_sha(&a.o);
	answer_send(&a, &c->conn, r->id);
	buf_free(&text);
	x_free(&hold);
}

void
verb_hello(struct client *c, const struct request *r)
{
	struct host_conf conf;
	struct greeting g;
	struct err err;

	if (greeting_parse(&g, r->doc, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_USAGE, &err, NULL);
		return;
	}
	if (host_conf_read(&conf, &err) < 0) {
		verbs_no(c, r, WIRE_CODE_HOST, &err, NULL);
		return;
	}
	if (greeting_check(c, r, &g, &conf) && epochs_store(c, r, &g))
		hello_answer(c, r, &g, &conf);
	host_conf_free(&conf);
}
