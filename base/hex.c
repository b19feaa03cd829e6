/*
 * Bytes as hexadecimal digits and back.
 */
#include "base/hex.h"

void lk_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0xf];
	}
	*out = '\0';
}

bool lk_unhex(lk_str text, unsigned char *out, size_t len)
{
	if (text.len != 2 * len) {
		return false;
	}
	/* One more than the digit's value. */
	static const unsigned char digits[256] = {['0'] = 1,
		2,
		3,
		4,
		5,
		6,
		7,
		8,
		9,
		10,
		['A'] = 11,
		12,
		13,
		14,
		15,
		16,
		['a'] = 11,
		12,
		13,
		14,
		15,
		16};
	const unsigned char *at = (const unsigned char *)text.ptr;
	bool wrong = false;
	for (size_t i = 0; i < len; i++) {
		wrong |= (digits[at[2 * i]] == 0) | (digits[at[2 * i + 1]] == 0);
	}
	if (wrong) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned high = digits[at[2 * i]] - 1u;
		unsigned low = digits[at[2 * i + 1]] - 1u;
		out[i] = (unsigned char)(16 * high + low);
	}
	return true;
}
