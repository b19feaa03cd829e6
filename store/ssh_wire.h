/*
 * SSH's way to write numbers and texts (RFC 4251, section 5): 32 bits, most significant byte first;
 * texts after their length.
 */
#ifndef LK_STORE_SSH_WIRE_H
#define LK_STORE_SSH_WIRE_H

#include "base/str.h"

/* Reads from the start of REST; once something is not there all that follows is empty and `bad`. */
struct lk_ssh_wire {
	lk_str rest;
	bool bad;
};

uint32_t lk_ssh_u32(struct lk_ssh_wire *wire);
/* LEN bytes as they are. */
lk_str lk_ssh_bytes(struct lk_ssh_wire *wire, size_t len);
lk_str lk_ssh_string(struct lk_ssh_wire *wire);
/* Was all there, and nothing is left? */
static inline bool lk_ssh_is_whole(const struct lk_ssh_wire *wire)
{
	return !wire->bad && wire->rest.len == 0;
}

void lk_ssh_put_u32(struct lk_buf *out, uint32_t value);
void lk_ssh_put_string(struct lk_buf *out, const void *bytes, size_t len);

#endif
