/*
 * Digests: the examples of FIPS 180-2 and RFC 1321, parts, restarts, hex.
 */
#include "base/digest.h"

#include "tests/unit/base/base_test.h"

static void check(enum lk_digest_kind kind, const char *text, const char *expected)
{
	size_t size = strlen(expected) / 2;
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(kind);
	unsigned char out[LK_SHA512_LEN];
	char hex[2 * LK_SHA512_LEN + 1];
	for (size_t part = 1; part < 40; part += 7) { /* bytes at a time */
		for (size_t at = 0; at < strlen(text); at += part) {
			lk_str piece = lk_str_slice(lk_str_of(text), at, at + part);
			lk_digest_update(digest, piece.ptr, piece.len);
		}
		lk_digest_final(digest, out);
		lk_digest_restart(digest);
		lk_hex(out, size, hex);
		assert_string_equal(hex, expected);
	}
}

static void test_known(void **state)
{
	(void)state;
	check(LK_DIGEST_SHA256, "",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check(LK_DIGEST_SHA256, "abc",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check(LK_DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check(LK_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
	check(LK_DIGEST_SHA512, "abc",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	check(LK_DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	struct lk_sha256 a = lk_sha256_of("abc", 3);
	struct lk_sha256 b = lk_sha256_of("abd", 3);
	assert_true(lk_sha256_eq(&a, &a));
	assert_false(lk_sha256_eq(&a, &b));
}

static void test_fd(void **state)
{
	struct test_dir *dir = *state;
	size_t len = 700001;
	char *LK_AUTO_FREE bytes = lk_calloc(len, 1);
	bytes[len - 1] = 'x';
	assert_ok(lk_fs_write_atomic(dir->fd, "f", bytes, len, 0, &dir->err), dir->err);
	int LK_AUTO_CLOSE fd = openat(dir->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	struct lk_sha256 digest;
	struct lk_sha256 expected = lk_sha256_of(bytes, len);
	uint64_t size;
	assert_ok(lk_sha256_fd(fd, "f", &digest, &size, &dir->err), dir->err);
	assert_true(lk_sha256_eq(&digest, &expected));
	assert_int_equal(size, len);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
	assert_int_equal(lk_sha256_fd(dir->fd, "DIR", &digest, NULL, &dir->err), LK_E_FS);
	assert_non_null(strstr(dir->err.message, "DIR"));
}

static void test_unhex(void **state)
{
	(void)state;
	unsigned char out[3] = {9, 9, 9};
	assert_true(lk_unhex(LK_STR("00fFa9"), out, 3));
	assert_memory_equal(out, "\x00\xff\xa9", 3);
	static const char *const bad[] = {"", "00ffa", "00ffa99", "00ffag", "00ff 9", "0x00ff"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		assert_false(lk_unhex(lk_str_of(bad[i]), out, 3));
		assert_memory_equal(out, "\x00\xff\xa9", 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test_setup_teardown(test_fd, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(test_unhex),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
