/* sshd.h - a real sshd on loopback, with its own port, keys and log. */
#ifndef DRYDOCK_TEST_SSHD_H
#define DRYDOCK_TEST_SSHD_H

#include <stdbool.h>
#include <sys/types.h>

struct sshd {
	char *dir;
	pid_t pid;
	unsigned int port;
	char *host_key;	  /* "ssh-ed25519 AAAA…" */
	char *client_key; /* path of the private key it takes */
	char *ecdsa_key[3]; /* the same, of other types */
	char *other_key;  /* path of one that it does not take */
};

/* host_key_type: ed25519, ecdsa or rsa.  command: what every login runs. */
void sshd_start(struct sshd *d, const char *host_key_type,
		const char *command);
void sshd_stop(struct sshd *d);
/* Kill the connections, by their parent's pid; the server stays. */
void sshd_cut(const struct sshd *d);
bool sshd_log_has(const struct sshd *d, const char *text);

/* The pid of our child with that name, 0: there is none; and its memory. */
pid_t sshd_child(const char *name);
long sshd_resident_kib(pid_t pid);

/* Run words through sh; fails the test unless it exits 0. */
void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A listener in a child process that passes `bytes` each way to the port and
 * then cuts, or with text NULL is silent (bytes < 0: accepts, says `text`, and
 * is silent).
 */
pid_t proxy_start(unsigned int to_port, long bytes, const char *text,
		  unsigned int *port_r);
/* Passes everything, but takes from the client in small sips. */
#define PROXY_SLOW (1L << 40)
void proxy_stop(pid_t pid);

#endif
