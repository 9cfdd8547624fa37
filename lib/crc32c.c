/* crc32c.c - the Castagnoli checksum, by a table made at first use. */
#include "crc32c.h"

#define CRC32C_POLY 0x82f63b78U /* reflected */

static uint32_t crc32c_table[256];

static void
crc32c_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = (c & 1) != 0 ? c >> 1 ^ CRC32C_POLY : c >> 1;
		crc32c_table[i] = c;
	}
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	if (crc32c_table[1] == 0)
		crc32c_fill();
	crc = ~crc;
	while (len-- > 0)
		crc = crc32c_table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}
