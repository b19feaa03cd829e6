/*
 * CRC-32 as ZIP has it (ISO 3309, the polynomial 0xEDB88320 reflected).
 *
 *     struct lk_crc32 *crc = lk_crc32_new();
 *     lk_crc32_update(crc, bytes, len);
 *     uint32_t value = lk_crc32_value(crc);
 *     lk_crc32_free(crc);
 */
#ifndef LK_BASE_CRC32_H
#define LK_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct lk_crc32;

struct lk_crc32 *lk_crc32_new(void) LK_MUST_USE;
void lk_crc32_free(struct lk_crc32 *crc);
void lk_crc32_update(struct lk_crc32 *crc, const void *bytes, size_t len);
/* Of all bytes so far; 0 of none. */
uint32_t lk_crc32_value(const struct lk_crc32 *crc);

#endif
