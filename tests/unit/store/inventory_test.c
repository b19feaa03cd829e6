/*
 * Inventories: taken from caches and layers, written, read, asked.
 */
#include "store/inventory.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define HEAD "# lockenv-inventory 1\n"
#define SHA_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct lk_record put(struct lk_cache *cache, const char *fn, lk_str bytes)
{
	struct lk_error err;
	struct lk_record record = pack_record(fn, bytes);
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(cache, &incoming, &err), 0);
	assert_int_equal(lk_fs_write_all(incoming.fd, bytes.ptr, bytes.len, "", &err), 0);
	assert_int_equal(
		lk_cache_commit(cache, &incoming, &record, &record.sha256, bytes.len, &err), 0);
	return record;
}

static void count_warning(void *ctx, const char *message)
{
	assert_non_null(strstr(message, "has other bytes than its name says"));
	(*(unsigned *)ctx)++;
}

/* What CACHE holds, as text. */
static void take(struct lk_cache *cache, bool verify, unsigned *warnings, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_report report = {.ctx = warnings, .warn = count_warning};
	struct lk_inventory inventory;
	lk_buf_clear(out);
	if (lk_inventory_take(cache, verify, 2, &report, &inventory, &err) != 0) {
		fail_msg("%s", err.message);
	}
	lk_inventory_write(&inventory, out);
	lk_inventory_done(&inventory);
}

static void test_take(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	struct lk_buf LK_CLEANUP(lk_buf_done) want = LK_BUF_INIT(4096);
	struct lk_cache *cache;
	struct lk_cache *lower;
	char *root = pack_tmpdir();
	char *below = pack_tmpdir();
	unsigned warnings = 0;
	assert_int_equal(lk_cache_open(root, true, &cache, &err), 0);
	assert_int_equal(lk_cache_open(below, true, &lower, &err), 0);
	take(cache, true, &warnings, &text);
	assert_string_equal(lk_buf_cstr(&text), HEAD);
	struct lk_record a = put(cache, "a-1-0.conda", LK_STR("a"));
	put(lower, "a-1-0.conda", LK_STR("a")); /* once in the text */
	struct lk_record b = put(lower, "b-1-0.conda", LK_STR("more"));
	assert_int_equal(lk_cache_add_layer(cache, below, &err), 0);
	/* What is no archive is left out. */
	int archives = lk_cache_archives_fd(cache);
	assert_int_equal(mkdirat(archives, "d-1-0.conda-" SHA_A, 0755), 0);
	assert_int_equal(mkfifoat(archives, "p-1-0.conda-" SHA_A, 0644), 0);
	assert_int_equal(symlinkat("/etc/passwd", archives, "l-1-0.conda-" SHA_A), 0);
	static const char *const odd[] = {"x", "x-1-0.conda", ".nfs0001", "x-1-0.conda" SHA_A,
		"new\nline-" SHA_A, "-" SHA_A,
		"X-AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < LK_COUNTOF(odd); i++) {
		int fd = openat(archives, odd[i], O_WRONLY | O_CREAT, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
	char hex_a[LK_HEX_MAX];
	char hex_b[LK_HEX_MAX];
	lk_hex(a.sha256.bytes, LK_SHA256_LEN, hex_a);
	lk_hex(b.sha256.bytes, LK_SHA256_LEN, hex_b);
	lk_buf_appendf(&want, HEAD "%s 4 b-1-0.conda\n%s 1 a-1-0.conda\n", hex_b, hex_a);
	assert_true(strcmp(hex_b, hex_a) < 0);
	for (unsigned verify = 0; verify < 2; verify++) {
		take(cache, verify, &warnings, &text);
		assert_string_equal(lk_buf_cstr(&text), lk_buf_cstr(&want));
	}
	assert_int_equal(warnings, 0);
	/* Other bytes of the same length: only hashing sees them. */
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	lk_cache_archive_name(&b, &name);
	int fd = openat(lk_cache_archives_fd(lower), lk_buf_cstr(&name), O_WRONLY);
	assert_int_equal(pwrite(fd, "M", 1, 0), 1);
	close(fd);
	take(cache, false, &warnings, &text);
	assert_string_equal(lk_buf_cstr(&text), lk_buf_cstr(&want));
	take(cache, true, &warnings, &text);
	assert_int_equal(warnings, 1);
	assert_null(strstr(lk_buf_cstr(&text), hex_b));
	assert_non_null(strstr(lk_buf_cstr(&text), hex_a));
	lk_cache_free(cache);
	lk_cache_free(lower);
	pack_rmdir(root);
	pack_rmdir(below);
}

static const struct {
	const char *text;
	const char *written; /* NULL: refused */
	const char *why;
	unsigned line, column;
} rows[] = {
	{HEAD, HEAD, NULL, 0, 0},
	{HEAD "# a remark\n\n" SHA_A " 1 a\n" SHA_0 " 2 b c\r\n" SHA_A " 1 a",
		HEAD SHA_0 " 2 b c\n" SHA_A " 1 a\n", NULL, 0, 0},
	{HEAD SHA_A " 2 a\n" SHA_A " 10 a\n" SHA_A " 2 B\n",
		HEAD SHA_A " 2 B\n" SHA_A " 2 a\n" SHA_A " 10 a\n", NULL, 0, 0},
	{HEAD "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 1 a\n",
		HEAD SHA_A " 1 a\n", NULL, 0, 0},
	{"", NULL, "begins with", 1, 1},
	{"# lockenv-inventory 2\n", NULL, "begins with", 1, 1},
	{SHA_A " 1 a\n", NULL, "begins with", 1, 1},
	{HEAD "a 1 a\n", NULL, "a sha256 is wanted", 2, 1},
	{HEAD SHA_A "\n", NULL, "a size in bytes", 2, 66},
	{HEAD SHA_A "0 1 a\n", NULL, "a sha256 is wanted", 2, 1},
	{HEAD " " SHA_A " 1 a\n", NULL, "a sha256 is wanted", 2, 1},
	{HEAD SHA_A "  1 a\n", NULL, "a size in bytes", 2, 66},
	{HEAD SHA_A " -1 a\n", NULL, "a size in bytes", 2, 66},
	{HEAD SHA_A " 18446744073709551616 a\n", NULL, "a size in bytes", 2, 66},
	{HEAD "\n" SHA_A " 1\n", NULL, "the file name", 3, 68},
	{HEAD SHA_A " 1 \n", NULL, "the file name", 2, 68},
	{HEAD SHA_A " 1 ../a\n", NULL, "the file name", 2, 68},
	{HEAD SHA_A " 1 a\tb\n", NULL, "the file name", 2, 68},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_inventory inventory = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
		int rc = lk_inventory_parse(lk_str_of(rows[i].text), "far.txt", &inventory, &err);
		if (rc == 0) {
			lk_inventory_write(&inventory, &text);
		}
		bool good = rows[i].written
			? rc == 0 && strcmp(lk_buf_cstr(&text), rows[i].written) == 0
			: rc == LK_E_FORMAT && strstr(err.message, rows[i].why) &&
				err.line == rows[i].line && err.column == rows[i].column;
		if (!good) {
			fail_msg("row %zu: %d %u:%u '%s' '%s'", i, rc, err.line, err.column,
				err.message, lk_buf_cstr(&text));
		}
		lk_inventory_done(&inventory);
	}
}

static void test_has(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_inventory inventory;
	char *root = pack_tmpdir();
	char path[256];
	snprintf(path, sizeof(path), "%s/far.txt", root);
	assert_int_equal(lk_inventory_read(path, &inventory, &err), LK_E_NOT_FOUND);
	const char text[] = HEAD SHA_0 " 3 z\n" SHA_A " 1 a\n" SHA_A " 2 b\n";
	assert_int_equal(lk_fs_write_atomic(AT_FDCWD, path, text, sizeof(text) - 1, 0644, &err), 0);
	assert_int_equal(lk_inventory_read(path, &inventory, &err), 0);
	struct lk_record record = {.has_sha256 = true, .has_size = true, .size = 3};
	assert_true(lk_inventory_has(&inventory, &record));
	record.size = 1;
	assert_false(lk_inventory_has(&inventory, &record));
	memset(record.sha256.bytes, 0xaa, LK_SHA256_LEN);
	assert_true(lk_inventory_has(&inventory, &record));
	record.size = 2;
	assert_true(lk_inventory_has(&inventory, &record));
	record.size = 3;
	assert_false(lk_inventory_has(&inventory, &record));
	record.has_size = false;
	assert_true(lk_inventory_has(&inventory, &record));
	record.sha256.bytes[0] = 0xab;
	assert_false(lk_inventory_has(&inventory, &record));
	record = (struct lk_record){0};
	assert_false(lk_inventory_has(&inventory, &record));
	lk_inventory_done(&inventory);
	pack_rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
