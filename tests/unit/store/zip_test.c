/*
 * ZIPs: what a writer made is found; whatever byte of it is changed, wherever it is cut and
 * whatever is put around it, it is refused or still says the same.
 */
#include "store/zip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

static const char *const names[] = {"metadata.json", "pkg-a-1-0.tar.zst", "info-a-1-0.tar.zst"};
static const lk_str contents[] = {{"{}", 2}, {"the payload", 11}, {"", 0}};

/* 0 when BYTES hold just the members above, else the error's code. */
static int check(lk_str bytes, struct lk_error *err)
{
	struct lk_blob blob = pack_blob(bytes);
	struct lk_zip zip = {0};
	int rc = lk_zip_open(&blob, "a-1-0.conda", &zip, err);
	if (rc == 0 && zip.members.len != LK_COUNTOF(names)) {
		fail_msg("%zu members", zip.members.len);
	}
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(names); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
		struct lk_stream *stream = lk_zip_stream(&zip, i);
		rc = lk_stream_read_all(stream, &text, err);
		lk_stream_free(stream);
		if (rc == 0) {
			assert_true(lk_str_is(zip.members.items[i].name, names[i]));
			assert_true(lk_str_eq(lk_buf_view(&text), contents[i]));
		}
	}
	lk_zip_done(&zip);
	lk_blob_done(&blob);
	return rc;
}

static void make(struct lk_buf *ret)
{
	lk_buf_init(ret, PACK_MAX);
	pack_zip(names, contents, LK_COUNTOF(names), ret);
}

static void test_sound(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = {0};
	make(&zip);
	assert_int_equal(check(lk_buf_view(&zip), &err), 0);
}

static void test_any_byte(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = {0};
	make(&zip);
	unsigned refused = 0;
	for (size_t i = 0; i < zip.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct lk_error err = LK_ERROR_INIT;
			zip.ptr[i] = (char)(zip.ptr[i] ^ (1 << bit));
			int rc = check(lk_buf_view(&zip), &err);
			if (rc != 0 && rc != LK_E_INTEGRITY) {
				fail_msg("byte %zu, bit %u: %d '%s'", i, bit, rc, err.message);
			}
			refused += rc != 0;
			zip.ptr[i] = (char)(zip.ptr[i] ^ (1 << bit));
		}
	}
	/* Times, versions and attributes are nobody's matter. */
	assert_true(refused > zip.len * 8 / 2);
}

static void test_any_cut(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) more = LK_BUF_INIT(PACK_MAX);
	make(&zip);
	for (size_t i = 0; i < zip.len; i++) {
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(check(lk_str_n(zip.ptr, i), &err), LK_E_INTEGRITY);
		assert_int_equal(
			check(lk_str_skip(lk_buf_view(&zip), i + 1), &err), LK_E_INTEGRITY);
		lk_buf_clear(&more);
		lk_buf_append(&more, zip.ptr, i);
		lk_buf_putc(&more, 'x');
		lk_buf_append(&more, zip.ptr + i, zip.len - i);
		assert_int_equal(check(lk_buf_view(&more), &err), LK_E_INTEGRITY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_any_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
