/*
 * fuzz_ssh.c - what drydock-ssh says to drydockd, to its last byte.
 *
 * The input is all that comes out of the socket before it ends.  On it are
 * three channels (1 gives each line back, 2 none, 3 closes itself at its first
 * line) and a scan (4), so that the numbers are known to the seeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "log.h"
#include "ssh_wire.h"
#include "transport_ssh.h"
#include "utf8.h"

enum { CHANNELS = 3, PASSES_MAX = 1000 };

struct owner {
	struct chan *chan;
	unsigned int lines, given, closed;
};

static char path[64];
static struct event_base *base;
static int listener;
static unsigned int told; /* errors in the log */
static struct owner owners[CHANNELS];
static unsigned int scanned;

/* --- those who own the channels --- */

static void
on_open(void *self)
{
	FUZZ_MUST(((struct owner *)self)->closed == 0);
}

static void
on_line(void *self, const char *text, size_t len)
{
	struct owner *o = self;

	FUZZ_MUST(o->closed == 0 && o->chan != NULL);
	FUZZ_MUST(strlen(text) == len && len <= CHAN_LINE_MAX);
	FUZZ_MUST(utf8_valid(text, len));
	FUZZ_MUST(++o->lines <= CHAN_CREDIT + o->given);
	if (o == &owners[0]) {
		o->given++;
		transport_more(o->chan, 1);
	} else if (o == &owners[2]) {
		transport_close(&o->chan);
	}
}

static void
on_closed(void *self, const struct err *why)
{
	struct owner *o = self;
	struct err err;

	FUZZ_MUST(o->chan != NULL && o->closed++ == 0);
	FUZZ_MUST(why->code != ERR_NONE);
	FUZZ_MUST(transport_line(o->chan, "x", 1, &err) < 0 &&
		  err.code == ERR_LOST);
	if (o == &owners[1])
		transport_close(&o->chan);
}

static const struct chan_events events = { on_open, on_line, on_closed };

static void
on_scan(void *self, const char *key, const struct err *why)
{
	(void)self;
	FUZZ_MUST(scanned++ == 0);
	FUZZ_MUST((key == NULL) == (why != NULL && why->code != ERR_NONE));
	FUZZ_MUST(key == NULL || strlen(key) <= SSH_WIRE_KEY_MAX);
}

static void
open_all(struct transport *t)
{
	const char *key = "ssh-ed25519 AAAA";
	const struct transport_host host = {
		.name = "mail1", .address = "10.0.0.1", .port = 22,
		.user = "drydock", .keys = &key, .n_keys = 1,
	};
	struct err err;

	scanned = told = 0;
	for (size_t i = 0; i < CHANNELS; i++) {
		owners[i] = (struct owner){ 0 };
		owners[i].chan = transport_open(t, &host, &events, &owners[i]);
		FUZZ_MUST(transport_line(owners[i].chan, "{}", 2, &err) == 0);
	}
	t->ops->scan(t, &host, on_scan, NULL);
}

/* Each is told its end once, but who has closed by himself. */
static bool
all_ended(void)
{
	return owners[0].closed == 1 && owners[1].closed == 1 &&
	       (owners[2].closed == 1 || owners[2].chan == NULL) &&
	       scanned == 1;
}

/* --- the process --- */

static void
on_log(void *self, enum log_level level, const char *line)
{
	(void)self;
	(void)line;
	told += level == LOG_LEVEL_ERROR;
}

static void
at_exit(void)
{
	(void)unlink(path);
}

static void
begin(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)signal(SIGPIPE, SIG_IGN);
	log_set_sink(on_log, NULL);
	(void)snprintf(path, sizeof(path), "/tmp/drydock-fuzz-ssh.%d",
		       (int)getpid());
	memcpy(un.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	(void)atexit(at_exit);
	base = event_base_new();
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FUZZ_MUST(bind(listener, (struct sockaddr *)&un, sizeof(un)) == 0);
	FUZZ_MUST(listen(listener, 8) == 0);
}

/* The newest connection; one of an earlier input may have come late. */
static int
take(void)
{
	int fd = -1, next;

	while ((next = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= 0)
			(void)close(fd);
		fd = next;
	}
	FUZZ_MUST(fd >= 0);
	return fd;
}

/* Let it go on; false: it has hung up. */
static bool
go_on(int fd)
{
	static char heard[65536];
	ssize_t n;

	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	while ((n = read(fd, heard, sizeof(heard))) > 0)
		;
	return n < 0 && errno == EAGAIN;
}

/* False: it hung up before all was said. */
static bool
say(int fd, const uint8_t *data, size_t size)
{
	ssize_t n;

	while (size > 0) {
		n = write(fd, data, size);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
		if (!go_on(fd))
			return false;
	}
	for (int i = 0; i < 8; i++) /* a pass reads 256 KiB */
		if (!go_on(fd))
			return false;
	return true;
}

static size_t
longest_line(const uint8_t *data, size_t size)
{
	size_t longest = 0, begun = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && data[i] != '\n')
			continue;
		if (i - begun > longest)
			longest = i - begun;
		begun = i + 1;
	}
	return longest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport *t;
	bool on;
	int fd;

	if (base == NULL)
		begin();
	t = transport_ssh_reach(base, path, 60000);
	fd = take();
	open_all(t);
	on = say(fd, data, size);
	FUZZ_MUST(!on || longest_line(data, size) <= SSH_WIRE_LINE_MAX);
	(void)shutdown(fd, SHUT_WR);
	for (int i = 0; !all_ended() || told == 0; i++) {
		FUZZ_MUST(i < PASSES_MAX);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (size_t i = 0; i < CHANNELS; i++)
		transport_close(&owners[i].chan);
	transport_free(&t);
	(void)close(fd);
	return 0;
}
