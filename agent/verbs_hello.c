/*
 * verbs_hello.c - greeting: who this host is, and who holds which fleet.
 *
 * Epochs of all fleets are looked at before the first is stored: a greeting is
 * taken whole or refused whole.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "host.h"
#include "paths.h"
#include "verbs.h"

struct greeting {
	const char *host, *coordinator;
	size_t n;
	struct {
		const char *uuid, *name;
		int64_t epoch;
	} fleet[WIRE_LIST_MAX];
};

static int
greeting_fleet(struct greeting *g, const struct json_object *item,
	       struct err *err)
{
	static const char *const keys[] = { "uuid", "name", "epoch", NULL };
	const char **uuid = &g->fleet[g->n].uuid, **name = &g->fleet[g->n].name;

	if (json_only_keys(item, keys, err) < 0 ||
	    request_uuid(item, "uuid", uuid, err) < 0 ||
	    json_get_str(item, "name", 128, name, err) < 0 ||
	    json_get_int(item, "epoch", 0, INT64_MAX - 1, &g->fleet[g->n].epoch,
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

	if (f != NULL && f->epoch == epoch)
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

/* May this fleet be greeted so?  If not, it was refused. */
static bool
fleet_check(struct client *c, const struct request *r, const struct greeting *g,
	    size_t i)
{
	struct fleet *f = book_fleet(&c->runner->book, g->fleet[i].uuid);
	int64_t epoch = g->fleet[i].epoch;
	struct err err;

	if (epoch == 0)
		return true;
	if (f != NULL && epoch < f->epoch) {
		err_set(&err, ERR_REFUSED,
			"fleet %s is held under epoch %lld by %s",
			g->fleet[i].name, (long long)f->epoch, f->coordinator);
		epoch_no(c, r, f, err.text,
			 "another coordinator has taken the fleet: step down");
		return false;
	}
	if (f != NULL && epoch == f->epoch &&
	    strcmp(f->coordinator, g->coordinator) != 0) {
		err_set(&err, ERR_REFUSED, "epoch %lld of fleet %s is %s's",
			(long long)epoch, g->fleet[i].name, f->coordinator);
		epoch_no(c, r, f, err.text, "take a higher epoch");
		return false;
	}
	if (epoch - (f != NULL ? f->epoch : 0) > WIRE_EPOCH_JUMP_MAX) {
		err_set(&err, ERR_REFUSED, "epoch %lld is too far from %lld",
			(long long)epoch,
			f != NULL ? (long long)f->epoch : 0LL);
		epoch_no(c, r, f, err.text, NULL);
		return false;
	}
	return true;
}

static bool
greeting_check(struct client *c, const struct request *r,
	       const struct greeting *g, const struct host_conf *conf)
{
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
	for (size_t i = 0; i < g->n; i++) {
		if (!host_has_fleet(conf, g->fleet[i].name)) {
			err_set(&err, ERR_REFUSED,
				"%s is not of fleet \"%.100s\"", conf->name,
				g->fleet[i].name);
			verbs_no(c, r, WIRE_CODE_FLEET, &err,
				 "add fleet = to /etc/drydock/agent.conf");
			return false;
		}
		if (!fleet_check(c, r, g, i))
			return false;
	}
	return true;
}

static bool
epochs_store(struct client *c, const struct request *r,
	     const struct greeting *g)
{
	struct book *b = &c->runner->book;
	struct err err;

	for (size_t i = 0; i < g->n; i++) {
		struct fleet *f = book_fleet(b, g->fleet[i].uuid);

		if (g->fleet[i].epoch == 0 ||
		    (f != NULL && f->epoch == g->fleet[i].epoch) ||
		    b->journal.state != JOURNAL_OK)
			continue;
		if (book_set_epoch(b, g->fleet[i].uuid, g->fleet[i].name,
				   g->fleet[i].epoch, g->coordinator,
				   &err) < 0) {
			verbs_no(c, r, WIRE_CODE_JOURNAL, &err, NULL);
			return false;
		}
		host_audit("fleet %s is held by %s under epoch %lld",
			   g->fleet[i].name, g->coordinator,
			   (long long)g->fleet[i].epoch);
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
