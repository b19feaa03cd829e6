/*
 * Signatures: what openssl and ssh-keygen made holds, what we make is what they make, and nothing
 * else holds.
 */
#include "store/signature.h"

#include "store/public_key.h"
#include "tests/unit/store/keys_support.h"

struct signed_file {
	struct lk_buf message, signature;
	struct lk_sign_key key;
	struct lk_arena arena;
};

static void signed_file_init(struct signed_file *f, const char *key, const char *signature)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	*f = (struct signed_file){0};
	key_file("message", &f->message);
	key_file(signature, &f->signature);
	key_file(key, &text);
	assert_ok(lk_sign_key_parse(lk_buf_view(&text), key, &f->key, &err), err);
}

static void signed_file_done(struct signed_file *f)
{
	lk_buf_done(&f->message);
	lk_buf_done(&f->signature);
	lk_arena_done(&f->arena);
}

static bool holds(struct signed_file *f, lk_str message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_signature signature;
	int rc = lk_signature_parse(lk_buf_view(&f->signature), "s", &f->arena, &signature, &err);
	if (rc < 0) {
		assert_int_equal(rc, LK_E_INTEGRITY);
		assert_true(err.message[0] && err.hint[0] && !err.excerpt[0]);
		return false;
	}
	return lk_signature_holds(&signature, &f->key.public, message);
}

static const char *const pairs[][2] = {
	{"openssl.pem", "message.raw"}, {"ssh", "message.sha512"}, {"ssh", "message.sha256"}};

static void test_stock(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(pairs); i++) {
		struct signed_file LK_CLEANUP(signed_file_done) f;
		signed_file_init(&f, pairs[i][0], pairs[i][1]);
		assert_true(holds(&f, lk_buf_view(&f.message)));
		assert_false(holds(&f, LK_STR("")));
		assert_false(holds(&f, LK_STR("a message")));
		f.key.public.bytes[3] ^= 4;
		assert_false(holds(&f, lk_buf_view(&f.message)));
		if (i < 2) { /* ssh-keygen takes sha512 unless told otherwise, and so do we */
			struct lk_buf LK_CLEANUP(lk_buf_done) ours = LK_BUF_INIT(4096);
			f.key.public.bytes[3] ^= 4;
			lk_signature_put(&ours, &f.key, lk_buf_view(&f.message));
			assert_true(lk_str_eq(lk_buf_view(&ours), lk_buf_view(&f.signature)));
		}
	}
}

/* Every byte of file and message, changed in several ways, cut and lengthened. */
static void test_every_byte(void **state)
{
	(void)state;
	static const char flips[] = {1, 0x20, (char)0x80, 'M' ^ '\n', 'M' ^ ' '};
	for (size_t i = 0; i < LK_COUNTOF(pairs); i++) {
		struct signed_file LK_CLEANUP(signed_file_done) f;
		signed_file_init(&f, pairs[i][0], pairs[i][1]);
		lk_str message = lk_buf_view(&f.message);
		for (size_t k = 0; k < f.signature.len * sizeof(flips); k++) {
			char *at = f.signature.ptr + k / sizeof(flips);
			char was = *at;
			*at = (char)(was ^ flips[k % sizeof(flips)]);
			assert_false(holds(&f, message));
			*at = was;
		}
		for (size_t k = 0; k < f.message.len; k++) {
			f.message.ptr[k] ^= 1;
			assert_false(holds(&f, message));
			f.message.ptr[k] ^= 1;
		}
		lk_buf_putc(&f.signature, '\n');
		assert_false(holds(&f, message));
		for (size_t len = f.signature.len - 3; len > 0; len--) { /* a line feed may go */
			lk_buf_truncate(&f.signature, len);
			assert_false(holds(&f, message));
		}
	}
}

/* A signature made for another key does not hold for it though the bytes are sound. */
static void test_other_key(void **state)
{
	(void)state;
	struct signed_file LK_CLEANUP(signed_file_done) f;
	signed_file_init(&f, "ssh", "message.sha512");
	struct signed_file LK_CLEANUP(signed_file_done) other;
	signed_file_init(&other, "openssl.pem", "message.sha512");
	assert_false(holds(&other, lk_buf_view(&other.message)));
}

static void refused(const char *text, size_t len, const char *message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_signature signature;
	assert_int_equal(lk_signature_parse(lk_str_n(text, len), "s", &arena, &signature, &err),
		LK_E_INTEGRITY);
	if (!strstr(err.message, message)) {
		fail_msg("'%s' instead of '%s'", err.message, message);
	}
}

static void test_refused(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	key_file("message.file", &text);
	refused(text.ptr, text.len, "is for 'file', not for 'lockenv'");
	struct lk_buf LK_CLEANUP(lk_buf_done) ecdsa;
	key_file("message.ecdsa", &ecdsa);
	refused(ecdsa.ptr, ecdsa.len, "of type 'ecdsa-sha2-nistp256'");
	refused("", 0, "neither");
	refused("0123456789012345678901234567890123456789012345678901234567890123", 63, "neither");
	refused("0123456789012345678901234567890123456789012345678901234567890123\n", 65,
		"neither");
	struct lk_buf LK_CLEANUP(lk_buf_done) key;
	key_file("openssl.pem", &key);
	refused(key.ptr, key.len, "neither");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stock),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
