/*
 * SSH's numbers and texts.
 */
#include "store/ssh_wire.h"

lk_str lk_ssh_bytes(struct lk_ssh_wire *wire, size_t len)
{
	if (wire->bad || len > wire->rest.len) {
		*wire = (struct lk_ssh_wire){.bad = true};
		return (lk_str){NULL, 0};
	}
	lk_str bytes = lk_str_slice(wire->rest, 0, len);
	wire->rest = lk_str_skip(wire->rest, len);
	return bytes;
}

uint32_t lk_ssh_u32(struct lk_ssh_wire *wire)
{
	lk_str bytes = lk_ssh_bytes(wire, 4);
	uint32_t value = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		value = value << 8 | (unsigned char)bytes.ptr[i];
	}
	return value;
}

lk_str lk_ssh_string(struct lk_ssh_wire *wire)
{
	return lk_ssh_bytes(wire, lk_ssh_u32(wire));
}

void lk_ssh_put_u32(struct lk_buf *out, uint32_t value)
{
	const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
		(unsigned char)(value >> 8), (unsigned char)value};
	lk_buf_append(out, bytes, sizeof(bytes));
}

void lk_ssh_put_string(struct lk_buf *out, const void *bytes, size_t len)
{
	lk_ssh_put_u32(out, (uint32_t)len);
	lk_buf_append(out, bytes, len);
}
