/* crc32c.h - the Castagnoli checksum, for records on disk. */
#ifndef DRYDOCK_CRC32C_H
#define DRYDOCK_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Begin with crc 0; give the last answer to go on: "123456789" is e3069283. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
