/* inventory.c - a fleet's file into its normalised JSON. */
#include "inventory.h"

#include <arpa/inet.h>
#include <string.h>

#include "alloc.h"
#include "inventory_private.h"
#include "num.h"

enum {
	F_FLEET,
	F_TIMEZONE,
	F_MIN_UP,
	F_INTERLOCK,
	F_WINDOWS,
	F_SSH,
	F_SERVICE,
	F_GROUPS,
	F_BACKENDS,
	F_CHANGE_REQUIRED,
	F_CHANGE_PATTERN,
	F_FOUR_EYES,
	F_ALLOW_SINGLE,
	F_N
};
static const struct yfield fleet_fields[] = {
	[F_FLEET] = { "fleet", YNAME, true,
		      "its name: a-z, 0-9, - and _, at most 63" },
	[F_TIMEZONE] = { "timezone", YTEXT, false,
			 "of its windows, such as Europe/Helsinki; default "
			 "UTC" },
	[F_MIN_UP] = { "min_up", YTEXT, false,
		       "how many of all backends listed stay in service: N, P% "
		       "(rounded up) or all but N; default all but 1. Who is "
		       "excluded counts as down" },
	[F_INTERLOCK] = { "interlock", YNAME, false,
			  "fleets with the same word have at most one backend "
			  "out between them; default the fleet's own name" },
	[F_WINDOWS] = { "windows", YLIST(YTEXT), false,
			"list of when backends may be taken, see WINDOWS; "
			"default any time" },
	[F_SSH] = { "ssh", YMAP(&ssh_keys), false,
		    "how its hosts are reached" },
	[F_SERVICE] = { "service", YMAP(&service_keys), true,
			"what \"in service\" means" },
	[F_GROUPS] = { "groups",
		       YMANY(YEITHER(YMAP(&group_keys),
				     YLIST(YMAP(&member_keys)))),
		       false,
		       "NAME: {members: …}, or NAME: [member, …]: other hosts "
		       "that procedures talk to" },
	[F_BACKENDS] = { "backends", YLIST(YMAP(&backend_keys)), false,
			 "list of what is taken one by one, two at least; left "
			 "out with import --discover" },
	[F_CHANGE_REQUIRED] = { "change_required", YBOOL, false,
				"yes: start wants a change ticket, --change" },
	[F_CHANGE_PATTERN] = { "change_pattern", YTEXT, false,
			       "the same, and the whole of it matches this "
			       "regular expression, at most 200 characters, "
			       "such as CHG-[0-9]+" },
	[F_FOUR_EYES] = { "four_eyes", YBOOL, false,
			  "yes: approve and override are not for who planned "
			  "or started the rollout" },
	[F_ALLOW_SINGLE] = { "allow_single", YBOOL, false,
			     "yes: a fleet of one backend, with a gap in the "
			     "service, is meant" },
};
const struct yfields fleet_keys = YFIELDS(fleet_fields);

/* Begins with a-z or 0-9, then also - . and _; at most 63. */
static bool
inv_host_name(const char *name)
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	size_t len = strlen(name);

	return len > 0 && len <= 63 && strspn(name, rest) == len &&
	       strchr("-._", name[0]) == NULL;
}

/* One spelling of each address, or comparing them would not find doubles. */
static int
address_check(struct inv *v, const struct ynode *node)
{
	unsigned char bin[16];
	char text[INET6_ADDRSTRLEN];
	int family = strchr(node->text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, node->text, bin) != 1) {
		ynode_error(v->d, node, "\"%s\" is not an IP address",
			    node->text);
		diag_hint(v->d, "names are not looked up: write the address "
				"itself");
		return -1;
	}
	(void)inet_ntop(family, bin, text, sizeof(text));
	if (strcmp(text, node->text) == 0)
		return 0;
	ynode_error(v->d, node, "the address is usually written %s", text);
	return -1;
}

/* Two hosts that cannot both be right. */
static int
host_compare(struct inv *v, const struct inv_host *new,
	     const struct inv_host *old, bool same_list)
{
	bool name = strcmp(new->name, old->name) == 0;
	bool address = strcmp(new->address, old->address) == 0;

	if (!name && !address)
		return 0;
	if (name && address && !same_list)
		return 0;
	if (name && address)
		ynode_error(v->d, new->node, "%s is listed twice", new->name);
	else if (name)
		ynode_error(v->d, new->node, "%s has two addresses, %s and %s",
			    new->name, old->address, new->address);
	else
		ynode_error(v->d, new->node, "%s has the address of %s, %s",
			    new->name, old->name, old->address);
	diag_hint(v->d, "the other one is in line %u", old->node->at.line);
	return -1;
}

int
inv_host_read(struct inv *v, const struct ynode *name,
	      const struct ynode *address, size_t first,
	      struct inv_host *host_r)
{
	if (name == NULL || address == NULL)
		return -1;
	if (!inv_host_name(name->text)) {
		ynode_error(v->d, name, "\"%s\" is not a host's name",
			    name->text);
		diag_hint(v->d, "names have a-z, 0-9, - . and _, begin with a "
				"letter or digit, and have at most 63");
		return -1;
	}
	if (address_check(v, address) < 0)
		return -1;
	*host_r = (struct inv_host){ name, name->text, address->text };
	for (size_t i = 0; i < v->hosts; i++)
		if (host_compare(v, host_r, &v->host[i], i >= first) < 0)
			return -1;
	v->host = x_realloc(v->host, v->hosts + 1, sizeof(*v->host));
	v->host[v->hosts++] = *host_r;
	return 0;
}

static void
timezone_out(struct inv *v, const struct ynode *node)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_+-/";

	if (node != NULL &&
	    (*node->text == '\0' || strlen(node->text) > 63 ||
	     strspn(node->text, letters) != strlen(node->text))) {
		ynode_error(v->d, node, "\"%s\" is not a time zone",
			    node->text);
		diag_hint(v->d, "such as Europe/Helsinki");
	}
	json_out_str(v->o, "timezone", node == NULL ? "UTC" : node->text);
}

/* "all but N", "N" or "P%". */
static bool
min_up_valid(const char *text)
{
	bool all_but = strncmp(text, "all but ", 8) == 0;
	const char *p = all_but ? text + 8 : text;
	size_t n = strspn(p, "0123456789");
	int64_t number;
	char *digits;
	bool ok;

	if (n == 0 || n > 5)
		return false;
	digits = x_strndup(p, n);
	ok = num_parse_int(digits, all_but ? 1 : 0, 10000, &number, NULL) == 0;
	free(digits);
	if (!ok)
		return false;
	if (!all_but && p[n] == '%')
		return p[n + 1] == '\0' && number <= 100;
	return p[n] == '\0';
}

static void
min_up_out(struct inv *v, const struct ynode *node)
{
	if (node != NULL && !min_up_valid(node->text)) {
		ynode_error(v->d, node, "min_up is N, P%% or all but N");
		diag_hint(v->d, "such as: all but 1");
	}
	json_out_str(v->o, "min_up", node == NULL ? "all but 1" : node->text);
}

static void
windows_out(struct inv *v, const struct ynode *node)
{
	json_out_array(v->o, "windows");
	for (size_t i = 0; node != NULL && i < node->n; i++) {
		const struct ynode *w = node->item[i];

		if (w->kind != YNODE_SCALAR || !inv_window_valid(w->text)) {
			ynode_error(v->d, w, "this is not a window");
			diag_hint(v->d, "such as Tue-Thu 01:00-05:00, "
					"last Sun 23:00-05:00 Europe/Helsinki "
					"or forbid 24 Dec - 2 Jan");
			continue;
		}
		json_out_str(v->o, NULL, w->text);
	}
	json_out_end(v->o);
}

enum { SSH_USER, SSH_PORT, SSH_N };
static const struct yfield ssh_fields[] = {
	[SSH_USER] = { "user", YNAME, false,
		       "whom the agents' keys let in; default drydock" },
	[SSH_PORT] = { "port", YINT, false, "1 to 65535; default 22" },
};
const struct yfields ssh_keys = YFIELDS(ssh_fields);

static void
ssh_out(struct inv *v, const struct ynode *node)
{
	const struct ynode *f[SSH_N] = { NULL };
	const char *user = "drydock";
	int64_t port = 22;

	if (node != NULL)
		(void)yfields_read(v->d, node, "ssh", ssh_fields, SSH_N, f);
	if (f[SSH_USER] != NULL)
		(void)yread_name(v->d, f[SSH_USER], "user", &user);
	if (f[SSH_PORT] != NULL)
		(void)yread_int(v->d, f[SSH_PORT], "port", 1, 65535, &port);
	json_out_object(v->o, "ssh");
	json_out_str(v->o, "user", user);
	json_out_int(v->o, "port", port);
	json_out_end(v->o);
}

static void
labels_out(struct inv *v, const struct ynode *node)
{
	json_out_object(v->o, "labels");
	for (size_t i = 0; node != NULL && i < node->n; i++) {
		if (!yname_valid(node->key[i]->text))
			ynode_error(v->d, node->key[i],
				    "a label's name has a-z, 0-9, - and _");
		else if (node->item[i]->kind != YNODE_SCALAR ||
			 strlen(node->item[i]->text) > 255 ||
			 strpbrk(node->item[i]->text, "\n\t") != NULL)
			ynode_error(v->d, node->item[i],
				    "a label is a short text on one line");
		else
			json_out_str(v->o, node->key[i]->text,
				     node->item[i]->text);
	}
	json_out_end(v->o);
}

enum { B_NAME, B_ADDRESS, B_LABELS, B_ELSEWHERE, B_N };
static const struct yfield backend_fields[] = {
	[B_NAME] = { "name", YTEXT, true,
		     "a-z, 0-9, - . and _, at most 63; a host is one of this "
		     "name everywhere" },
	[B_ADDRESS] = { "address", YTEXT, true,
			"IPv4 or IPv6 address as it is usually written; no "
			"names are looked up" },
	[B_LABELS] = { "labels", YMANY(YTEXT), false,
		       "NAME: TEXT, one line of at most 255 bytes each: "
		       "${backend.labels.NAME}" },
	[B_ELSEWHERE] = { "address_elsewhere", YBOOL, false,
			  "yes: the host itself need not have this address, as "
			  "behind NAT" },
};
const struct yfields backend_keys = YFIELDS(backend_fields);

static void
backend_out(struct inv *v, const struct ynode *node, size_t first)
{
	const struct ynode *f[B_N];
	struct inv_host host = { NULL };
	bool elsewhere = false;

	(void)yfields_read(v->d, node, "a backend", backend_fields, B_N, f);
	(void)inv_host_read(v, f[B_NAME], f[B_ADDRESS], first, &host);
	if (f[B_ELSEWHERE] != NULL)
		(void)yread_bool(v->d, f[B_ELSEWHERE], "address_elsewhere",
				 &elsewhere);
	json_out_object(v->o, NULL);
	json_out_str(v->o, "name", host.name);
	json_out_str(v->o, "address", host.address);
	labels_out(v, f[B_LABELS]);
	json_out_bool(v->o, "address_elsewhere", elsewhere);
	json_out_end(v->o);
}

static void
backends_out(struct inv *v, const struct ynode *node, bool allow_single)
{
	size_t first = v->hosts;

	json_out_array(v->o, "backends");
	for (size_t i = 0; node != NULL && i < node->n; i++)
		backend_out(v, node->item[i], first);
	json_out_end(v->o);
	if (node == NULL || node->n > 1 || (node->n == 1 && allow_single))
		return;
	ynode_error(v->d, node,
		    "a fleet of %zu %s: nothing could take over", node->n,
		    num_noun(node->n, "backend", "backends"));
	diag_hint(v->d, node->n == 0 ? "list two or more, or leave "
				       "\"backends\" away and use "
				       "--discover"
				     : "list two or more; allow_single: true "
				       "if a gap in the "
				       "service is meant");
}

/* Who has to agree to a rollout, and what it must name. */
static void
change_out(struct inv *v, const struct ynode *const f[])
{
	const struct ynode *pattern = f[F_CHANGE_PATTERN];
	bool change = false, eyes = false;

	if (f[F_CHANGE_REQUIRED] != NULL)
		(void)yread_bool(v->d, f[F_CHANGE_REQUIRED], "change_required",
				 &change);
	if (f[F_FOUR_EYES] != NULL)
		(void)yread_bool(v->d, f[F_FOUR_EYES], "four_eyes", &eyes);
	json_out_bool(v->o, "change_required", change);
	json_out_str(v->o, "change_pattern",
		     pattern != NULL ? pattern->text : NULL);
	json_out_bool(v->o, "four_eyes", eyes);
}

static void
fleet_out(struct inv *v, const struct ynode *const f[])
{
	const char *interlock = NULL, *fleet = NULL;
	bool single = false;

	if (f[F_FLEET] != NULL)
		(void)yread_name(v->d, f[F_FLEET], "fleet", &fleet);
	if (f[F_INTERLOCK] != NULL)
		(void)yread_name(v->d, f[F_INTERLOCK], "interlock", &interlock);
	if (f[F_ALLOW_SINGLE] != NULL)
		(void)yread_bool(v->d, f[F_ALLOW_SINGLE], "allow_single",
				 &single);
	json_out_object(v->o, NULL);
	json_out_str(v->o, "fleet", fleet);
	timezone_out(v, f[F_TIMEZONE]);
	min_up_out(v, f[F_MIN_UP]);
	json_out_str(v->o, "interlock", interlock);
	windows_out(v, f[F_WINDOWS]);
	ssh_out(v, f[F_SSH]);
	inv_service(v, f[F_SERVICE]);
	inv_groups(v, f[F_GROUPS]);
	backends_out(v, f[F_BACKENDS], single);
	change_out(v, f);
	json_out_bool(v->o, "allow_single", single);
	json_out_end(v->o);
}

int
inventory_parse(const char *text, size_t len, struct diags *d,
		struct ydoc **doc_r, struct buf *out)
{
	struct json_out o;
	struct inv v = { .d = d, .o = &o };
	const struct ynode *f[F_N];
	unsigned int before = d->errors;

	if (ydoc_parse(text, len, d, doc_r) < 0)
		return -1;
	v.doc = *doc_r;
	json_out_init(&o, out);
	(void)yfields_read(d, v.doc->root, "an inventory", fleet_fields, F_N,
			   f);
	v.groups = f[F_GROUPS];
	fleet_out(&v, f);
	free(v.host);
	if (buf_over(out))
		diag_error(d, (struct mark){ 0 }, 0, "the fleet is too large");
	return d->errors > before ? -1 : 0;
}
