/* base64.h - RFC 4648, with padding, one line; reading is strict. */
#ifndef DRYDOCK_BASE64_H
#define DRYDOCK_BASE64_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/* Both add to `out`.  -1 when its bound is passed. */
int base64_encode(struct buf *out, const void *data, size_t len);
/* ERR_PROTO: not base64, bits left over, or too much for `out`. */
int base64_decode(struct buf *out, const char *text, size_t len,
		  struct err *err);

#endif
