/*
 * CRC-32: the check value that everybody gives, and pieces of every length.
 */
#include "base/crc32.h"

#include "tests/unit/base/base_test.h"

static uint32_t crc_in_pieces(const unsigned char *bytes, size_t len, size_t piece)
{
	struct lk_crc32 *crc = lk_crc32_new();
	for (size_t at = 0; at < len; at += piece) {
		lk_crc32_update(crc, bytes + at, len - at < piece ? len - at : piece);
	}
	uint32_t value = lk_crc32_value(crc);
	lk_crc32_free(crc);
	return value;
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(crc_in_pieces((const unsigned char *)"", 0, 1), 0);
	assert_int_equal(crc_in_pieces((const unsigned char *)"a", 1, 1), 0xE8B7BE43u);
	assert_int_equal(crc_in_pieces((const unsigned char *)"123456789", 9, 9), 0xCBF43926u);
}

static void test_pieces(void **state)
{
	(void)state;
	unsigned char bytes[100];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(i * 151 + 3);
	}
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint32_t whole = crc_in_pieces(bytes, len, sizeof(bytes));
		for (size_t piece = 1; piece <= 17; piece++) {
			assert_int_equal(crc_in_pieces(bytes, len, piece), whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
