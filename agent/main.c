/*
 * main.c - drydock-agent: the hand of drydock on a host.
 *
 * Without arguments it is the relay that sshd starts as a forced command; the
 * other modes are for the relay itself and for the people of this host.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "book.h"
#include "file.h"
#include "host.h"
#include "paths.h"
#include "relay.h"
#include "runner.h"

#define LOCK_WAIT_MS 10000

static const char usage[] =
	"usage: drydock-agent                     speak with a coordinator\n"
	"       drydock-agent --journal           show what was done here\n"
	"       drydock-agent --journal-accept-loss REASON\n"
	"                                         go on after a damaged or "
	"lost "
	"journal\n"
	"       drydock-agent --allow-check [FILE] read the allow file\n"
	"       drydock-agent --version | --help\n"
	"\n"
	"Files: /etc/drydock/agent.conf (name = …, fleet = …), "
	"/etc/drydock/allow,\n"
	"/etc/drydock/hold (its text refuses every change), /var/lib/drydock.\n"
	"Example: echo 'disk is being replaced, anna' > /etc/drydock/hold\n";

static int
main_runner(void)
{
	int ready = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return 1;
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(null);
	return runner_main(ready >= 0 ? ready : dup(STDERR_FILENO));
}

static int
print_record(void *self, uint64_t at, const char *json, size_t len,
	     struct err *err)
{
	(void)self;
	(void)at;
	(void)err;
	printf("%.*s\n", (int)len, json);
	return 0;
}

/* Read only, and without the lock: the runner may be at work. */
static int
main_journal(void)
{
	struct journal_end end;
	struct err err;
	struct buf text;
	int state = paths_state_open(&err);

	buf_init(&text, (size_t)1 << 30);
	if (state < 0 || file_read(state, "journal", &text, &err) < 0) {
		fprintf(stderr, "drydock-agent: %s\n", err.text);
		return 1;
	}
	journal_scan((const unsigned char *)buf_str(&text), text.len,
		     print_record, NULL, &end);
	if (end.verdict != JOURNAL_WHOLE)
		fprintf(stderr, "drydock-agent: %s: %s\n",
			end.verdict == JOURNAL_TORN ? "torn" : "damaged",
			end.why);
	buf_free(&text);
	close(state);
	return end.verdict == JOURNAL_BAD ? 1 : 0;
}

/* Ask a runner that is there to go; with a bad journal it has no work. */
static void
runner_ask_to_go(int state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path),
		 "/proc/self/fd/%d/" RUNNER_SOCKET, state);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    cred.pid > 1)
		(void)kill(cred.pid, SIGTERM);
	if (fd >= 0)
		close(fd);
}

static bool
state_lock(int state)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000000L };

	for (int ms = 0; ms < LOCK_WAIT_MS; ms += 50) {
		if (flock(state, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (ms == 0)
			runner_ask_to_go(state);
		nanosleep(&pause, NULL);
	}
	return false;
}

static int
main_accept_loss(const char *reason)
{
	const char *by = getenv("SUDO_USER");
	char *told = NULL;
	struct err err;
	int state = paths_state_open(&err);

	if (state >= 0 && !state_lock(state))
		err_set(&err, ERR_FAILED,
			"a runner is at work; wait until it ended");
	else if (state >= 0 &&
		 book_accept_loss(state, reason, by != NULL ? by : "root",
				  &told, &err) == 0)
		printf("%s\n", told);
	if (told == NULL) {
		fprintf(stderr, "drydock-agent: %s\n", err.text);
		return 1;
	}
	host_audit("the journal's loss was accepted by %s (%s): %s",
		   by != NULL ? by : "root", reason, told);
	x_free(&told);
	close(state);
	return 0;
}

static int
main_allow_check(const char *path)
{
	char *usual = paths_conf("allow");
	struct allow *allow;
	struct err err;
	int rc = allow_read(path != NULL ? path : usual, &allow, &err);

	if (rc < 0)
		fprintf(stderr, "drydock-agent: %s\n", err.text);
	else
		printf("%s  %s\n", allow_sha256(allow),
		       path != NULL ? path : usual);
	if (rc == 0)
		allow_free(&allow);
	x_free(&usual);
	return rc < 0 ? 1 : 0;
}

static int
usage_exit(FILE *to, int status)
{
	fputs(usage, to);
	return status;
}

int
main(int argc, char **argv)
{
	enum { RUNNER, JOURNAL, LOSS, ALLOW, VERSION, HELP };
	static const struct option options[] = {
		{ "runner", no_argument, NULL, RUNNER },
		{ "journal", no_argument, NULL, JOURNAL },
		{ "journal-accept-loss", required_argument, NULL, LOSS },
		{ "allow-check", no_argument, NULL, ALLOW },
		{ "version", no_argument, NULL, VERSION },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 }
	};
	int opt;

	umask(077);
	(void)!chdir("/");
	openlog("drydock-agent", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	if (argc == 1)
		return relay_main();
	opt = getopt_long(argc, argv, "", options, NULL);
	if (opt == ALLOW && argc - optind <= 1)
		return main_allow_check(argv[optind]);
	if (opt < 0 || opt == '?' || optind != argc)
		return usage_exit(stderr, 2);
	if (opt == RUNNER)
		return main_runner();
	if (opt == JOURNAL)
		return main_journal();
	if (opt == LOSS)
		return main_accept_loss(optarg);
	if (opt == VERSION)
		return printf("drydock-agent %s\n", DRYDOCK_VERSION) < 0;
	return usage_exit(opt == HELP ? stdout : stderr, opt == HELP ? 0 : 2);
}
