/*
 * Trusted keys: the forms of a line, what counts for nothing, what is an error and where, who may
 * have written the file, and what is made of a signature.
 */
#include "store/trusted_keys.h"

#include "tests/unit/store/keys_support.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB/Opnz077ewNI4k5P3vM8ERGysqBxq1iZA8vG6oStQz"
#define ECDSA                                                                                      \
	"ecdsa-sha2-nistp256 "                                                                     \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL3Bh+ETLNIqv/"                       \
	"Kf7TxjJSZWnPdibDBetzgqA"                                                                  \
	"KYHxE28VzPLJMlaeiZXGTaMFVxUJ+5Jgl3B0XiN2J4utrHrN+g="
#define PEM                                                                                        \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEA8WkpXaBNgDN5xDWYay0TQ6ekoOhNh3FlcyiYBFDhHz4=\n"                           \
	"-----END PUBLIC KEY-----\n"
#define NOW 20260131120000u

static void one(const char *text, const char *owner, uint64_t after, uint64_t before)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	assert_ok(lk_trusted_keys_parse(&keys, lk_str_of(text), "etc/keys", &err), err);
	assert_int_equal(keys.len, 1);
	assert_text(keys.items[0].owner, owner);
	assert_int_equal(keys.items[0].valid_after, after);
	assert_int_equal(keys.items[0].valid_before, before);
}

static void test_lines(void **state)
{
	(void)state;
	one(KEY " alice@example.org\n", "alice@example.org", 0, UINT64_MAX);
	one(KEY, "keys", 0, UINT64_MAX);
	one("# comment\n\n \t" KEY "\tdesk of alice \r\n#" KEY "\n", "desk of alice", 0,
		UINT64_MAX);
	one(PEM, "keys", 0, UINT64_MAX);
	one("a@b,c@d " KEY " comment\n", "a@b,c@d", 0, UINT64_MAX);
	one("a@b namespaces=\"lockenv\" " KEY "\n", "a@b", 0, UINT64_MAX);
	one("a@b namespaces=\"git,lock*\",valid-after=\"20260101Z\" " KEY "\n", "a@b",
		20260101000000u, UINT64_MAX);
	one("* Valid-Before=202601022359Z,VALID-AFTER=\"20260101010203Z\" " KEY "\n", "*",
		20260101010203u, 20260102235900u);
	one("\"a person\" " KEY "\n", "\"a person\"", 0, UINT64_MAX);
}

static void count(const char *text, size_t expected)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	assert_ok(lk_trusted_keys_parse(&keys, lk_str_of(text), "keys", &err), err);
	assert_int_equal(keys.len, expected);
}

static void test_counts_for_nothing(void **state)
{
	(void)state;
	count("", 0);
	count("\n\n#\n", 0);
	count(ECDSA " carol\n", 0);
	count("carol " ECDSA "\n", 0);
	count("a@b cert-authority " KEY "\n", 0);
	count("a@b namespaces=\"git\" " KEY "\n", 0);
	count("a@b namespaces=\"!lockenv,*\" " KEY "\n", 0);
	count("a@b namespaces=\"*,!lock*\" " KEY "\n", 0);
	count("a@b cert-authority,namespaces=\"lockenv\" " KEY "\n", 0);
	count(KEY "\n" ECDSA "\n" PEM KEY " again\n", 3);
}

static void refused(const char *text, unsigned line, unsigned column, const char *message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	assert_int_equal(lk_trusted_keys_parse(&keys, lk_str_of(text), "keys", &err), LK_E_FORMAT);
	if (!strstr(err.message, message) || err.line != line || err.column != column) {
		fail_msg("%u:%u: '%s' instead of %u:%u '%s'", err.line, err.column, err.message,
			line, column, message);
	}
	assert_true(err.hint[0]);
}

static void test_refused(void **state)
{
	(void)state;
	refused("nonsense\n", 1, 1, "no public key");
	refused("\n  alice bob carol dave\n", 2, 9, "option");
	refused("a@b ssh-ed25518 AAAA\n", 1, 5, "option");
	refused("ssh-ed25519\n", 1, 1, "damaged");
	refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n", 1, 13, "damaged");
	refused("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIB/Opnz077ewNI4k5P3vM8ERGysqBxq1iZA8vG6oStQz\n", 1,
		9, "damaged");
	refused(KEY "=\n", 1, 13, "damaged");
	refused("a@b verify-required " KEY "\n", 1, 5, "option");
	refused("a@b namespaces=\"lock???\" " KEY "\n", 1, 5, "'?'");
	refused("a@b namespaces=\"lockenv " KEY "\n", 1, 1, "no public key");
	refused("a@b cert-authority,valid-before=\"20260101\" " KEY "\n", 1, 20, "time");
	refused("a@b valid-after=\"20261301Z\" " KEY "\n", 1, 5, "time");
	refused("a@b valid-after=\"20260100Z\" " KEY "\n", 1, 5, "time");
	refused("a@b valid-after=\"202601012500Z\" " KEY "\n", 1, 5, "time");
	refused("a@b valid-after=\"2026-01-01Z\" " KEY "\n", 1, 5, "time");
	refused("a@b valid-after=Z " KEY "\n", 1, 5, "time");
	refused("-----BEGIN PRIVATE KEY-----\n", 1, 1, "no public key");
	refused("#\n-----BEGIN PUBLIC KEY-----\nAAAA\n", 2, 1, "no end");
	refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 1, 1, "no Ed25519");
	struct lk_buf LK_CLEANUP(lk_buf_done) ec;
	key_file("openssl-ec.pub.pem", &ec);
	refused(lk_buf_cstr(&ec), 1, 1, "no Ed25519");
}

static int read_named(struct test_dir *dir, const char *name, size_t expected)
{
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	char *LK_AUTO_FREE path = lk_asprintf("%s/%s", dir->path, name);
	int rc = lk_trusted_keys_read(&keys, path, &dir->err);
	assert_int_equal(keys.len, expected);
	return rc;
}

static void test_writers(void **state)
{
	struct test_dir *dir = *state;
	assert_int_equal(read_named(dir, "keys", 0), LK_E_NOT_FOUND);
	test_put_file(dir, "keys", KEY "\n");
	assert_int_equal(fchmodat(dir->fd, "keys", 0644, 0), 0);
	assert_ok(read_named(dir, "keys", 1), dir->err);
	static const mode_t loose[] = {0664, 0646, 0666};
	for (size_t i = 0; i < LK_COUNTOF(loose); i++) {
		assert_int_equal(fchmodat(dir->fd, "keys", loose[i], 0), 0);
		assert_int_equal(read_named(dir, "keys", 0), LK_E_INTEGRITY);
		assert_non_null(strstr(dir->err.hint, "chmod go-w"));
	}
	assert_int_equal(fchmodat(dir->fd, "keys", 0600, 0), 0);
	static const mode_t folders[] = {0770, 0707};
	for (size_t i = 0; i < LK_COUNTOF(folders); i++) {
		assert_int_equal(fchmod(dir->fd, folders[i]), 0);
		assert_int_equal(read_named(dir, "keys", 0), LK_E_INTEGRITY);
		assert_int_equal(fchmod(dir->fd, folders[i] | S_ISVTX), 0);
		assert_ok(read_named(dir, "keys", 1), dir->err);
	}
	assert_int_equal(fchmod(dir->fd, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(dir->fd, "keys", 12345, 12345, 0), 0);
		assert_int_equal(read_named(dir, "keys", 0), LK_E_INTEGRITY);
		assert_non_null(strstr(dir->err.message, "12345"));
	}
}

static void test_folder(void **state)
{
	struct test_dir *dir = *state;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	static const char *const names[] = {"b.pub", "a.pem", "c.pub~", ".hidden", "d.txt"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		test_put_file(dir, names[i], i == 0 ? KEY "\n" : i == 1 ? PEM : "nonsense\n");
		assert_int_equal(fchmodat(dir->fd, names[i], 0644, 0), 0);
	}
	assert_ok(lk_trusted_keys_read_folder(&keys, dir->path, &dir->err), dir->err);
	assert_int_equal(keys.len, 2);
	assert_text(keys.items[0].owner, "a.pem");
	assert_text(keys.items[1].owner, "b.pub");
	char *LK_AUTO_FREE none = lk_asprintf("%s/none", dir->path);
	assert_ok(lk_trusted_keys_read_folder(&keys, none, &dir->err), dir->err);
	assert_int_equal(keys.len, 2);
}

static enum lk_trust judge(const char *trusted, const char *file, lk_str message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text;
	struct lk_signature signature;
	const struct lk_trusted_key *key;
	key_file(file, &text);
	assert_ok(lk_trusted_keys_parse(&keys, lk_str_of(trusted), "keys", &err), err);
	assert_ok(lk_signature_parse(lk_buf_view(&text), file, &keys.arena, &signature, &err), err);
	enum lk_trust trust = lk_trusted_keys_judge(&keys, &signature, message, NOW, &key);
	assert_int_equal(key != NULL, trust == LK_TRUST_HOLDS || trust == LK_TRUST_EXPIRED);
	return trust;
}

static void test_judge(void **state)
{
	(void)state;
	lk_str right = LK_STR("a message\n");
	lk_str wrong = LK_STR("another message\n");
	static const char *const ssh[] = {"message.sha512", "message.sha256"};
	for (size_t i = 0; i < LK_COUNTOF(ssh); i++) {
		assert_int_equal(judge(PEM KEY "\n", ssh[i], right), LK_TRUST_HOLDS);
		assert_int_equal(judge(PEM, ssh[i], right), LK_TRUST_UNKNOWN);
		assert_int_equal(judge("", ssh[i], right), LK_TRUST_UNKNOWN);
		assert_int_equal(judge(KEY, ssh[i], wrong), LK_TRUST_BROKEN);
		assert_int_equal(judge("", ssh[i], wrong), LK_TRUST_BROKEN);
	}
	assert_int_equal(judge(KEY "\n" PEM, "message.raw", right), LK_TRUST_HOLDS);
	assert_int_equal(judge(KEY, "message.raw", right), LK_TRUST_NONE);
	assert_int_equal(judge(PEM, "message.raw", wrong), LK_TRUST_NONE);
	assert_int_equal(judge("", "message.raw", right), LK_TRUST_NONE);
}

static void test_judge_time(void **state)
{
	(void)state;
	lk_str right = LK_STR("a message\n");
	static const struct {
		const char *line;
		enum lk_trust trust;
	} lines[] = {
		{"a valid-before=20260131Z " KEY "\n", LK_TRUST_EXPIRED},
		{"a valid-before=20260131115959Z " KEY "\n", LK_TRUST_EXPIRED},
		{"a valid-before=20260131120000Z " KEY "\n", LK_TRUST_HOLDS},
		{"a valid-after=20260131120000Z " KEY "\n", LK_TRUST_HOLDS},
		{"a valid-after=20260131120001Z " KEY "\n", LK_TRUST_EXPIRED},
		{"a valid-before=20200101Z " KEY "\nb " KEY "\n", LK_TRUST_HOLDS},
	};
	for (size_t i = 0; i < LK_COUNTOF(lines); i++) {
		assert_int_equal(judge(lines[i].line, "message.sha512", right), lines[i].trust);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_counts_for_nothing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test_setup_teardown(test_writers, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_folder, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_judge_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
