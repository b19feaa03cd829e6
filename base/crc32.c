/*
 * CRC-32, eight bytes a step by tables.
 */
#include "base/crc32.h"

#include "base/mem.h"

#define POLYNOMIAL 0xEDB88320u
#define STEP 8

struct lk_crc32 {
	uint32_t state;
	uint32_t table[STEP][256]; /* [n][b]: what the byte b does n bytes further on */
};

struct lk_crc32 *lk_crc32_new(void)
{
	struct lk_crc32 *crc = lk_calloc(1, sizeof(*crc));
	crc->state = UINT32_MAX;
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;
		for (unsigned bit = 0; bit < 8; bit++) {
			value = (value >> 1) ^ ((value & 1) ? POLYNOMIAL : 0);
		}
		crc->table[0][byte] = value;
	}
	for (unsigned n = 1; n < STEP; n++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			uint32_t before = crc->table[n - 1][byte];
			crc->table[n][byte] = (before >> 8) ^ crc->table[0][before & 0xFF];
		}
	}
	return crc;
}

void lk_crc32_free(struct lk_crc32 *crc)
{
	lk_free(crc);
}

void lk_crc32_update(struct lk_crc32 *crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint32_t state = crc->state;
	for (; len >= STEP; len -= STEP, at += STEP) {
		state ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			(uint32_t)at[3] << 24;
		state = crc->table[7][state & 0xFF] ^ crc->table[6][(state >> 8) & 0xFF] ^
			crc->table[5][(state >> 16) & 0xFF] ^ crc->table[4][state >> 24] ^
			crc->table[3][at[4]] ^ crc->table[2][at[5]] ^ crc->table[1][at[6]] ^
			crc->table[0][at[7]];
	}
	for (; len > 0; len--, at++) {
		state = (state >> 8) ^ crc->table[0][(state ^ *at) & 0xFF];
	}
	crc->state = state;
}

uint32_t lk_crc32_value(const struct lk_crc32 *crc)
{
	return ~crc->state;
}
