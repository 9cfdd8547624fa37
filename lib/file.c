/* file.c - small files, whole. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "fault.h"

int
file_read(int dir, const char *path, struct buf *out, struct err *err)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return err_set_errno(err, "%s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	if (n < 0)
		err_set_errno(err, "%s", path);
	else if (buf_over(out))
		n = err_set(err, ERR_FAILED, "%s: above %zu bytes", path,
			    out->max);
	close(fd);
	return n < 0 ? -1 : 0;
}

static int
write_new(int dir, const char *name, const void *data, size_t len,
	  unsigned int mode)
{
	const char *p = data;
	int fd = openat(dir, name,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			mode);
	int rc = -1;

	if (fd < 0)
		return -1;
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n <= 0 && errno != EINTR)
			break;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (len == 0 && fsync(fd) == 0)
		rc = 0;
	close(fd);
	return rc;
}

int
file_write(int dir, const char *name, const void *data, size_t len,
	   unsigned int mode, struct err *err)
{
	char *fresh = x_asprintf("%s.new", name);
	int rc = 0;

	if (write_new(dir, fresh, data, len, mode) < 0 ||
	    FAULT("file.written") == FAULT_ERROR ||
	    renameat(dir, fresh, dir, name) < 0 || fsync(dir) < 0) {
		rc = err_set_errno(err, "cannot write %s", name);
		(void)unlinkat(dir, fresh, 0);
	} else {
		(void)FAULT("file.renamed");
	}
	x_free(&fresh);
	return rc;
}
