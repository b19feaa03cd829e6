/*
 * Archives as streams: the shapes of .conda that exist, and damaged ones.
 */
#include "store/archive.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

struct parts {
	struct lk_buf info, pkg; /* .tar.zst */
};

static void parts_init(struct parts *parts)
{
	lk_buf_init(&parts->info, PACK_MAX);
	lk_buf_init(&parts->pkg, PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) info = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) pkg = LK_BUF_INIT(PACK_MAX);
	pack_file(&info, "info/index.json", "{}");
	pack_end(&info);
	pack_file(&pkg, "lib/a", "a");
	pack_file(&pkg, "lib/b", "b");
	pack_end(&pkg);
	pack_zstd(lk_buf_view(&info), &parts->info);
	pack_zstd(lk_buf_view(&pkg), &parts->pkg);
}

static void parts_done(struct parts *parts)
{
	lk_buf_done(&parts->info);
	lk_buf_done(&parts->pkg);
}

/* Goes through all members and with CONTENT reads them: their number, or an error. */
static int walk(lk_str bytes, enum lk_archive_kind kind, bool content, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	struct lk_blob blob = pack_blob(bytes);
	int rc = lk_archive_open(&blob, "a-1-0.conda", kind, &archive, err);
	int n = 0;
	while (rc == 0) {
		struct lk_member member;
		bool end;
		rc = lk_archive_next(archive, &member, &end, err);
		if (rc == 0 && end) {
			return n;
		}
		n++;
		char text[16];
		ssize_t got = content;
		while (rc == 0 && got > 0) {
			got = lk_archive_read(archive, text, sizeof(text), err);
			rc = got < 0 ? (int)got : 0;
		}
	}
	return rc;
}

static int read_all(lk_str bytes, enum lk_archive_kind kind, struct lk_error *err)
{
	return walk(bytes, kind, true, err);
}

static void test_shapes(void **state)
{
	(void)state;
	struct parts parts;
	parts_init(&parts);
	lk_str info = lk_buf_view(&parts.info);
	lk_str pkg = lk_buf_view(&parts.pkg);
	lk_str two = LK_STR("{\"conda_pkg_format_version\": 2}");
	const struct {
		const char *names[4];
		lk_str contents[4];
		int members; /* -1: refused */
		const char *why;
	} rows[] = {
		{{"metadata.json", "info-a-1-0.tar.zst", "pkg-a-1-0.tar.zst"}, {two, info, pkg}, 3,
			""},
		{{"pkg-a-1-0.tar.zst", "info-a-1-0.tar.zst"}, {pkg, info}, 3, ""},
		{{"info-other-2-1.tar.zst", "pkg-third.tar.zst"}, {info, pkg}, 3, ""},
		{{"metadata.json", "info-a-1-0.tar.zst"}, {LK_STR(""), info}, 1, ""},
		{{"info-a-1-0.tar.zst", "README", "sub/pkg-a.tar.zst"}, {info, two, pkg}, 1, ""},
		{{"pkg-a-1-0.tar.zst"}, {pkg}, -1, "no info-*.tar.zst"},
		{{"dir/info-a-1-0.tar.zst"}, {info}, -1, "no info-*.tar.zst"},
		{{"info-a.tar.zst", "info-b.tar.zst"}, {info, info}, -1, "second tarball"},
		{{"metadata.json", "info-a.tar.zst"},
			{LK_STR("{\"conda_pkg_format_version\": 3}"), info}, -1, "version 3"},
		{{"metadata.json", "info-a.tar.zst"}, {LK_STR("{"), info}, -1,
			"package 'a-1-0.conda': not valid JSON"},
		{{"info-a.tar.zst"}, {LK_STR("not zstd")}, -1, "info-a.tar.zst"},
		{{"info-a.tar.zst"}, {lk_str_slice(info, 0, info.len / 2)}, -1, "info-a.tar.zst"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		size_t n = 0;
		while (n < 4 && rows[i].names[n]) {
			n++;
		}
		struct lk_buf LK_CLEANUP(lk_buf_done) zip = LK_BUF_INIT(PACK_MAX);
		pack_zip(rows[i].names, rows[i].contents, n, &zip);
		struct lk_error err = LK_ERROR_INIT;
		int got = read_all(lk_buf_view(&zip), LK_ARCHIVE_CONDA, &err);
		int want = rows[i].members < 0 ? LK_E_INTEGRITY : rows[i].members;
		if (got != want || !strstr(err.message, rows[i].why)) {
			fail_msg("row %zu: %d '%s'", i, got, err.message);
		}
	}
	parts_done(&parts);
}

/* Whatever byte of the payload is wrong, and wherever it is cut, is told; no crash elsewhere. */
static void test_damage(void **state)
{
	(void)state;
	struct parts parts;
	parts_init(&parts);
	const char *names[] = {"info-a-1-0.tar.zst", "pkg-a-1-0.tar.zst"};
	lk_str contents[] = {lk_buf_view(&parts.info), lk_buf_view(&parts.pkg)};
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = LK_BUF_INIT(PACK_MAX);
	pack_zip(names, contents, 2, &zip);
	struct lk_error err = LK_ERROR_INIT;
	for (size_t len = 0; len < zip.len - 1; len++) {
		int got = read_all(lk_str_n(zip.ptr, len), LK_ARCHIVE_CONDA, &err);
		if (got >= 0) {
			fail_msg("cut at %zu of %zu: %d members", len, zip.len, got);
		}
	}
	const char *payload = memmem(zip.ptr, zip.len, contents[1].ptr, contents[1].len);
	assert_non_null(payload);
	size_t start = (size_t)(payload - zip.ptr);
	for (size_t i = 0; i < contents[1].len; i++) {
		zip.ptr[start + i] ^= 1;
		if (read_all(lk_buf_view(&zip), LK_ARCHIVE_CONDA, &err) != LK_E_INTEGRITY ||
			!strstr(err.message, "a-1-0.conda")) {
			fail_msg("byte %zu: '%s'", i, err.message);
		}
		zip.ptr[start + i] ^= 1;
	}
	assert_int_equal(read_all(lk_buf_view(&zip), LK_ARCHIVE_CONDA, &err), 3);
	parts_done(&parts);
}

/* The text of the file NAME in BYTES, at most MAX of it; the error's code. */
static int find(lk_str bytes, enum lk_archive_kind kind, const char *name, size_t max,
	struct lk_buf *ret, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	lk_buf_done(ret);
	lk_buf_init(ret, max);
	struct lk_blob blob = pack_blob(bytes);
	int rc = lk_archive_open(&blob, "a-1-0.conda", kind, &archive, err);
	return rc < 0 ? rc : lk_archive_find(archive, name, ret, err);
}

/* A file is found wherever it lies; for one of info/ a broken payload before it does not count. */
static void test_find(void **state)
{
	(void)state;
	struct parts parts;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) broken = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) bz2 = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(PACK_MAX);
	parts_init(&parts);
	static const char *const names[] = {"pkg-a.tar.zst", "info-a.tar.zst"};
	lk_str contents[] = {lk_buf_view(&parts.pkg), lk_buf_view(&parts.info)};
	pack_zip(names, contents, 2, &zip);
	contents[0] = LK_STR("no zstd");
	pack_zip(names, contents, 2, &broken);
	pack_file(&tar, "lib/a", "a");
	pack_file(&tar, "./info/index.json", "{}");
	pack_end(&tar);
	pack_bz2(lk_buf_view(&tar), &bz2);
	const lk_str archives[] = {lk_buf_view(&zip), lk_buf_view(&broken), lk_buf_view(&bz2)};
	for (size_t i = 0; i < LK_COUNTOF(archives); i++) {
		enum lk_archive_kind kind = i < 2 ? LK_ARCHIVE_CONDA : LK_ARCHIVE_TAR_BZ2;
		assert_int_equal(find(archives[i], kind, "info/index.json", 2, &text, &err), 0);
		assert_string_equal(lk_buf_cstr(&text), "{}");
		assert_int_equal(
			find(archives[i], kind, "info/index.json", 1, &text, &err), LK_E_INTEGRITY);
		assert_non_null(strstr(err.message, "too large"));
		assert_int_equal(
			find(archives[i], kind, "info/none", 9, &text, &err), LK_E_INTEGRITY);
		assert_non_null(strstr(err.message, "has no 'info/none'"));
		assert_int_equal(find(archives[i], kind, "lib/a", 9, &text, &err),
			i == 1 ? LK_E_INTEGRITY : 0);
	}
	assert_int_equal(find(lk_str_slice(archives[2], 0, bz2.len / 2), LK_ARCHIVE_TAR_BZ2,
				 "info/index.json", 9, &text, &err),
		LK_E_INTEGRITY);
	parts_done(&parts);
}

static void test_bz2(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) bz2 = LK_BUF_INIT(PACK_MAX);
	pack_file(&tar, "info/index.json", "{}");
	pack_end(&tar);
	pack_bz2(lk_buf_view(&tar), &bz2);
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(read_all(lk_buf_view(&bz2), LK_ARCHIVE_TAR_BZ2, &err), 1);
	assert_int_equal(read_all(lk_buf_view(&tar), LK_ARCHIVE_TAR_BZ2, &err), LK_E_INTEGRITY);
	assert_int_equal(read_all(lk_buf_view(&bz2), LK_ARCHIVE_CONDA, &err), LK_E_INTEGRITY);
	assert_int_equal(read_all(lk_buf_view(&bz2), LK_ARCHIVE_UNKNOWN, &err), LK_E_INTEGRITY);
	assert_int_equal(read_all(LK_STR(""), LK_ARCHIVE_TAR_BZ2, &err), LK_E_INTEGRITY);
	for (size_t len = 0; len < bz2.len; len++) {
		int got = read_all(lk_str_n(bz2.ptr, len), LK_ARCHIVE_TAR_BZ2, &err);
		assert_int_equal(got, LK_E_INTEGRITY);
	}
	/* The checksum at the very end is looked at, too. */
	bz2.ptr[bz2.len - 3] ^= 1;
	assert_int_equal(read_all(lk_buf_view(&bz2), LK_ARCHIVE_TAR_BZ2, &err), LK_E_INTEGRITY);
}

static void test_bomb(void **state)
{
	(void)state;
	assert_int_equal(lk_archive_max_unpacked(0), LK_ARCHIVE_FREE_UNPACKED);
	assert_int_equal(
		lk_archive_max_unpacked(10), LK_ARCHIVE_FREE_UNPACKED + 10 * LK_ARCHIVE_MAX_RATIO);
	assert_int_equal(lk_archive_max_unpacked(UINT64_MAX), LK_ARCHIVE_MAX_UNPACKED);
	/* 300 MiB of zeros in a few KiB. */
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT((size_t)400 << 20);
	size_t size = (size_t)300 << 20;
	pack_header(&tar, &(struct pack_member){.name = "big", .type = '0'}, size);
	char *zeros = lk_buf_room(&tar, size);
	memset(zeros, 0, size);
	tar.len += size;
	pack_end(&tar);
	struct parts parts;
	parts_init(&parts);
	struct lk_buf LK_CLEANUP(lk_buf_done) bomb = LK_BUF_INIT(PACK_MAX);
	pack_zstd(lk_buf_view(&tar), &bomb);
	const char *names[] = {"info-a.tar.zst", "pkg-a.tar.zst"};
	lk_str contents[] = {lk_buf_view(&parts.info), lk_buf_view(&bomb)};
	struct lk_buf LK_CLEANUP(lk_buf_done) zip = LK_BUF_INIT(PACK_MAX);
	pack_zip(names, contents, 2, &zip);
	struct lk_error err = LK_ERROR_INIT;
	for (int content = 0; content < 2; content++) {
		assert_int_equal(
			walk(lk_buf_view(&zip), LK_ARCHIVE_CONDA, content, &err), LK_E_INTEGRITY);
		assert_non_null(strstr(err.message, "unpacks to more than"));
	}
	parts_done(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bz2),
		cmocka_unit_test(test_bomb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
