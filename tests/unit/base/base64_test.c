/*
 * base64: the examples of RFC 4648, every length, and the one form of each.
 */
#include "base/base64.h"

#include "tests/unit/base/base_test.h"

static void test_examples(void **state)
{
	(void)state;
	static const char *const texts[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"}};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(64);
		lk_base64_put(&buf, texts[i][0], strlen(texts[i][0]));
		assert_string_equal(lk_buf_cstr(&buf), texts[i][1]);
		lk_buf_clear(&buf);
		assert_true(lk_base64_decode(lk_str_of(texts[i][1]), &buf));
		assert_string_equal(lk_buf_cstr(&buf), texts[i][0]);
	}
}

static void test_there_and_back(void **state)
{
	(void)state;
	unsigned char bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(i * 167 + 5);
	}
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1024);
		struct lk_buf LK_CLEANUP(lk_buf_done) back = LK_BUF_INIT(1024);
		lk_base64_put(&text, bytes, len);
		assert_true(lk_base64_decode(lk_buf_view(&text), &back));
		assert_int_equal(back.len, len);
		assert_true(len == 0 || memcmp(back.ptr, bytes, len) == 0);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"Z", "Zg",
		"Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_",
		"Zg=a", "=Zg=", "Zm9v===="};
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(64);
	lk_buf_puts(&buf, "kept");
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		assert_false(lk_base64_decode(lk_str_of(bad[i]), &buf));
		assert_string_equal(lk_buf_cstr(&buf), "kept");
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) small = LK_BUF_INIT(4);
	assert_false(lk_base64_decode(LK_STR("Zm9vYmFy"), &small));
	assert_int_equal(small.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
