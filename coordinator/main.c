/*
 * main.c - drydockd, the coordinator: its whole life on one page.
 *
 * Configuration, PostgreSQL, a transport to the agents, the engine, signals.
 * SIGTERM leaves in order; SIGKILL at any instant is just as safe.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "beacon.h"
#include "conf.h"
#include "engine.h"
#include "evbase.h"
#include "hook_list.h"
#include "log.h"
#include "notify.h"
#include "sole.h"
#include "transport.h"
#include "transport_exec.h"
#include "transport_ssh.h"

#define CONF_FILE "/etc/drydock/drydockd.conf"

#define DAEMON_CONF(X)							\
	X(database, STRING, "", "libpq conninfo of the fleet database")	\
	X(name, STRING, "", "of this coordinator; the host name if empty") \
	X(fleet, LIST, NULL, "serve only these fleets; all if none")	\
	X(state, STRING, "/var/lib/drydockd",				\
	  "directory of this coordinator: how far its database's timeline got") \
	X(ssh_socket, STRING, "/run/drydock-ssh.sock",			\
	  "the process that speaks SSH, with the key, as another user")	\
	X(ssh_key, STRING, "",						\
	  "private key for the agents; if set, ssh_program is started with " \
	  "it, in place of ssh_socket")					\
	X(ssh_program, STRING, DRYDOCK_SSH, "drydock-ssh")		\
	X(ssh_silence, DURATION, "15s",					\
	  "a drydock-ssh that answers nothing for so long is replaced")	\
	X(agent_exec, STRING, "",					\
	  "run this instead of SSH; %n is the host (tests, trials)")	\
	X(allow_async_commit, BOOL, "no",				\
	  "work with a server that may lose commits")			\
	X(heartbeat, DURATION, "2s", "how often the lease is renewed")	\
	X(lease, DURATION, "15s",					\
	  "a heartbeat that stands still so long is dead")		\
	X(log_level, STRING, "info", "critical … debug")			\
	X(hook, NAMED, NULL,						\
	  "hook.NAME = PROGRAM is run for events; hook.NAME.on = KINDS")

struct daemon_conf {
#define X CONF_MEMBER
	DAEMON_CONF(X)
#undef X
};

static const struct conf_key daemon_keys[] = {
#define X(...) CONF_ROW(struct daemon_conf, __VA_ARGS__)
	DAEMON_CONF(X)
#undef X
	CONF_END
};

struct daemon {
	struct daemon_conf conf;
	struct event_base *base;
	struct transport *transport;
	struct engine *engine;
	struct beacon *beacon;
	struct event *term, *interrupt, *reload;
	const char *path;
	struct hook_list hooks;
	const char **fleets;
	char name[256];
};

static void
daemon_left(void *arg)
{
	struct daemon *d = arg;

	event_base_loopbreak(d->base);
}

static void
daemon_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	log_notice("signal %d: leaving%s", (int)number,
		   engine_committed(d->engine) ?
		   " when the phase that may not pause is at its end" : "");
	notify_send("STOPPING=1");
	evsignal_del(d->term);
	evsignal_del(d->interrupt);
	engine_leave(d->engine, daemon_left, d);
}

static int
daemon_read(struct daemon_conf *conf, struct hook_list *hooks,
	    const char *path, struct err *err)
{
	conf_init(conf, daemon_keys);
	if (conf_read_file(conf, daemon_keys, path, err) < 0)
		return -1;
	return hook_list_read(hooks, &conf->hook, path, err);
}

/* Only the hooks are taken anew: all else is for good. */
static void
daemon_reload(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;
	struct daemon_conf conf;
	struct hook_list hooks = { 0 };
	struct err err;

	(void)number, (void)what;
	notify_send("RELOADING=1");
	if (daemon_read(&conf, &hooks, d->path, &err) < 0) {
		log_error("%s; everything stays as it was", err.text);
	} else {
		log_notice("hooks read from %s: %zu", d->path, hooks.n);
		engine_hooks(d->engine, &hooks);
	}
	conf_free(&conf, daemon_keys);
	notify_send("READY=1");
}

/* A command line in words; agents' words have no blanks inside. */
static struct transport *
daemon_exec(struct daemon *d)
{
	char *text = x_strdup(d->conf.agent_exec), *at = text, *word;
	const char *argv[64];
	struct transport *transport;
	size_t n = 0;

	while ((word = strsep(&at, " \t")) != NULL && n < 63)
		if (*word != '\0')
			argv[n++] = word;
	argv[n] = NULL;
	transport = transport_exec_new(d->base, argv);
	free(text);
	return transport;
}

static struct transport *
daemon_transport(struct daemon *d)
{
	unsigned int silence_ms = (unsigned int)d->conf.ssh_silence;

	if (d->conf.agent_exec[0] != '\0')
		return daemon_exec(d);
	if (d->conf.ssh_key[0] == '\0')
		return transport_ssh_reach(d->base, d->conf.ssh_socket,
					   silence_ms);
	return transport_ssh_new(d->base, (const char *const[]){
		d->conf.ssh_program, "-k", d->conf.ssh_key, NULL },
		silence_ms);
}

static int
daemon_open(struct daemon *d, struct err *err)
{
	size_t n = d->conf.fleet.n;

	d->base = evbase_new(err);
	if (d->base == NULL)
		return -1;
	d->fleets = x_calloc(n + 1, sizeof(*d->fleets));
	for (size_t i = 0; i < n; i++)
		d->fleets[i] = d->conf.fleet.item[i].value;
	snprintf(d->name, sizeof(d->name), "%s", d->conf.name);
	if (d->name[0] == '\0')
		gethostname(d->name, sizeof(d->name) - 1);
	d->transport = daemon_transport(d);
	d->engine = engine_new(d->base, d->transport,
		&(struct engine_options){
			.database = d->conf.database,
			.state = d->conf.state,
			.name = d->name,
			.fleets = d->fleets,
			.allow_async_commit = d->conf.allow_async_commit,
			.lease_ms = d->conf.lease,
			.beat_ms = d->conf.heartbeat,
		}, err);
	if (d->engine == NULL)
		return -1;
	d->term = evsignal_new(d->base, SIGTERM, daemon_signal, d);
	d->interrupt = evsignal_new(d->base, SIGINT, daemon_signal, d);
	evsignal_add(d->term, NULL);
	evsignal_add(d->interrupt, NULL);
	d->reload = evsignal_new(d->base, SIGHUP, daemon_reload, d);
	evsignal_add(d->reload, NULL);
	engine_hooks(d->engine, &d->hooks);
	d->beacon = beacon_new(d->base, d->engine);
	return 0;
}

static void
daemon_close(struct daemon *d)
{
	beacon_free(&d->beacon);
	engine_free(&d->engine);
	transport_free(&d->transport);
	if (d->term != NULL)
		event_free(d->term);
	if (d->interrupt != NULL)
		event_free(d->interrupt);
	if (d->reload != NULL)
		event_free(d->reload);
	event_base_free(d->base);
	hook_list_free(&d->hooks);
	free(d->fleets);
	conf_free(&d->conf, daemon_keys);
}

static int
daemon_configure(struct daemon *d, const char *path, struct err *err)
{
	enum log_level level;

	d->path = path;
	if (daemon_read(&d->conf, &d->hooks, path, err) < 0)
		return -1;
	if (log_level_parse(d->conf.log_level, &level) < 0)
		return err_set(err, ERR_USAGE, "%s: there is no log_level "
			       "\"%s\"", path, d->conf.log_level);
	log_set_level(level);
	if (d->conf.heartbeat < 10 || d->conf.lease > 3600000 ||
	    d->conf.heartbeat * 2 > d->conf.lease)
		return err_set(err, ERR_USAGE, "%s: heartbeat must be at least "
			       "10ms and at most half of lease, and lease at "
			       "most 1h", path);
	if (d->conf.ssh_silence < 1000 || d->conf.ssh_silence > 3600000)
		return err_set(err, ERR_USAGE, "%s: ssh_silence must be at "
			       "least 1s and at most 1h", path);
	return 0;
}

/* What printing can do without. */
static int
daemon_complete(const struct daemon *d, struct err *err)
{
	if (d->conf.database[0] == '\0')
		return err_set(err, ERR_USAGE, "%s: add a line \"database = "
			       "…\": where the fleet's state lives, such as "
			       "service=fleet", d->path);
	return 0;
}

static int
usage(FILE *to)
{
	fprintf(to, "usage: drydockd [-c FILE] [-p] [-V]\n"
		"  -c FILE  configuration (" CONF_FILE ")\n"
		"  -p       print the configuration and leave\n"
		"  -V       print the version and leave\n");
	return to == stdout ? 0 : 2;
}

static int
print_conf(struct daemon *d)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	conf_print(&d->conf, daemon_keys, &buf);
	fputs(buf_str(&buf), stdout);
	buf_free(&buf);
	hook_list_free(&d->hooks);
	conf_free(&d->conf, daemon_keys);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *path = CONF_FILE;
	struct daemon d = { .base = NULL };
	struct err err = { ERR_NONE, "" };
	bool print = false;
	int opt;

	while ((opt = getopt(argc, argv, "c:phV")) != -1) {
		if (opt == 'h')
			return usage(stdout);
		if (opt == 'V')
			return printf("drydockd %s\n", DRYDOCK_VERSION) < 0;
		if (opt != 'c' && opt != 'p')
			return usage(stderr);
		if (opt == 'c')
			path = optarg;
		print |= opt == 'p';
	}
	signal(SIGPIPE, SIG_IGN);
	sole_environment();
	if (daemon_configure(&d, path, &err) < 0) {
		log_error("%s", err.text);
		return 2;
	}
	if (print)
		return print_conf(&d);
	if (daemon_complete(&d, &err) < 0 || sole_lock(path, &err) < 0) {
		log_error("%s", err.text);
		return 2;
	}
	if (daemon_open(&d, &err) < 0) {
		log_error("%s", err.text);
		return err.code == ERR_USAGE ? 2 : 1;
	}
	log_notice("drydockd %s begins as %s", DRYDOCK_VERSION, d.name);
	notify_send("READY=1");
	event_base_dispatch(d.base);
	log_notice("drydockd ends");
	daemon_close(&d);
	return 0;
}
