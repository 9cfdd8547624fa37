/* running.c - does a service run? */
#include "running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "file.h"
#include "num.h"

static bool
process_is(const char *pid, const char *name)
{
	char *path = x_asprintf("/proc/%s/comm", pid);
	struct buf text;
	bool is;

	buf_init(&text, 64);
	(void)file_read(AT_FDCWD, path, &text, NULL);
	x_free(&path);
	if (text.len > 0)
		text.data[strcspn(text.data, "\n")] = '\0';
	/* The kernel keeps 15 bytes of a name. */
	is = text.len > 0 && strncmp(text.data, name, 15) == 0;
	buf_free(&text);
	return is;
}

static int
check_processes(const char *unit, struct err *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *de;
	int rc = 0;

	if (dir == NULL)
		return err_set_errno(err, "cannot list processes");
	while (rc == 0 && (de = readdir(dir)) != NULL) {
		if (de->d_name[0] >= '1' && de->d_name[0] <= '9' &&
		    process_is(de->d_name, unit))
			rc = err_set(err, ERR_REFUSED, "%s runs: process %s",
				     unit, de->d_name);
	}
	closedir(dir);
	return rc;
}

static int
check_pid_file(const char *unit, struct err *err)
{
	char *path = x_asprintf("/run/%s/master.pid", unit);
	struct buf text;
	int64_t pid = 0;

	buf_init(&text, 64);
	(void)file_read(AT_FDCWD, path, &text, NULL);
	x_free(&path);
	if (text.len > 0) {
		text.data[strcspn(text.data, " \n")] = '\0';
		(void)num_parse_int(text.data, 1, 1 << 30, &pid, NULL);
	}
	buf_free(&text);
	if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
		return err_set(err, ERR_REFUSED, "%s runs: its master is %d",
			       unit, (int)pid);
	return 0;
}

static int
check_systemd(const char *unit, struct err *err)
{
	const char *const argv[] = { "systemctl", "show", "-p", "ActiveState",
				     "--value",	  "--",	  unit, NULL };
	struct buf text;
	struct stat st;
	int rc = 0;

	if (stat("/run/systemd/system", &st) < 0)
		return 0;
	buf_init(&text, 64);
	if (act_run(argv, NULL, &text, err) != 0 ||
	    (strcmp(buf_str(&text), "inactive\n") != 0 &&
	     strcmp(buf_str(&text), "failed\n") != 0))
		rc = err_set(err, ERR_REFUSED,
			     "%s does not stand still: systemd says %.20s",
			     unit, text.len > 0 ? text.data : "nothing");
	buf_free(&text);
	return rc;
}

int
running_check(const char *unit, struct err *err)
{
	if (check_processes(unit, err) < 0 || check_pid_file(unit, err) < 0 ||
	    check_systemd(unit, err) < 0)
		return -1;
	return 0;
}
