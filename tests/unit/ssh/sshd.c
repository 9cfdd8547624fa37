/* sshd.c - a real sshd on loopback, with its own port, keys and log. */
#include "unit.h"

#include "sshd.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "spawn.h"

void
shell(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	if (system(text) != 0) /* a test's own words */
		fail_msg("%s", text);
	free(text);
}

static int
socket_at(unsigned int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
listen_any(unsigned int *port_r)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port_r = ntohs(sin.sin_port);
	return fd;
}

static char *
file_line(const char *path)
{
	char line[4096] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return x_strdup(line);
}

static void
sshd_takes(const struct sshd *d, FILE *f, const char *key, const char *command)
{
	char *path = x_asprintf("%s/%s.pub", d->dir, key);
	char *pub = file_line(path);

	(void)fprintf(f, "restrict,command=\"%s\" %s\n", command, pub);
	free(pub);
	free(path);
}

static void
sshd_configure(struct sshd *d, const char *type, const char *command)
{
	static const char *const ecdsa[] = { "256", "384", "521" };
	char *path, *pub;
	FILE *f;

	shell("cd %s && ssh-keygen -q -t %s -N '' -f host && "
	      "ssh-keygen -q -t ed25519 -N '' -f client && "
	      "for b in 256 384 521; do "
	      "ssh-keygen -q -t ecdsa -b $b -N '' -f $b; done && "
	      "ssh-keygen -q -t ed25519 -N '' -f other", d->dir, type);
	path = x_asprintf("%s/auth", d->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	free(path);
	sshd_takes(d, f, "client", command);
	for (int i = 0; i < 3; i++) {
		sshd_takes(d, f, ecdsa[i], command);
		d->ecdsa_key[i] = x_asprintf("%s/%s", d->dir, ecdsa[i]);
	}
	(void)fclose(f);
	pub = x_asprintf("%s/host.pub", d->dir);
	d->host_key = file_line(pub);
	free(pub);
	path = x_asprintf("%s/conf", d->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f,
		      "Port %u\nListenAddress 127.0.0.1\nHostKey %s/host\n"
		      "PidFile none\nUsePAM no\nAuthorizedKeysFile %s/auth\n"
		      "StrictModes no\nPasswordAuthentication no\n"
		      "KbdInteractiveAuthentication no\nMaxStartups 200\n"
		      "PermitRootLogin yes\nLogLevel DEBUG1\nBanner %s/banner\n",
		      d->port, d->dir, d->dir, d->dir);
	(void)fclose(f);
	free(path);
	shell("for i in 1 2 3 4 5 6 7 8; do echo \"* no entry, or $i *\"; "
	      "done > %s/banner", d->dir);
}

void
sshd_start(struct sshd *d, const char *host_key_type, const char *command)
{
	char template[] = "/tmp/drydock-sshd.XXXXXX";
	char *conf, *log;
	int64_t end;
	int fd;

	*d = (struct sshd){ 0 };
	d->dir = x_strdup(mkdtemp(template));
	(void)close(listen_any(&d->port)); /* free a moment ago */
	sshd_configure(d, host_key_type, command);
	d->client_key = x_asprintf("%s/client", d->dir);
	d->other_key = x_asprintf("%s/other", d->dir);
	conf = x_asprintf("%s/conf", d->dir);
	log = x_asprintf("%s/log", d->dir);
	shell("mkdir -p /run/sshd");
	{
		/* a test that is killed leaves no server behind */
		const char *const argv[] = { "setpriv", "--pdeathsig", "KILL",
					     SOURCE_DIR "/tests/plain_root",
					     "/usr/sbin/sshd", "-D", "-f",
					     conf, "-E", log, NULL };
		struct spawn s = { .argv = argv,
				   .fd_in = SPAWN_NULL,
				   .fd_out = SPAWN_NULL,
				   .fd_err = SPAWN_NULL };

		assert_int_equal(spawn_start(&s, &d->pid, NULL), 0);
	}
	end = clock_boot_ms() + 30000; /* the keys were made before */
	while ((fd = socket_at(d->port)) < 0) {
		if (clock_boot_ms() > end)
			fail_msg("sshd does not listen: %s", log);
		(void)usleep(10000);
	}
	(void)close(fd);
	free(conf);
	free(log);
}

void
sshd_cut(const struct sshd *d)
{
	char *text = x_asprintf("pkill -KILL -P %d", (int)d->pid);

	(void)!system(text); /* 1: there was none */
	free(text);
}

void
sshd_stop(struct sshd *d)
{
	sshd_cut(d);
	(void)kill(d->pid, SIGKILL);
	(void)waitpid(d->pid, NULL, 0);
	shell("rm -rf %s", d->dir);
	free(d->dir);
	free(d->host_key);
	free(d->client_key);
	for (int i = 0; i < 3; i++)
		free(d->ecdsa_key[i]);
	free(d->other_key);
}

bool
sshd_log_has(const struct sshd *d, const char *text)
{
	char *command = x_asprintf("grep -qF '%s' %s/log", text, d->dir);
	bool has = system(command) == 0;

	free(command);
	return has;
}

pid_t
sshd_child(const char *name)
{
	char line[32] = "", command[128];
	FILE *f;

	(void)snprintf(command, sizeof(command), "pgrep -P %d -x %s",
		       (int)getpid(), name);
	f = popen(command, "r");
	assert_non_null(f);
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '0';
	(void)pclose(f);
	return (pid_t)strtol(line, NULL, 10);
}

long
sshd_resident_kib(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		fail_msg("%s", path);
	(void)fclose(f);
	return pages * 4;
}

/* Copy up to *left bytes; false at the end of either. */
static bool
proxy_copy(int from, int to, long *left)
{
	char chunk[4096];
	size_t want = *left < (long)sizeof(chunk) ? (size_t)*left :
						    sizeof(chunk);
	ssize_t n = read(from, chunk, want);

	if (n <= 0 || write(to, chunk, (size_t)n) != n)
		return false;
	*left -= n;
	return *left > 0;
}

/*
 * What the client writes soon fills its own buffers.  A process for each
 * direction: a line that is full one way is not full the other way.
 */
static void
proxy_slow(int in, int out)
{
	static const int small = 131072; /* two loopback packets */
	long left = PROXY_SLOW;
	pid_t back = fork();

	if (back == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (proxy_copy(out, in, &left))
			;
		_exit(0);
	}
	(void)setsockopt(in, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (proxy_copy(in, out, &left))
		(void)usleep(300);
	(void)kill(back, SIGKILL);
	(void)waitpid(back, NULL, 0);
}

static void
proxy_one(int in, unsigned int to_port, long bytes, const char *text)
{
	long left[2] = { bytes, bytes };
	struct pollfd fds[2];
	int out;

	if (bytes < 0) {
		(void)!write(in, text, strlen(text));
		(void)pause();
	}
	out = socket_at(to_port);
	if (bytes == PROXY_SLOW) {
		proxy_slow(in, out);
		bytes = 0;
	}
	fds[0] = (struct pollfd){ .fd = in, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = out, .events = POLLIN };
	while (bytes > 0 && poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (fds[i].revents != 0 &&
			    !proxy_copy(fds[i].fd, fds[1 - i].fd, &left[i])) {
				bytes = 0;
				break;
			}
	if (text == NULL)
		(void)pause();
	(void)close(in);
	(void)close(out);
}

pid_t
proxy_start(unsigned int to_port, long bytes, const char *text,
	    unsigned int *port_r)
{
	int fd = listen_any(port_r);
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			proxy_one(accept(fd, NULL, NULL), to_port, bytes,
				  text);
	}
	(void)close(fd);
	return pid;
}

void
proxy_stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}
