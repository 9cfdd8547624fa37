/*
 * sandbox.h - all that drydock-ssh gives up once it has its key.
 *
 * What hosts send is read by libssh2 and libcrypto.  Should one of them bring
 * such bytes to life, they shall find a process that can talk to IP addresses
 * and to drydockd, and nothing else: no file, no program, no other process, no
 * new code, no way back.
 */
#ifndef DRYDOCK_SSH_SANDBOX_H
#define DRYDOCK_SSH_SANDBOX_H

#include "err.h"

#define SANDBOX_USER "drydock-ssh"

/*
 * Before the key is read: no core file, no descriptor but 0 to 2, and no
 * other process of our user that looks into this one.
 */
void sandbox_harden(void);

/*
 * Once everything is open that is ever opened; libcrypto's configuration file
 * never is.  Root becomes SANDBOX_USER, or nobody where that user is unknown.
 * From then on a system call that is not listed fails with EPERM.
 *
 * Under a sanitizer, which needs more, nothing is done.  valgrind, which makes
 * code as it goes, is ended by it.
 */
int sandbox_enter(struct err *err);

#endif
