/*
 * main.c - drydock-ssh: the process that reads what hosts say.
 *
 * It has the SSH key and no database credentials; drydockd has it the other way
 * round.  Its stdin is a socket to drydockd and its life: at end of file it
 * ends, and so do all sessions.
 */
#include <event2/event.h>
#include <getopt.h>
#include <libssh2.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "evbase.h"
#include "fault.h"
#include "key_file.h"
#include "log.h"
#include "relay.h"
#include "sandbox.h"
#include "self_test.h"

static const char usage[] =
	"usage: drydock-ssh [-v] [-k KEYFILE]\n"
	"Started by drydockd, with a socket as stdin; not by hand.\n"
	"KEYFILE defaults to $CREDENTIALS_DIRECTORY/ssh-key.\n";

static int
run(const struct key_file *key)
{
	const char *cannot;
	struct relay *relay;
	struct err err;
	struct event_base *base = evbase_new(&err);

	if (base == NULL || libssh2_init(0) != 0) {
		log_crit("%s", base == NULL ? err.text :
			 "libssh2 cannot begin");
		return EXIT_FAILURE;
	}
	(void)FAULT("ssh.start"); /* the first: it opens what tests share */
	if (sandbox_enter(&err) < 0) {
		log_crit("sandbox: %s", err.text);
		return EXIT_FAILURE;
	}
	cannot = self_test(key->sign);
	if (cannot != NULL) {
		log_crit("libcrypto cannot %s: no host can be reached (is "
			 "memory short?)", cannot);
		return EXIT_FAILURE;
	}
	relay = relay_new(base, STDIN_FILENO, key);
	log_info("drydock-ssh %s, libssh2 %s, libevent %s", DRYDOCK_VERSION,
		 libssh2_version(0), event_get_version());
	(void)event_base_dispatch(base);
	relay_free(&relay);
	event_base_free(base);
	libssh2_exit();
	libevent_global_shutdown();
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX] = "";
	struct key_file key;
	struct err err;
	int c, ret;

	if (dir != NULL)
		(void)snprintf(path, sizeof(path), "%s/ssh-key", dir);
	while ((c = getopt(argc, argv, "k:v")) != -1) {
		if (c == 'v') {
			log_set_level(LOG_LEVEL_DEBUG);
		} else if (c == 'k') {
			(void)snprintf(path, sizeof(path), "%s", optarg);
		} else {
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (path[0] == '\0' || optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	sandbox_harden();
	(void)signal(SIGPIPE, SIG_IGN);
	if (key_file_read(&key, path, &err) < 0) {
		log_crit("ssh key: %s", err.text);
		return 2;
	}
	ret = run(&key);
	key_file_free(&key);
	return ret;
}
