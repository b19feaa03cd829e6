/*
 * Bytes as base64 and back.
 */
#include "base/base64.h"

#define NO_DIGIT 64u

void lk_base64_put(struct lk_buf *out, const void *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = bytes;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)at[i] << 16;
		three |= i + 1 < len ? (uint32_t)at[i + 1] << 8 : 0;
		three |= i + 2 < len ? at[i + 2] : 0;
		lk_buf_putc(out, digits[three >> 18]);
		lk_buf_putc(out, digits[three >> 12 & 63]);
		lk_buf_putc(out, i + 1 < len ? digits[three >> 6 & 63] : '=');
		lk_buf_putc(out, i + 2 < len ? digits[three & 63] : '=');
	}
}

static uint32_t value_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z') {
		return (uint32_t)(digit - 'A');
	}
	if (digit >= 'a' && digit <= 'z') {
		return (uint32_t)(digit - 'a') + 26;
	}
	if (lk_is_digit(digit)) {
		return (uint32_t)(digit - '0') + 52;
	}
	return digit == '+' ? 62 : digit == '/' ? 63 : NO_DIGIT;
}

/* Four digits, the last PADS of them '=', as 3 - PADS bytes. */
static bool decode_four(const char *four, size_t pads, struct lk_buf *out)
{
	uint32_t three = 0;
	for (size_t i = 0; i < 4; i++) {
		uint32_t value = i < 4 - pads ? value_of(four[i]) : 0;
		if (value == NO_DIGIT) {
			return false;
		}
		three = three << 6 | value;
	}
	if (pads > 0 && (three & (pads == 1 ? 0xffu : 0xffffu)) != 0) {
		return false;
	}
	const unsigned char bytes[] = {
		(unsigned char)(three >> 16), (unsigned char)(three >> 8), (unsigned char)three};
	lk_buf_append(out, bytes, 3 - pads);
	return !out->overflow;
}

bool lk_base64_decode(lk_str text, struct lk_buf *out)
{
	size_t before = out->len;
	bool ok = text.len % 4 == 0;
	for (size_t i = 0; ok && i < text.len; i += 4) {
		size_t pads = 0;
		if (i + 4 == text.len && text.ptr[i + 3] == '=') {
			pads = text.ptr[i + 2] == '=' ? 2 : 1;
		}
		ok = decode_four(text.ptr + i, pads, out);
	}
	if (!ok) {
		lk_buf_truncate(out, before);
	}
	return ok;
}
