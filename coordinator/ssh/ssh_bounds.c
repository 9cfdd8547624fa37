/*
 * ssh_bounds.c - what one host may cost: memory, and time in one go.
 *
 * libssh2 reads until the socket is empty, and packets that mean nothing
 * (IGNORE, DEBUG) never come back to us: a host that sends them without end
 * would have this process for itself.  And it keeps whatever it does not know,
 * or whatever length a packet names.  So reading pauses now and then as if the
 * socket were empty, which the loop finds out at once; and a session that asks
 * for more memory than an honest one ever needs is refused it, and ends.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "session_private.h"

#define BOUNDS_READS  8 /* of 16 KiB at most */
/* a full window in the smallest packets that were seen, twice */
#define BOUNDS_MEMORY ((size_t)8 << 20)

static ssize_t
bounds_recv(libssh2_socket_t fd, void *data, size_t len, int flags,
	    void **self)
{
	struct session *s = *self;
	ssize_t n;

	/* who lets go of it is to be told the truth */
	if (!s->dropping && ++s->reads % BOUNDS_READS == 0)
		return -EAGAIN;
	n = recv(fd, data, len, flags);
	s->not_said |= n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n < 0)
		return -errno;
	s->received += (size_t)n;
	return n;
}

static void
bounds_free(void *p, void **self)
{
	struct session *s = *self;

	s->memory -= malloc_usable_size(p);
	free(p);
}

static void *
bounds_realloc(void *p, size_t size, void **self)
{
	struct session *s = *self;
	size_t before = p != NULL ? malloc_usable_size(p) : 0;
	void *fresh;

	if (size > BOUNDS_MEMORY || s->memory - before + size > BOUNDS_MEMORY)
		return NULL;
	fresh = realloc(p, size);
	if (fresh != NULL)
		s->memory = s->memory - before + malloc_usable_size(fresh);
	return fresh;
}

static void *
bounds_alloc(size_t size, void **self)
{
	return bounds_realloc(NULL, size, self);
}

void *
ssh_alloc(struct session *s, size_t size)
{
	void *self = s;

	return bounds_alloc(size, &self);
}

LIBSSH2_SESSION *
ssh_new(struct session *s)
{
	LIBSSH2_SESSION *ssh = libssh2_session_init_ex(
		bounds_alloc, bounds_free, bounds_realloc, s);
	union {
		ssize_t (*fn)(libssh2_socket_t, void *, size_t, int, void **);
		void *data;
	} recv_cb = { .fn = bounds_recv };

	if (ssh != NULL)
		(void)libssh2_session_callback_set(ssh, LIBSSH2_CALLBACK_RECV,
						   recv_cb.data);
	return ssh;
}
