/* ssh_ret.c - the one place that translates libssh2's answers. */
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "seeded.h"
#include "session_private.h"

/*
 * libssh2 can say EAGAIN without knowing what it waits for.  Then the socket is
 * looked at again by the clock, a few times.
 */
#define SSH_AIMLESS_MS	250
#define SSH_AIMLESS_MAX 20

/* How often a dead handshake is asked to notice; once was seen to do. */
#define SSH_BURY_MAX 16

/* Which way the socket must be ready; 0: libssh2 does not know. */
short
ssh_want(struct session *s)
{
	int dir = libssh2_session_block_directions(s->ssh);
	short want = 0;

	if ((dir & LIBSSH2_SESSION_BLOCK_INBOUND) != 0)
		want |= EV_READ;
	if ((dir & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
		want |= EV_WRITE;
	return want;
}

const char *
ssh_why(struct session *s)
{
	char *why = NULL;

	(void)libssh2_session_last_error(s->ssh, &why, NULL, 0);
	return why != NULL && why[0] != '\0' ? why : "the connection broke";
}

/*
 * REFUSED is what trying again does not mend.  "Unverified" is a signature that
 * was not taken, and for libssh2 also one that was not made, or whose line
 * broke before an answer came.
 */
static enum err_code
ssh_code(struct session *s, int rc)
{
	switch (rc) {
	case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
		if (s->not_said)
			return ERR_LOST;
		s->auth_failed = true;
		return ERR_REFUSED;
	case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
	case LIBSSH2_ERROR_FILE:
		s->auth_failed = true;
		return ERR_REFUSED;
	case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
		return ERR_REFUSED;
	default:
		return ERR_LOST;
	}
}

struct step_ret
ssh_ret(struct session *s, int rc, const struct step *next)
{
	enum err_code code;
	short want;

	if (rc == 0) {
		s->aimless = 0;
		return step_goto(next);
	}
	if (rc == LIBSSH2_ERROR_EAGAIN) {
		want = ssh_want(s);
		if (want != 0)
			return step_wait(want);
		if (++s->aimless <= SSH_AIMLESS_MAX)
			return step_wait_ms(EV_READ, SSH_AIMLESS_MS);
		(void)err_set(&s->st.err, ERR_LOST,
			      "%s: libssh2 waits for nothing",
			      stepper_at(&s->st));
		return step_fail();
	}
	code = ssh_code(s, rc);
	(void)err_set(&s->st.err, code, "%s: %s", stepper_at(&s->st),
		      ssh_why(s));
	return step_fail();
}

/*
 * libssh2_session_free() in the midst of a key exchange leaks its keys (64
 * bytes were seen); the handshake itself frees them when the socket fails it.
 */
static void
ssh_bury_handshake(struct session *s)
{
	int rc = LIBSSH2_ERROR_EAGAIN;

	for (int i = 0; i < SSH_BURY_MAX && rc == LIBSSH2_ERROR_EAGAIN; i++)
		rc = libssh2_session_handshake(s->ssh, s->fd);
	s->handshaking = false;
}

/*
 * On a non-blocking session libssh2 may answer EAGAIN to a free and free
 * nothing; a dead socket takes away its reason to wait.  The descriptor is
 * closed last: libssh2 may still write to its number.
 */
void
ssh_drop(struct session *s)
{
	int rc = 0;

	s->dropping = true;
	stepper_drop_fd(&s->st);
	if (s->io != NULL)
		event_free(s->io);
	s->io = NULL;
	if (s->fd >= 0)
		(void)shutdown(s->fd, SHUT_RDWR);
	if (s->handshaking)
		ssh_bury_handshake(s);
	if (s->fd >= 0 && SEEDED(CLOSED_FIRST))
		(void)close(s->fd);
	if (s->channel != NULL)
		rc = libssh2_channel_free(s->channel);
	s->channel = NULL;
	if (s->ssh != NULL)
		rc |= libssh2_session_free(s->ssh);
	s->ssh = NULL;
	if (rc != 0)
		log_warn("libssh2 has kept a dead session (%d)", rc);
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}
