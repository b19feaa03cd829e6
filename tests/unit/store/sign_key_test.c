/*
 * Private keys: both forms, what is no such key and why, every flipped byte.
 */
#include "store/sign_key.h"

#include "base/base64.h"
#include "base/hex.h"
#include "store/pem.h"
#include "store/public_key.h"
#include "tests/unit/store/keys_support.h"

static void assert_fingerprint(const struct lk_sign_key *key, const char *expected)
{
	char fingerprint[LK_FINGERPRINT_MAX];
	lk_public_key_fingerprint(&key->public, fingerprint);
	assert_string_equal(fingerprint, expected);
}

static int parse_file(const char *name, struct lk_sign_key *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	key_file(name, &text);
	return lk_sign_key_parse(lk_buf_view(&text), name, ret, err);
}

static void test_forms(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_sign_key key;
	assert_ok(parse_file("ssh", &key, &err), err);
	assert_true(key.is_ssh);
	assert_fingerprint(&key, "SHA256:Wp0VotAT1Eqnl+O10R0u7+oF5mjSL70BJoPk0EHPpnM");
	assert_ok(parse_file("openssl.pem", &key, &err), err);
	assert_false(key.is_ssh);
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	struct lk_buf LK_CLEANUP(lk_buf_done) der = LK_BUF_INIT(256);
	key_file("openssl.pub.pem", &text);
	struct lk_lines lines = lk_lines_of(lk_buf_view(&text));
	lk_str line;
	lk_str label = {NULL, 0};
	assert_true(lk_lines_next(&lines, &line) && lk_pem_begins(line, &label));
	assert_ok(lk_pem_body(&lines, "x", label, &der, &err), err);
	struct lk_ed25519_key public;
	assert_true(lk_public_key_from_spki(lk_buf_view(&der), &public));
	assert_true(lk_ed25519_key_eq(&public, &key.public));
}

/* The example of RFC 8410, 10.3: version 2 with attributes is not read, that without them is. */
static void test_version_2(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	static const char seed[] =
		"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
	static const char public[] =
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
	char *LK_AUTO_FREE hex =
		lk_asprintf("3051020101300506032b657004220420%s812100%s", seed, public);
	unsigned char der[0x53];
	assert_true(lk_unhex(lk_str_of(hex), der, sizeof(der)));
	for (size_t i = 0; i <= sizeof(der); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) pem = LK_BUF_INIT(1024);
		struct lk_sign_key key;
		if (i < sizeof(der)) {
			der[i] ^= 1;
		}
		lk_pem_put(&pem, "PRIVATE KEY", 64, lk_str_n((const char *)der, sizeof(der)));
		int rc = lk_sign_key_parse(lk_buf_view(&pem), "k", &key, &err);
		if (i < sizeof(der)) {
			assert_int_equal(rc, LK_E_FORMAT);
			der[i] ^= 1;
		} else {
			assert_ok(rc, err);
		}
	}
}

static void refused(const char *text, const char *message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_sign_key key;
	assert_int_equal(lk_sign_key_parse(lk_str_of(text), "k", &key, &err), LK_E_FORMAT);
	if (!strstr(err.message, message) || err.hint[0] == '\0' || err.excerpt[0] != '\0') {
		fail_msg("'%s' (hint '%s') instead of '%s'", err.message, err.hint, message);
	}
	assert_string_equal(err.file, "k");
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const files[][2] = {{"openssl-locked.pem", "passphrase"},
		{"ssh-locked", "passphrase"}, {"openssl-ec.pem", "no Ed25519 key"},
		{"openssl-ec-old.pem", "no Ed25519 key"}, {"openssl-ed448.pem", "no Ed25519 key"},
		{"ssh-ecdsa", "not of the type ssh-ed25519"}, {"ssh.pub", "public key"},
		{"openssl.pub.pem", "public key"}, {"message", "no private key in it"}};
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text;
		key_file(files[i][0], &text);
		refused(lk_buf_cstr(&text), files[i][1]);
	}
	refused("", "no private key in it");
	refused("-----BEGIN PRIVATE KEY-----\nMC4C\n", "no end");
	refused("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PUBLIC KEY-----\n", "no end");
	refused("-----BEGIN PRIVATE KEY-----\nMC4\n-----END PRIVATE KEY-----\n", "base64");
	refused("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n", "no Ed25519 key");
	refused("-----BEGIN CERTIFICATE-----\nMC4C\n-----END CERTIFICATE-----\n", "no private key");
	refused("-----BEGIN OPENSSH PRIVATE KEY-----\nMC4C\n-----END OPENSSH PRIVATE KEY-----\n",
		"no key of ssh-keygen");
	struct lk_buf LK_CLEANUP(lk_buf_done) one;
	key_file("openssl.pem", &one);
	char *LK_AUTO_FREE two = lk_asprintf("%s\n%s", lk_buf_cstr(&one), lk_buf_cstr(&one));
	refused(two, "more than one");
}

/* No changed byte of the blob gives another key; only the comment may change. */
static void test_flips(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_sign_key right;
	assert_ok(parse_file("ssh", &right, &err), err);
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	struct lk_buf LK_CLEANUP(lk_buf_done) blob = LK_BUF_INIT(4096);
	key_file("ssh", &text);
	struct lk_lines lines = lk_lines_of(lk_buf_view(&text));
	lk_str line;
	lk_str label = {NULL, 0};
	assert_true(lk_lines_next(&lines, &line) && lk_pem_begins(line, &label));
	assert_ok(lk_pem_body(&lines, "x", label, &blob, &err), err);
	size_t taken = 0;
	for (size_t i = 0; i < blob.len; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) pem = LK_BUF_INIT(4096);
		struct lk_sign_key key;
		blob.ptr[i] = (char)(blob.ptr[i] ^ 0x10);
		lk_pem_put(&pem, "OPENSSH PRIVATE KEY", 70, lk_buf_view(&blob));
		blob.ptr[i] = (char)(blob.ptr[i] ^ 0x10);
		if (lk_sign_key_parse(lk_buf_view(&pem), "k", &key, &err) == 0) {
			assert_memory_equal(&key.seed, &right.seed, sizeof(key.seed));
			taken++;
		}
	}
	assert_int_equal(taken, strlen("alice@example.org"));
}

static void test_read(void **state)
{
	struct test_dir *dir = *state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	struct lk_sign_key key;
	bool open = true;
	key_file("openssl.pem", &text);
	test_put_file(dir, "k", lk_buf_cstr(&text));
	char *LK_AUTO_FREE path = lk_asprintf("%s/k", dir->path);
	char *LK_AUTO_FREE none = lk_asprintf("%s/none", dir->path);
	assert_int_equal(fchmodat(dir->fd, "k", 0600, 0), 0);
	assert_ok(lk_sign_key_read(path, &key, &open, &dir->err), dir->err);
	assert_false(open);
	assert_int_equal(fchmodat(dir->fd, "k", 0640, 0), 0);
	assert_ok(lk_sign_key_read(path, &key, &open, &dir->err), dir->err);
	assert_true(open);
	assert_int_equal(lk_sign_key_read(none, &key, NULL, &dir->err), LK_E_FORMAT);
	assert_int_equal(lk_sign_key_read(dir->path, &key, NULL, &dir->err), LK_E_FORMAT);
	lk_sign_key_wipe(&key);
	static const struct lk_sign_key zero;
	assert_memory_equal(&key, &zero, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_flips),
		cmocka_unit_test_setup_teardown(test_read, test_dir_setup, test_dir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
