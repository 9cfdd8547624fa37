/*
 * host.h - who this host is, who may change it, and whether a person holds it.
 *
 * /etc/drydock/agent.conf:
 *	name  = mail1
 *	fleet = mail-hel        # may be repeated
 */
#ifndef DRYDOCK_HOST_H
#define DRYDOCK_HOST_H

#include <stdbool.h>

#include "conf.h"
#include "err.h"
#include "json.h"

#define HOST_CONF(X)                                                           \
	X(name, STRING, "", "what coordinators call this host")                \
	X(fleet, LIST, NULL, "a fleet it belongs to; may be repeated")

struct host_conf {
#define X CONF_MEMBER
	HOST_CONF(X)
#undef X
};

/* Root-owned, complete.  Once read, host_conf_free() it. */
int host_conf_read(struct host_conf *conf, struct err *err);
void host_conf_free(struct host_conf *conf);
bool host_has_fleet(const struct host_conf *conf, const char *name);

/* The text of /etc/drydock/hold (free() it), NULL: no hold. */
char *host_hold(void);

/* "" when it cannot be read; free() both. */
char *host_machine_id(void);
char *host_boot_id(void);
/* The configured addresses but loopback and link-local, at most 64. */
void host_addresses(struct json_out *o, const char *key);

/*
 * The host's own syslog: one line for each change accepted or refused, and for
 * what the runner does on its own account.
 */
void host_audit(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
