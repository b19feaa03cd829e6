/*
 * Manifests of bundles: one text for a value, and every other text refused where it goes wrong.
 */
#include "store/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SUM_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SUM_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define HEAD "# lockpack 1\n"
#define LOCK "# 12 bytes for linux-64 linux-aarch64\n" SUM_A "  locks/env.lock\n"
#define BIN "# 0 bytes\n" SUM_A "  bin/linux-64/lockenv-install\n"
#define SMOKE "# 5 bytes\n" SUM_B "  bin/linux-64/lockenv-smoke\n"
#define ARCHIVE "# 7 bytes\n" SUM_A "  archives/a-1-0.conda-" SUM_A "\n"
#define ABSENT "# absent 9 bytes " SUM_B "  archives/b-1-0.conda-" SUM_B "\n"
#define ALL HEAD LOCK BIN SMOKE ARCHIVE ABSENT

/* TEXT with its sum behind it, in OUT. */
static lk_str summed(lk_str text, struct lk_buf *out)
{
	char hex[LK_HEX_MAX];
	struct lk_sha256 sum = lk_sha256_of(text.ptr, text.len);
	lk_hex(sum.bytes, LK_SHA256_LEN, hex);
	lk_buf_clear(out);
	lk_buf_put(out, text);
	lk_buf_appendf(out, "# sum %s\n", hex);
	return lk_buf_view(out);
}

static int parse(lk_str text, struct lk_manifest *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) whole = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	return lk_manifest_parse(summed(text, &whole), "m", ret, err);
}

static void written(const struct lk_manifest *manifest, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) whole = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	lk_manifest_write(manifest, &out);
	lk_str must = summed(text, &whole);
	assert_string_equal(lk_buf_cstr(&out), must.ptr);
}

static void read_and_written(void **state)
{
	(void)state;
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(parse(LK_STR(ALL), &manifest, &err), 0);
	assert_int_equal(manifest.n_entries, 5);
	assert_int_equal(manifest.n_locks, 1);
	assert_int_equal(manifest.n_programs, 2);
	const struct lk_manifest_entry *lock = &manifest.entries[0];
	assert_int_equal(lock->kind, LK_MANIFEST_LOCK);
	assert_int_equal(lock->size, 12);
	assert_int_equal(lock->platforms.n, 2);
	assert_string_equal(lock->path.ptr, "locks/env.lock");
	assert_true(lk_str_is(lk_manifest_name(lock), "env"));
	assert_true(lk_str_is(lk_manifest_name(&manifest.entries[1]), "linux-64"));
	assert_int_equal(manifest.entries[1].kind, LK_MANIFEST_INSTALLER);
	assert_true(lk_str_is(lk_manifest_name(&manifest.entries[2]), "linux-64"));
	assert_int_equal(manifest.entries[2].kind, LK_MANIFEST_SMOKE);
	assert_true(lk_manifest_is_program(&manifest.entries[2]));
	assert_false(lk_manifest_is_program(&manifest.entries[3]));
	assert_true(lk_str_is(lk_manifest_name(&manifest.entries[3]), "a-1-0.conda"));
	assert_true(manifest.entries[4].absent);
	assert_int_equal(manifest.entries[4].sha256.bytes[0], 0xfe);

	written(&manifest, LK_STR(ALL));
	lk_manifest_done(&manifest);
}

static void found(void **state)
{
	(void)state;
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(parse(LK_STR(ALL), &manifest, &err), 0);
	assert_ptr_equal(lk_manifest_find_lock(&manifest, LK_STR("env")), manifest.entries);
	assert_ptr_equal(lk_manifest_find_lock(&manifest, LK_STR("env.lock")), manifest.entries);
	assert_null(lk_manifest_find_lock(&manifest, LK_STR("other")));
	assert_null(lk_manifest_find(&manifest, LK_STR("locks/env")));
	struct lk_record record = {.fn = LK_STR("a-1-0.conda"), .has_sha256 = true};
	assert_true(lk_unhex(LK_STR(SUM_A), record.sha256.bytes, LK_SHA256_LEN));
	assert_ptr_equal(lk_manifest_find_archive(&manifest, &record), &manifest.entries[3]);
	record.fn = LK_STR("b-1-0.conda");
	assert_null(lk_manifest_find_archive(&manifest, &record));
	assert_true(lk_unhex(LK_STR(SUM_B), record.sha256.bytes, LK_SHA256_LEN));
	assert_ptr_equal(lk_manifest_find_archive(&manifest, &record), &manifest.entries[4]);
	record.has_sha256 = false;
	assert_null(lk_manifest_find_archive(&manifest, &record));
	lk_manifest_done(&manifest);
}

static void made_in_order(void **state)
{
	(void)state;
	struct lk_manifest read;
	struct lk_manifest made;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(parse(LK_STR(ALL), &read, &err), 0);
	struct lk_manifest_entry turned[5];
	for (size_t i = 0; i < 5; i++) {
		turned[i] = read.entries[4 - i];
	}
	assert_int_equal(lk_manifest_make(turned, 5, &made, &err), 0);
	lk_manifest_done(&read);
	written(&made, LK_STR(ALL));
	lk_manifest_done(&made);

	assert_int_equal(lk_manifest_make(NULL, 0, &made, &err), 0);
	assert_int_equal(made.n_entries, 0);
	lk_manifest_done(&made);
}

static void not_made(void **state)
{
	(void)state;
	static const struct {
		struct lk_manifest_entry entry;
		const char *why;
	} cases[] = {
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/a/b.lock")}, "no path"},
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/a\nb.lock")}, "no path"},
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/a\\b.lock")}, "no path"},
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/a\xff.lock")}, "no path"},
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/.lock")}, "no path"},
		{{.kind = LK_MANIFEST_LOCK, .path = LK_STR("locks/a.lock")}, "without platforms"},
		{{.kind = LK_MANIFEST_ARCHIVE, .path = LK_STR("archives/a.conda")}, "hash"},
		{{.kind = LK_MANIFEST_INSTALLER,
			 .path = LK_STR("bin/linux-64/lockenv-install"),
			 .size = LK_MANIFEST_MAX_SIZE + 1},
			"larger"},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_manifest manifest;
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(
			lk_manifest_make(&cases[i].entry, 1, &manifest, &err), LK_E_FORMAT);
		assert_non_null(strstr(err.message, cases[i].why));
	}
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	lk_str platform = LK_STR("linux-64");
	struct lk_manifest_entry twice = {.kind = LK_MANIFEST_LOCK,
		.path = LK_STR("locks/a.lock"),
		.platforms = {&platform, 1}};
	struct lk_manifest_entry both[] = {twice, twice};
	assert_int_equal(lk_manifest_make(both, 2, &manifest, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "twice"));
}

static const struct {
	const char *text;
	unsigned line, column;
} not_read[] = {
	{"", 1, 1},
	{"# lockpack 2\n", 1, 1},
	{"# lockpack 1", 1, 1},
	{HEAD, 2, 1},
	{HEAD "\n", 2, 1},
	{HEAD "# sum \n", 2, 7},
	{HEAD "# sum " SUM_A "\n", 2, 1},
	{HEAD "# 12 bytes\n", 3, 1},
	{HEAD "# bytes\n" SUM_A "  locks/env.lock\n", 2, 3},
	{HEAD "# 012 bytes for linux-64\n" SUM_A "  locks/env.lock\n", 2, 3},
	{HEAD "# 99999999999999999999 bytes for linux-64\n" SUM_A "  locks/env.lock\n", 2, 3},
	{HEAD "# 1099511627777 bytes for linux-64\n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# -1 bytes for linux-64\n" SUM_A "  locks/env.lock\n", 2, 3},
	{HEAD "# 12 byte for linux-64\n" SUM_A "  locks/env.lock\n", 2, 5},
	{HEAD "# 12 bytes\n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for\n" SUM_A "  locks/env.lock\n", 2, 11},
	{HEAD "# 12 bytes for \n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for noarch\n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for linux-64 linux-64\n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for osx-64 linux-64\n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for linux-64 \n" SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# 12 bytes for linux-64\n" SUM_A " *locks/env.lock\n", 3, 65},
	{HEAD "# 12 bytes for linux-64\n" SUM_A "  locks/env.lock", 3, 81},
	{HEAD "# 12 bytes for linux-64\n" SUM_A "  locks/env.lock\r\n", 2, 1},
	{HEAD "# 12 bytes for linux-64\nABCD", 3, 1},
	{HEAD "# 7 bytes\n" SUM_A "  archives/a-" SUM_B "\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  archives/-" SUM_A "\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  archives/../a-" SUM_A "\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  /archives/a-" SUM_A "\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  MANIFEST\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  bin/noarch/lockenv-install\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  bin/../lockenv-install\n", 2, 1},
	{HEAD "# 7 bytes\n" SUM_A "  bin/linux-64/sh\n", 2, 1},
	{HEAD "# absent 12 bytes " SUM_A "  locks/env.lock\n", 2, 1},
	{HEAD "# absent 12 bytes\n" SUM_A "  archives/a-" SUM_A "\n", 2, 18},
	{HEAD "# 7 bytes\n" SUM_A "  bin/noarch/lockenv-smoke\n", 2, 1},
	{HEAD BIN LOCK, 4, 1},
	{HEAD SMOKE BIN, 4, 1},
	{HEAD ARCHIVE SMOKE, 4, 1},
	{HEAD ABSENT ARCHIVE, 3, 1},
	{HEAD ARCHIVE ARCHIVE, 4, 1},
	{HEAD LOCK LOCK, 4, 1},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(not_read); i++) {
		struct lk_manifest manifest;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_manifest_parse(lk_str_of(not_read[i].text), "m", &manifest, &err);
		if (rc != LK_E_FORMAT || err.line != not_read[i].line ||
			err.column != not_read[i].column) {
			fail_msg("case %zu: %d at %u:%u, %s", i, rc, err.line, err.column,
				err.message);
		}
	}
	static const char nul[] = HEAD "# 12 bytes for linux-64\n" SUM_A "  locks/e\0v.lock\n";
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_manifest_parse(LK_STR(nul), "m", &manifest, &err), LK_E_FORMAT);
}

/* Damage is seen; and a text that was changed with its sum is another value or none, but never the
 * same one. */
static void every_byte_counts(void **state)
{
	(void)state;
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) whole = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	lk_str all = summed(LK_STR(ALL), &whole);
	for (size_t i = 0; i < all.len; i++) {
		assert_int_equal(lk_manifest_parse(lk_str_slice(all, 0, i), "m", &manifest, &err),
			LK_E_FORMAT);
		for (unsigned bit = 0; bit < 8; bit++) {
			char before = whole.ptr[i];
			whole.ptr[i] = (char)(before ^ (1 << bit));
			assert_int_equal(lk_manifest_parse(all, "m", &manifest, &err), LK_E_FORMAT);
			whole.ptr[i] = before;
		}
	}
	lk_buf_putc(&whole, '\n');
	assert_int_equal(lk_manifest_parse(lk_buf_view(&whole), "m", &manifest, &err), LK_E_FORMAT);
	char text[] = ALL;
	for (size_t i = 0; i < strlen(ALL); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			text[i] = (char)(ALL[i] ^ (1 << bit));
			lk_str view = lk_str_n(text, strlen(ALL));
			if (parse(view, &manifest, &err) == 0) {
				written(&manifest, view);
				lk_manifest_done(&manifest);
			}
		}
		text[i] = ALL[i];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written),
		cmocka_unit_test(found),
		cmocka_unit_test(made_in_order),
		cmocka_unit_test(not_made),
		cmocka_unit_test(refused),
		cmocka_unit_test(every_byte_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
