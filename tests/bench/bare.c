/*
 * bare.c - what 200 SSH connections cost by themselves: libssh2 and poll().
 *
 * usage: bench_bare PORT USER KEYFILE LINES ADDRESS...
 *
 * Each address at once: connect, handshake, key, one channel, exec
 * "drydock-agent"; then the LINES of that file, and as many lines back as were
 * sent, beside the first one.  Algorithms as in ssh/session.c.
 */
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HOSTS = 1024 };

struct host {
	int fd, state, lines;
	size_t sent;
	LIBSSH2_SESSION *ssh;
	LIBSSH2_CHANNEL *channel;
};

static const char *user, *key;
static char lines[65536];
static int wanted = 1;

static void
die(const char *what, const char *of)
{
	fprintf(stderr, "bench_bare: %s %s\n", what, of);
	exit(1);
}

static void
host_begin(struct host *h, const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	int one = 1;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die("not an address:", address);
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)connect(h->fd, (struct sockaddr *)&to, sizeof(to));
	h->ssh = libssh2_session_init();
	libssh2_session_set_blocking(h->ssh, 0);
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_KEX,
				    "curve25519-sha256");
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_HOSTKEY,
				    "ssh-ed25519");
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_CRYPT_CS,
				    "aes256-ctr");
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_CRYPT_SC,
				    "aes256-ctr");
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_MAC_CS,
				    "hmac-sha2-256");
	libssh2_session_method_pref(h->ssh, LIBSSH2_METHOD_MAC_SC,
				    "hmac-sha2-256");
}

static int
host_open(struct host *h)
{
	h->channel = libssh2_channel_open_session(h->ssh);
	return h->channel != NULL ? 0 : libssh2_session_last_errno(h->ssh);
}

static int
host_write(struct host *h)
{
	size_t len = strlen(lines);
	ssize_t n = 0;

	while (h->sent < len && n >= 0) {
		n = libssh2_channel_write(h->channel, lines + h->sent,
					  len - h->sent);
		h->sent += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? (int)n : 0;
}

static int
host_read(struct host *h)
{
	char chunk[16384];
	ssize_t n;

	while ((n = libssh2_channel_read(h->channel, chunk,
					 sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			h->lines += chunk[i] == '\n';
		if (h->lines >= wanted)
			return 0;
	}
	return n < 0 ? (int)n : LIBSSH2_ERROR_EAGAIN;
}

/* One after the other, each until libssh2 says "again".  True: all done. */
static int
host_step(struct host *h)
{
	int rc = 0;

	for (;;) {
		switch (h->state) {
		case 0:
			rc = libssh2_session_handshake(h->ssh, h->fd);
			break;
		case 1:
			rc = libssh2_userauth_publickey_fromfile(
				h->ssh, user, NULL, key, NULL);
			break;
		case 2:
			rc = host_open(h);
			break;
		case 3:
			rc = libssh2_channel_exec(h->channel, "drydock-agent");
			break;
		case 4:
			rc = host_write(h);
			break;
		case 5:
			rc = host_read(h);
			break;
		default:
			return 1;
		}
		if (rc == LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (rc != 0)
			die("a host failed:", h->state == 1 ? "auth" : "ssh");
		h->state++;
	}
}

static void
run(struct host *hosts, int n)
{
	static struct pollfd fds[HOSTS];
	int left = n;

	while (left > 0) {
		for (int i = 0; i < n; i++) {
			int dir = libssh2_session_block_directions(
				hosts[i].ssh);

			fds[i].fd = hosts[i].state > 5 ? -1 : hosts[i].fd;
			fds[i].events = (dir & LIBSSH2_SESSION_BLOCK_OUTBOUND ||
					 hosts[i].state == 0 ? POLLOUT : 0);
			if (dir & LIBSSH2_SESSION_BLOCK_INBOUND)
				fds[i].events = POLLIN;
		}
		if (poll(fds, (nfds_t)n, 30000) <= 0)
			die("silence", "");
		for (int i = 0; i < n; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0)
				left -= host_step(&hosts[i]);
	}
}

int
main(int argc, char **argv)
{
	static struct host hosts[HOSTS];
	int n = argc - 5;
	FILE *f;

	if (n < 1 || n > HOSTS)
		die("usage: bench_bare PORT USER KEYFILE LINES ADDRESS...", "");
	user = argv[2];
	key = argv[3];
	f = fopen(argv[4], "r");
	if (f == NULL || fread(lines, 1, sizeof(lines) - 1, f) == 0)
		die("cannot read", argv[4]);
	fclose(f);
	for (const char *p = lines; *p != '\0'; p++)
		wanted += *p == '\n';
	if (libssh2_init(0) != 0)
		die("libssh2", "");
	for (int i = 0; i < n; i++)
		host_begin(&hosts[i], argv[5 + i], atoi(argv[1]));
	run(hosts, n);
	return 0;
}
