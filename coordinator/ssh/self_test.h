/*
 * self_test.h - can libcrypto still do what a key exchange needs?
 *
 * An allocation that fails at the wrong moment leaves OpenSSL 3 without an
 * algorithm for as long as the process lives: it takes the list of a provider
 * for read, and what is missing there is missing for ever.  From then on no
 * host can be talked to, and every one of them seems to be at fault.  So when
 * one fails us, we try by ourselves what no host has a part in.
 */
#ifndef DRYDOCK_SELF_TEST_H
#define DRYDOCK_SELF_TEST_H

struct key_sign;

/* What cannot be done, to be read after "cannot"; NULL: all can. */
const char *self_test(const struct key_sign *key);

#endif
