/* sandbox.c - all that drydock-ssh gives up once it has its key. */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What may be called with any arguments. */
static const int sandbox_calls[] = {
	/* what is open: the hosts, drydockd, the log */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(shutdown), SCMP_SYS(close),
	SCMP_SYS(fcntl), SCMP_SYS(connect), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	/* waiting */
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(timerfd_settime),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(futex), SCMP_SYS(restart_syscall),
	/* memory; what could hold code is below */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	/* its own end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* What may be called if one of its arguments, under a mask, is this. */
static const struct sandbox_rule {
	int call;
	unsigned int argument;
	uint64_t mask, value;
} sandbox_rules[] = {
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_INET },
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_INET6 },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
};

void
sandbox_harden(void)
{
	static const struct rlimit none = { 0, 0 };

	(void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* NULL: there is none, or, with errno of these, nobody can tell. */
static const struct passwd *
sandbox_find(const char *name)
{
	const struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (user == NULL && errno != ENOMEM && errno != EMFILE &&
	    errno != ENFILE && errno != EIO)
		errno = 0;
	return user;
}

static int
sandbox_user(struct err *err)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = sandbox_find(SANDBOX_USER);
	if (user == NULL && errno == 0)
		user = sandbox_find("nobody");
	if (user == NULL && errno != 0)
		return err_set_errno(err, "cannot look for the user "
				     SANDBOX_USER);
	if (user == NULL || user->pw_uid == 0)
		return err_set(err, ERR_SYS, "started as root, and there is "
			       "neither a user " SANDBOX_USER " nor nobody to "
			       "become; systemd-sysusers makes the first");
	if (setgroups(0, NULL) < 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return err_set_errno(err, "cannot become %s", user->pw_name);
	/* a change of user makes it what the machine's default is */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

static int
sandbox_allow(scmp_filter_ctx filter)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 &&
	     i < sizeof(sandbox_calls) / sizeof(sandbox_calls[0]); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       sandbox_calls[i], 0);
	for (size_t i = 0; ret == 0 &&
	     i < sizeof(sandbox_rules) / sizeof(sandbox_rules[0]); i++) {
		const struct sandbox_rule *r = &sandbox_rules[i];

		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, r->call, 1,
				       SCMP_CMP(r->argument,
						SCMP_CMP_MASKED_EQ, r->mask,
						r->value));
	}
	/* a failed assert ends this process, and no other */
	if (ret == 0)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       SCMP_SYS(tgkill), 1,
				       SCMP_A0(SCMP_CMP_EQ,
					       (scmp_datum_t)getpid()));
	return ret;
}

static int
sandbox_filter(struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret = filter == NULL ? -ENOMEM : sandbox_allow(filter);

	if (ret == 0)
		ret = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_set_errno(err, "cannot give up system calls (a kernel "
			     "without seccomp filters?)");
}

static bool
sandbox_hinders(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

int
sandbox_enter(struct err *err)
{
	if (sandbox_hinders())
		return 0;
	tzset(); /* its file is read now or never */
	if (sandbox_user(err) < 0)
		return -1;
	return sandbox_filter(err);
}
