/* session.c - the way to an agent, step by step. */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alloc.h"
#include "key_sign.h"
#include "session_private.h"
#include "transport.h"

#define SESSION_TOTAL_MS 30000

/* What exec asks for; sshd's forced command runs whatever we say. */
#define SESSION_EXEC "drydock-agent"

static step_fn do_connect, do_connected, do_handshake, do_hostkey, do_auth,
	do_open, do_exec;
static const struct step CONNECT = { "connect", do_connect, 5000 };
static const struct step CONNECTED = { "connect", do_connected, 5000 };
static const struct step HANDSHAKE = { "handshake", do_handshake, 10000 };
static const struct step HOSTKEY = { "host key", do_hostkey, 1000 };
static const struct step AUTH = { "auth", do_auth, 10000 };
static const struct step OPEN = { "channel", do_open, 5000 };
static const struct step EXEC = { "exec", do_exec, 5000 };

static struct step_ret
session_fail(struct session *s, enum err_code code, const char *why)
{
	(void)err_set(&s->st.err, code, "%s: %s", stepper_at(&s->st), why);
	return step_fail();
}

/* Find out within seconds that the other machine is gone. */
static void
session_set_socket(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 5 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 2 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 10000 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name,
				 &options[i].value, sizeof(int));
}

static struct addrinfo *
session_address(const struct session *s)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char port[12];

	(void)snprintf(port, sizeof(port), "%u", s->target.port);
	return getaddrinfo(s->target.address, port, &hints, &ai) == 0 ? ai :
									NULL;
}

static struct step_ret
do_connect(void *self)
{
	struct session *s = self;
	struct addrinfo *ai = session_address(s);
	int ret;

	if (ai == NULL)
		return session_fail(s, ERR_USAGE, "not an IP address");
	s->fd = socket(ai->ai_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		freeaddrinfo(ai);
		return session_fail(s, ERR_SYS, strerror(errno));
	}
	session_set_socket(s->fd);
	stepper_set_fd(&s->st, s->fd);
	ret = connect(s->fd, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	if (ret == 0)
		return step_goto(&CONNECTED);
	if (errno == EINPROGRESS)
		return step_wait_then(EV_WRITE, &CONNECTED);
	return session_fail(s, ERR_LOST, strerror(errno));
}

/*
 * Neither ChaCha20 nor *-etm is in libssh2 1.10, so Terrapin has nothing to
 * work on; the rest of its default list is older than it should be.
 */
static bool
session_prefer(LIBSSH2_SESSION *ssh, const struct host_pins *pins)
{
	static const struct {
		int method;
		const char *list;
	} prefs[] = {
		{ LIBSSH2_METHOD_KEX, "curve25519-sha256,"
				      "curve25519-sha256@libssh.org,"
				      "ecdh-sha2-nistp256" },
		{ LIBSSH2_METHOD_CRYPT_CS, "aes256-ctr,aes128-ctr" },
		{ LIBSSH2_METHOD_CRYPT_SC, "aes256-ctr,aes128-ctr" },
		{ LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512" },
		{ LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512" },
		{ LIBSSH2_METHOD_COMP_CS, "none" },
		{ LIBSSH2_METHOD_COMP_SC, "none" },
	};
	struct buf types;
	bool ok;

	buf_init(&types, 256);
	host_pins_methods(pins, &types);
	ok = libssh2_session_method_pref(ssh, LIBSSH2_METHOD_HOSTKEY,
					 buf_str(&types)) == 0;
	buf_free(&types);
	for (size_t i = 0; i < sizeof(prefs) / sizeof(prefs[0]); i++)
		ok = ok && libssh2_session_method_pref(ssh, prefs[i].method,
						       prefs[i].list) == 0;
	return ok;
}

static struct step_ret
do_connected(void *self)
{
	struct session *s = self;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		return session_fail(s, ERR_LOST, strerror(error));
	s->ssh = ssh_new(s);
	if (s->ssh == NULL || !session_prefer(s->ssh, s->target.pins))
		return session_fail(s, ERR_SYS, "libssh2 cannot begin");
	libssh2_session_set_blocking(s->ssh, 0);
	return step_goto(&HANDSHAKE);
}

static struct step_ret
do_handshake(void *self)
{
	struct session *s = self;
	int rc = libssh2_session_handshake(s->ssh, s->fd);

	s->handshaking = rc == LIBSSH2_ERROR_EAGAIN;
	/* both sides have told their methods; which one lacks is not said */
	if (rc == LIBSSH2_ERROR_KEX_FAILURE) {
		(void)err_set(&s->st.err, ERR_REFUSED,
			      "handshake: the host offers no %s, or no cipher "
			      "of ours; %s",
			      s->target.scan ?
				      "key of a type that can be used" :
				      "key of the pinned type",
			      HOST_KEY_NO_RSA);
		return step_fail();
	}
	return ssh_ret(s, rc, &HOSTKEY);
}

static void
session_tell_key(struct session *s, const char *blob, size_t len)
{
	struct buf text;

	buf_init(&text, HOST_KEY_TEXT_MAX);
	if (host_key_text(blob, len, &text) == 0)
		s->events->on_key(s->self, buf_str(&text));
	buf_free(&text);
}

/* Before anything of ours is shown to whoever answered. */
static struct step_ret
do_hostkey(void *self)
{
	struct session *s = self;
	struct buf print;
	size_t len = 0;
	int type;
	const char *blob = libssh2_session_hostkey(s->ssh, &len, &type);

	if (blob == NULL || host_key_type(blob, len) == NULL)
		return session_fail(s, ERR_REFUSED, "none of a known type");
	if (s->target.scan) {
		session_tell_key(s, blob, len);
		return step_done();
	}
	if (host_pins_match(s->target.pins, blob, len))
		return step_goto(&AUTH);
	buf_init(&print, 128);
	host_key_fingerprint(blob, len, &print);
	(void)err_set(&s->st.err, ERR_REFUSED,
		      "host key: it shows %s %s, which is not pinned; nothing "
		      "was sent to it. If the host was reinstalled: drydock "
		      "host pin NAME --scan", host_key_type(blob, len),
		      buf_str(&print));
	buf_free(&print);
	return step_fail();
}

/* libssh2's callback: sign what proves that the key is ours. */
static int
session_sign(LIBSSH2_SESSION *ssh, unsigned char **sig, size_t *sig_len,
	     const unsigned char *data, size_t data_len, void **abstract)
{
	struct session *s = *abstract;
	unsigned char own[KEY_SIGNATURE_MAX];

	(void)ssh;
	*sig_len = key_sign(s->target.key->sign, data, data_len, own);
	*sig = *sig_len > 0 ? ssh_alloc(s, *sig_len) : NULL;
	s->not_said |= *sig == NULL;
	if (*sig == NULL)
		return -1;
	memcpy(*sig, own, *sig_len);
	return 0;
}

static struct step_ret
do_auth(void *self)
{
	struct session *s = self;
	const struct buf *public = &s->target.key->public;
	int rc = libssh2_userauth_publickey(
		s->ssh, s->target.user, (const unsigned char *)public->data,
		public->len, session_sign, &self);

	return ssh_ret(s, rc, &OPEN);
}

static struct step_ret
do_open(void *self)
{
	struct session *s = self;

	s->channel = libssh2_channel_open_ex(
		s->ssh, "session", strlen("session"), SESSION_WINDOW,
		SESSION_PACKET, NULL, 0);
	if (s->channel != NULL)
		return step_goto(&EXEC);
	return ssh_ret(s, libssh2_session_last_errno(s->ssh), NULL);
}

static struct step_ret
do_exec(void *self)
{
	struct session *s = self;
	int rc = libssh2_channel_process_startup(s->channel, "exec", 4,
						 SESSION_EXEC,
						 strlen(SESSION_EXEC));

	if (rc != 0)
		return ssh_ret(s, rc, NULL);
	return step_done();
}

static void
session_on_done(void *self, const struct err *why)
{
	struct session *s = self;
	struct err err = { .code = ERR_NONE };

	if (why != NULL || s->target.scan) {
		/* after a scan nothing is wrong, it is only over */
		session_end(s, why != NULL ? why : &err);
		return;
	}
	session_pump_start(s);
	s->events->on_open(s->self);
}

struct session *
session_new(struct event_base *base, const struct session_target *target,
	    const struct session_events *events, void *self)
{
	struct session *s = x_new(struct session);

	s->base = base;
	s->target = *target;
	s->events = events;
	s->self = self;
	s->fd = -1;
	stepper_init(&s->st, base, s, session_on_done);
	session_pump_init(s);
	return s;
}

void
session_start(struct session *s)
{
	stepper_start(&s->st, &CONNECT, SESSION_TOTAL_MS);
}

void
session_free(struct session **sp)
{
	struct session *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	ssh_drop(s);
	stepper_close(&s->st);
	session_pump_free(s);
	free(s);
}

bool
session_auth_failed(const struct session *s)
{
	return s->auth_failed;
}

bool
session_began(const struct session *s)
{
	return s->ssh != NULL;
}
