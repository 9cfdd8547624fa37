/*
 * probe.c - looks, run by the relay: commands and TCP greetings.
 *
 * Several at once, no journal, no epoch; a `read` line of the allow file each.
 * What a command prints goes out as it comes, at most max_bytes of each stream;
 * when the reader is slow the command waits.  Of a stdout that is discarded
 * nothing goes out but its counts and its sha256.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "answer.h"
#include "base64.h"
#include "child.h"
#include "clock.h"
#include "paths.h"
#include "probe.h"
#include "spec.h"

#define PROBES_MAX   32
#define TCP_LINE_MAX 1024

struct probe *
probe_make(struct relay *r, int64_t id)
{
	struct probe *p = x_new(struct probe);

	p->relay = r;
	p->id = id;
	list_add(&r->probes, &p->link);
	r->n_probes++;
	return p;
}

void
probe_free(struct probe *p)
{
	struct relay *r = p->relay;

	list_del(&p->link);
	buf_free(&p->text);
	buf_free(&p->data);
	r->n_probes--;
	x_free(&p);
	relay_rest(r);
}

bool
probe_room(struct relay *r, const struct request *req)
{
	if (r->n_probes < PROBES_MAX)
		return true;
	answer_no(&r->user, req->id, WIRE_CODE_BUSY,
		  "too many probes run on this connection", NULL);
	return false;
}

int
probe_allow(struct allow **allow_r, struct err *err)
{
	char *path = paths_conf("allow");
	int rc = allow_read(path, allow_r, err);

	x_free(&path);
	return rc;
}

static const char *
stream_name(enum child_fd fd)
{
	return fd == CHILD_OUT ? "out" : "err";
}

static void
chunk_send(struct probe *p, enum child_fd fd, const char *data, size_t len)
{
	struct buf text, line;
	struct json_out o;

	buf_init(&text, WIRE_LINE_MAX);
	buf_init(&line, WIRE_LINE_MAX);
	base64_encode(&text, data, len);
	json_out_init(&o, &line);
	json_out_object(&o, NULL);
	json_out_int(&o, "id", p->id);
	json_out_str(&o, "chunk", stream_name(fd));
	json_out_str(&o, "data", buf_str(&text));
	json_out_end(&o);
	conn_send(&p->relay->user, buf_str(&line), line.len);
	buf_free(&text);
	buf_free(&line);
}

static void
probe_output(void *self, enum child_fd fd, const char *data, size_t len)
{
	struct probe *p = self;
	uint64_t left;

	if (fd != CHILD_OUT && fd != CHILD_ERR)
		return;
	if (p->discard && fd == CHILD_OUT)
		return;
	left = (uint64_t)p->max_bytes - p->sent[fd];
	if (left < len)
		len = (size_t)left;
	if (len == 0)
		return;
	p->sent[fd] += len;
	chunk_send(p, fd, data, len);
	if (conn_full(&p->relay->user))
		probes_pause(p->relay, true);
}

static void
print_stream(struct probe *p, enum child_fd fd, struct json_out *o)
{
	struct child_stream *s = &p->child.stream[fd];
	struct sha256 hash = s->hash;
	char sha[SHA256_TEXT_SIZE];

	sha256_end(&hash, sha);
	json_out_object(o, stream_name(fd));
	json_out_int(o, "bytes", (int64_t)s->bytes);
	json_out_int(o, "lines", (int64_t)child_lines(s));
	json_out_str(o, "sha256", sha);
	json_out_bool(o, "cut", s->bytes > p->sent[fd] &&
		      !(p->discard && fd == CHILD_OUT));
	json_out_end(o);
}

static void
probe_done(void *self)
{
	struct probe *p = self;
	struct answer a;

	answer_begin(&a, p->id);
	child_result(&p->child, &a.o);
	print_stream(p, CHILD_OUT, &a.o);
	print_stream(p, CHILD_ERR, &a.o);
	answer_send(&a, &p->relay->user, p->id);
	probe_free(p);
}

struct probe_ask {
	struct spec_argv argv;
	int64_t timeout_ms, max_bytes;
	bool discard;
};

static bool
probe_parse(const struct request *req, struct probe_ask *ask,
	    enum wire_code *code_r, struct err *err)
{
	struct spec_argv *argv = &ask->argv;
	struct allow *allow = NULL;
	bool ok;

	*code_r = WIRE_CODE_USAGE;
	ask->max_bytes = WIRE_PROBE_MAX;
	if (spec_argv_parse(argv, req->doc, "argv", err) < 0 ||
	    json_get_int(req->doc, "timeout_ms", 1, WIRE_PROBE_TIMEOUT_MAX,
			 &ask->timeout_ms, err) < 0 ||
	    json_opt_int(req->doc, "max_bytes", 0, WIRE_PROBE_MAX,
			 &ask->max_bytes, err) < 0 ||
	    request_discard(req->doc, &ask->discard, err) < 0)
		return false;
	*code_r = WIRE_CODE_ALLOW;
	ok = probe_allow(&allow, err) == 0 &&
	     allow_argv(allow, ALLOW_READ, argv->word, argv->n, err) == 0;
	allow_free(&allow);
	return ok;
}

void
probe_take(struct relay *r, const struct request *req)
{
	struct child_plan plan = { .attempt = NULL };
	struct probe_ask ask;
	enum wire_code code;
	struct probe *p;
	struct err err;

	if (!probe_room(r, req))
		return;
	if (!probe_parse(req, &ask, &code, &err)) {
		answer_no(&r->user, req->id, code, err.text, NULL);
		return;
	}
	p = probe_make(r, req->id);
	p->max_bytes = ask.max_bytes;
	p->discard = ask.discard;
	p->child.output = probe_output;
	p->child.done = probe_done;
	p->child.self = p;
	plan.argv = ask.argv.word;
	plan.timeout_ms = ask.timeout_ms;
	if (child_start(&p->child, &r->loop, &plan, &err) == 0) {
		p->is_child = true;
		return;
	}
	answer_no(&r->user, req->id, WIRE_CODE_PROBE, err.text, NULL);
	probe_free(p);
}

void
probes_pause(struct relay *r, bool pause)
{
	LIST_EACH (struct probe, p, &r->probes, link) {
		if (p->is_child)
			child_pause(&p->child, pause);
	}
}

void
probes_drop(struct relay *r)
{
	LIST_EACH_SAFE (struct probe, p, &r->probes, link) {
		if (p->is_child)
			child_drop(&p->child);
		else
			close(p->watch.fd);
		probe_free(p);
	}
}

static void
tcp_end(struct probe *p, bool connected, const char *why)
{
	struct answer a;
	struct buf text;

	loop_remove(&p->relay->loop, &p->watch);
	close(p->watch.fd);
	buf_init(&text, (size_t)2 * TCP_LINE_MAX);
	base64_encode(&text, buf_str(&p->text), p->text.len);
	answer_begin(&a, p->id);
	json_out_bool(&a.o, "connected", connected);
	json_out_str(&a.o, "line", buf_str(&text));
	json_out_int(&a.o, "ms", clock_boot_ms() - p->started);
	json_out_str(&a.o, "why", why);
	answer_send(&a, &p->relay->user, p->id);
	buf_free(&text);
	probe_free(p);
}

static void
tcp_read(struct probe *p)
{
	char chunk[256], *nl;
	ssize_t n = read(p->watch.fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_end(p, true,
			n < 0 ? strerror(errno)
			      : "it hung up before a whole line");
		return;
	}
	if (buf_add(&p->text, chunk, (size_t)n) < 0) {
		tcp_end(p, true, "its line is too long");
		return;
	}
	nl = memchr(p->text.data, '\n', p->text.len);
	if (nl == NULL)
		return;
	p->text.len = (size_t)(nl - p->text.data);
	if (p->text.len > 0 && p->text.data[p->text.len - 1] == '\r')
		p->text.len--;
	tcp_end(p, true, NULL);
}

static void
tcp_event(void *self, short events)
{
	struct probe *p = self;
	socklen_t len = sizeof(int);
	int why = 0;

	if (events == 0) {
		tcp_end(p, p->connected,
			p->connected ? "it said nothing in time"
				     : "no answer in time");
	} else if (p->connected) {
		tcp_read(p);
	} else if (getsockopt(p->watch.fd, SOL_SOCKET, SO_ERROR, &why, &len) <
			   0 ||
		   why != 0) {
		tcp_end(p, false, strerror(why));
	} else {
		p->connected = true;
		p->watch.events = POLLIN;
	}
}

static int
tcp_connect(const char *address, int64_t port, struct err *err)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	bool v6 = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1;
	int fd, rc;

	if (!v6 && inet_pton(AF_INET, address, &in.sin_addr) != 1)
		return err_set(err, ERR_USAGE, "\"%.60s\" is no address",
			       address);
	fd = socket(v6 ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, "cannot make a socket");
	rc = v6 ? connect(fd, (struct sockaddr *)&in6, sizeof(in6))
		: connect(fd, (struct sockaddr *)&in, sizeof(in));
	if (rc < 0 && errno != EINPROGRESS) {
		/* Refused at once is an answer: poll tells it again. */
		err_set_errno(err, "cannot connect");
		close(fd);
		return -1;
	}
	return fd;
}

static bool
tcp_parse(const struct request *req, const char **address_r, int64_t *port_r,
	  int64_t *timeout_r, enum wire_code *code_r, struct err *err)
{
	struct allow *allow = NULL;
	char port[8];
	bool ok;

	*code_r = WIRE_CODE_USAGE;
	if (json_get_str(req->doc, "address", 64, address_r, err) < 0 ||
	    json_get_int(req->doc, "port", 1, 65535, port_r, err) < 0 ||
	    json_get_int(req->doc, "timeout_ms", 1, WIRE_PROBE_TIMEOUT_MAX,
			 timeout_r, err) < 0)
		return false;
	snprintf(port, sizeof(port), "%lld", (long long)*port_r);
	*code_r = WIRE_CODE_ALLOW;
	ok = probe_allow(&allow, err) == 0 &&
	     allow_tcp(allow, *address_r, port, err) == 0;
	allow_free(&allow);
	return ok;
}

void
tcp_take(struct relay *r, const struct request *req)
{
	const char *address;
	enum wire_code code;
	int64_t port, timeout;
	struct probe *p;
	struct err err;
	int fd;

	if (!probe_room(r, req))
		return;
	if (!tcp_parse(req, &address, &port, &timeout, &code, &err)) {
		answer_no(&r->user, req->id, code, err.text, NULL);
		return;
	}
	fd = tcp_connect(address, port, &err);
	if (fd < 0) {
		answer_no(&r->user, req->id,
			  err.code == ERR_USAGE ? WIRE_CODE_USAGE
						: WIRE_CODE_PROBE,
			  err.text, NULL);
		return;
	}
	p = probe_make(r, req->id);
	p->started = clock_boot_ms();
	buf_init(&p->text, TCP_LINE_MAX);
	p->watch = (struct watch){ .fd = fd,
				   .events = POLLOUT,
				   .at = p->started + timeout,
				   .fn = tcp_event,
				   .self = p };
	loop_add(&r->loop, &p->watch);
}
