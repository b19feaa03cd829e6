/*
 * Little-endian numbers at any address.
 */
#ifndef LK_AUDIT_LE_PRIV_H
#define LK_AUDIT_LE_PRIV_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t lk_le16(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t lk_le32(const unsigned char *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static inline uint64_t lk_le64(const unsigned char *bytes)
{
	uint64_t value;
	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

#endif
