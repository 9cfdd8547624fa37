/* host.c - who this host is, and whether a person holds it. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "alloc.h"
#include "file.h"
#include "paths.h"
#include "place.h"
#include "utf8.h"

#define HOLD_MAX      2000
#define ADDRESSES_MAX 64

static const struct conf_key host_keys[] = {
#define X(...) CONF_ROW(struct host_conf, __VA_ARGS__)
	HOST_CONF(X)
#undef X
		CONF_END
};

static int
conf_complete(const struct host_conf *conf, const char *path, struct err *err)
{
	if (conf->name[0] == '\0')
		return err_set(err, ERR_USAGE,
			       "%s: add a line \"name = …\": what coordinators "
			       "call this host",
			       path);
	if (conf->fleet.n == 0)
		return err_set(err, ERR_USAGE,
			       "%s: add a line \"fleet = …\" for each fleet "
			       "whose coordinators may change this host",
			       path);
	return 0;
}

int
host_conf_read(struct host_conf *conf, struct err *err)
{
	char *path = paths_conf("agent.conf");
	int fd, rc = -1;

	conf_init(conf, host_keys);
	fd = place_open_owned(path, err);
	if (fd >= 0) {
		close(fd);
		rc = conf_read_file(conf, host_keys, path, err);
	}
	if (rc == 0)
		rc = conf_complete(conf, path, err);
	if (rc < 0)
		host_conf_free(conf);
	x_free(&path);
	return rc;
}

void
host_conf_free(struct host_conf *conf)
{
	conf_free(conf, host_keys);
}

bool
host_has_fleet(const struct host_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->fleet.n; i++) {
		if (strcmp(conf->fleet.item[i].value, name) == 0)
			return true;
	}
	return false;
}

/* A hold that cannot be read is a hold. */
char *
host_hold(void)
{
	char *path = paths_conf("hold");
	struct stat st;
	struct buf raw, text;

	if (lstat(path, &st) < 0 && errno == ENOENT) {
		x_free(&path);
		return NULL;
	}
	buf_init(&raw, HOLD_MAX);
	buf_init(&text, HOLD_MAX * 4);
	(void)file_read(AT_FDCWD, path, &raw, NULL);
	while (raw.len > 0 && strchr(" \t\r\n", raw.data[raw.len - 1]) != NULL)
		raw.len--;
	utf8_escape(&text, buf_str(&raw), raw.len);
	if (text.len == 0)
		buf_addf(&text, "%s is there; it gives no reason", path);
	buf_free(&raw);
	x_free(&path);
	return buf_take(&text);
}

static char *
read_id(const char *path)
{
	char *where = paths_system(path);
	struct buf text;

	buf_init(&text, 128);
	(void)file_read(AT_FDCWD, where, &text, NULL);
	x_free(&where);
	if (text.len > 0)
		text.data[strcspn(text.data, "\r\n")] = '\0';
	return buf_take(&text);
}

char *
host_machine_id(void)
{
	return read_id("/etc/machine-id");
}

char *
host_boot_id(void)
{
	return read_id("/proc/sys/kernel/random/boot_id");
}

static bool
address_text(const struct ifaddrs *ifa, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr *sa = ifa->ifa_addr;

	if (sa == NULL || (ifa->ifa_flags & IFF_LOOPBACK) != 0)
		return false;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		return inet_ntop(AF_INET, &in->sin_addr, text,
				 INET6_ADDRSTRLEN) != NULL;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		return !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
		       inet_ntop(AF_INET6, &in6->sin6_addr, text,
				 INET6_ADDRSTRLEN) != NULL;
	}
	return false;
}

/* A test's hosts are directories; their addresses are lines of a file. */
static bool
addresses_of_test(struct json_out *o)
{
	char *path = x_asprintf("%s/addresses", paths_root()), *line, *rest;
	struct buf text;
	bool here = false;

	buf_init(&text, 4096);
	if (paths_root()[0] != '\0' &&
	    file_read(AT_FDCWD, path, &text, NULL) == 0) {
		rest = text.data;
		while ((line = strsep(&rest, "\n")) != NULL) {
			if (line[0] != '\0')
				json_out_str(o, NULL, line);
		}
		here = true;
	}
	buf_free(&text);
	x_free(&path);
	return here;
}

void
host_addresses(struct json_out *o, const char *key)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *list = NULL;
	int n = 0;

	json_out_array(o, key);
	if (!addresses_of_test(o) && getifaddrs(&list) == 0) {
		for (const struct ifaddrs *ifa = list; ifa != NULL;
		     ifa = ifa->ifa_next) {
			if (n < ADDRESSES_MAX && address_text(ifa, text)) {
				json_out_str(o, NULL, text);
				n++;
			}
		}
		freeifaddrs(list);
	}
	json_out_end(o);
}

#ifdef DRYDOCK_TEST
/* Tests cannot read the machine's syslog. */
static void
audit_to_root(const char *line)
{
	char *path = x_asprintf("%s/syslog", paths_root());
	int fd = -1;

	if (paths_root()[0] != '\0')
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			  0600);
	x_free(&path);
	if (fd < 0)
		return;
	dprintf(fd, "%s\n", line);
	close(fd);
}
#endif

void
host_audit(const char *fmt, ...)
{
	char raw[2048];
	struct buf line;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	buf_init(&line, sizeof(raw) * 4);
	utf8_escape(&line, raw, strlen(raw));
	syslog(LOG_DAEMON | LOG_NOTICE, "%s", buf_str(&line));
#ifdef DRYDOCK_TEST
	audit_to_root(buf_str(&line));
#endif
	buf_free(&line);
}
